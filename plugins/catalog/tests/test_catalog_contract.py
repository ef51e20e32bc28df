"""What every module promises."""

from patron.testing.contract import PluginContract


class TestCatalogContract(PluginContract):
    plugin = "catalog"
