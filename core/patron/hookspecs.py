"""Every hook of Patron. Read this file to know where a module can take part.

A plugin is a module whose functions are marked ``@hookimpl`` and named as below; an implementation may take fewer
arguments than its hook gives. Each hook is marked with what happens when one plugin's part of it fails:

* ``refuse`` (at start): that plugin is refused, the reason is shown; everyone else starts.
* ``skip`` (display): that plugin's part is left out, logged, and an incident number shown.
* ``abort`` (inside a transaction): the whole transaction is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
import pluggy

from patron.contributions import (
    Action,
    Commands,
    CustomerFields,
    EventType,
    Handler,
    HealthCheck,
    Intent,
    Job,
    Metric,
    NavItem,
    OpenCase,
    Panel,
    Permission,
    PortalSection,
    Resource,
    RoleGrant,
    SampleData,
    SettingSpec,
    WorkflowAction,
    WorkflowTrigger,
)
from patron.routing import Route

if TYPE_CHECKING:
    from patron.context import Context
    from patron.customers.models import Customer

PROJECT = "patron"
hookimpl = pluggy.HookimplMarker(PROJECT)
_hookspec = pluggy.HookspecMarker(PROJECT)

Mode = Literal["refuse", "skip", "abort"]
MODES: dict[str, Mode] = {}
ITEMS: dict[str, tuple[type, ...]] = {}
ANSWERS: dict[str, type] = {}
OFFERED: dict[str, dict[str, tuple[type, ...]]] = {}
"""The hooks that modules offer each other, by the Python module that declares them: the types of their items."""

_Spec = TypeVar("_Spec", bound=Callable[..., Any])


def hook(
    mode: Mode, *, items: tuple[type, ...] = (), answer: type = object, firstresult: bool = False
) -> Callable[[_Spec], _Spec]:
    """Declare a hook: what a failing implementation leads to, and of what types the items of its result must be, or
    the result itself where it is no sequence.

    A module that offers hooks to others declares them in its ``hookspecs.py``, named ``<module>_…``, with the mode
    ``refuse`` and without arguments: they are collected at start, and ``ctx.assembly.offered(name)`` gives the items.
    """

    def mark(spec: _Spec) -> _Spec:
        if spec.__module__ != __name__:
            OFFERED.setdefault(spec.__module__, {})[spec.__name__] = items
        else:
            MODES[spec.__name__] = mode
            ITEMS[spec.__name__] = items
            ANSWERS[spec.__name__] = answer
        return _hookspec(firstresult=firstresult)(spec)

    return mark


# At start: called once, frozen.


@hook("refuse", items=(Resource,))
def register_resources() -> Sequence[Resource]:
    """Kinds of record: each gets list, form, board, API, import, export, search, audit and permissions."""
    raise AssertionError


@hook("refuse", items=(CustomerFields,))
def register_customer_fields() -> Sequence[CustomerFields]:
    """Facts that the module keeps of each customer in its 1:1 table: they join the filter language."""
    raise AssertionError


@hook("refuse", items=(Route,))
def register_controllers() -> Sequence[Route]:
    """Routes beyond those of the resources, made with ``patron.get`` and ``patron.post``."""
    raise AssertionError


@hook("refuse", items=(NavItem,))
def register_nav() -> Sequence[NavItem]:
    """Entries of the main navigation beyond those of the resources."""
    raise AssertionError


@hook("refuse", items=(Permission, RoleGrant))
def register_permissions() -> Sequence[Permission | RoleGrant]:
    """Permissions beyond the resources' verbs, and what the built-in roles get at first."""
    raise AssertionError


@hook("refuse", items=(SettingSpec,))
def register_settings() -> Sequence[SettingSpec]:
    """The settings of the module, typed and checked at start."""
    raise AssertionError


@hook("refuse", items=(EventType,))
def register_events() -> Sequence[EventType]:
    """The events the module publishes."""
    raise AssertionError


@hook("refuse", items=(Handler,))
def register_event_handlers() -> Sequence[Handler]:
    """What the module does after events, its own and those of others."""
    raise AssertionError


@hook("refuse", items=(Job,))
def register_jobs() -> Sequence[Job]:
    """What the worker does for the module on a schedule."""
    raise AssertionError


@hook("refuse", items=(click.Command,))
def register_commands() -> Commands:
    """Subcommands of ``patron``."""
    raise AssertionError


@hook("refuse", items=(Metric,))
def register_metrics() -> Sequence[Metric]:
    """Numbers to snapshot daily from the first day on."""
    raise AssertionError


@hook("refuse", items=(WorkflowTrigger,))
def register_workflow_triggers() -> Sequence[WorkflowTrigger]:
    """What automation rules can begin with, beyond the creation and change of each resource's records."""
    raise AssertionError


@hook("refuse", items=(WorkflowAction,))
def register_workflow_actions() -> Sequence[WorkflowAction]:
    """What automation rules can do, each with the permission that the rule's author needs for it."""
    raise AssertionError


@hook("refuse", items=(PortalSection,))
def register_portal_sections() -> Sequence[PortalSection]:
    """Entries of the customers' portal at ``/my`` and of the partners' at ``/partner``."""
    raise AssertionError


@hook("refuse", items=(Intent,))
def register_intents() -> Sequence[Intent]:
    """What customers may want from a touch, beyond the core's list."""
    raise AssertionError


@hook("refuse", items=(HealthCheck,))
def register_health_checks() -> Sequence[HealthCheck]:
    """Checks of ``patron doctor``, each saying its fix."""
    raise AssertionError


@hook("refuse", items=(SampleData,))
def register_sample_data() -> Sequence[SampleData]:
    """Believable records for a demo, with no sign-ins."""
    raise AssertionError


# In a request.


@hook("skip", items=(Panel,))
def customer_panels(ctx: Context, customer: Customer) -> Sequence[Panel]:
    """Panels on the page of one customer. Must cost a fixed number of statements."""
    raise AssertionError


@hook("skip", items=(Action,))
def customer_actions(ctx: Context, customer: Customer) -> Sequence[Action]:
    """What can be done from the page of one customer."""
    raise AssertionError


@hook("skip", items=(Panel,))
def record_panels(ctx: Context, resource: Resource, record: Any) -> Sequence[Panel]:
    """Panels on the page of a record of any resource. Must cost a fixed number of statements."""
    raise AssertionError


@hook("skip", items=(OpenCase,))
def find_open_cases(ctx: Context, customers: Sequence[int]) -> Sequence[OpenCase]:
    """What is open with these customers, of what the actor may see: it opens when one of them calls. One statement."""
    raise AssertionError


@hook("skip", items=(Action,))
def record_actions(ctx: Context, resource: Resource, record: Any) -> Sequence[Action]:
    """What can be done from the page of a record of any resource. Costs no statement."""
    raise AssertionError


@hook("skip", items=(Panel,))
def home_panels(ctx: Context) -> Sequence[Panel]:
    """Panels of the home page of the acting user."""
    raise AssertionError


# In the transaction.


@hook("abort", items=(str,))
def check_customer_archive(ctx: Context, customers: Sequence[Customer]) -> Sequence[str]:
    """Reasons why these customers must not go to the trash now; none means they may."""
    raise AssertionError


@hook("abort", items=(Mapping,))
def before_customer_merge(
    ctx: Context, survivor_id: int, merged_id: int
) -> Sequence[Mapping[str, Any]] | None:
    """What a customer link cannot say about a merge, done by the module. Returns entries for the merge journal."""
    raise AssertionError


@hook("abort")
def after_customer_split(
    ctx: Context, survivor_id: int, merged_id: int, journal: Sequence[Mapping[str, Any]]
) -> None:
    """The reverse of ``before_customer_merge``; gets the entries that it returned."""
    raise AssertionError


@hook("abort", answer=Mapping)
def export_customer(ctx: Context, customer_id: int) -> Mapping[str, Any]:
    """What the module holds of one customer beyond the declared links, for the person's report."""
    raise AssertionError


@hook("abort", answer=str)
def before_customer_erase(ctx: Context, customer_id: int) -> str:
    """Erase what links cannot say; answer ``erased``, ``anonymised`` or ``retained until DATE because …``."""
    raise AssertionError


@hook("abort")
def plugin_enabled(ctx: Context) -> None:
    """The module was enabled again, after what it missed was replayed."""
    raise AssertionError


@hook("abort")
def plugin_disabled(ctx: Context) -> None:
    """The module is about to be disabled; its data stays."""
    raise AssertionError
