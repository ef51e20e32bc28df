"""What every module promises, held by partner management."""

from __future__ import annotations

from patron.testing.contract import PluginContract


class TestPrm(PluginContract):
    plugin = "prm"
