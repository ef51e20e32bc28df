"""Files over HTTP: to who may read a record that the file is attached to, as an attachment, whatever it is."""

from __future__ import annotations

from sqlalchemy import select

from patron.context import Context
from patron.errors import Forbidden, NotFound
from patron.files.services import read_file
from patron.records import table
from patron.resources import editing
from patron.responses import Download
from patron.routing import SIGNED_IN, Route, get
from patron.system.models import FileLink


@get("/files/{file_id:int}", permission=SIGNED_IN)
def download(ctx: Context, file_id: int) -> Download:
    """The file, if the actor may read any of the records that it is attached to."""
    link = table(FileLink)
    for row in ctx.session.execute(
        select(link.c.resource, link.c.record_id).where(link.c.file_id == file_id).limit(20)
    ):
        try:
            editing.load(ctx, ctx.assembly.resource(row.resource), row.record_id)
        except (KeyError, NotFound, Forbidden):
            continue
        name, content_type, content = read_file(ctx, file_id)
        return Download(content, name, content_type)
    raise NotFound("There is no such file.")


ROUTES: tuple[Route, ...] = (download,)
