"""What every module promises."""

from patron.testing.contract import PluginContract


class TestOrdersContract(PluginContract):
    plugin = "orders"
