"""What plugins contribute: frozen data, collected once when the application starts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from patron.errors import SetupError
from patron.permissions import Face, Scope
from patron.records import Record, Row

if TYPE_CHECKING:
    import click
    from sqlalchemy import Select

    from patron.context import Context
    from patron.resources.rules import Rules

Kind = Literal[
    "text",
    "longtext",
    "email",
    "phone",
    "url",
    "integer",
    "bool",
    "money",
    "percent",
    "date",
    "instant",
    "choice",
    "customer",
    "user",
    "team",
    "ref",
    "list",
    "computed",
]


@dataclass(frozen=True)
class Choice:
    """One value a choice field may have. ``tone`` colours its badge (see ``ui/data.html``)."""

    value: str
    label: str
    tone: str = "neutral"


@dataclass(frozen=True)
class Field:
    """One field of a resource.

    ``name`` is its name in the API, forms and filters; ``column`` the model's attribute where it differs. A ``money``
    field has two columns, ``<column>_minor`` and ``currency``, and reads ``{"minor": 1250, "currency": "EUR"}``. A
    ``ref`` field holds the id of a record of the resource ``ref``. ``computed`` and ``list`` fields are filled and
    taken by the resource's rules. Text is ordered by ``sort_column`` and compared by ``match_column``, stored keys made
    with ``normalise.sort_key`` and ``normalise.fold``; without them it can be compared exactly, not ordered. The
    entries of a ``list`` are text, or objects of ``parts``: name and label of each. ``says`` tells what a text is code
    for: pages then say a country in words, and a currency is one of ISO 4217.
    """

    name: str
    label: str
    kind: Kind = "text"
    column: str = ""
    sort_column: str = ""
    match_column: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()
    ref: str = ""
    read_only: bool = False
    personal: bool = False
    default: Any = None
    help: str = ""
    max_length: int = 2000
    parts: tuple[tuple[str, str], ...] = ()
    says: Literal["itself", "country", "currency"] = "itself"

    @property
    def attribute(self) -> str:
        """The model attribute that holds the value (of money: the minor units)."""
        base = self.column or self.name
        return f"{base}_minor" if self.kind == "money" else base

    @property
    def tells_state(self) -> bool:
        """Whether its choices say how far something is: then each is shown as a state, the neutral ones too."""
        return any(choice.tone in ("accent", "info", "success") for choice in self.choices)


@dataclass(frozen=True)
class CustomerLink:
    """A column of the resource that refers to a customer, and in which role.

    Timeline, merge, split, erasure, permissions and segments all read this one declaration. ``unique`` marks a 1:1
    table, where a merge cannot keep both rows.
    """

    field: str
    role: str = "account"
    unique: bool = False


@dataclass(frozen=True)
class Resource:
    """A kind of record, declared once: core then gives lists, forms, boards, API, import, export, search and audit.

    ``sorts`` and ``filters`` name fields; each sort must be NOT NULL and indexed with the id last. The first of
    ``sorts`` is the default order, with ``-`` for descending. ``state`` names the field
    whose choices are the columns of the board: a choice, or a yes or no with choices “false” and “true”.
    ``sections`` divide the form: the first field of each, and its heading. Verbs that are left out have no route.
    ``typed_url`` is asked while a new record is typed, with what the form holds; what it answers stands above the form.
    ``kept_by`` managers is what a firm sets up or books centrally (tax rates, queues, rules, payments): the built-in
    roles ``user`` and ``reader`` then only read it, and with ``read_by`` managers they get nothing of it.
    Permissions are ``<key>.<verb>`` (see ``key``). ``module`` is filled in when the resource is registered; one whose
    key, path or permissions are used before that must name it.
    """

    name: str
    model: type[Record]
    label: str
    label_plural: str
    fields: tuple[Field, ...]
    title: str = "name"
    columns: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ("-created_at",)
    form: tuple[str, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    search: tuple[str, ...] = ()
    natural_key: str = ""
    owner: str = "owner_id"
    team: str = "team_id"
    state: str = ""
    date: str = ""
    links: tuple[CustomerLink, ...] = ()
    verbs: tuple[str, ...] = ("read", "create", "edit", "delete", "export", "import")
    rules: type[Rules] | None = None
    icon: str = "file"
    template: str = ""
    typed_url: str = ""
    nav: str = ""
    module: str = ""
    kept_by: Literal["users", "managers"] = "users"
    read_by: Literal["users", "managers"] = "users"

    @property
    def key(self) -> str:
        """``customers`` in the core, ``sales.opportunities`` in a module; SetupError while no module is known."""
        if not self.module:
            raise SetupError(f"Nobody knows yet whose resource “{self.name}” is: give it its module.")
        return self.name if self.module == "core" else f"{self.module}.{self.name}"

    @property
    def path(self) -> str:
        """Where its pages live: ``/customers``, ``/sales/opportunities``."""
        return "/" + self.key.replace(".", "/")

    @property
    def table(self) -> str:
        return str(self.model.__tablename__)

    def field(self, name: str) -> Field:
        """The field of that name; KeyError when there is none."""
        for item in self.fields:
            if item.name == name:
                return item
        raise KeyError(name)

    def permission(self, verb: str) -> str:
        return f"{self.key}.{verb}"


@dataclass(frozen=True)
class CustomerFields:
    """What a module knows of each customer: facts in columns of its 1:1 table, for filters, segments and sentences.

    ``model`` has a unique ``customer_id``. A customer without a row has each field's ``default`` (None for days and
    instants). Who holds ``permission`` may filter by them, within its scope. ``kept`` says whether a row is written in
    the transaction of the change or later by an event handler.

    With ``define`` the core keeps the rows itself: it returns the statement that selects ``customer_id`` and each
    column, for the given customers or for all, and ``sources`` names the events (``orders.orders``, for all of a
    resource) after which the rows of their customers are written anew, in the same transaction; what is written
    without an event calls ``facts.mark``. A column ``as_of`` then says since when a row has been what it is.
    """

    model: type[Row]
    fields: tuple[Field, ...]
    permission: str
    kept: Literal["transaction", "event"] = "transaction"
    define: Callable[[Context, Sequence[int] | None], Select[Any]] | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """One field of ``CustomerFields`` by its name in filters: ``<module>.<name>``, of the core the name alone."""

    key: str
    field: Field
    model: type[Row]
    permission: str
    module: str


@dataclass(frozen=True)
class Permission:
    """A permission that is not one of a resource's verbs. ``roles`` names built-in roles that get it at start."""

    name: str
    label: str
    roles: Mapping[str, Scope] = field(default_factory=dict)


@dataclass(frozen=True)
class RoleGrant:
    """Grants of a built-in role (``admin``, ``manager``, ``user``, ``reader``) on a module's resources."""

    role: str
    grants: Mapping[str, Scope]


@dataclass(frozen=True)
class NavItem:
    """An entry of the main navigation, shown to those who hold ``permission``."""

    label: str
    url: str
    permission: str
    icon: str = "circle"
    group: str = "Work"
    order: int = 50


@dataclass(frozen=True)
class Panel:
    """A piece of a core page: the core renders ``template`` with ``data``, under its own error handling.

    ``placement`` is ``main``, ``side`` or ``banner``. ``data`` must hold everything: a template cannot query.
    """

    name: str
    title: str
    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    placement: Literal["main", "side", "banner"] = "main"
    icon: str = ""
    order: int = 50


@dataclass(frozen=True)
class Action:
    """Something that can be done with what a page shows: a link, or a form that posts."""

    label: str
    url: str
    permission: str
    method: Literal["get", "post"] = "get"
    icon: str = ""
    primary: bool = False
    in_menu: bool = False  # for what is rarely done: it stands in the page's menu, never as a button
    hotkey: str = ""  # a key that does it


@dataclass(frozen=True)
class OpenCase:
    """Something open with a customer, such as a ticket: it opens first when the customer calls. ``at``: last moved."""

    label: str
    url: str
    customer_id: int
    at: datetime


@dataclass(frozen=True)
class EventType:
    """An event a module publishes; ``payload`` describes its keys."""

    name: str
    description: str
    payload: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Handler:
    """Handles an event after commit, in the worker. Its effects in the database happen once.

    ``run`` gets a context and the event (see ``patron.events.Event``), or a list of events where ``batch``.
    ``ordered`` keeps the order per customer: a dead letter then blocks the later ones. A handler of ``"*"`` hears
    every event whose name it has ``wanted``, which is asked in the transaction of each event: answer from memory.
    """

    name: str
    event: str
    run: Callable[[Context, Any], None]
    batch: bool = False
    ordered: bool = False
    wanted: Callable[[Context, str], bool] | None = None

    def hears(self, ctx: Context, event: str) -> bool:
        """Whether an event of that name is for this handler."""
        if self.event != "*":
            return self.event == event
        return self.wanted is None or self.wanted(ctx, event)


@dataclass(frozen=True)
class Job:
    """A scheduled job of the worker. ``run`` gets a context in its own write transaction, unless ``transaction`` is
    False: then it gets the assembly, opens its own, and may talk to the network between them."""

    name: str
    run: Callable[[Any], None]
    every: timedelta
    transaction: bool = True


@dataclass(frozen=True)
class Measure:
    """What a metric is made of: the records of a resource that meet a filter.

    They are counted, or their ``value`` (a money or integer field) is summed, ``less`` another one of the same kind
    (an amount less what was paid of it), or with ``average`` averaged. ``where`` is in the one filter language and may
    hold relative days. A chart is divided by the values of the field ``by``, of a
    day or an instant by its months. Whoever asks gets the number of the rows within their scope; the same filter lists
    them.
    """

    resource: str
    where: Mapping[str, Any] = field(default_factory=dict)
    value: str = ""
    by: str = ""
    average: bool = False
    less: str = ""


@dataclass(frozen=True)
class Metric:
    """A number the firm watches, snapshotted daily: of a ``Measure``, or by a function of its own.

    A function returns value by currency (``""`` for plain counts; an average and a percentage are in hundredths): the
    firm's number, shown to who may see those, and ``url`` is where one reads on. ``unit`` is ``count``, ``money``,
    ``score`` or ``percent``. ``pinned`` metrics stand on the home page, ``per_customer`` ones on a customer’s.
    """

    name: str
    label: str
    of: Measure | Callable[[Context], Mapping[str, int]]
    unit: Literal["count", "money", "score", "percent"] = "count"
    pinned: bool = False
    per_customer: bool = False
    falling: bool = False  # less of it is better
    url: str = ""


@dataclass(frozen=True)
class SettingSpec:
    """A setting of a module: ``settings.<module>.<name>`` in ``patron.toml``."""

    name: str
    label: str
    kind: Literal["text", "integer", "bool", "secret", "choice"] = "text"
    default: Any = None
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True)
class PortalSection:
    """An entry of a portal, shown when the mandate has ``right``: on ``/my``, or for partners on ``/partner``.

    ``hint`` says in a line what is to be found there.
    Without a ``right`` every account of the face sees it. ``contact`` is where one writes to a person: the first of
    them that the account may use stands at the foot of every page of the face.
    """

    name: str
    label: str
    url: str
    right: str
    icon: str = "circle"
    order: int = 50
    face: Face = Face.CUSTOMER
    hint: str = ""
    contact: str = ""

    def shown_to(self, rights: Collection[str]) -> bool:
        """Whether an account whose mandate has these rights sees it."""
        return not self.right or self.right in rights


@dataclass(frozen=True)
class Intent:
    """What a customer may want from a touch."""

    name: str
    label: str


@dataclass(frozen=True)
class Subject:
    """The record that a rule runs on, loaded, and the customer it belongs to."""

    resource: Resource
    record: Any
    customer_id: int | None


@dataclass(frozen=True)
class WorkflowTrigger:
    """What a rule can begin with, beyond the creation and change of each resource's records.

    Any of ``events`` begins it, for the record of ``resource`` whose id their payload has as ``record_key``. ``label``
    ends a sentence that begins with “When”: “a ticket is solved”. ``fields`` are those whose change can bring the event
    about, so that rules that would call each other for ever are found; none: only making a record can.
    """

    name: str
    label: str
    events: tuple[str, ...]
    resource: str
    fields: tuple[str, ...] = ()
    record_key: str = "id"


@dataclass(frozen=True)
class WorkflowAction:
    """What a rule can do: ``run`` gets a context of the rule's author, the subject and the checked values.

    It returns what it did, in a few words; PatronError refuses, and nothing of the whole run is kept. ``sentence`` says
    it with the values in braces: “set the priority to {priority}”. ``resource`` limits it to records of one resource.
    The author must hold ``permission``. ``changes`` names the fields of the record that it sets, and ``makes`` the
    resources of which it makes records, so that rules that would call each other for ever are found.
    """

    name: str
    label: str
    sentence: str
    run: Callable[[Context, Subject, Mapping[str, Any]], str]
    permission: str
    fields: tuple[Field, ...] = ()
    resource: str = ""
    changes: Callable[[Resource], tuple[str, ...]] = lambda resource: ()
    makes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HealthCheck:
    """A check of ``patron doctor``: returns a sentence saying what is wrong and the fix, or None when well."""

    name: str
    run: Callable[[Context], str | None]


@dataclass(frozen=True)
class SampleData:
    """Believable records for a demo. ``run`` gets a context and a seeded ``random.Random``."""

    name: str
    run: Callable[[Context, Any], None]
    order: int = 50


Commands = Sequence["click.Command"]
