"""What knowledge does: writing and publishing, reading by audience, what readers said and did not find."""
