"""What every module promises, held by service."""

from __future__ import annotations

from patron.testing.contract import PluginContract


class TestService(PluginContract):
    plugin = "service"
