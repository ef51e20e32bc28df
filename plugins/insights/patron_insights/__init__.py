"""The firm's numbers and why they moved."""
