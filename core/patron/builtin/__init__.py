"""The core's own features, written as plugins, so that the hooks are proven by what everybody uses."""

from patron.builtin import accounts, customers, home, mail, metrics, sample

MODULES = (accounts, customers, home, mail, metrics, sample)
