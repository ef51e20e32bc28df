"""What the shop does. Services flush and never commit."""
