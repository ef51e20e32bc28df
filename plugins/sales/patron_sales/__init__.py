"""Sales: enquiries that are assigned with a reason, opportunities on a board, quotes that become orders."""
