"""What service does: opening tickets, the clock, answering, taking mail in, the portal, the panels."""
