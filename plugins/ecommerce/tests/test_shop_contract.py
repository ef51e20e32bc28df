"""What every module promises, held by the shop."""

from __future__ import annotations

from patron.testing.contract import PluginContract


class TestEcommerce(PluginContract):
    plugin = "ecommerce"
