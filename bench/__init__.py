"""Measures the daily work beside what the framework and the driver cost alone: ``python -m bench``."""
