"""A layout that only the tests know, so that what is read is tested apart from any system's rules."""

from __future__ import annotations

import pytest

from clvmodels.transactions.engine import connection
from clvmodels.transactions.systems import exported
from clvmodels.transactions.systems.layouts import layout, layout_of
from clvmodels.transactions.systems.raw_files import register_raw
from clvmodels.transactions.systems.words import teach

TILL = """-- title: Till
-- page: https://till.example/exports
-- files: csv, json, parquet
-- needs: "id"
-- needs: "who"
-- needs: "moment"
-- needs: "paid"
-- may have: "code"
-- may have: "state"
SELECT who AS customer_id, written_time(moment) AS date, money(paid) AS amount, code AS currency, id AS order_id,
  NULLIF(state, 'paid') AS left_out
FROM raw
"""


@pytest.fixture
def till(monkeypatch, tmp_path):
    """Write lines of a till that was made up for these tests, and return the file; the source is called "till"."""
    made = layout_of("till", TILL)
    monkeypatch.setattr(exported, "layout", lambda source: made if source == "till" else layout(source))

    def written(*lines: str, name: str = "till.csv", header: str = "id,who,moment,paid,code,state") -> str:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return str(path)

    return written


@pytest.fixture(scope="session")
def selected():
    """What a layout's SELECT gives: customer_id, date, amount, currency, order_id and left_out of each line."""

    def lines_of(path, source: str, tz: str | None = None) -> list[tuple]:
        with connection() as con:
            teach(con, tz)
            register_raw(con, path, layout(source))
            con.execute(f"CREATE TEMP TABLE given AS {layout(source).sql}")
            return con.execute(
                "SELECT customer_id, date, amount, currency, order_id, left_out FROM given "
                "ORDER BY order_id, amount DESC, customer_id"
            ).fetchall()

    return lines_of
