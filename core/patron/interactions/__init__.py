"""Interactions: every touch on every channel, in threads."""
