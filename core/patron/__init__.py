"""Patron: the CRM that a firm assembles. The names below are all a plugin may import from the core.

Tables: ``Record``, ``Row``, ``table``, ``reference``, ``instant``, ``table_args``, ``BigInt``, ``Json``, ``SortKey``.
Declarations: ``Resource``, ``Field`` and what else stands in ``contributions``. Routes: ``get``, ``post``, …, answered
with ``Page``, ``Redirect``, ``Json``, ``Download``, ``Document``. Services are modules: ``timeline``, ``interactions``,
``audit``, ``company``, ``consents``, ``contacts``, ``editing``, ``facts``, ``files``, ``filters``, ``limits``,
``mail``, ``mailflow``, ``mandates``, ``measuring``, ``merging``, ``metrics``, ``normalise``, ``origins``, ``portal``
(accounts of customers), ``preferring``, ``relationships``, ``roles``, ``search``.
"""

from sqlmodel import Field as Column

from patron import files, in_words
from patron.accounts import audit
from patron.accounts.authentication import user_actor
from patron.accounts.models import Account, Mandate, Team, TeamMember, User
from patron.accounts.services import limits, mandates, portal
from patron.assembly import Assembly
from patron.batch import together
from patron.context import Context
from patron.contributions import (
    Action,
    Choice,
    CustomerFields,
    CustomerLink,
    EventType,
    Fact,
    Field,
    Handler,
    HealthCheck,
    Intent,
    Job,
    Measure,
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
    Subject,
    WorkflowAction,
    WorkflowTrigger,
)
from patron.customers import (
    consents,
    contacts,
    facts,
    merging,
    normalise,
    origins,
    preferring,
    relationships,
    roles,
)
from patron.customers.models import (
    Consent,
    ContactHolder,
    ContactPoint,
    Customer,
    Origin,
    Preference,
    Relationship,
)
from patron.db import BigInt, Database, Session, SortKey, after_commit, new_registry, savepoint
from patron.db import Json as JsonColumn
from patron.errors import (
    BadRequest,
    Busy,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    PatronError,
    SignInRequired,
    TooLarge,
    TooManyRequests,
)
from patron.events import Event, publish
from patron.hookspecs import hook, hookimpl
from patron.interactions import mail, mailflow, timeline
from patron.interactions import services as interactions
from patron.interactions.models import Interaction, Mail, Mailbox, MailLedger, Participant, Thread
from patron.interactions.services import Party
from patron.metrics import measuring
from patron.metrics import services as metrics
from patron.money import Money, total
from patron.numbering import next_number
from patron.permissions import SYSTEM, Actor, Face, Scope, job_actor
from patron.records import Record, Row, instant, reference, table, table_args, utc_now
from patron.resources import editing, filters, forms, saying, search
from patron.resources.form_page import change_record, create_record, show_edit, show_new
from patron.resources.list_page import listing_of
from patron.resources.page_frame import frame, name_references
from patron.resources.people import people_of
from patron.resources.query import Listing, read_one, read_page
from patron.resources.record_page import show_record
from patron.resources.rules import Rules
from patron.resources.scope import row_scope
from patron.resources.values import percent_text
from patron.responses import Cookie, Document, Download, Flash, Json, Page, Redirect
from patron.routing import ANYONE, SIGNED_IN, Route, delete, get, patch, post, put
from patron.system import company
from patron.system.generation import bump_generation
from patron.system.models import Brand, File, FileLink, LegalEntity, MetricSnapshot, Objective
from patron.web import Upload, Web, whole_number

__version__ = "0.1.0"

__all__ = [
    "ANYONE",
    "SIGNED_IN",
    "SYSTEM",
    "Account",
    "Action",
    "Actor",
    "Assembly",
    "BadRequest",
    "BigInt",
    "Brand",
    "Busy",
    "Choice",
    "Column",
    "Conflict",
    "Consent",
    "ContactHolder",
    "ContactPoint",
    "Context",
    "Cookie",
    "Customer",
    "CustomerFields",
    "CustomerLink",
    "Database",
    "Document",
    "Download",
    "Event",
    "EventType",
    "Face",
    "Fact",
    "Field",
    "FieldError",
    "File",
    "FileLink",
    "Flash",
    "Forbidden",
    "Handler",
    "HealthCheck",
    "Intent",
    "Interaction",
    "Invalid",
    "Job",
    "Json",
    "JsonColumn",
    "LegalEntity",
    "Listing",
    "Mail",
    "MailLedger",
    "Mailbox",
    "Mandate",
    "Measure",
    "Metric",
    "MetricSnapshot",
    "Money",
    "NavItem",
    "NotFound",
    "Objective",
    "OpenCase",
    "Origin",
    "Page",
    "Panel",
    "Participant",
    "Party",
    "PatronError",
    "Permission",
    "PortalSection",
    "Preference",
    "Record",
    "Redirect",
    "Relationship",
    "Resource",
    "RoleGrant",
    "Route",
    "Row",
    "Rules",
    "SampleData",
    "Scope",
    "Session",
    "SettingSpec",
    "SignInRequired",
    "SortKey",
    "Subject",
    "Team",
    "TeamMember",
    "Thread",
    "TooLarge",
    "TooManyRequests",
    "Upload",
    "User",
    "Web",
    "WorkflowAction",
    "WorkflowTrigger",
    "after_commit",
    "audit",
    "bump_generation",
    "change_record",
    "company",
    "consents",
    "contacts",
    "create_record",
    "delete",
    "editing",
    "facts",
    "files",
    "filters",
    "forms",
    "frame",
    "get",
    "hook",
    "hookimpl",
    "in_words",
    "instant",
    "interactions",
    "job_actor",
    "limits",
    "listing_of",
    "mail",
    "mailflow",
    "mandates",
    "measuring",
    "merging",
    "metrics",
    "name_references",
    "new_registry",
    "next_number",
    "normalise",
    "origins",
    "patch",
    "people_of",
    "percent_text",
    "portal",
    "post",
    "preferring",
    "publish",
    "put",
    "read_one",
    "read_page",
    "reference",
    "relationships",
    "roles",
    "row_scope",
    "savepoint",
    "saying",
    "search",
    "show_edit",
    "show_new",
    "show_record",
    "table",
    "table_args",
    "timeline",
    "together",
    "total",
    "user_actor",
    "utc_now",
    "whole_number",
]
