"""Tests hash quickly; what is stored of a password outside them costs whoever stole it what is recommended today."""

from __future__ import annotations

import re
import subprocess
import sys

HASH = "from patron.accounts.passwords import hash_password; print(hash_password('seven brown kettles'))"
MEMORY, ROUNDS = 19 * 1024, 2  # the least that OWASP names for Argon2id: KiB, passes


def test_a_stored_password_is_dear_to_try() -> None:
    stored = subprocess.run([sys.executable, "-c", HASH], capture_output=True, text=True, check=True).stdout
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$", stored)
    assert found, stored
    assert int(found[1]) >= MEMORY
    assert int(found[2]) >= ROUNDS
