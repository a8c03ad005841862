"""The summary as a statement: what is written for each dialect, and that it says the same as rfm_summary."""

from __future__ import annotations

import builtins
import importlib.util
from itertools import product
from pathlib import Path

import duckdb
import numpy as np
import pytest
import sqlglot
from sqlglot import exp

import clvmodels as clv
from clvmodels.errors import InvalidInput, NotAvailable
from clvmodels.transactions import sql
from clvmodels.transactions.dialects import DIALECTS, render


def _beside(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dirty, golden = _beside("dirty"), _beside("golden")
END = {"observation_end": "2024-06-30"}


def rows_of(connection, text):
    found = connection.sql(text).to_arrow_table()
    return found.sort_by("customer_id")


# --- correct -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event_grain", "refunds"),
    list(product(("line", "hour", "day", "week", "month", "year"), ("net", "carry_back", "drop"))),
)
def test_the_statement_of_the_embedded_engine_is_rfm_summary(event_grain, refunds):
    log = dirty.log()
    asked = {"customer_id": "who", "amount": "paid", "event_grain": event_grain, "refunds": refunds, **END}
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'Asia/Tokyo'")
        con.register("dirty log", log)
        for more, date_type in (
            ({"date": "day"}, "date"),
            ({"date": "clock", "order_id": "bill", "observation_start": "1969-12-31"}, "timestamp"),
            ({"date": "moment", "tz": "Europe/Berlin"}, "timestamp with time zone"),
        ):
            found = rows_of(con, clv.summary_sql("duckdb", "dirty log", **asked, **more, date_type=date_type))
            expected = clv.rfm_summary(log, **asked, **more).sort_by("customer_id")
            assert found["customer_id"].to_pylist() == expected["customer_id"].to_pylist()
            for name in ("frequency", "recency", "T", "monetary_value"):
                np.testing.assert_array_equal(found[name].to_numpy(), expected[name].to_numpy(), err_msg=name)


# --- written down --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("setting", "dialect"), golden.CASES)
def test_the_statement_is_the_one_written_down(setting, dialect):
    assert golden.statement(setting, dialect) == golden.file(setting, dialect).read_text(), (
        "if this is meant, python tests/transactions/golden.py writes it down anew; look at the difference"
    )


def test_nothing_else_is_written_down():
    assert {file.name for file in golden.FOLDER.iterdir()} == {golden.file(*case).name for case in golden.CASES}


@pytest.mark.parametrize(("setting", "dialect"), golden.CASES)
def test_the_dialect_can_read_it(setting, dialect):
    tree = sqlglot.parse_one(golden.file(setting, dialect).read_text(), read=dialect)
    assert isinstance(tree, exp.Select)
    assert not list(tree.find_all(exp.Command))
    columns = ["customer_id", "frequency", "recency", "T"]
    columns += [] if "without_money" in setting else ["monetary_value"]
    assert tree.named_selects == [*columns, "time_unit", "observation_end"]
    assert all(column.args["alias"].quoted for column in tree.expressions)


# what an engine has not, or takes the session's zone for
LACKING = {
    "bigquery": ("NUMERIC(", "TIMESTAMP_TRUNC", "AT TIME ZONE", '"'),
    "databricks": ("DATEDIFF(DAY", "DATEDIFF(MICROSECOND", "DATE_TRUNC", "AT TIME ZONE"),
    "postgres": ("DATEDIFF", "ARG_MIN", "MIN_BY", "TRY_CAST", "DATE_DIFF", " AS DOUBLE)"),
    "redshift": ("ARG_MIN", "MIN_BY", "ARRAY_AGG", " AS DOUBLE)", "INTERVAL"),
    "snowflake": ("AT TIME ZONE", "INTERVAL", "`", "TRY_CAST"),
    "spark": ("DATEDIFF(DAY", "DATEDIFF(MICROSECOND", "DATE_TRUNC", "AT TIME ZONE"),
}


@pytest.mark.parametrize(("setting", "dialect"), golden.CASES)
def test_nothing_the_dialect_lacks(setting, dialect):
    text = " ".join(golden.file(setting, dialect).read_text().split())
    if dialect == "bigquery":
        text = text.replace('the "order"', "")
    assert not [word for word in LACKING[dialect] if word in text]
    assert "WEEK" not in text.upper().replace("=WEEK", "").replace("'WEEK'", "")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_names_are_quoted_whatever_is_in_them(dialect):
    odd, shop = 'select "x" from y; --', "a-b" if dialect == "bigquery" else "a.b"  # BigQuery's have no points
    text = clv.summary_sql(dialect, f'my shop."{shop}"."say ""hi"""', customer_id=odd, date="T", amount="Größe", **END)
    tree = sqlglot.parse_one(text, read=dialect)
    table = next(table for table in tree.find_all(exp.Table) if table.db)
    assert (table.catalog, table.db, table.name) == ("my shop", shop, 'say "hi"')
    names = {column.name for column in tree.find_all(exp.Column) if column.this.quoted}
    assert names == {odd, "T", "Größe"}


def test_the_first_line_says_what_it_is():
    first, second, *_ = clv.summary_sql("spark", "log", **END, tz="UTC", event_grain="hour").splitlines()
    assert first == (
        f"-- One row a customer, for spark, by clvmodels {clv.__version__}: time_unit=week, event_grain=hour, "
        "refunds=net, observation_end=2024-06-30"
    )
    assert second == "WITH log AS ("


# --- rendered ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_texts_can_be_rendered(dialect):
    for date, event_grain, refunds in (
        ("date", "month", ""),
        ("timestamp", "hour", "carry_back"),
        ("zoned", "week", "net"),
        ("instant", "line", "carry_back"),
        ("text", "day", "drop"),
    ):
        reading = sql.Reading("float", date, "Europe/Berlin", True, order="text")
        asked = {"event_grain": event_grain, "refunds": refunds, "observation_end": None}
        texts = [
            sql.lines_sql(reading),
            sql.counts_sql(reading, None),
            sql.customers_sql(reading, **asked, days=True),
            sql.quality_sql(reading, refunds=refunds),
        ]
        for text in texts:
            tree = sqlglot.parse_one(render(text, dialect), read=dialect)
            assert not list(tree.find_all(exp.Command, exp.ArgMin) if dialect in ("postgres", "redshift") else [])


def test_text_by_a_format_is_refused():
    reading = sql.Reading("text", "text", None, False, date_format="%d.%m.%Y")
    with pytest.raises(NotAvailable, match="cannot be read by spark"):
        render(sql.lines_sql(reading), "spark")


# --- refuses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"dialect": "oracle"}, "dialect must be one of bigquery, databricks, postgres, .*; found 'oracle'"),
        ({"table": ""}, "table must be the name of a table"),
        ({"table": "a.b.c.d"}, "of at most three parts"),
        ({"table": 'a"b'}, "in double quotes; found"),
        ({"table": None}, "table must be the name of a table, as text; found NoneType"),
        ({"table": "a\nb"}, "printable"),
        ({"customer_id": " "}, "customer_id must be a name of printable characters; found ' '"),
        ({"date": "a\x00b"}, "date must be a name of printable characters"),
        ({"date": None}, "date must be the name of a column"),
        ({"refunds": "error"}, "cannot be a statement: pass refunds='net'"),
        ({"refunds": "maybe"}, "refunds must be one of"),
        ({"date_type": "text"}, "date_type must be one of date, timestamp, timestamp with time zone; found 'text'"),
        ({"event_grain": "quarter"}, "event_grain must be one of"),
        ({"time_unit": "fortnight"}, "time_unit must be one of"),
        ({"tz": "Mars/Crater"}, "tz must be the name of a time zone"),
        ({"observation_end": None}, "observation_end must be a date"),
        ({"observation_end": "2024-06-30T12:00+02:00"}, "has a time zone"),
        ({"observation_start": "2025-01-01"}, r"observation_start \(2025-01-01\) must not be later"),
    ],
)
def test_refuses(setting, message):
    asked = {"dialect": "postgres", "table": "log", **END, **setting}
    with pytest.raises(InvalidInput, match=message):
        clv.summary_sql(asked.pop("dialect"), asked.pop("table"), **asked)


def test_without_sqlglot_the_error_names_the_extra(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name == "sqlglot":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    for ask in (lambda: render("SELECT 1", "spark"), lambda: clv.summary_sql("postgres", "log", **END)):
        with pytest.raises(NotAvailable, match=r"pip install 'clvmodels\[spark\]'"):
            ask()
