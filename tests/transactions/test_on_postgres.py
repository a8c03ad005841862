"""The summary as PostgreSQL makes it from the rendered text, beside the embedded engine's."""

from __future__ import annotations

import importlib.util
from datetime import datetime
from itertools import product
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import clvmodels as clv

pytestmark = pytest.mark.system

_spec = importlib.util.spec_from_file_location("dirty", Path(__file__).with_name("dirty.py"))
dirty = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(dirty)

GRAINS = ("line", "hour", "day", "week", "month", "year")
DATES = {"date": "day", "timestamp": "clock", "timestamp with time zone": "moment"}
STATISTICS = ("frequency", "recency", "T", "monetary_value")


@pytest.fixture(scope="module")
def database(postgres):
    """A cursor; the session is in a zone where midnight is missing once a year, which must not matter."""
    with adbc.connect(postgres, autocommit=True) as con, con.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'America/Sao_Paulo'")
        cursor.adbc_ingest("dirty log", dirty.log())
        cursor.adbc_ingest("with gaps", dirty.log(7, complete=False))
        cursor.adbc_ingest("cdnow", pa.Table.from_pandas(clv.load_cdnow(sample=True), preserve_index=False))
        yield cursor


def summary_in(database, text):
    database.execute(text)
    return database.fetch_arrow_table().sort_by("customer_id")


def same(found, expected):
    assert found.column_names[:5] == expected.column_names == ["customer_id", *STATISTICS]
    expected = expected.sort_by("customer_id")
    assert found["customer_id"].to_pylist() == expected["customer_id"].to_pylist()
    for name in STATISTICS:
        np.testing.assert_array_equal(found[name].to_numpy(), expected[name].to_numpy(), err_msg=name)


@pytest.mark.parametrize(("event_grain", "refunds"), list(product(GRAINS, ("net", "carry_back", "drop"))))
def test_a_dirty_log_gives_the_same_summary_to_the_bit(database, event_grain, refunds):
    log = dirty.log()
    ends = ("2024-06-30", datetime(2024, 6, 1, 12, 30, 15, 250_000))
    for i, (date_type, order, start) in enumerate(product(DATES, (None, "bill"), (None, "1969-12-31"))):
        end = ends[(i + i // 2) % 2]
        names = {"customer_id": "who", "date": DATES[date_type], "amount": "paid", "order_id": order}
        asked = {"event_grain": event_grain, "refunds": refunds, "observation_start": start, "observation_end": end}
        zone = {"tz": "Europe/Berlin"} if date_type == "timestamp with time zone" else {}
        expected = clv.rfm_summary(log, **names, **asked, **zone, time_unit="month")
        text = clv.summary_sql(
            "postgres", '"dirty log"', **names, **asked, **zone, time_unit="month", date_type=date_type
        )
        assert expected.num_rows > 20
        same(summary_in(database, text), expected)


@pytest.mark.parametrize("tz", ["UTC", "America/New_York", "Asia/Kathmandu", "+02:00", "-09:30"])
@pytest.mark.parametrize("time_unit", ["hour", "day", "week", "month", "year"])
def test_in_every_zone_and_unit(database, tz, time_unit):
    asked = {"customer_id": "who", "date": "moment", "amount": "paid", "time_unit": time_unit, "tz": tz,
             "observation_end": "2024-06-30"}  # fmt: skip
    text = clv.summary_sql("postgres", '"dirty log"', **asked, date_type="timestamp with time zone")
    same(summary_in(database, text), clv.rfm_summary(dirty.log(), **asked))


def test_cdnow(database):
    text = clv.summary_sql("postgres", "cdnow", observation_end="1997-09-30")
    found = summary_in(database, text)
    assert found.num_rows == 2357
    assert sum(found["frequency"].to_pylist()) == 2457
    assert set(found["time_unit"].to_pylist()) == {"week"}
    assert set(found["observation_end"].to_pylist()) == {"1997-09-30"}
    expected = clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1997-09-30")
    same(found, pa.Table.from_pandas(expected, preserve_index=False))


def test_lines_without_an_amount_are_left_out(database):
    log = dirty.log(7, complete=False)
    assert log["paid"].null_count > 9
    asked = {"customer_id": "who", "date": "clock", "amount": "paid", "observation_end": "2024-06-30"}
    with pytest.raises(clv.InvalidInput, match="missing"):
        clv.rfm_summary(log, **asked)
    text = clv.summary_sql("postgres", '"with gaps"', **asked, date_type="timestamp")
    same(summary_in(database, text), clv.rfm_summary(log.filter(pc.is_valid(log["paid"])), **asked))


def test_without_money_there_is_no_money(database):
    text = clv.summary_sql(
        "postgres", "cdnow", amount=None, observation_end="1997-09-30", event_grain="month", time_unit="day"
    )
    found = summary_in(database, text)
    assert found.column_names == ["customer_id", "frequency", "recency", "T", "time_unit", "observation_end"]
    expected = clv.rfm_summary(
        clv.load_cdnow(sample=True), amount=None, observation_end="1997-09-30", event_grain="month", time_unit="day"
    )
    for name in STATISTICS[:3]:
        np.testing.assert_array_equal(found[name].to_numpy(), expected[name].to_numpy())


def test_any_name_will_do(database):
    odd = 'select "x"; --'
    shop = 'my."shop'
    database.execute("""CREATE SCHEMA "my.""shop" """)
    quoted = '"' + odd.replace('"', '""') + '"'
    database.execute(f'CREATE TABLE "my.""shop".{quoted} ({quoted} INTEGER, "T" DATE, "Größe" NUMERIC(12, 2))')
    database.execute(f"""INSERT INTO "my.""shop".{quoted} VALUES
        (7, '2024-01-01', 10), (7, '2024-01-15', 7), (7, '2024-01-15', 3.25), (8, NULL, 1)""")
    table = ".".join('"' + part.replace('"', '""') + '"' for part in (shop, odd))
    text = clv.summary_sql("postgres", table, customer_id=odd, date="T", amount="Größe", observation_end="2024-01-29")
    assert summary_in(database, text).to_pylist() == [
        {"customer_id": 7, "frequency": 1, "recency": 2.0, "T": 4.0, "monetary_value": 10.25, "time_unit": "week",
         "observation_end": "2024-01-29"}
    ]  # fmt: skip


def test_an_amount_that_does_not_fit_is_the_servers_error(database):
    database.adbc_ingest("huge", pa.table({"customer_id": [1], "date": pa.array([0], pa.date32()), "amount": [1e13]}))
    with pytest.raises(adbc.Error, match="overflow"):
        summary_in(database, clv.summary_sql("postgres", "huge", observation_end="1970-01-29"))
