"""The application: the only place that puts an assembly behind HTTP."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

from litestar import Litestar, Request, Router
from litestar import Response as HttpResponse
from litestar import route as litestar_route
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.static_files import create_static_files_router

from patron.assembly import Assembly, assemble
from patron.errors import BadRequest, NotFound, PatronError
from patron.routing import Route
from patron.serving import Server, _bare_web
from patron.settings import Settings, load_settings

_TYPE = re.compile(r":[a-z]+(?=\})")  # of a parameter, in "/customers/{record_id:int}"
_ERRORS: Mapping[int, type[PatronError]] = {404: NotFound, 400: BadRequest}


def application() -> Litestar:
    """The factory that web processes call: the installation of the current folder (or ``PATRON_HOME``)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    made = create_app(load_settings())
    made.state.assembly.database.dispose()  # a process that is forked from this one opens its own connections
    return made


def create_app(settings: Settings, plugins: Mapping[str, Any] | None = None) -> Litestar:
    """An application of these settings; ``plugins`` adds modules that are not installed (tests)."""
    return app_of(assemble(settings, plugins))


def app_of(assembly: Assembly) -> Litestar:
    """The application of an assembly. Its ``state`` carries the assembly as ``assembly``."""
    server = Server(assembly)
    handlers: list[Any] = [
        *_handlers(assembly.routes),
        *(_static(path, folder) for path, folder in _static_folders(assembly)),
    ]

    def on_error(request: Request[Any, Any, Any], error: Exception) -> HttpResponse[Any]:
        status = error.status_code if isinstance(error, HTTPException) else 500
        known = (
            PatronError() if status >= 500 else _ERRORS.get(status, BadRequest)(getattr(error, "detail", ""))
        )
        if status >= 500:
            logging.getLogger("patron.requests").error("unexpected", exc_info=error)
        else:
            known.status = status
        if isinstance(error, NotFoundException):
            known = NotFound("There is nothing at this address.")
        return server.rendering.error(known, _bare_web(request), uuid4().hex[:12])

    app = Litestar(
        handlers,
        openapi_config=None,
        exception_handlers={Exception: on_error},
        on_startup=[server.start],
        on_shutdown=[server.close],
        request_max_body_size=None,
        logging_config=None,  # its own would write from a queue, whose last lines an ending process loses
        debug=False,
    )
    app.state.assembly = assembly
    app.state.server = server
    return app


def _handlers(routes: Iterable[Route]) -> list[HTTPRouteHandler]:
    """One handler for all paths that take the same methods: what the framework does for each handler is dear.

    A handler of its own for each route made a start with ten modules three times as long.
    """
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, {})[route.method] = route
    alike: dict[tuple[tuple[str, ...], int], list[str]] = {}
    for path, by_method in by_path.items():
        largest = max(route.upload for route in by_method.values())
        alike.setdefault((tuple(sorted(by_method)), largest), []).append(path)
    known = {
        (_TYPE.sub("", path), method): route for path, of in by_path.items() for method, route in of.items()
    }
    return [_handler(known, paths, methods, largest) for (methods, largest), paths in alike.items()]


def _handler(
    known: Mapping[tuple[str, str], Route], paths: list[str], methods: tuple[str, ...], largest: int
) -> HTTPRouteHandler:
    async def endpoint(request: Request[Any, Any, Any]) -> HttpResponse[Any]:
        if request.method == "OPTIONS":
            return HttpResponse(None, status_code=204, headers={"Allow": ", ".join((*methods, "OPTIONS"))})
        server: Server = request.app.state.server
        return await server.serve(known[request.scope["path_template"], request.method], request)

    taken = [HttpMethod(method) for method in (*methods, "OPTIONS")]
    return litestar_route(paths, http_method=taken, status_code=200, request_max_body_size=largest)(endpoint)


def _static(path: str, folder: Path) -> Router:
    """Files of ours, packed for the way; what the build names after its content is kept by browsers for good."""
    built = path == "/static/build"
    kept = CacheControlHeader(public=True, max_age=31_536_000 if built else 3600, immutable=built)
    packed = CompressionConfig("gzip", gzip_compress_level=6, exclude=r"\.(woff2|png|jpe?g|webp)$")
    middleware = [DefineMiddleware(CompressionMiddleware, config=packed)]
    return create_static_files_router(path, directories=[folder], cache_control=kept, middleware=middleware)


def _static_folders(assembly: Assembly) -> list[tuple[str, Path]]:
    folders = [("/static/build", Path(str(files("patron"))) / "static" / "build")]
    for plugin in assembly.active:
        folder = Path(str(files(plugin.package))) / "static" / plugin.name if plugin.package else None
        if folder is not None and folder.is_dir():
            folders.append((f"/static/{plugin.name}", folder))
    return [(path, folder) for path, folder in folders if folder.is_dir()]
