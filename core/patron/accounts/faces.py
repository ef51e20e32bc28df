"""The doors: where the people of each face come in, and what holds their session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from patron.permissions import Face


@dataclass(frozen=True)
class Door:
    """One face's way in. ``prefix`` starts its addresses; ``cookie`` holds its session."""

    face: Face
    prefix: str
    cookie: str
    home: str

    def url(self, path: str) -> str:
        return self.prefix + path


STAFF = Door(Face.STAFF, "", "patron", "/")
CUSTOMERS = Door(Face.CUSTOMER, "/my", "patron-my", "/my")
PARTNERS = Door(Face.PARTNER, "/partner", "patron-partner", "/partner")
DOORS: Mapping[Face, Door] = {door.face: door for door in (STAFF, CUSTOMERS, PARTNERS)}
PORTALS = (CUSTOMERS, PARTNERS)  # the doors of those outside, who act for customers by mandate


def door_at(path: str) -> Door:
    """The door that leads to an address; what is no portal's is the staff's."""
    return next((door for door in PORTALS if f"{path}/".startswith(f"{door.prefix}/")), STAFF)


def door_of(face: Face, path: str) -> Door:
    """The door of a route: its face's, or, on a public page, that of the address."""
    return door_at(path) if face == Face.PUBLIC else DOORS[face]
