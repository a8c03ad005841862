"""Scores into tables: the content, what stays when a run breaks off, and credentials that are never told."""

from __future__ import annotations

import decimal
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import clvmodels as clv
from clvmodels import cli
from clvmodels.scoring import databases

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def log():
    log = clv.load_cdnow(sample=True)
    rejected = pd.DataFrame({"customer_id": [None, "x"], "date": ["1998-01-01", "rubbish"], "amount": [1.0, 2.0]})
    return pd.concat([log.assign(date=log["date"].astype(str)), rejected], ignore_index=True)


@pytest.fixture(scope="module")
def model():
    return clv.CLVModel("bg_nbd").fit(clv.rfm_summary(clv.load_cdnow(sample=True)))


@pytest.fixture(scope="module")
def expected(model, log, tmp_path_factory):
    path = tmp_path_factory.mktemp("expected") / "scored.parquet"
    clv.score(model, log, path)
    return pd.read_parquet(path)


@pytest.fixture
def file(tmp_path):
    return str(tmp_path / "shop.duckdb")


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.system)])
def base(request, tmp_path):
    if request.param == "file":
        yield str(tmp_path / "new.duckdb")
        return
    url, name = request.getfixturevalue("postgres"), f"db{uuid.uuid4().hex}"
    _on_server(url, f"CREATE DATABASE {name}")
    yield f"{url.rpartition('/')[0]}/{name}"


def _on_server(url, *statements):
    import adbc_driver_postgresql.dbapi as dbapi

    with dbapi.connect(url, autocommit=True) as con, con.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None


def _execute(base, statement):
    if base.startswith("postgresql"):
        return _on_server(base, statement)
    with duckdb.connect(base) as con:
        return con.execute(statement).fetchall()


def _table(base, table):
    return pa.RecordBatchReader.from_stream(clv.Database(base, table)).read_all()


def _ordered(frame):
    return frame.sort_values("customer_id", ignore_index=True)


def test_the_table_is_the_file_and_stays_it(base, model, log, expected):
    for _ in range(2):
        report = clv.score(model, log, f"{base}/scores")
        assert report.counts.customers_scored == len(expected)
        assert report.rejects == "table scores_rejects"
        pd.testing.assert_frame_equal(_ordered(_table(base, "scores").to_pandas()), _ordered(expected))
        assert _table(base, "scores_rejects").column("reason").to_pylist() == ["no customer", "the date cannot be read"]
        run = dict(zip(*_table(base, "scores_run").to_pydict().values(), strict=True))
        assert (run["lines"], run["lines_rejected"], run["customers_scored"]) == ("6921", "2", "2357")
        assert run["observation_end"] == "1998-06-30"


def test_what_hangs_on_the_table_stays(base, model, log, expected):
    clv.score(model, log, f"{base}/scores")
    _execute(base, "CREATE VIEW seen AS SELECT COUNT(*) AS n FROM scores")
    _execute(base, "CREATE UNIQUE INDEX one_each ON scores (customer_id)")
    clv.score(model, log.head(100), f"{base}/scores")
    (n,) = _execute(base, "SELECT n FROM seen")[0]
    assert 0 < n < 100
    indexes = "duckdb_indexes() WHERE index_name" if not base.startswith("p") else "pg_indexes WHERE indexname"
    assert _execute(base, f"SELECT COUNT(*) FROM {indexes} = 'one_each'") == [(1,)]


def test_a_table_of_other_columns_is_refused_unless_it_may_go(base, model, log, expected):
    _execute(base, "CREATE TABLE scores (customer_id INTEGER, mine INTEGER)")
    with pytest.raises(clv.InvalidInput, match=r"it lacks p_alive.*it has mine, which scores do not"):
        clv.score(model, log, f"{base}/scores")
    clv.score(model, log, f"{base}/scores", overwrite=True)
    assert _table(base, "scores").num_rows == len(expected)


def test_a_table_of_other_types_is_refused_and_stays(base, model, log):
    _execute(base, "CREATE TABLE scores (customer_id INTEGER, clv DOUBLE PRECISION)")
    with pytest.raises(clv.InvalidInput, match=r"holds other types: customer_id is (?i:integer)"):
        clv.score(model, log, f"{base}/scores", columns=["clv"])
    _execute(base, "CREATE VIEW v AS SELECT 1 AS customer_id")
    with pytest.raises(clv.InvalidInput, match="v is there and is no table"):
        clv.score(model, log, f"{base}/v")
    with pytest.raises(clv.InvalidInput, match="there is no schema nowhere"):
        clv.score(model, log, f"{base}/nowhere.scores")
    assert _table(base, "scores").num_rows == 0


def test_names_are_quoted(base, model, log, expected):
    clv.score(model, log, f'{base}/"we. ird;DROP"')
    assert _table(base, '"we. ird;DROP"').num_rows == len(expected)


IDS = {
    "bigint": pa.array([1, 2**62]),
    "unsigned": pa.array([1, 2**64 - 1], pa.uint64()),
    "numeric": pa.array(
        [decimal.Decimal("1.50"), decimal.Decimal("-12345678901234567890123456789012345.67")], pa.decimal128(38, 2)
    ),
    "uuid": pa.array([str(uuid.UUID(int=7)), str(uuid.UUID(int=2**127))]),
    "text": pa.array(["a\nb\t\\N", "'\";é"]),
}


@pytest.mark.parametrize("kind", IDS)
def test_identifiers_and_numbers_come_back_as_they_are(base, kind):
    schema = pa.schema([("customer_id", IDS[kind].type), ("a", pa.float64()), ("b", pa.float64())])
    batch = pa.record_batch([IDS[kind], pa.array([np.nan, 5e-324]), pa.array([np.inf, None])], schema=schema)
    rejects = pa.table({"what": ["line"], "reason": pa.array([None], pa.string())})
    content = databases.Content(schema, iter([batch]), rejects.to_reader, {"a": None}, ids_are_uuids=kind == "uuid")
    with databases.staged(databases.place_of(f"{base}/scores"), content) as finish:
        finish()
    found = _table(base, "scores")
    assert [str(value) for value in found.column(0).to_pylist()] == [str(value) for value in IDS[kind].to_pylist()]
    first, second = found.to_pylist()
    assert np.isnan(first["a"])
    assert (first["b"], second["a"], second["b"]) == (np.inf, 5e-324, None)
    if kind == "uuid":
        table = "information_schema.columns WHERE table_name = 'scores' AND column_name = 'customer_id'"
        assert _execute(base, f"SELECT LOWER(data_type) FROM {table}") == [("uuid",)]


def test_a_run_that_breaks_leaves_the_table_and_its_own_error(base, model, log, expected):
    clv.score(model, log, f"{base}/scores")

    def batches():
        yield pa.record_batch([pa.array(["a"])], names=["customer_id"])
        raise clv.NotEnoughData("of ours")

    content = databases.Content(pa.schema([("customer_id", pa.string())]), batches(), lambda: None, {})
    place = databases.place_of(f"{base}/scores")
    with pytest.raises(clv.NotEnoughData, match="of ours"), databases.staged(place, content, overwrite=True) as finish:
        finish()
    assert _table(base, "scores").num_rows == len(expected)


def test_a_file_is_read_and_written_at_once(file, model, log, expected):
    with duckdb.connect(file) as con:
        con.register("frame", log)
        con.execute("CREATE TABLE orders AS SELECT * FROM frame")
    clv.score(model, clv.Database(file, "orders"), f"{file}/scores")
    pd.testing.assert_frame_equal(_ordered(_table(file, "scores").to_pandas()), _ordered(expected))


@pytest.mark.parametrize("out", ["log", "main.log", "scored"])
def test_the_table_that_is_read_is_never_dropped(file, model, log, out):
    source = {"scored": "scored_rejects"}.get(out, "log")
    with duckdb.connect(file) as con:
        con.execute(f"CREATE TABLE {source} AS SELECT * FROM log")
    with pytest.raises(clv.InvalidInput, match=f"would write over the table {source}, which is read"):
        clv.score(model, clv.Database(file, source), f"{file}/{out}", overwrite=True)
    with duckdb.connect(file) as con:
        assert len(con.sql(f"SELECT * FROM {source}").df()) == len(log)


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("shop.duckdb", "name the table too, as in shop.duckdb/scores"),
        ("postgresql://host/db", "name the table too"),
        ("nowhere/shop.duckdb/scores", "there is no folder"),
        (f"shop.duckdb/{'x' * 56}", "at most 55 bytes"),
        ("shop.duckdb/a.b.c", "name of a table"),
    ],
)
def test_what_is_no_place_is_refused(tmp_path, monkeypatch, model, log, out, why):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(clv.InvalidInput, match=why):
        clv.score(model, log, out)
    assert not list(tmp_path.iterdir())


_KILLED = """
import sys, time
import pyarrow as pa
from clvmodels.scoring import databases

schema = pa.schema([("customer_id", pa.int64())])
def batches():
    for i in range(100_000):
        yield pa.record_batch([pa.array(range(1000))], schema=schema)
        if i == 200:
            print("copying", flush=True)
            time.sleep(60)
rejects = pa.table({"what": ["line"]})
content = databases.Content(schema, batches(), rejects.to_reader, {"run": "killed"})
with databases.staged(databases.place_of(sys.argv[1]), content) as finish:
    finish()
"""


def test_a_run_that_is_killed_leaves_the_old_content_and_nothing_else(base):
    schema = pa.schema([("customer_id", pa.int64())])

    def written(value):
        batch = pa.record_batch([pa.array([value])], schema=schema)
        rejects = pa.table({"what": ["line"]})
        content = databases.Content(schema, iter([batch]), rejects.to_reader, {"run": "whole"})
        with databases.staged(databases.place_of(f"{base}/scores"), content) as finish:
            finish()

    written(1)
    before = _execute(base, "SELECT COUNT(*) FROM information_schema.tables")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _KILLED, f"{base}/scores"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as run:
        assert run.stdout.readline() == b"copying\n"
        run.send_signal(signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
    assert _table(base, "scores").to_pylist() == [{"customer_id": 1}]
    assert _table(base, "scores_run").to_pylist() == [{"name": "run", "value": "whole"}]
    deadline = time.monotonic() + 30  # the server notices that its client has gone
    while _execute(base, "SELECT COUNT(*) FROM information_schema.tables") != before:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    written(2)
    assert _table(base, "scores").to_pylist() == [{"customer_id": 2}]


@pytest.mark.system
def test_readers_see_the_old_content_until_the_new_is_there(postgres):
    schema = pa.schema([("customer_id", pa.int64())])
    _on_server(postgres, "CREATE TABLE watched (customer_id bigint)", "INSERT INTO watched VALUES (1)")

    def batches():
        yield pa.record_batch([pa.array([2, 3])], schema=schema)
        assert _on_server(postgres, "SELECT * FROM watched") == [(1,)]

    content = databases.Content(schema, batches(), pa.table({"what": ["line"]}).to_reader, {})
    with databases.staged(databases.place_of(f"{postgres}/watched"), content) as finish:
        import adbc_driver_postgresql.dbapi as dbapi

        with dbapi.connect(postgres) as con, con.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT * FROM watched")
            assert cursor.fetchall() == [(1,)]
            finish()
            cursor.execute("SELECT * FROM watched")
            assert cursor.fetchall() == [(1,)]  # who began before keeps what was
    assert _on_server(postgres, "SELECT * FROM watched ORDER BY 1") == [(2,), (3,)]


@pytest.mark.system
def test_the_whole_way_on_a_server_equals_that_of_files(postgres, tmp_path, monkeypatch, capfd):
    """Summaries and scores from a table and from a query, to the bit; and no word of the password anywhere."""
    import adbc_driver_postgresql.dbapi as dbapi

    monkeypatch.chdir(tmp_path)
    log = clv.load_cdnow(sample=True)
    log.to_parquet("log.parquet")
    with dbapi.connect(postgres, autocommit=True) as con, con.cursor() as cursor:
        cursor.adbc_ingest("raw", pa.Table.from_pandas(log, preserve_index=False), mode="create")
        cursor.execute('CREATE SCHEMA "we ird"')
        cursor.execute(
            'CREATE TABLE "we ird"."a.b;DROP" AS SELECT customer_id, CAST(date AS date) AS date, quantity, '
            "CAST(amount AS numeric) AS amount FROM raw"
        )
    password = postgres.split(":")[2].split("@")[0]

    def run(*words):
        code = cli.main(list(words))
        said = capfd.readouterr()
        assert password not in said.out + said.err
        return code, said.out + said.err

    table = ("--table", 'we ird."a.b;DROP"')
    query = ("--query", 'SELECT * FROM "we ird"."a.b;DROP"')
    for what in (table, query):
        assert run("summarize", postgres, *what, "--out", "found.parquet")[0] == 0
        assert run("summarize", "log.parquet", "--out", "expected.parquet")[0] == 0
        assert Path("found.parquet").read_bytes() == Path("expected.parquet").read_bytes()
    bg = ("--purchases", "bg_nbd")
    assert run("forecast", postgres, *table, "--out", "found.parquet", "--model", "model.json", *bg)[0] == 0
    assert run("forecast", "log.parquet", "--out", "expected.parquet", *bg)[0] == 0
    assert Path("found.parquet").read_bytes() == Path("expected.parquet").read_bytes()
    assert password not in Path("model.json").read_text()
    assert run("score", "model.json", "log.parquet", "--out", "expected.parquet")[0] == 0
    code, said = run("score", "model.json", postgres, *table, "--out", f"{postgres}/scores")
    assert code == 0, said
    pd.testing.assert_frame_equal(
        _ordered(_table(postgres, "scores").to_pandas()), _ordered(pd.read_parquet("expected.parquet"))
    )
    assert password not in str(_table(postgres, "scores_run").to_pydict())
    assert run("score", "model.json", postgres, *table, "--out", "parts")[0] == 0
    assert not any(password.encode() in path.read_bytes() for path in Path("parts").rglob("*") if path.is_file())
    for address, what, why in (
        (postgres, ("--table", "nix"), "The tables there are: "),
        (postgres, ("--query", "selec"), "could not be read"),
        (postgres, (), "pass --table or --query"),
        (postgres.replace("127.0.0.1", "nowhere.invalid"), table, "could not translate host name"),
        (postgres.rpartition("/")[0] + "/nix", table, 'database "nix" does not exist'),
        (postgres + "?sslmode=nix", table, "invalid sslmode"),
        (postgres.replace("@", "%@"), table, "not shown here"),
    ):
        code, said = run("summarize", address, *what, "--out", "refused.parquet")
        assert code == 1
        assert why in said
    wrong = postgres.replace(password, "SECRET")
    for words in (
        ("summarize", wrong, *table, "--out", "x.csv"),
        ("score", "model.json", "log.parquet", "--out", wrong + "/s"),
    ):
        code, said = run(*words)
        assert code == 1
        assert "password authentication failed" in said
        assert "SECRET" not in said


@pytest.mark.system
def test_types_of_a_server_are_read_exactly(postgres):
    _on_server(
        postgres,
        "CREATE TABLE odd (customer_id uuid, at timestamptz, day date, cost money, amount numeric, id numeric)",
        "INSERT INTO odd SELECT CAST('00000000-0000-0000-0000-000000000007' AS uuid), day, CAST(day AS date), "
        "CAST(12.5 AS money), 123456.1234564, 12345678901234567890 FROM "
        "UNNEST(ARRAY[TIMESTAMPTZ '2024-01-01 23:30+00', '2024-01-09 10:00+00']) AS day",
        "INSERT INTO odd VALUES ('00000000-0000-0000-0000-000000000008', 'infinity', '-infinity', 1, 1, 2)",
    )
    odd = clv.Database(postgres, "odd")
    found = clv.summarize(odd, date="at", tz="Europe/Berlin", time_unit="day")
    assert [str(value) for value in found.summary["customer_id"]] == ["00000000-0000-0000-0000-000000000007"]
    assert found.summary["recency"].tolist() == [7.0]  # 00:30 on the second in Berlin
    assert found.summary["monetary_value"].tolist() == [123456.123456]
    assert found.quality.lines_without_date == 1
    assert clv.rfm_summary(odd, date="day", amount="cost")["monetary_value"].tolist() == [12.5]
    ids = clv.rfm_summary(odd, customer_id="id", date="day", amount=None)["customer_id"].tolist()
    assert ids == [decimal.Decimal("12345678901234567890")]
    nan = "SELECT 1 AS customer_id, DATE '2024-01-01' AS date, CAST('NaN' AS numeric) AS amount"
    with pytest.raises(clv.InvalidInput, match="amount='NaN'"):
        clv.rfm_summary(clv.Database(postgres, query=nan))
    for query in ("DELETE FROM odd RETURNING *", "SELECT 1) AS x; DROP TABLE odd; --"):
        with pytest.raises(clv.InvalidInput, match="syntax error"):
            clv.rfm_summary(clv.Database(postgres, query=query))
    _on_server(postgres, "CREATE FUNCTION spoil() RETURNS bigint LANGUAGE sql AS 'DELETE FROM odd; SELECT 1::bigint'")
    spoiling = "SELECT spoil() AS customer_id, DATE '2024-01-01' AS date, 1 AS amount"
    with pytest.raises(clv.InvalidInput, match="cannot execute DELETE in a read-only transaction"):
        clv.rfm_summary(clv.Database(postgres, query=spoiling))
    assert _on_server(postgres, "SELECT COUNT(*) FROM odd") == [(3,)]
