"""Logs and summaries in DuckDB files, and what is said of databases that cannot be read."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import frames
from clvmodels.transactions import postgres


@pytest.fixture(scope="module")
def log():
    return clv.load_cdnow(sample=True)


@pytest.fixture
def shop(tmp_path, log):
    path = str(tmp_path / "shop.duckdb")
    with duckdb.connect(path) as con:
        con.register("frame", log)
        con.execute("CREATE TABLE orders AS SELECT * FROM frame")
        con.execute("CREATE SCHEMA s")
        con.execute('CREATE TABLE s."we ird;DROP" AS SELECT * FROM frame')
        con.execute('CREATE TABLE s."a.b" AS SELECT * FROM frame')
        for name in ("log", "customers", "lines"):  # names that the engine's own tables have
            con.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
        con.execute("CREATE VIEW seen AS SELECT c.* FROM customers AS c")
    return path


@pytest.mark.parametrize(
    "what",
    [
        {"table": "orders"},
        {"table": "s.we ird;DROP"},
        {"table": 's."a.b"'},
        {"table": "seen"},
        {"query": "SELECT * FROM log -- all of it"},
        {"query": "WITH a AS (SELECT * FROM lines) SELECT * FROM a;"},
        {"query": "FROM customers"},
    ],
    ids=str,
)
def test_a_log_in_a_file_is_summarised_as_the_frame_is(shop, log, what):
    found, expected = clv.summarize(clv.Database(shop, **what)), clv.summarize(log)
    pd.testing.assert_frame_equal(found.summary, expected.summary)
    assert found.quality == expected.quality
    assert found.facts == expected.facts


def test_a_summary_in_a_file_is_fitted_and_scored(tmp_path, log):
    summary = clv.rfm_summary(log)
    path = str(tmp_path / "s.db")
    with duckdb.connect(path) as con:
        con.register("frame", summary)
        con.execute("CREATE TABLE summary AS SELECT * FROM frame")
    database = clv.Database(path, "summary")
    model = clv.PurchaseModel("bg_nbd", time_unit="week").fit(database)
    assert model.parameters == clv.PurchaseModel("bg_nbd").fit(summary).parameters
    report = clv.score(model, database, tmp_path / "out.parquet", observation_end="1998-06-30")
    clv.score(model, summary, tmp_path / "expected.parquet")
    assert report.counts.customers_scored == len(summary)
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "out.parquet"), pd.read_parquet(tmp_path / "expected.parquet")
    )


def test_what_is_read_twice_is_read(shop, log):
    def checked(source):
        return clv.calibration_holdout(source, calibration_end="1997-09-30")

    found, expected = checked(clv.Database(shop, "orders")), checked(log)
    assert frames.read_facts(found) == frames.read_facts(expected)
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))


def test_the_file_is_left_as_it_was_and_closed(shop):
    clv.rfm_summary(clv.Database(shop, "orders"))
    with duckdb.connect(shop) as con:
        assert con.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchone() == (6,)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("DROP TABLE orders", "one SELECT; found DROP"),
        ("SELECT 1; DROP TABLE orders", "one SELECT; found SELECT, DROP"),
        ("SELECT 1) AS x; DROP TABLE orders --", "syntax error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "Permission Error"),
        ("SELECT * FROM read_text('/etc/hostname')", "Permission Error"),
        ("selec", "syntax error"),
        ("SELECT customer_id, date, amount, nix FROM orders", "nix"),
    ],
)
def test_a_query_reads_its_database_and_does_nothing_else(shop, query, why):
    with pytest.raises(clv.InvalidInput, match=why):
        clv.rfm_summary(clv.Database(shop, query=query))
    with duckdb.connect(shop) as con:
        assert con.execute("SELECT COUNT(*) FROM orders").fetchone() == (6919,)


def test_messages_list_the_tables_there_are(shop):
    listed = 'customers, lines, log, orders, seen, s."a.b", s.we ird;DROP'
    for missing in ({}, {"table": "nix"}):
        with pytest.raises(clv.InvalidInput) as told:
            clv.rfm_summary(clv.Database(shop, **missing))
        assert f"The tables there are: {listed}" in str(told.value)


@pytest.mark.parametrize(
    ("where", "what", "why"),
    [
        ("nix.duckdb", {"table": "a"}, "no file found at 'nix.duckdb'"),
        ("log.csv", {"table": "a"}, "must be a path to a DuckDB file"),
        ("mysql://ann:secret@host/db", {"table": "a"}, "found 'mysql://...'"),
        ("a.duckdb", {"table": "a", "query": "b"}, "not both"),
        ("a.duckdb", {"table": "a.b.c"}, "name of a table"),
        ("a.duckdb", {"table": 'a"b'}, "name of a table"),
        ("a.duckdb", {"table": 7}, "table must be text; found int"),
        ("postgresql://ann:se@cret@host/db", {"table": "a"}, "not shown here"),
        ("postgresql://ann:sec%ret@host/db", {"table": "a"}, "not shown here"),
        ("postgresql://ann:5/cret@host/db", {"table": "a"}, "not shown here"),
    ],
)
def test_what_is_no_database_is_refused(tmp_path, monkeypatch, where, what, why):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(clv.InvalidInput, match=why) as told:
        clv.rfm_summary(clv.Database(where, **what))
    assert "cret" not in str(told.value)


def test_files_that_cannot_be_opened_are_told(tmp_path, shop):
    garbage = tmp_path / "garbage.duckdb"
    garbage.write_bytes(b"garbage" * 10_000)
    with pytest.raises(clv.InvalidInput, match="could not be opened as a DuckDB file: it is damaged, or none"):
        clv.rfm_summary(clv.Database(str(garbage), "orders"))
    code = f"import duckdb; con = duckdb.connect({shop!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(clv.InvalidInput, match="is in use"):
            clv.rfm_summary(clv.Database(shop, "orders"))
        other.communicate(b"\n")
    assert len(clv.rfm_summary(clv.Database(shop, "orders"))) == 2357


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ann:SECRET@host:5/db?sslmode=x", "postgresql://ann@host:5/db"),
        ("postgres://host/db?password=SECRET", "postgresql://host/db"),
        ("postgresql://:SECRET@/db", "postgresql:///db"),
        ("postgresql://ann:SEC/RET@host/db", "postgresql://..."),
        ("postgresql://ann:SEC?RET@host/db", "postgresql://..."),
        ("postgresql://host/db?password=SEC@RET", "postgresql://..."),
        ("postgresql://a:SECRET@h1:1,h2:2/db", "postgresql://a@h1:1,h2:2/db"),
    ],
)
def test_an_address_is_shown_without_secrets(address, shown):
    assert postgres.shown(address) == shown


def test_secrets_are_scrubbed_as_written_and_as_meant(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "third")
    address = "postgresql://ann:fi%40rst@host/db?sslpassword=second"
    told = postgres.scrubbed(f"{address}: fi@rst fi%40rst second third", address)
    assert told == "postgresql://ann@host/db: *** *** *** ***"


def test_the_driver_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    with pytest.raises(clv.NotAvailable, match=r"pip install 'clvmodels\[postgres\]'"):
        clv.rfm_summary(clv.Database("postgresql://host/db", "orders"))
