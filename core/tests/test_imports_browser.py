"""The import wizard walked in a real browser, with scripts and without, under the real policy."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from patron.accounts.authentication import IDLE  # noqa: F401
