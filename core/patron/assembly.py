"""The assembly: a firm's chosen modules and settings, put together once and frozen; only its live state changes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from patron.accounts.models import Role
from patron.contributions import (
    CustomerFields,
    EventType,
    Fact,
    Handler,
    HealthCheck,
    Intent,
    Job,
    Measure,
    Metric,
    NavItem,
    Permission,
    PortalSection,
    Resource,
    RoleGrant,
    SampleData,
    SettingSpec,
    WorkflowAction,
    WorkflowTrigger,
)
from patron.db import Database
from patron.errors import Invalid, SetupError
from patron.permissions import BUILT_IN_ROLES, SYSTEM, Scope
from patron.plugins import Hooks, Plugin, discover
from patron.records import table
from patron.resources.declaration import WITHOUT_COLUMN, problems_of
from patron.revisions import CORE, Distribution
from patron.revisions import status as migration_status
from patron.routing import ANYONE, SIGNED_IN, Route
from patron.settings import Settings
from patron.system.models import Generation, PluginState, Setting

log = logging.getLogger("patron")


@dataclass(frozen=True)
class Live:
    """What can change without a restart: read again whenever the generation in the database has risen."""

    generation: int = 0
    disabled: frozenset[str] = frozenset()
    roles: Mapping[int, Mapping[str, Scope]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    grants: dict[str, Mapping[str, Scope]] = field(default_factory=dict)  # by set of roles: made on first use
    memo: dict[str, Any] = field(default_factory=dict)  # what modules remember until something changes


@dataclass
class Assembly:
    """Everything that the installed modules contribute, keyed by name, and the database they share."""

    settings: Settings
    database: Database
    hooks: Hooks
    plugins: list[Plugin]
    resources: dict[str, Resource] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    nav: list[tuple[str, NavItem]] = field(default_factory=list)
    permissions: dict[str, Permission] = field(default_factory=dict)
    role_grants: list[RoleGrant] = field(default_factory=list)
    setting_specs: dict[str, SettingSpec] = field(default_factory=dict)
    events: dict[str, EventType] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    portal_sections: list[tuple[str, PortalSection]] = field(default_factory=list)
    intents: dict[str, Intent] = field(default_factory=dict)
    health_checks: dict[str, HealthCheck] = field(default_factory=dict)
    workflow_triggers: dict[str, tuple[str, WorkflowTrigger]] = field(default_factory=dict)  # with the module
    workflow_actions: dict[str, tuple[str, WorkflowAction]] = field(default_factory=dict)
    samples: list[tuple[str, SampleData]] = field(default_factory=list)
    commands: list[Any] = field(default_factory=list)
    offers: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)  # by the hooks that modules offer
    live: Live = field(default_factory=Live)
    plans: dict[Any, Any] = field(default_factory=dict, repr=False)  # statements of lists, by their shape

    @property
    def active(self) -> list[Plugin]:
        """Plugins that were not refused, disabled ones included: their tables and routes exist."""
        return [plugin for plugin in self.plugins if not plugin.refused]

    @property
    def distributions(self) -> list[Distribution]:
        """The core and every plugin with a package, in the order in which they migrate."""
        return [CORE, *(plugin.migrations for plugin in self.plugins if plugin.module and plugin.package)]

    def has(self, module: str) -> bool:
        """Whether a module is installed, fits and is enabled."""
        return module not in self.live.disabled and any(plugin.name == module for plugin in self.active)

    def resource(self, key: str) -> Resource:
        """The resource of that key; KeyError where there is none or its module is disabled."""
        resource = self.resources[key]
        if resource.module in self.live.disabled:
            raise KeyError(key)
        return resource

    def fact(self, key: str) -> Fact:
        """The fact of that key; KeyError where there is none or its module is disabled."""
        fact = self.facts[key]
        if fact.module in self.live.disabled:
            raise KeyError(key)
        return fact

    def offered(self, hook: str) -> list[Any]:
        """What enabled modules contribute to a hook that a module offers (see ``patron.hook``)."""
        return [item for module, item in self.offers.get(hook, ()) if module not in self.live.disabled]

    def setting(self, module: str, name: str) -> Any:
        """A module's setting: changed in the application, else ``patron.toml``, else its default."""
        spec = self.setting_specs[f"{module}.{name}"]
        stored = self.live.settings.get(f"{module}.{name}")
        if stored is not None:
            return stored
        return self.settings.plugins.get(module, {}).get(name, spec.default)

    def refresh(self, session: Session, generation: int) -> None:
        """Follow the database when another process has changed roles, settings or enabled modules."""
        if generation == self.live.generation:
            return
        plugins, roles, stored = table(PluginState), table(Role), table(Setting)
        disabled = session.execute(select(plugins.c.name).where(plugins.c.enabled.is_(False))).scalars()
        granted = session.execute(select(roles.c.id, roles.c.grants))
        settings = session.execute(select(stored.c.name, stored.c.value))
        self.live = Live(
            generation,
            frozenset(disabled),
            {key: {name: Scope(scope) for name, scope in grants.items()} for key, grants in granted},
            {row.name: row.value for row in settings},
        )
        self.hooks.disabled = self.live.disabled

    def current_generation(self, session: Session) -> int:
        """The number that rises with each change of the live state."""
        return int(session.execute(select(table(Generation).c.number)).scalar_one())


def assemble(
    settings: Settings,
    plugins: Mapping[str, Any] | None = None,
    *,
    check_migrations: bool = True,
    check_journals: bool = True,
) -> Assembly:
    """Find, check, order and collect. Never migrates: a module whose migrations are behind is refused with the command.

    ``plugins`` adds modules that are not installed (tests). Raises SetupError when the core itself cannot start.
    """
    from patron import builtin

    strict = settings.strict or os.environ.get("PATRON_STRICT") == "1"
    found = discover(settings.modules, plugins)
    database = Database(settings.database_url)
    hooks = Hooks(found, builtin.MODULES, strict, os.environ.get("PATRON_TRACE_HOOKS") == "1")
    assembly = Assembly(settings, database, hooks, found)
    if check_migrations:
        _refuse_unmigrated(assembly)
        with database.read() as session:
            assembly.refresh(session, assembly.current_generation(session))
            if check_journals:
                _refuse_lagging(assembly, session)
    _collect(assembly)
    if strict and (refused := [plugin for plugin in found if plugin.refused]):
        database.dispose()
        raise SetupError(f"{refused[0].name}: {refused[0].refused}")
    return assembly


def _refuse_unmigrated(assembly: Assembly) -> None:
    states = migration_status(assembly.database, assembly.distributions)
    for state in states:
        if not state.pending:
            continue
        if state.name == "core":
            raise SetupError("The database is not at the version of this program. Run: patron migrate")
        assembly.hooks.refuse(state.name, "Its tables are behind its program. Run: patron migrate")


def _refuse_lagging(assembly: Assembly, session: Session) -> None:
    """A module that was away while customers were merged or erased must follow that before it takes part again."""
    from patron.customers.journal import lagging

    for name in lagging(session) - assembly.live.disabled:
        assembly.hooks.refuse(name, "It missed merges or erasures while it was away. Run: patron migrate")


def _collect(assembly: Assembly) -> None:
    """Each kind of contribution in turn; a clash refuses the later plugin and takes its contributions out again."""
    hooks = assembly.hooks
    while True:
        refused = {plugin.name for plugin in assembly.plugins if plugin.refused}
        _collect_once(assembly, hooks)
        if refused == {plugin.name for plugin in assembly.plugins if plugin.refused}:
            return


def _collect_once(assembly: Assembly, hooks: Hooks) -> None:
    assembly.resources = _keyed(hooks, "register_resources", _resource_key)
    _check_resources(assembly)
    assembly.facts = _facts(assembly)
    assembly.routes = _routes(assembly)
    assembly.nav = sorted(hooks.collect("register_nav"), key=lambda pair: (pair[1].order, pair[1].label))
    granted = list(hooks.collect("register_permissions"))
    assembly.permissions = _permissions(assembly, granted)
    _resource_permissions(assembly)
    assembly.role_grants = _role_grants(assembly, granted)
    assembly.setting_specs = _keyed(hooks, "register_settings", lambda module, item: f"{module}.{item.name}")
    assembly.events = _keyed(hooks, "register_events", lambda _, item: item.name)
    assembly.handlers = _keyed(hooks, "register_event_handlers", lambda module, item: f"{module}.{item.name}")
    assembly.jobs = _keyed(hooks, "register_jobs", lambda module, item: f"{module}.{item.name}")
    assembly.metrics = _keyed(hooks, "register_metrics", lambda module, item: f"{module}.{item.name}")
    _check_metrics(assembly)
    assembly.portal_sections = sorted(
        hooks.collect("register_portal_sections"), key=lambda pair: pair[1].order
    )
    assembly.intents = _keyed(hooks, "register_intents", lambda _, item: item.name)
    assembly.health_checks = _keyed(
        hooks, "register_health_checks", lambda module, item: f"{module}.{item.name}"
    )
    assembly.workflow_triggers = _named(hooks, "register_workflow_triggers")
    assembly.workflow_actions = _named(hooks, "register_workflow_actions")
    assembly.samples = sorted(hooks.collect("register_sample_data"), key=lambda pair: pair[1].order)
    assembly.commands = [command for _, command in hooks.collect("register_commands")]
    assembly.offers = {name: list(hooks.collect(name)) for name in hooks.offered}


def _resource_key(module: str, resource: Resource) -> str:
    return resource.name if module == "core" else f"{module}.{resource.name}"


def _keyed(hooks: Hooks, hook: str, key: Any) -> dict[str, Any]:
    """Contributions by key; the plugin that takes a key a second time is refused."""
    kept: dict[str, Any] = {}
    for module, item in list(hooks.collect(hook)):
        name = key(module, item)
        if name in kept:
            hooks.refuse(module, f"{hook}: “{name}” is taken already.")
            continue
        if isinstance(item, Resource):
            if item.module not in ("", module):
                hooks.refuse(module, f"{hook}: “{name}” says that it belongs to “{item.module}”.")
                continue
            item = replace(item, module=module)
        kept[name] = item
    return kept


def _named(hooks: Hooks, hook: str) -> dict[str, Any]:
    """Contributions with their modules, by ``<module>.<name>``."""
    kept: dict[str, Any] = {}
    for module, item in list(hooks.collect(hook)):
        if kept.setdefault(f"{module}.{item.name}", (module, item))[1] is not item:
            hooks.refuse(module, f"{hook}: “{module}.{item.name}” is taken already.")
    return kept


def _check_resources(assembly: Assembly) -> None:
    """A resource must fit its model, and its table must carry its module's prefix and belong to it alone."""
    tables: dict[str, str] = {}
    for key, resource in list(assembly.resources.items()):
        reasons = list(problems_of(resource, assembly.resources))
        if resource.table in tables:
            reasons.append(f"its table “{resource.table}” is taken by “{tables[resource.table]}”.")
        tables.setdefault(resource.table, key)
        if not reasons:
            continue
        if resource.module == "core":
            raise SetupError(f"Resource “{key}”: {reasons[0]}")
        assembly.hooks.refuse(resource.module, f"Resource “{key}”: {reasons[0]}")
        if assembly.hooks.strict:
            raise SetupError(f"Resource “{key}”: {reasons[0]}")


def _check_metrics(assembly: Assembly) -> None:
    """A metric that is of records must name a resource that is there, and fields that it has."""
    for key, metric in list(assembly.metrics.items()):
        reason = _wrong_measure(assembly, metric)
        if not reason:
            continue
        module = key.split(".")[0]
        if module == "core":
            raise SetupError(f"Metric “{key}”: {reason}")
        assembly.hooks.refuse(module, f"Metric “{key}”: {reason}")
        del assembly.metrics[key]


def _wrong_measure(assembly: Assembly, metric: Metric) -> str:
    """Why the number cannot be made of records; empty when it can."""
    measure = metric.of
    if not isinstance(measure, Measure):
        return ""
    resource = assembly.resources.get(measure.resource)
    if resource is None:
        return f"there is no resource “{measure.resource}”."
    kinds = {item.name: item.kind for item in resource.fields}
    for name in filter(None, (measure.value, measure.by)):
        if name not in kinds:
            return f"“{measure.resource}” has no field “{name}”."
    if measure.value and kinds[measure.value] not in ("money", "integer"):
        return f"“{measure.value}” is no number: its kind is {kinds[measure.value]}."
    if measure.by and kinds[measure.by] in WITHOUT_COLUMN:
        return f"“{measure.by}” is not stored, so nothing can be divided by it."
    return _wrong_filter(assembly, resource, measure.where)


def _wrong_filter(assembly: Assembly, resource: Resource, where: Mapping[str, Any]) -> str:
    """What the filter language says against a filter, in the eyes of one who may do everything."""
    from patron.context import Context
    from patron.resources.filters import parse_filter

    try:
        parse_filter(Context(Session(), assembly, SYSTEM), resource, where)
    except Invalid as error:
        return error.errors[0].message
    return ""


def _facts(assembly: Assembly) -> dict[str, Fact]:
    """Facts by key. A table that is not 1:1 with the customer, or lacks a column, refuses its module."""
    kept: dict[str, Fact] = {}
    for module, item in assembly.hooks.collect("register_customer_fields"):
        if reason := next(iter(_misfits(module, item)), ""):
            if module == "core":
                raise SetupError(reason)
            assembly.hooks.refuse(module, reason)
            continue
        for declared in item.fields:
            key = declared.name if module == "core" else f"{module}.{declared.name}"
            kept[key] = Fact(key, declared, item.model, item.permission, module)
    return kept


def _misfits(module: str, item: CustomerFields) -> Iterable[str]:
    columns = table(item.model)
    if not columns.name.startswith(f"{module}_"):
        yield f"Customer fields: the table “{columns.name}” must begin with “{module}_”."
    if "customer_id" not in columns.c or not any(
        [c.name for c in index.columns] == ["customer_id"] and index.unique for index in columns.indexes
    ):
        yield f"Customer fields: “{columns.name}” needs a unique customer_id."
    for declared in item.fields:
        if declared.attribute not in columns.c:
            yield f"Customer fields: “{columns.name}” has no column “{declared.attribute}”."


def _routes(assembly: Assembly) -> list[Route]:
    """All routes. A module's own one stands in for the one that its resource would get at the same place."""
    from patron.resources.routes import routes_of

    taken: dict[tuple[str, str], str] = {}
    kept: list[Route] = []
    declared: list[tuple[str, Route]] = [
        (module, replace(route, module=module))
        for module, route in assembly.hooks.collect("register_controllers")
    ]
    own = {(module, route.method, _shape(route.path)) for module, route in declared}
    generated = [
        (resource.module, route)
        for resource in assembly.resources.values()
        for route in routes_of(resource)
        if (resource.module, route.method, _shape(route.path)) not in own
    ]
    for module, route in [*declared, *generated]:
        key = (route.method, _shape(route.path))
        if not route.permission or (route.permission == ANYONE) != (route.face == "public"):
            reason = f"The route {route.method} {route.path} declares no permission that fits its face."
            if module == "core":
                raise SetupError(reason)
            assembly.hooks.refuse(module, reason)
        elif key in taken:
            assembly.hooks.refuse(
                module, f"The route {route.method} {route.path} is taken by “{taken[key]}”."
            )
        else:
            taken[key] = module
            kept.append(route)
    return kept


def _shape(path: str) -> str:
    """The path with its parameters' names left out, since two routes clash whatever they call them."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _permissions(assembly: Assembly, granted: Sequence[tuple[str, Any]]) -> dict[str, Permission]:
    """Permissions by name: one that another declared, or that is a verb of another's resource, is taken."""
    taken = {
        resource.permission(verb): resource.module
        for resource in assembly.resources.values()
        for verb in resource.verbs
    }
    kept: dict[str, Permission] = {}
    for module, item in granted:
        if not isinstance(item, Permission):
            continue
        if taken.setdefault(item.name, module) != module:
            assembly.hooks.refuse(module, f"The permission “{item.name}” is taken by “{taken[item.name]}”.")
            continue
        kept[item.name] = item
    return kept


def _role_grants(assembly: Assembly, granted: Sequence[tuple[str, Any]]) -> list[RoleGrant]:
    """What modules give to roles. A role or a permission that there is not would silently give nothing: refused."""
    kept: list[RoleGrant] = []
    for module, item in granted:
        roles = (item.role,) if isinstance(item, RoleGrant) else item.roles
        names = item.grants if isinstance(item, RoleGrant) else ()
        wrong = [f"the role “{role}”, which is none" for role in roles if role not in BUILT_IN_ROLES]
        wrong += [
            f"the permission “{name}”, which nobody declares"
            for name in names
            if name not in assembly.permissions
        ]
        if wrong and module == "core":
            raise SetupError(f"register_permissions names {wrong[0]}.")
        if wrong:
            assembly.hooks.refuse(module, f"register_permissions names {wrong[0]}.")
        elif isinstance(item, RoleGrant):
            kept.append(item)
    return kept


def _resource_permissions(assembly: Assembly) -> None:
    for resource in assembly.resources.values():
        for verb in resource.verbs:
            name = resource.permission(verb)
            assembly.permissions.setdefault(name, Permission(name, f"{resource.label_plural}: {verb}"))


def known_permissions(assembly: Assembly) -> Iterable[str]:
    """Every permission there is, for forms and checks."""
    return sorted(assembly.permissions)


def undeclared_permissions(routes: Sequence[Route], permissions: Mapping[str, Permission]) -> list[Route]:
    """Staff routes whose permission nobody declared."""
    return [
        route
        for route in routes
        if route.face == "staff" and route.permission not in (SIGNED_IN, *permissions)
    ]
