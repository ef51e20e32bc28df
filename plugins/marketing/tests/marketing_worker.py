"""A worker that does nothing but send campaigns, to be killed: ``python marketing_worker.py URL``."""

from __future__ import annotations

import sys
import time
from datetime import timedelta

from patron.assembly import assemble
from patron.settings import Settings
from patron_marketing.services import sending

if __name__ == "__main__":
    settings = Settings(
        base_url="https://testserver.local", database_url=sys.argv[1], secret_key="of-a-test", modules=("marketing",),
        hang_seconds=0.0,
    )  # fmt: skip
    assembly = assemble(settings)
    print("ready", flush=True)
    while True:
        sending.send_due(assembly, lease=timedelta(seconds=float(sys.argv[2])))
        time.sleep(0.05)
