"""Settings: command line, then environment (``PATRON_*``), then ``patron.toml``, then default."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from patron.errors import SetupError

CONFIG_NAME = "patron.toml"
SECRET_NAME = "patron.secret"  # noqa: S105 - a file name


@dataclass(frozen=True)
class Settings:
    """Everything an installation can set. ``modules`` None means every installed module."""

    site_name: str = "Patron"
    base_url: str = "http://localhost:8000"
    database_url: str = "sqlite:///patron.db"
    files_dir: str = "files"
    secret_key: str = field(default="", repr=False)
    modules: tuple[str, ...] | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    locale: str = "en"
    country: str = "DE"
    currency: str = "EUR"
    time_zone: str = "Europe/Berlin"
    trusted_proxies: tuple[str, ...] = ()
    mail_domain: str = "localhost"
    mail_private_hosts: bool = True
    contact_email: str = ""
    contact_phone: str = ""
    strict: bool = False
    debug_statements: bool = False
    hang_seconds: float = 60.0
    objectives: tuple[Mapping[str, Any], ...] = ()
    plugins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    folder: str = "."

    @property
    def threads(self) -> int:
        """Units of work a web process runs at a time: SQLite has one writer, PostgreSQL a connection budget."""
        return 2 if self.database_url.startswith("sqlite") else 4

    @property
    def secure(self) -> bool:
        """Whether cookies carry ``Secure`` and the ``__Host-`` prefix: always, but for plain HTTP off this machine."""
        return self.base_url.startswith("https://") or _is_loopback(self.base_url)

    def path(self, relative: str) -> Path:
        """A path of the installation: relative ones start at its folder."""
        return Path(self.folder, relative) if not Path(relative).is_absolute() else Path(relative)


def _is_loopback(url: str) -> bool:
    host = url.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]
    return host in ("localhost", "127.0.0.1", "[::1]")


def load_settings(folder: Path | str = ".", **overrides: Any) -> Settings:
    """The settings of the installation in ``folder``. Raises SetupError with the remedy on anything not understood."""
    folder = Path(os.environ.get("PATRON_HOME", folder))
    values: dict[str, Any] = {"folder": str(folder)}
    values.update(_from_file(folder / CONFIG_NAME))
    values.update(_from_environment())
    values.update({name: value for name, value in overrides.items() if value is not None})
    if not values.get("secret_key"):
        values["secret_key"] = _stored_secret(folder)
    known = {item.name for item in fields(Settings)}
    if unknown := sorted(set(values) - known):
        raise SetupError(
            f"{CONFIG_NAME}: unknown settings {', '.join(unknown)}. Known are: {', '.join(sorted(known))}."
        )
    return _absolute_database(Settings(**values))


def _absolute_database(settings: Settings) -> Settings:
    """SQLite paths are relative to the installation's folder, not to where the command runs."""
    url = settings.database_url
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        path = Path(settings.folder, url.removeprefix("sqlite:///")).resolve()
        return replace(settings, database_url=f"sqlite:///{path}")
    return settings


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"{path} is not valid TOML: {error}. Correct the line it names.") from error
    values = {name: value for name, value in raw.items() if name not in ("settings", "objectives")}
    values["plugins"] = raw.get("settings", {})
    values["objectives"] = tuple(raw.get("objectives", ()))
    for name in ("modules", "trusted_proxies"):
        if name in values:
            values[name] = tuple(values[name])
    return values


def _from_environment() -> dict[str, Any]:
    values: dict[str, Any] = {}
    for item in fields(Settings):
        raw = os.environ.get(f"PATRON_{item.name.upper()}")
        if raw is None or item.name in ("plugins", "objectives", "folder"):
            continue
        values[item.name] = _convert(item.name, str(item.type), raw)
    return values


def _convert(name: str, kind: str, raw: str) -> Any:
    try:
        if kind == "bool":
            return raw.lower() in ("1", "true", "yes", "on")
        if kind == "int":
            return int(raw)
        if kind == "float":
            return float(raw)
    except ValueError as error:
        raise SetupError(f"PATRON_{name.upper()}={raw!r} is not a number.") from error
    if kind.startswith("tuple"):
        return tuple(part for part in raw.replace(",", " ").split() if part != "none")
    return raw


def _stored_secret(folder: Path) -> str:
    """The installation's key, made on first use and readable by its owner only."""
    path = folder / SECRET_NAME
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        pass
    secret = secrets.token_urlsafe(48)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii").strip()
    with os.fdopen(handle, "w") as file:
        file.write(secret)
    return secret
