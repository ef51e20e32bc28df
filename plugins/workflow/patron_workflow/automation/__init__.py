"""Automation rules: when something happens, if conditions hold, then actions follow."""
