"""Knowledge's table of contents: what it contributes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron import (
    EventType,
    Face,
    HealthCheck,
    Job,
    Metric,
    NavItem,
    Permission,
    PortalSection,
    Resource,
    RoleGrant,
    Route,
    SampleData,
    Scope,
    hookimpl,
)

from patron_knowledge import controllers, controllers_help
from patron_knowledge.resource import ARTICLES, PUBLICATIONS, RESOURCES
from patron_knowledge.sample import add_samples
from patron_knowledge.services import response, writing
from patron_knowledge.with_service import service_article_sources

__all__ = ["service_article_sources"]


@hookimpl
def register_resources() -> Sequence[Resource]:
    return RESOURCES


@hookimpl
def register_controllers() -> Sequence[Route]:
    return (*controllers.ROUTES, *controllers_help.ROUTES)


@hookimpl
def register_nav() -> Sequence[NavItem]:
    url = "/knowledge/publications?audience=staff"
    return (NavItem("Playbooks", url, PUBLICATIONS.permission("read"), "bookmark", "Knowledge", 60),)


@hookimpl
def register_permissions() -> Sequence[Permission | RoleGrant]:
    write = {ARTICLES.permission("read"): Scope.ALL, ARTICLES.permission("create"): Scope.OWN,
             ARTICLES.permission("edit"): Scope.OWN}  # fmt: skip
    return (
        Permission(writing.PUBLISH, "Publish and archive articles", {"manager": Scope.ALL}),
        RoleGrant("user", write),
    )


@hookimpl
def register_events() -> Sequence[EventType]:
    return (
        EventType(
            "knowledge.article.published",
            "An article was published.",
            {"id": "article", "edition": "its number"},
        ),
        EventType("knowledge.article.archived", "An article was taken from its readers.", {"id": "article"}),
    )


@hookimpl
def register_jobs() -> Sequence[Job]:
    return (Job("forget_gaps", response.forget_gaps, timedelta(days=1)),)


@hookimpl
def register_metrics() -> Sequence[Metric]:
    return response.METRICS


@hookimpl
def register_portal_sections() -> Sequence[PortalSection]:
    hint = "Answers to what is often asked, and a person one step away."
    return (
        PortalSection("help", "Help", "/help", "", "circle-help", 90, hint=hint),
        PortalSection("help", "Help", "/partner/help", "", "circle-help", 90, Face.PARTNER, hint=hint),
    )


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    return (HealthCheck("reviews", response.check_reviews),)


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("articles", add_samples, order=70),)
