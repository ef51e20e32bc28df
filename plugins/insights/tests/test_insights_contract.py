"""What every module promises."""

from patron.testing.contract import PluginContract


class TestInsightsContract(PluginContract):
    plugin = "insights"
