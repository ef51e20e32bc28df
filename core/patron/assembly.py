"""The assembly: a firm's chosen modules and settings, put together once and frozen; only its live state changes."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from patron.errors import SetupError
from patron.permissions import Scope
from patron.plugins import Hooks, Plugin, discover
from patron.records import table
from patron.revisions import CORE, Distribution
from patron.revisions import status as migration_status
from patron.routing import SIGNED_IN, Route
from patron.settings import Settings
from patron.system.company import Company, read_company, unread
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
    company: Company | None = None


@dataclass
class Assembly:
    """Everything that the installed modules contribute, keyed by name, and the database they share."""

    settings: Settings
    database: Database
    hooks: Hooks
    plugins: list[Plugin]
    resources: dict[str, Resource] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    customer_fields: list[tuple[str, CustomerFields]] = field(default_factory=list)  # with the module
    fact_sources: dict[str, tuple[int, ...]] = field(default_factory=dict)  # which of them an event touches
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

    @property
    def company(self) -> Company:
        """The firm itself, as last stored."""
        return self.live.company or unread(self.settings.site_name)

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
            company=read_company(session, self.settings.site_name),
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
    from patron.collecting import collect

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
    collect(assembly)
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
    """A module that was away while customers were merged, split or erased must follow before it takes part again."""
    from patron.customers.journal import lagging

    for name in lagging(session) - assembly.live.disabled:
        assembly.hooks.refuse(
            name, "It missed merges, splits or erasures while it was away. Run: patron migrate"
        )


def undeclared_permissions(routes: Sequence[Route], permissions: Mapping[str, Permission]) -> list[Route]:
    """Staff routes whose permission nobody declared."""
    return [
        route
        for route in routes
        if route.face == "staff" and route.permission not in (SIGNED_IN, *permissions)
    ]
