"""How the words of the audit are said to people: what was done, by whom, to what kind of thing."""

from __future__ import annotations

_ACTS = {
    "attribute": "Said who took part",
    "change": "Changed",
    "consent": "Recorded consent",
    "create": "Created",
    "disable": "Disabled",
    "enable": "Enabled",
    "end role": "Ended a role",
    "erase": "Erased personal data",
    "export": "Exported",
    "give role": "Gave a role",
    "link invite": "Made an invitation link",
    "link reset": "Made a password link",
    "link sign-in": "Made a sign-in link",
    "mandate": "Set portal rights",
    "merge": "Merged",
    "name": "Changed a name",
    "password": "Changed the password",
    "prefer": "Set preferences",
    "reach": "Changed a contact point",
    "relate": "Added a relationship",
    "release": "Released",
    "rerelate": "Changed a relationship",
    "restore": "Restored from the trash",
    "revoke": "Ended access",
    "sign-in": "Signed in",
    "sign-out": "Signed out",
    "trash": "Moved to the trash",
    "unname": "Removed a name",
    "unreach": "Removed a contact point",
    "unrelate": "Removed a relationship",
}
_KINDS = {
    "accounts": ("Portal account", ""),
    "mailboxes": ("Mailbox", "/admin/mailboxes"),
    "modules": ("Module", ""),
    "roles": ("Role", "/admin/roles"),
    "teams": ("Team", "/admin/teams"),
    "users": ("User", "/admin/users"),
}


def in_words(name: str) -> str:
    """A name of the code as words: ``first_responded_at`` → ``First responded at``."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def act_said(action: str) -> str:
    """What was done, as the first words of a line."""
    return _ACTS.get(action) or in_words(action)


def actor_said(name: str, kind: str) -> str:
    """Who did it; a job by what it does, without its module."""
    if kind == "job" and "." in name and " " not in name:
        return f"Job: {in_words(name.rpartition('.')[2]).lower()}"
    return name or in_words(kind)


def kind_said(resource: str) -> tuple[str, str]:
    """The label of something that is no resource, and where its pages are (empty when it has none)."""
    return _KINDS.get(resource) or (in_words(resource.rpartition(".")[2]), "")
