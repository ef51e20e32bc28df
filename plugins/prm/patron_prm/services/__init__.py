"""What the module does, by subject."""
