"""What the built-in roles get of all modules: nobody but managers changes what the firm has set up."""

from __future__ import annotations

from pathlib import Path

from patron.accounts.services.roles import default_grants, default_verbs
from patron.assembly import assemble
from patron.permissions import Scope
from patron.settings import Settings

DAILY = {  # what an ordinary user makes and changes; whoever adds a line here has thought about it
    "customers": "create edit",
    "interactions": "edit",
    "sales.enquiries": "create edit",
    "sales.opportunities": "create edit",
    "sales.quotes": "create edit",
    "orders.orders": "create edit",
    "service.tickets": "create edit",
    "marketing.segments": "create edit",
    "marketing.campaigns": "create edit",
    "knowledge.articles": "create edit",
    "prm.registrations": "create edit",
    "prm.leads": "create edit",
    "workflow.tasks": "create edit delete",
}


def test_users_change_what_they_work_with_and_read_what_is_set_up(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/roles.db", secret_key="of-a-test")
    assembly = assemble(settings, check_migrations=False)
    offered = [
        (role, permission, scope)
        for role, permission, scope in default_grants(assembly)
        if permission.rpartition(".")[0] in assembly.resources
    ]
    changing: dict[str, set[str]] = {}
    for role, permission, _ in offered:
        key, _, verb = permission.rpartition(".")
        if verb in ("create", "edit", "delete", "import"):
            assert role in ("manager", "user"), f"{role} {permission}"
            if role == "user":
                changing.setdefault(key, set()).add(verb)
    assert changing == {key: set(verbs.split()) for key, verbs in DAILY.items()}
    for resource in assembly.resources.values():
        reads = {role for role, permission, _ in offered if permission == resource.permission("read")}
        assert reads == ({"manager"} if resource.read_by == "managers" else {"manager", "user", "reader"})
        assert default_verbs(resource)["manager"] == resource.verbs
    set_up = [r for r in assembly.resources.values() if r.kept_by == "managers" and r.read_by == "users"]
    scopes = {permission: scope for role, permission, scope in offered if role == "reader"}
    narrow = {r.key for r in set_up if scopes[r.permission("read")] != Scope.ALL}
    assert narrow == {"catalog.prices", "marketing.forms", "orders.payments", "prm.partners"}, "of somebody"
    assembly.database.dispose()
