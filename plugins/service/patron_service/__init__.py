"""Service: tickets from mail, portal and phone."""
