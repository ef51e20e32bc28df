"""What every module promises, held by knowledge."""

from __future__ import annotations

from patron.testing.contract import PluginContract


class TestKnowledge(PluginContract):
    plugin = "knowledge"
