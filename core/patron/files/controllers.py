"""Files over HTTP: to who may read a record that the file is attached to, as an attachment, whatever it is."""

from __future__ import annotations

from patron.context import Context
from patron.errors import Forbidden, NotFound
from patron.files.services import read_file, records_with
from patron.resources import editing
from patron.responses import Download
from patron.routing import SIGNED_IN, Route, get


@get("/files/{file_id:int}", permission=SIGNED_IN)
def download(ctx: Context, file_id: int) -> Download:
    """The file, if the actor may read any of the records that it is attached to."""
    for resource, record_id in records_with(ctx, file_id):
        try:
            editing.load(ctx, ctx.assembly.resource(resource), record_id)
        except (KeyError, NotFound, Forbidden):
            continue
        name, content_type, content = read_file(ctx, file_id)
        return Download(content, name, content_type)
    raise NotFound("There is no such file.")


ROUTES: tuple[Route, ...] = (download,)
