"""Numbers that the firm watches: snapshots from the first day, and objectives against a frozen baseline."""
