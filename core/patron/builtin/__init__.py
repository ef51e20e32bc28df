"""The core's own features, written as plugins, so that the hooks are proven by what everybody uses."""

from patron.builtin import (
    accounts,
    calls,
    customers,
    deliveries,
    duplicates,
    home,
    imports,
    mail,
    metrics,
    profile,
    reckoning,
    sample,
    trash,
)

MODULES = (
    accounts,
    calls,
    customers,
    deliveries,
    duplicates,
    home,
    imports,
    mail,
    metrics,
    profile,
    reckoning,
    sample,
    trash,
)
