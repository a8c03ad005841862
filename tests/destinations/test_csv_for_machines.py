"""CSV: every byte of identifiers and text comes back, and what a spreadsheet would run is counted."""

from __future__ import annotations

import math
import uuid
import warnings

import duckdb
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.destinations.spreadsheet_text import neutral, would_run

TEXTS = [
    "007",
    "1e5",
    "NA",
    "null",
    'a"b',
    "x,y",
    "line\nbreak",
    "line\r\nbreak",
    " padded ",
    "ü–€",
    "=1+1",
    "-5",
    "TRUE",
]
RUN = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\rx",
    "\n",
    " =1",
    '"=1',
    '""@x',
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "\u00a0=1",
]
STILL = ["", "a=1", "007", "'=1", "a@b.de", "1-2", "–5", "%", "#", "x\t=1"]


@pytest.mark.parametrize("text", RUN)
def test_what_would_run(text):
    assert would_run(text)
    assert neutral(text) == "'" + text
    assert not would_run(neutral(text))


@pytest.mark.parametrize("text", STILL)
def test_what_would_not(text):
    assert not would_run(text)
    assert neutral(text) == text


@pytest.mark.filterwarnings("ignore::clvmodels.ClvWarning")
def test_text_comes_back_byte_by_byte(tmp_path):
    values = [0.1, 1 / 3, 1e-300, 2.5, -0.0, 12345678.9, 1e22, math.nan, 1, 2, 3, 4, 5]
    table = pd.DataFrame({"customer_id": TEXTS, "note, of": TEXTS[::-1], "clv": values})
    out = tmp_path / "a.csv"
    clv.export(table, out)
    read = {
        "pandas": pd.read_csv(
            out, dtype={"customer_id": str, "note, of": str}, keep_default_na=False, na_values={"clv": ""}
        ),
        "polars": pl.read_csv(out, schema_overrides={"customer_id": pl.String, "note, of": pl.String}),
        "duckdb": duckdb.sql(f"SELECT * FROM read_csv('{out}', all_varchar = true)"),
    }
    assert read["pandas"]["customer_id"].to_list() == TEXTS
    assert read["pandas"]["note, of"].to_list() == TEXTS[::-1]
    assert read["pandas"]["clv"].equals(table["clv"])
    assert read["polars"]["customer_id"].to_list() == TEXTS
    assert [row[0] for row in read["duckdb"].fetchall()] == TEXTS
    found = clv.export(out, tmp_path / "b.csv")  # a file of text is passed on as it is
    assert float(found.value_given) == pytest.approx(table["clv"].sum())
    again = pd.read_csv(tmp_path / "b.csv", dtype=str, keep_default_na=False)
    assert again.equals(pd.read_csv(out, dtype=str, keep_default_na=False))


def test_types_keep_their_form(tmp_path):
    table = pd.DataFrame(
        {
            "customer_id": [1, 2],
            "day": pd.to_datetime(["2024-01-31", None]),
            "yes": [True, False],
            "many": pd.array([2**62, None], dtype="Int64"),
            "mixed": [1, "a"],
            "month": pd.period_range("2024-01", periods=2, freq="M"),
            "uuid": [uuid.UUID(int=1), None],
        }
    )
    clv.export(table, tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == "customer_id,day,yes,many,mixed,month,uuid"
    assert lines[1].startswith("1,2024-01-31 00:00:00")
    assert lines[1].endswith(',true,4611686018427387904,"1","2024-01","00000000-0000-0000-0000-000000000001"')
    assert lines[2] == '2,,false,,"a","2024-02",'


def test_what_a_spreadsheet_would_run_is_counted_once_and_named(tmp_path):
    table = pd.DataFrame({"customer_id": ["a", "=b", "c"], "note": [None, "-1", "@x"], "clv": [-1.0, 2.0, 3.0]})
    with pytest.warns(clv.ClvWarning, match=r"begin as formulas do: 3, first column 'customer_id', row 2\.") as told:
        found = clv.export(table, tmp_path / "a.csv")
    assert len(told) == 1
    assert "write target='xlsx'" in str(told[0].message)
    assert found.would_run == 3
    with pytest.warns(clv.ClvWarning, match=r"do: 1, first the name of column '=x'\."):
        clv.export(pd.DataFrame({"customer_id": ["a"], "=x": ["b"]}), tmp_path / "a.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert clv.export(table.iloc[[0]], tmp_path / "a.csv").would_run == 0
