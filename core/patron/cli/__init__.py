"""The command line. Exit codes: 0 done, 1 refused (with the reason), 2 wrong usage, 75 busy: try again."""

from patron.cli.main import main

__all__ = ["main"]
