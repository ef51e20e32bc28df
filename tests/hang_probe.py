"""``patron serve`` with a module whose page never comes to an end: ``hang_probe.py FOLDER PORT``."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from patron import Context, Json, get
from patron.app import app_of
from patron.assembly import assemble
from patron.hookspecs import hookimpl
from patron.permissions import Face
from patron.routing import ANYONE, Route
from patron.serve import serve
from patron.settings import load_settings


@get("/loop/for-ever", permission=ANYONE, face=Face.PUBLIC)
def loop(ctx: Context) -> Json:
    while True:
        pass


@get("/loop/process", permission=ANYONE, face=Face.PUBLIC)
def process(ctx: Context) -> Json:
    return Json({"process": os.getpid()})


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (loop, process)


def application() -> Any:
    logging.basicConfig(level=logging.INFO)
    module = SimpleNamespace(register_controllers=register_controllers, __package__="")
    return app_of(assemble(load_settings(), {"loop": module}))


if __name__ == "__main__":
    settings = load_settings(sys.argv[1], port=int(sys.argv[2]))
    serve(settings, 1, with_worker=False, target="hang_probe:application")
