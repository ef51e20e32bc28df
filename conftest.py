"""Every suite of the workspace gets the fixtures that ``patron.testing`` offers to modules."""

pytest_plugins = ["patron.testing.plugin"]
