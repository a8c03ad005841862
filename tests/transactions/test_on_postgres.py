"""The summary as PostgreSQL makes it from the rendered text, beside the embedded engine's."""

from __future__ import annotations

import adbc_driver_postgresql.dbapi as adbc
import pytest

pytestmark = pytest.mark.system


def test_the_server_answers(postgres):
    with adbc.connect(postgres) as con, con.cursor() as cursor:
        cursor.execute("SELECT 1 AS one")
        assert cursor.fetchall() == [(1,)]
