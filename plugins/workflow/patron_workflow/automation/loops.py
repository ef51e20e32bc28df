"""Rules that would call each other for ever: found in the graph of what each changes and what each begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

Say = Callable[[str, str], str]


@dataclass(frozen=True)
class Need:
    """Values, as text, that a field must have (None: any) and must not have, for conditions to hold; "" is empty."""

    among: frozenset[str] | None = None
    without: frozenset[str] = frozenset()

    def allows(self, value: str) -> bool:
        return (self.among is None or value in self.among) and value not in self.without


@dataclass(frozen=True)
class Node:
    """One rule, as far as others can be begun by it.

    It begins with a record of ``resource`` being made (``created``), or with a change of one of ``watches`` (None:
    of any field; empty: no change begins it), where ``needs`` tell what its conditions ask of fields. It changes the
    fields ``changes`` of that record, to the values ``sets`` as far as they are known, and makes records of ``makes``.
    """

    key: int
    name: str
    resource: str
    created: bool
    watches: frozenset[str] | None
    changes: frozenset[str] = field(default_factory=frozenset)
    makes: frozenset[str] = field(default_factory=frozenset)
    sets: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, Sequence[Need]] = field(default_factory=dict)

    def begins(self, other: Node) -> bool:
        """Whether what this rule does can begin the other: not, where it leaves a value that the other excludes."""
        if other.created and other.resource in self.makes:
            return True
        if other.resource != self.resource or not self.changes:
            return False
        if other.watches is not None and not self.changes & other.watches:
            return False
        return all(
            need.allows(self.sets[name])
            for name, needs in other.needs.items()
            if name in self.sets
            for need in needs
        )


def find_loop(nodes: Sequence[Node]) -> list[Node]:
    """Rules of which each begins the next and the last the first again; empty where there are none."""
    by_key = {node.key: node for node in nodes}
    before = {node.key: [other.key for other in nodes if other.begins(node)] for node in nodes}
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        keys: list[int] = error.args[1]  # first and last are the same
        return [by_key[key] for key in keys[:-1]]
    return []


def spelled_out(loop: Iterable[Node], say: Say) -> str:
    """The loop in words, from a rule back to itself. ``say`` names a kind of record, or a field of it."""
    nodes = list(loop)
    steps = [
        f"“{node.name}” {_what(node, following, say)}"
        for node, following in zip(nodes, [*nodes[1:], nodes[0]], strict=True)
    ]
    return f"This would go round for ever: {', which begins '.join(steps)}, which begins “{nodes[0].name}” again."


def _what(node: Node, following: Node, say: Say) -> str:
    if following.created and following.resource in node.makes:
        return f"makes {say(following.resource, '')}"
    touched = node.changes if following.watches is None else node.changes & following.watches
    fields = ", ".join(sorted(say(node.resource, name) for name in touched))
    return f"changes {fields} of {say(node.resource, '')}"
