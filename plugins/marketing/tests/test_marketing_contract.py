"""What every module promises."""

from patron.testing.contract import PluginContract


class TestMarketingContract(PluginContract):
    plugin = "marketing"
