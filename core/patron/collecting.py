"""What modules contribute, collected once at the start and checked: what does not fit refuses its module, with the
reason, and leaves the others as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import (
    CustomerFields,
    Fact,
    Measure,
    Metric,
    Permission,
    Resource,
    RoleGrant,
)
from patron.errors import Invalid, SetupError
from patron.permissions import BUILT_IN_ROLES, SYSTEM
from patron.plugins import Hooks
from patron.records import table, tables_of
from patron.resources.declaration import WITHOUT_COLUMN, problems_of
from patron.resources.filters import parse_filter
from patron.resources.routes import routes_of
from patron.routing import ANYONE, Route


def collect(assembly: Assembly) -> None:
    """Each kind of contribution in turn; a clash refuses the later plugin and takes its contributions out again."""
    hooks = assembly.hooks
    _refuse_foreign_tables(assembly)
    while True:
        refused = {plugin.name for plugin in assembly.plugins if plugin.refused}
        _collect_once(assembly, hooks)
        if refused == {plugin.name for plugin in assembly.plugins if plugin.refused}:
            return


def _collect_once(assembly: Assembly, hooks: Hooks) -> None:
    assembly.resources = _keyed(hooks, "register_resources", _resource_key)
    _check_resources(assembly)
    assembly.customer_fields = _customer_fields(assembly)
    assembly.facts = _facts(assembly.customer_fields)
    assembly.fact_sources = _fact_sources(assembly.customer_fields)
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


def _refuse_foreign_tables(assembly: Assembly) -> None:
    """Every table of a module carries its prefix, one without a resource too: migration, digest and purge go by it."""
    for plugin in assembly.active:
        prefix = f"{plugin.name}_"
        foreign = [found.name for found in tables_of(plugin.package) if not found.name.startswith(prefix)]
        if plugin.package and foreign:
            assembly.hooks.refuse(plugin.name, f"Its table “{foreign[0]}” must begin with “{prefix}”.")


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
    for name in filter(None, (measure.value, measure.by, measure.less)):
        if name not in kinds:
            return f"“{measure.resource}” has no field “{name}”."
    if measure.value and kinds[measure.value] not in ("money", "integer"):
        return f"“{measure.value}” is no number: its kind is {kinds[measure.value]}."
    if measure.less and kinds[measure.less] != kinds.get(measure.value):
        return f"“{measure.less}” cannot be taken from “{measure.value}”."
    if measure.by and kinds[measure.by] in WITHOUT_COLUMN:
        return f"“{measure.by}” is not stored, so nothing can be divided by it."
    return _wrong_filter(assembly, resource, measure.where)


def _wrong_filter(assembly: Assembly, resource: Resource, where: Mapping[str, Any]) -> str:
    """What the filter language says against a filter, in the eyes of one who may do everything."""
    try:
        parse_filter(Context(Session(), assembly, SYSTEM), resource, where)
    except Invalid as error:
        return error.errors[0].message
    return ""


def _customer_fields(assembly: Assembly) -> list[tuple[str, CustomerFields]]:
    """With their modules. A table that is not 1:1 with the customer, or lacks a column, refuses its module."""
    kept = []
    for module, item in assembly.hooks.collect("register_customer_fields"):
        if reason := next(iter(_misfits(module, item)), ""):
            if module == "core":
                raise SetupError(reason)
            assembly.hooks.refuse(module, reason)
            continue
        kept.append((module, item))
    return kept


def _fact_sources(declared: Sequence[tuple[str, CustomerFields]]) -> dict[str, tuple[int, ...]]:
    """By event, or resource whose every event it is: the places of the customer fields that it touches."""
    found: dict[str, tuple[int, ...]] = {}
    for index, (_module, item) in enumerate(declared):
        for name in item.sources:
            found[name] = (*found.get(name, ()), index)
    return found


def _facts(declared_fields: Sequence[tuple[str, CustomerFields]]) -> dict[str, Fact]:
    """Facts by key."""
    kept: dict[str, Fact] = {}
    for module, item in declared_fields:
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
    if item.define is not None and not item.sources:
        yield f"Customer fields: “{columns.name}” is defined, but no source says when it changes."


def _routes(assembly: Assembly) -> list[Route]:
    """All routes. A module's own one stands in for the one that its resource would get at the same place."""
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
