"""An application that answers with its process id, and ``patron serve`` over it: ``serve_probe.py FOLDER PORT``."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from patron.serve import serve
from patron.settings import load_settings


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


def application() -> Any:
    return _answer


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    serve(load_settings(sys.argv[1], port=int(sys.argv[2])), 2, target="serve_probe:application")
