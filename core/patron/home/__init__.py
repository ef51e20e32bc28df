"""The pages around everything: home, search, the palette, the look, health."""
