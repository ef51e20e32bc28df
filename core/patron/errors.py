"""Every error Patron raises on purpose. Each knows its HTTP status and how to say itself to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one input. ``field`` is the dotted name of the input; ``""`` speaks of the whole."""

    field: str
    message: str


class PatronError(Exception):
    """Root of the tree. ``status`` is the HTTP status, ``title`` a short fixed phrase, ``detail`` this occurrence."""

    status = 500
    title = "Something went wrong"

    def __init__(self, detail: str = "", *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)


class BadRequest(PatronError):
    status = 400
    title = "The request could not be read"


class SignInRequired(PatronError):
    status = 401
    title = "Please sign in"


class Forbidden(PatronError):
    status = 403
    title = "You may not do this"


class NotFound(PatronError):
    """Also raised for what exists but may not be seen, so that nobody learns that it exists."""

    status = 404
    title = "Not found"


class Conflict(PatronError):
    """The record changed meanwhile: ``current``, ``yours`` and ``original`` are the values of the clashing fields."""

    status = 409
    title = "Someone changed this meanwhile"

    def __init__(
        self,
        detail: str = "",
        *,
        current: Mapping[str, Any] | None = None,
        yours: Mapping[str, Any] | None = None,
        original: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.current = dict(current or {})
        self.yours = dict(yours or {})
        self.original = dict(original or {})


class TooLarge(PatronError):
    status = 413
    title = "That is too large"


class Invalid(PatronError):
    """Input that was understood and refused; ``errors`` names each field, the reason and what to do."""

    status = 422
    title = "Please correct the marked fields"

    @classmethod
    def field(cls, field: str, message: str) -> Invalid:
        """One field refused for one reason."""
        return cls(message, errors=(FieldError(field, message),))


class TooManyRequests(PatronError):
    """``retry_after`` is in whole seconds."""

    status = 429
    title = "Too many attempts"

    def __init__(self, detail: str = "", *, retry_after: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Busy(PatronError):
    """The writer lock or a database time-out was hit; the caller may try again after ``retry_after`` seconds."""

    status = 503
    title = "The system is busy, please try again"

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class SetupError(PatronError):
    """The assembly or its configuration is wrong; raised at start, printed by the command line with its remedy."""

    title = "Patron cannot start"
