"""What every module promises."""

from patron.testing.contract import PluginContract


class TestWorkflowContract(PluginContract):
    plugin = "workflow"
