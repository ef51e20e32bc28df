"""Plugins: found by entry point, checked, ordered, and called with isolation."""

from __future__ import annotations

import importlib
import importlib.metadata as metadata
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from patron import hookspecs
from patron.db import savepoint
from patron.errors import PatronError
from patron.revisions import Distribution

if TYPE_CHECKING:
    from patron.context import Context

log = logging.getLogger("patron.plugins")
GROUP = "patron.plugins"
_FAILURES_BEFORE_REST = 3
_REST_SECONDS = 60.0


@dataclass
class Plugin:
    """One installed module: its distribution, its state and, if refused, the reason a person can act on."""

    name: str
    package: str
    distribution: str
    version: str
    requires: tuple[str, ...] = ()  # names of other plugins, from the requirements of the distribution
    module: ModuleType | Any = None
    refused: str = ""
    unreadable: str = ""  # what is wrong with its metadata

    @property
    def migrations(self) -> Distribution:
        return Distribution(self.name, self.package)

    @property
    def title(self) -> str:
        """What people call it: ``TITLE`` of its ``plugin.py``, else its name."""
        return str(getattr(self.module, "TITLE", self.name.capitalize()))

    def refuse(self, reason: str) -> None:
        """Leave this plugin out, loudly; the first reason stands."""
        if not self.refused:
            self.refused = reason
            log.error("plugin %s refused: %s", self.name, reason)


class PluginFailed(PatronError):
    """A plugin's part of a page failed: the page is made again without it."""

    def __init__(self, plugin: str, hook: str, incident: str) -> None:
        super().__init__(f"The part of “{plugin}” failed (incident {incident}).")
        self.plugin, self.hook, self.incident = plugin, hook, incident


@dataclass(frozen=True)
class Failure:
    """Stands where a plugin's part of a page was left out."""

    plugin: str
    incident: str


def discover(wanted: Sequence[str] | None, extra: Mapping[str, Any] | None = None) -> list[Plugin]:
    """The plugins to use, and what they require, in order. ``wanted`` None takes every installed one.

    ``extra`` maps names to modules or objects that are plugins without being installed (tests).
    """
    found = {entry.name: _describe(entry) for entry in metadata.entry_points(group=GROUP)}
    for name, module in (extra or {}).items():
        found[name] = Plugin(name, getattr(module, "__package__", "") or "", "", "0", module=module)
    names = set(found) if wanted is None else _with_required(set(wanted) | set(extra or ()), found)
    for missing in sorted(names - set(found)):
        absent = Plugin(missing, "", f"patron-{missing}", "")
        absent.refuse(f"“{missing}” is not installed. Run: pip install patron-{missing}")
        found[missing] = absent
    ordered = list(_in_order({name: found[name] for name in sorted(names)}))
    for plugin in ordered:
        _check(plugin, found)
    return ordered


def _describe(entry: metadata.EntryPoint) -> Plugin:
    dist = entry.dist
    assert dist is not None
    plugin = Plugin(entry.name, entry.value.split(".")[0].split(":")[0], dist.name, dist.version)
    try:
        requirements = [Requirement(text) for text in dist.requires or ()]
    except InvalidRequirement as error:
        plugin.unreadable = f"Its requirements cannot be read: {str(error).splitlines()[0]}."
        return plugin
    needed = (canonicalize_name(requirement.name) for requirement in requirements if _applies(requirement))
    plugin.requires = tuple(name.removeprefix("patron-") for name in needed if name.startswith("patron-"))
    return plugin


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _with_required(names: set[str], found: Mapping[str, Plugin]) -> set[str]:
    todo = list(names)
    while todo:
        plugin = found.get(todo.pop())
        for name in plugin.requires if plugin else ():
            if name not in names:
                names.add(name)
                todo.append(name)
    return names


def _in_order(plugins: Mapping[str, Plugin]) -> Iterator[Plugin]:
    """Dependency order, then name: the same on every machine."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[Plugin]:
        if name in done or name not in plugins:
            return
        if name in path:
            plugins[name].refuse(f"It requires itself by way of {' → '.join((*path, name))}.")
            return
        for needed in plugins[name].requires:
            yield from visit(needed, (*path, name))
        if name not in done:
            done.add(name)
            yield plugins[name]

    for name in plugins:
        yield from visit(name, ())


def _check(plugin: Plugin, found: Mapping[str, Plugin]) -> None:
    """Versions first (pip can leave broken pairs), then whether what it requires stands, then the import."""
    if plugin.refused:
        return
    if reason := plugin.unreadable or (plugin.distribution and _version_clash(plugin.distribution)):
        plugin.refuse(reason)
        return
    for name in plugin.requires:
        needed = found.get(name)
        if needed is None or needed.refused:
            plugin.refuse(f"It requires “{name}”, which {'was refused' if needed else 'is not installed'}.")
            return
    if plugin.module is None:
        try:
            plugin.module = importlib.import_module(f"{plugin.package}.plugin")
        except (Exception, SystemExit) as error:
            log.exception("import of %s failed", plugin.package)
            plugin.refuse(f"{plugin.package}.plugin cannot be imported: {type(error).__name__}: {error}")


def _version_clash(distribution: str) -> str:
    for text in metadata.requires(distribution) or ():
        requirement = Requirement(text)
        if not _applies(requirement):
            continue
        try:
            installed = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            return f"It requires {requirement}, which is not installed. Run: pip install '{requirement}'"
        if not requirement.specifier.contains(installed, prereleases=True):
            return (
                f"It requires {requirement}, but {installed} is installed. Run: pip install '{requirement}'"
            )
    return ""


@dataclass
class Hooks:
    """Calls hooks plugin by plugin, in dependency order, and contains what goes wrong (see ``hookspecs.MODES``).

    ``disabled`` is asked at each call, so that disabling needs no restart.
    """

    plugins: Sequence[Plugin]
    builtin: Sequence[Any] = ()
    strict: bool = False
    trace: bool = False
    disabled: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.monotonic
    _failures: dict[tuple[str, str], deque[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.offered: dict[str, tuple[type, ...]] = {}  # hooks of modules: the types of their items
        for plugin in self.plugins:
            self._offer(plugin)
        self._order = {"core": 0}
        for module in self.builtin:
            self.manager.register(module, name=f"core:{module.__name__}")
        for index, plugin in enumerate(self.plugins, start=1):
            self._order[plugin.name] = index
            if plugin.module is not None and not plugin.refused:
                self._register(plugin)

    def _offer(self, plugin: Plugin) -> None:
        """Take up the hooks that a module declares in its ``hookspecs.py``; their names begin with the module's."""
        if plugin.refused or not plugin.distribution or find_spec(f"{plugin.package}.hookspecs") is None:
            return
        try:
            specs = importlib.import_module(f"{plugin.package}.hookspecs")
        except (Exception, SystemExit) as error:
            reason = f"{plugin.package}.hookspecs cannot be imported: {type(error).__name__}: {error}"
            self.refuse(plugin.name, reason)
            return
        offered = hookspecs.OFFERED.get(specs.__name__, {})
        if strange := [name for name in offered if not name.startswith(f"{plugin.name}_")]:
            reason = f"It offers a hook “{strange[0]}”: its name must begin with “{plugin.name}_”."
            self.refuse(plugin.name, reason)
            return
        if offered:
            self.manager.add_hookspecs(specs)
        self.offered.update(offered)

    def _register(self, plugin: Plugin) -> None:
        try:
            self.manager.register(plugin.module, name=plugin.name)
            for impl in self._unknown(plugin):
                raise pluggy.PluginValidationError(plugin.module, f"There is no hook “{impl}”.")
        except pluggy.PluginValidationError as error:
            if self.manager.get_plugin(plugin.name) is not None:
                self.manager.unregister(name=plugin.name)
            self.refuse(plugin.name, f"Its hooks do not fit: {error}")
            if self.strict:
                raise

    def _unknown(self, plugin: Plugin) -> Iterator[str]:
        for name in dir(plugin.module):
            options = self.manager.parse_hookimpl_opts(plugin.module, name)
            known = name in hookspecs.MODES or name in self.offered
            if options and not options.get("optionalhook") and not known:
                yield name

    def implementations(self, hook: str, only: str = "") -> list[tuple[str, pluggy.HookImpl]]:
        """Module name and implementation, core first, then in dependency order; without refused and disabled ones.

        A module that is asked for by name in ``only`` is there though it is disabled: it is about to return.
        """
        refused = {plugin.name for plugin in self.plugins if plugin.refused}
        found = []
        for impl in getattr(self.manager.hook, hook).get_hookimpls():
            name = impl.plugin_name.split(":")[0]
            if name not in refused and (name == only or (name not in self.disabled and not only)):
                found.append((name, impl))
        return sorted(found, key=lambda pair: (self._order[pair[0]], pair[1].plugin_name))

    def collect(self, hook: str) -> Iterator[tuple[str, Any]]:
        """At start: each plugin's contributions. One that fails refuses its plugin (or raises, when strict)."""
        for name, impl in self.implementations(hook):
            try:
                result = list(self._invoke(hook, impl, {}))
                self._check_types(hook, name, result)
            except Exception as error:
                if name == "core" or self.strict:
                    raise
                self.refuse(name, f"{hook} failed: {type(error).__name__}: {error}")
                continue
            for item in result:
                yield name, item

    def refuse(self, name: str, reason: str) -> None:
        for plugin in self.plugins:
            if plugin.name == name or name in plugin.requires:
                first = plugin.name == name
                if not plugin.refused:
                    plugin.refuse(reason if first else f"It requires “{name}”, which was refused.")
                    if not first:
                        self.refuse(plugin.name, plugin.refused)

    def display(self, ctx: Context, hook: str, **arguments: Any) -> list[tuple[str, Any]]:
        """For a page: each plugin's items, or a Failure in their place. PluginFailed has the page made again."""
        left_out: dict[str, str] = ctx.cache.setdefault("left_out", {})
        results: list[tuple[str, Any]] = []
        for name, impl in self.implementations(hook):
            if name in left_out or self._resting(name, hook):
                results.append((name, Failure(name, left_out.get(name, "repeated"))))
                continue
            try:
                items = list(self._invoke(hook, impl, {"ctx": ctx, **arguments}))
                self._check_types(hook, name, items)
            except Exception as error:
                if self.strict:
                    raise
                incident = self._note(name, hook)
                raise PluginFailed(name, hook, incident) from error
            results.extend((name, item) for item in items)
        return results

    def transact(self, ctx: Context, hook: str, *, only: str = "", **arguments: Any) -> list[tuple[str, Any]]:
        """Inside a transaction, a savepoint per plugin: any failure is raised, and the whole rolls back."""
        results = []
        for name, impl in self.implementations(hook, only):
            with savepoint(ctx.session):
                answer = self._invoke(hook, impl, {"ctx": ctx, **arguments})
                self._check_answer(hook, name, answer)
                results.append((name, answer))
        return results

    def _invoke(self, hook: str, impl: pluggy.HookImpl, arguments: Mapping[str, Any]) -> Any:
        if not self.trace:
            return impl.function(*(arguments[name] for name in impl.argnames))
        begin = time.perf_counter()
        try:
            return impl.function(*(arguments[name] for name in impl.argnames))
        finally:
            log.warning(
                "hook %s of %s: %.2f ms", hook, impl.plugin_name, (time.perf_counter() - begin) * 1000
            )

    def _check_types(self, hook: str, name: str, items: Sequence[Any]) -> None:
        wanted = hookspecs.ITEMS[hook] if hook in hookspecs.ITEMS else self.offered[hook]
        for item in items:
            if wanted and not isinstance(item, wanted):
                names = " or ".join(kind.__name__ for kind in wanted)
                raise TypeError(f"{hook} of {name} returned {type(item).__name__} where {names} belongs")

    def _check_answer(self, hook: str, name: str, answer: Any) -> None:
        wanted, items = hookspecs.ANSWERS[hook], hookspecs.ITEMS[hook]
        fits = isinstance(answer, wanted) and not (items and isinstance(answer, str))
        if not fits:
            raise TypeError(f"{hook} of {name} returned {type(answer).__name__}")
        if items:
            self._check_types(hook, name, answer or ())

    def _note(self, name: str, hook: str) -> str:
        incident = uuid4().hex[:8]
        log.exception("incident %s: %s of plugin %s failed", incident, hook, name)
        self._failures.setdefault((name, hook), deque(maxlen=_FAILURES_BEFORE_REST)).append(self.clock())
        return incident

    def _resting(self, name: str, hook: str) -> bool:
        """After three failures in a minute a part is not tried for a minute."""
        times = self._failures.get((name, hook))
        return (
            times is not None
            and len(times) == _FAILURES_BEFORE_REST
            and times[-1] - times[0] < _REST_SECONDS
            and self.clock() - times[-1] < _REST_SECONDS
        )
