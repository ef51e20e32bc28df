"""What stands around a page: navigation by what the actor may do, banners, messages, the look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from babel import Locale

from patron.accounts.authentication import Identity
from patron.accounts.faces import DOORS, Door, door_at, door_of
from patron.accounts.services.portal import sections_of
from patron.assembly import Assembly
from patron.context import Context
from patron.permissions import Face
from patron.responses import Flash
from patron.ui import Shell, ShellBanner, ShellFlash, ShellLink, ShellNavGroup, ShellNavItem, ShellUser, Theme
from patron.ui.filters import initials
from patron.web import Web

ADMINISTRATION = "admin"  # the permission to administer


def make_shell(
    ctx: Context, face: Face, csrf: str, flashes: Sequence[Flash], visitors: Face | None = None
) -> Shell:
    """The shell of a page for whoever asks. Costs no statement. ``visitors`` as in ``Route``."""
    settings, actor = ctx.assembly.settings, ctx.actor
    identity: Identity = ctx.cache["identity"]
    signed_in = actor.kind not in (
        "anonymous",
        "token",
    )  # a token opens no page, but public ones are everybody's
    door = _door(ctx, face, visitors)
    staff = signed_in and face in (Face.STAFF, Face.PUBLIC) and actor.kind == "user"
    return Shell(
        site_name=ctx.assembly.company.brand,
        user=ShellUser(actor.name, actor.email, initials(actor.name)) if signed_in else None,
        csrf=csrf,
        path=ctx.web.path,
        nav=_navigation(ctx) if staff else _portal_navigation(ctx),
        banners=tuple(_banners(ctx)) if staff else _viewing(ctx, identity),
        flashes=tuple(ShellFlash(flash.kind, flash.text, flash.undo_url or None) for flash in flashes),
        quick_create=tuple(_quick_create(ctx)) if staff else (),
        theme=_theme(ctx.web, identity.theme),
        locale=ctx.locale,
        dir="rtl" if Locale.parse(ctx.locale.replace("-", "_")).text_direction == "rtl" else "ltr",
        timezone=ctx.time_zone,
        home=door.home,
        contact_url=_contact(ctx, door.face),
        contact_email=settings.contact_email,
        contact_phone=settings.contact_phone,
        acts_for=identity.acts_for,
        nav_collapsed=ctx.web.cookies.get("nav") == "collapsed",
    )


def stranger_shell(assembly: Assembly, web: Web) -> Shell:
    """The shell of an error page: nothing that needs a database."""
    return Shell(
        assembly.company.brand,
        None,
        "",
        web.path,
        home=door_at(web.path).home,
        theme=_theme(web, "auto"),
        locale=assembly.settings.locale,
    )


def _door(ctx: Context, face: Face, visitors: Face | None) -> Door:
    """The door behind which the page leads on: of who is signed in, else the one its visitors come in by."""
    if ctx.actor.kind in (Face.CUSTOMER, Face.PARTNER):
        return DOORS[Face(ctx.actor.kind)]
    if visitors is not None and ctx.actor.kind == "anonymous":
        return DOORS[visitors]
    return door_of(face, ctx.web.path)


def _contact(ctx: Context, face: Face) -> str:
    """Where somebody outside writes to a person; who is not signed in is asked to do so there."""
    known = ctx.actor.kind != "anonymous"
    for section in sections_of(ctx.assembly, face) if face != Face.STAFF else ():
        if section.contact and (not known or section.shown_to(ctx.actor.rights)):
            return section.contact
    return ""


def _theme(web: Web, chosen: str) -> Theme:
    wanted = web.cookies.get("theme") or web.cookies.get("__Host-theme") or chosen
    return "light" if wanted == "light" else "dark" if wanted == "dark" else "auto"


_FIRST = ("", "Customers", "Work")
_FITTING = 20  # lines of navigation, without scrolling


def _navigation(ctx: Context) -> tuple[ShellNavGroup, ...]:
    here = _entry_of(ctx)
    groups: dict[str, list[tuple[int, ShellNavItem]]] = {}
    for module, item in ctx.assembly.nav:
        if module not in ctx.assembly.live.disabled and ctx.actor.may(item.permission):
            entry = ShellNavItem(item.label, item.url, item.icon, item.url == here)
            groups.setdefault(item.group, []).append((item.order, entry))
    for resource in ctx.assembly.resources.values():
        if (
            resource.nav
            and resource.module not in ctx.assembly.live.disabled
            and ctx.actor.may(resource.permission("read"))
        ):
            entry = ShellNavItem(resource.label_plural, resource.path, resource.icon, resource.path == here)
            groups.setdefault(resource.nav, []).append((40, entry))
    shown = _open_groups(ctx, groups)
    return tuple(
        ShellNavGroup(
            label, tuple(item for _, item in sorted(items, key=lambda pair: pair[0])), label in shown
        )
        for label, items in sorted(groups.items(), key=lambda pair: _place(*pair))
    )


def _entry_of(ctx: Context) -> str:
    """The address of the entry to which the page belongs: the longest that it begins with."""
    path = ctx.web.path
    urls = [item.url for _, item in ctx.assembly.nav]
    urls += [resource.path for resource in ctx.assembly.resources.values() if resource.nav]
    under = (url for url in urls if path == url or (url != "/" and path.startswith(f"{url}/")))
    return max(under, key=len, default="")


def _place(label: str, items: Sequence[tuple[int, ShellNavItem]]) -> tuple[int, int]:
    """What everybody works with comes first, setting up last, modules between by what they ask for."""
    named = _FIRST.index(label) - len(_FIRST) if label in _FIRST else label == "Administration"
    return named, min(place for place, _ in items)


def _open_groups(ctx: Context, groups: Mapping[str, Sequence[tuple[int, ShellNavItem]]]) -> set[str]:
    """Which groups are shown: as the reader left them; at first all while they fit, else what everybody works with.

    The group of the page that is looked at is always among them.
    """
    here = {label for label, items in groups.items() if any(item.active for _, item in items)}
    if "nav-open" in ctx.web.cookies:
        return here | {unquote(label) for label in ctx.web.cookies["nav-open"].split("/")}
    fits = sum(len(items) for items in groups.values()) <= _FITTING
    return set(groups) if fits else here | set(_FIRST)


def _portal_navigation(ctx: Context) -> tuple[ShellNavGroup, ...]:
    path = ctx.web.path
    if ctx.actor.kind not in (Face.CUSTOMER, Face.PARTNER):
        return ()
    items = [
        ShellNavItem(section.label, section.url, section.icon, path.startswith(section.url))
        for section in sections_of(ctx.assembly, Face(ctx.actor.kind))
        if section.shown_to(ctx.actor.rights)
    ]
    return (ShellNavGroup("", tuple(items)),) if items else ()


def _quick_create(ctx: Context) -> list[ShellLink]:
    touch = ShellLink("Call, meeting or letter", "/interactions/log", "phone")
    return [*([touch] if ctx.actor.may("interactions.log") else []), *_creatable(ctx)]


def _creatable(ctx: Context) -> list[ShellLink]:
    return [
        ShellLink(resource.label, f"{resource.path}/new", resource.icon)
        for resource in ctx.assembly.resources.values()
        if resource.nav
        and "create" in resource.verbs
        and resource.module not in ctx.assembly.live.disabled
        and ctx.actor.may(resource.permission("create"))
    ]


def _banners(ctx: Context) -> list[ShellBanner]:
    """What an administrator must know on every page: modules that were refused, with the reason."""
    if not ctx.actor.may(ADMINISTRATION):
        return []
    return [
        ShellBanner("danger", f"Module “{plugin.name}” is left out: {plugin.refused}")
        for plugin in ctx.assembly.plugins
        if plugin.refused
    ]


def _viewing(ctx: Context, identity: Identity) -> tuple[ShellBanner, ...]:
    if not identity.viewer_id:
        return ()
    whom = f"{ctx.actor.name}, for {identity.acts_for}," if identity.acts_for else ctx.actor.name
    return (ShellBanner("warning", f"You see what {whom} sees. Nothing can be changed. Sign out to stop."),)


def quick_links(ctx: Context) -> list[dict[str, str]]:
    """Places and commands for the palette: everything the navigation and “create” offer this actor."""
    places = [
        {"label": item.label, "hint": group.label or "Page", "url": item.url, "icon": item.icon}
        for group in _navigation(ctx)
        for item in group.items
    ]
    return places + [
        {"label": f"New {link.label.lower()}", "hint": "Create", "url": link.url, "icon": "plus"}
        for link in _quick_create(ctx)
    ]
