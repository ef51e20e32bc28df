"""The core's own features, written as plugins, so that the hooks are proven by what everybody uses."""

from patron.builtin import customers, home, metrics

MODULES = (customers, home, metrics)
