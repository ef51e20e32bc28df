"""Sample data: a believable small firm, the same at each making, with no sign-in that anybody could guess."""
