"""The command line. Exit codes: 0 done, 1 refused (with the reason), 2 wrong usage, 75 busy: try again."""

import gc

gc.disable()  # what a start imports stays: looking through it for garbage took a fifth of each command
from patron.cli.main import main  # noqa: E402

gc.freeze()
gc.enable()

__all__ = ["main"]
