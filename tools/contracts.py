"""Who may import whom, and who may commit: ``python tools/contracts.py [ROOT]`` prints what breaks one.

Each contract is one function over one source file; ``CONTRACTS`` lists them. A file is described by
``Source``: where it is, what it imports, and which distribution it belongs to.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

PUBLIC = "patron.testing"  # beside what ``patron`` itself lists
LAYERS = {"models": 0, "services": 1, "controllers": 2}
PERSISTENCE = {"sqlalchemy", "sqlmodel"}


@dataclass(frozen=True)
class Import:
    """``from module import name`` (``name`` is empty for a plain ``import module``), at a line."""

    module: str
    name: str
    line: int

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    @property
    def parts(self) -> list[str]:
        return [*self.module.split("."), self.name]


@dataclass(frozen=True)
class Source:
    """A module of a distribution. ``module`` is its dotted name, ``project`` the distribution's folder."""

    path: Path
    module: str
    project: Path

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    @property
    def is_plugin(self) -> bool:
        return self.package.startswith("patron_")

    @property
    def is_revision(self) -> bool:
        return ".migrations.versions." in f"{self.module}."

    @property
    def layer(self) -> str | None:
        """The room this module stands in: models, services, controllers or none of them."""
        return next((part for part in self.module.split(".") if part in LAYERS), None)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))

    @cached_property
    def imports(self) -> list[Import]:
        return list(self._imports())

    def _imports(self) -> Iterator[Import]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(alias.name, "", node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = self._absolute(node)
                yield from (Import(module, alias.name, node.lineno) for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        is_package = self.path.name == "__init__.py"
        parents = self.module.split(".")[: None if is_package else -1]
        base = parents[: len(parents) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])


Finding = tuple[int, str]
Contract = Callable[[Source], Iterator[Finding]]


def core_knows_no_module(source: Source) -> Iterator[Finding]:
    """Core imports no module."""
    if not source.is_plugin:
        for item in source.imports:
            if item.package.startswith("patron_"):
                yield item.line, f"core imports {item.module}"


def modules_use_public_names(source: Source) -> Iterator[Finding]:
    """A module imports only the public names of core: ``patron`` and ``patron.testing``."""
    if not source.is_plugin:
        return
    public = public_names(source.project.parents[1])
    for item in source.imports:
        if item.package != "patron":
            continue
        name = f"{item.module}.{item.name}".rstrip(".")
        if name != "patron" and name not in public and not f"{name}.".startswith(f"{PUBLIC}."):
            yield item.line, f"{name} is not public"


def neighbours_by_api(source: Source) -> Iterator[Finding]:
    """A module reaches another through its ``api``, and only when required or in ``with_<other>``."""
    if not source.is_plugin:
        return
    for item in source.imports:
        if not item.package.startswith("patron_") or item.package == source.package:
            continue
        if item.parts[1:2] != ["api"]:
            yield item.line, f"{item.package} may only be imported as {item.package}.api"
        other = item.package.removeprefix("patron_")
        optional = source.module == f"{source.package}.with_{other}"
        if not optional and item.package not in required(source.project):
            yield item.line, f"{item.package} is neither required nor imported in with_{other}.py"


def rooms_in_order(source: Source) -> Iterator[Finding]:
    """Controllers call services, services call models, never the other way round."""
    if source.layer is None:
        return
    for item in source.imports:
        if item.package == "patron" or item.package.startswith("patron_"):
            other = next((part for part in item.parts if part in LAYERS), None)
            if other and LAYERS[other] > LAYERS[source.layer]:
                yield item.line, f"{source.layer} import {other} ({item.module})"


def plugin_is_the_top(source: Source) -> Iterator[Finding]:
    """Nobody imports a module's ``plugin.py``."""
    for item in source.imports:
        if item.package.startswith("patron_") and item.parts[1] == "plugin":
            yield item.line, f"{item.package}.plugin is imported"


def rooms_know_their_tools(source: Source) -> Iterator[Finding]:
    """Services and models know nothing of the web, controllers nothing of the database."""
    banned = PERSISTENCE if source.layer == "controllers" else {"litestar"}
    for item in source.imports if source.layer else ():
        if item.package in banned:
            yield item.line, f"{source.layer} import {item.module}"


def only_db_commits(source: Source) -> Iterator[Finding]:
    """Only ``patron.db`` commits."""
    if source.module == "patron.db":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield node.lineno, "commit() outside patron.db"


def revisions_stand_alone(source: Source) -> Iterator[Finding]:
    """A migration imports Alembic, SQLAlchemy and the standard library: it must run as written for ever."""
    if source.is_revision:
        for item in source.imports:
            if item.package not in {"alembic", "sqlalchemy"} | sys.stdlib_module_names:
                yield item.line, f"a migration imports {item.module}"


CONTRACTS: tuple[Contract, ...] = (
    core_knows_no_module,
    modules_use_public_names,
    neighbours_by_api,
    rooms_in_order,
    plugin_is_the_top,
    rooms_know_their_tools,
    only_db_commits,
    revisions_stand_alone,
)


@lru_cache
def public_names(root: Path) -> frozenset[str]:
    """What ``patron.__all__`` lists, read without importing it, each as ``patron.<name>``."""
    file = root / "core" / "patron" / "__init__.py"
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
            return frozenset(f"patron.{name}" for name in ast.literal_eval(node.value))
    return frozenset()


@lru_cache
def required(project: Path) -> frozenset[str]:
    """The import names of the modules that a distribution requires."""
    data = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    names = (re.match(r"[\w.-]+", line) for line in data["project"].get("dependencies", ()))
    return frozenset(name[0].lower().replace("-", "_") for name in names if name)


def sources(root: Path) -> Iterator[Source]:
    """Every module of core and of the modules; the scaffold's templates and the tests are none."""
    packages = [root / "core" / "patron", *sorted(root.glob("plugins/*/patron_*"))]
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            if "scaffold" in parts or "node_modules" in parts:
                continue
            yield Source(path, ".".join(parts).removesuffix(".__init__"), package.parent)


def check(root: Path) -> list[str]:
    """Everything under ``root`` that breaks a contract, one line each: place, contract, what."""
    return [
        f"{source.path.relative_to(root)}:{line}: {contract.__name__}: {message}"
        for source in sources(root)
        for contract in CONTRACTS
        for line, message in contract(source)
    ]


def main() -> int:
    """Print the findings; exit status 1 when there are any."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    findings = check(root.resolve())
    print("\n".join(findings) or "Import contracts kept.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
