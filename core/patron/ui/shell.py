"""The shape of ``shell``: what every page is told beside its own data. Plain frozen values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Theme = Literal["auto", "light", "dark"]
Kind = Literal["info", "success", "warning", "danger"]


@dataclass(frozen=True)
class ShellUser:
    """Who is signed in, as the page shows them."""

    name: str
    email: str
    initials: str


@dataclass(frozen=True)
class ShellLink:
    """A named place; ``hotkey`` is what follows ``g`` (places) or stands alone (actions)."""

    label: str
    url: str
    icon: str = ""
    hotkey: str = ""


@dataclass(frozen=True)
class ShellNavItem:
    """One line of the navigation. ``count`` is shown when it is not None."""

    label: str
    url: str
    icon: str
    active: bool = False
    count: int | None = None
    hotkey: str = ""


@dataclass(frozen=True)
class ShellNavGroup:
    """Navigation lines under one heading, shown or folded away; an empty ``label`` has no heading and stays."""

    label: str
    items: tuple[ShellNavItem, ...]
    open: bool = True


@dataclass(frozen=True)
class ShellBanner:
    """A message that stays on every page until its cause is gone."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class ShellFlash:
    """A message shown once. ``undo_url`` is posted to by the toast's undo button."""

    kind: Kind
    text: str
    undo_url: str | None = None


@dataclass(frozen=True)
class Shell:
    """Everything the layouts read. ``csrf`` the session's token, ``locale`` a Babel name (``de_AT``)."""

    site_name: str
    user: ShellUser | None
    csrf: str
    path: str
    nav: tuple[ShellNavGroup, ...] = ()
    banners: tuple[ShellBanner, ...] = ()
    flashes: tuple[ShellFlash, ...] = ()
    quick_create: tuple[ShellLink, ...] = ()
    theme: Theme = "auto"
    search_url: str = "/search"
    palette_url: str = "/palette"
    locale: str = "en"
    dir: Literal["ltr", "rtl"] = "ltr"
    timezone: str = "UTC"
    nav_collapsed: bool = False
    home: str = "/"  # where the face begins
    contact_url: str = ""  # where somebody outside writes to a person
    contact_email: str = ""
    contact_phone: str = ""
    acts_for: str = ""  # in a portal: the customer of the mandate in use
