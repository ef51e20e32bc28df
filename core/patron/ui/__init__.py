"""The design system, the Python side: the template environment, its filters, addresses of built files."""

from __future__ import annotations

import gettext
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from patron.ui.cells import cell_of, lines_of
from patron.ui.filters import FILTERS, csrf_token, current_shell
from patron.ui.shell import (
    Kind,
    Shell,
    ShellBanner,
    ShellFlash,
    ShellLink,
    ShellNavGroup,
    ShellNavItem,
    ShellUser,
    Theme,
)
from patron.ui.stencils import Stencil, mark

TEMPLATES = Path(__file__).parent.parent / "templates"
STATIC = Path(__file__).parent.parent / "static"
GATHERED = "ui/all.html"
COMPILED: jinja2.BytecodeCache | None = None  # for a process that makes environments again and again: tests
CSRF_FIELD = "_csrf_token"
CSRF_HEADER = "x-csrftoken"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class PageTemplate(jinja2.Template):
    """Tells filters and forms of the ``shell`` it is rendered with, for as long as it renders."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        shell = dict(*args, **kwargs).get("shell")
        if shell is None:
            return super().render(*args, **kwargs)
        token = current_shell.set(shell)
        try:
            return super().render(*args, **kwargs)
        finally:
            current_shell.reset(token)

    def make_module(
        self,
        vars: dict[str, Any] | None = None,
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,
    ) -> Any:
        """``ui/all.html`` only gathers macros that were imported without a context, so all pages share one of it."""
        return self.module if self.name == GATHERED and shared else super().make_module(vars, shared, locals)


_OF_DICTS = frozenset(dir(dict))


class PageEnvironment(jinja2.Environment):
    """StrictUndefined, always escaping, rendering :class:`PageTemplate`."""

    template_class = PageTemplate

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``obj.attribute``; of a dict its value at once, not after a search for an attribute that it has not."""
        if obj.__class__ is dict and attribute in obj and attribute not in _OF_DICTS:
            return obj[attribute]
        return super().getattr(obj, attribute)


@cache
def manifest(build: Path = STATIC / "build") -> Mapping[str, str]:
    """Logical name (``app.js``) → built file name. Raises RuntimeError when the front end was not built."""
    try:
        files = json.loads((build / "manifest.json").read_text())["files"]
    except OSError as error:
        raise RuntimeError(
            "The front end is not built: install core, or run `python core/hatch_build.py`"
        ) from error
    return {str(name): str(file) for name, file in files.items()}


def asset_url(name: str, static_url: str = "/static") -> str:
    """URL of a built file by its logical name, or of ``<plugin>/<path>`` in a plugin's static folder."""
    if "/" in name:
        return f"{static_url}/{name}"
    try:
        return f"{static_url}/build/{manifest()[name]}"
    except KeyError:
        raise LookupError(f"No built file is called {name!r}: there are {sorted(manifest())}") from None


def make_environment(
    templates: Mapping[str, Path] | jinja2.BaseLoader,
    translations: Mapping[str, gettext.NullTranslations] | None = None,
    *,
    static_url: str = "/static",
    auto_reload: bool = False,
) -> jinja2.Environment:
    """The one Jinja environment of an app.

    ``templates`` maps a plugin's name to its ``templates`` folder, or is a ready loader. Core's own templates
    are searched first, so that no plugin replaces a page of core by accident. ``translations`` maps a locale
    to its merged catalogue; the page's ``shell.locale`` picks one.
    """
    own = (
        templates
        if isinstance(templates, jinja2.BaseLoader)
        else jinja2.FileSystemLoader(list(templates.values()))
    )
    env = PageEnvironment(
        loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(TEMPLATES), own]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=auto_reload,
        cache_size=2000,
        bytecode_cache=COMPILED,
    )
    _install_translations(env, translations or {})
    env.filters.update(FILTERS)
    env.globals.update(
        asset=lambda name: asset_url(name, static_url),
        csrf_token=csrf_token,
        now=lambda: datetime.now(UTC),
        csrf_field_name=CSRF_FIELD,
        csrf_header_name=CSRF_HEADER,
        stencil=Stencil,
        mark=mark,
    )
    return env


def _install_translations(
    env: jinja2.Environment, catalogues: Mapping[str, gettext.NullTranslations]
) -> None:
    plain = gettext.NullTranslations()

    def catalogue() -> gettext.NullTranslations:
        shell = current_shell.get()
        name = shell.locale.replace("-", "_") if shell else ""
        return catalogues.get(name) or catalogues.get(name.partition("_")[0]) or plain

    def translate(message: str) -> str:
        return catalogue().gettext(message)

    def translate_plural(one: str, many: str, count: int) -> str:
        return catalogue().ngettext(one, many, count)

    install: Callable[..., None] = vars(env)["install_gettext_callables"]  # put there by the extension
    install(translate, translate_plural, newstyle=True)
    env.globals.update(
        cell_of=lambda item, inside_link=False: cell_of(item, translate, inside_link=inside_link),
        lines_of=lambda items: lines_of(items, translate),
    )


__all__ = [
    "CONTENT_SECURITY_POLICY",
    "CSRF_FIELD",
    "CSRF_HEADER",
    "STATIC",
    "TEMPLATES",
    "Kind",
    "Shell",
    "ShellBanner",
    "ShellFlash",
    "ShellLink",
    "ShellNavGroup",
    "ShellNavItem",
    "ShellUser",
    "Theme",
    "asset_url",
    "make_environment",
    "manifest",
]
