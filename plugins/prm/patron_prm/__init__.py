"""Partners for Patron: deal registration, leads with a clock, and the partner portal."""
