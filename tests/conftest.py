"""Servers that tests of several packages talk to."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("postgres", Path(__file__).with_name("postgres.py"))
_postgres = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_postgres)


@pytest.fixture(scope="session")
def postgres():
    """URL of an empty PostgreSQL server, with user and password; where none is installed, skipped, but not in CI."""
    found = _postgres.binaries()
    if found is None:
        missing = "no initdb found: install PostgreSQL's server (Debian, Ubuntu: apt install postgresql)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with _postgres.server(found) as url:
        yield url
