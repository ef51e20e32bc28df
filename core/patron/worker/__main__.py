"""``python -m patron.worker [EXECUTOR_ID]``: how ``patron serve`` starts its worker."""

from __future__ import annotations

import logging
import sys

from patron.settings import load_settings
from patron.worker.executor import EXIT_TAKEN, ExecutorTaken
from patron.worker.process import run_worker


def main() -> int:
    """Exit status 75 says that the executor id is taken."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    try:
        run_worker(load_settings(), sys.argv[1] if len(sys.argv) > 1 else None)
    except ExecutorTaken as taken:
        print(taken.detail, file=sys.stderr)
        return EXIT_TAKEN
    return 0


if __name__ == "__main__":
    sys.exit(main())
