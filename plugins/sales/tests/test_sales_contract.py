"""What every module promises."""

from patron.testing.contract import PluginContract


class TestSalesContract(PluginContract):
    plugin = "sales"
