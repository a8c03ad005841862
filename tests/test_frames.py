"""Frames of every kind give the same columns, and results go back in the kind and index they came in."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from clvmodels import frames
from clvmodels.errors import ClvWarning, InvalidInput

DATA = {"customer_id": ["007", "8"], "frequency": [2, 0], "monetary_value": [1.5, None]}
FACTS = {"time_unit": "week", "tz": None}


def kinds():
    return {
        "pandas": pd.DataFrame(DATA),
        "arrow": pa.table(DATA),
        "batch": pa.RecordBatch.from_pydict(DATA),
        "polars": pl.DataFrame(DATA),
    }


@pytest.mark.parametrize("kind", kinds())
def test_reads_columns_of_every_kind(kind):
    frame = kinds()[kind]
    assert frames.load(frame) is frame
    assert frames.n_rows(frame) == 2
    assert frames.column_names(frame) == list(DATA)
    np.testing.assert_array_equal(frames.numeric(frame, "frequency"), [2.0, 0.0])
    np.testing.assert_array_equal(frames.numeric(frame, "monetary_value"), [1.5, np.nan])
    assert frames.numeric(frame, "frequency").dtype == np.float64
    assert frames.numeric(frame, "frequency").flags["C_CONTIGUOUS"]
    assert list(
        frames.identifiers(frame).to_numpy(zero_copy_only=False)
        if "a" in kind and kind in ("arrow", "batch")
        else frames.identifiers(frame)
    ) == ["007", "8"]
    assert frames.identifier_at(frame, np.int64(1)) == "customer_id='8'"


@pytest.mark.parametrize("kind", kinds())
def test_results_return_in_the_same_kind(kind):
    frame = kinds()[kind]
    values = np.array([0.25, 0.75])
    column = frames.series(values, "p_alive", frame)
    assert column.to_pylist() == [0.25, 0.75] if kind in ("arrow", "batch") else list(column) == [0.25, 0.75]
    result = frames.table({"customer_id": frames.identifiers(frame), "p_alive": values}, frame)
    assert frames.kind(result) == frames.kind(frame)
    assert frames.column_names(result) == ["customer_id", "p_alive"]
    np.testing.assert_array_equal(frames.numeric(result, "p_alive"), values)


def test_pandas_index_is_kept():
    frame = pd.DataFrame({"customer_id": [1, 2], "T": [1.0, 2.0]}, index=["x", "y"])
    assert frames.series(np.ones(2), "clv", frame).index.to_list() == ["x", "y"]
    assert frames.series(np.ones(2), "clv", frame).name == "clv"
    assert frames.table({"customer_id": frames.identifiers(frame)}, frame)["customer_id"].to_dict() == {"x": 1, "y": 2}


def test_an_index_named_customer_id_counts_as_the_column():
    frame = pd.DataFrame({"T": [1.0, 2.0]}, index=pd.Index([5, 6], name="customer_id"))
    assert frames.column_names(frame) == ["customer_id", "T"]
    assert frames.identifiers(frame).to_list() == [5, 6]
    assert frames.identifier_at(frame, 1) == "customer_id=6"
    np.testing.assert_array_equal(frames.numeric(frame, "customer_id"), [5.0, 6.0])
    result = frames.table({"customer_id": frames.identifiers(frame), "clv": np.ones(2)}, frame)
    assert result.index.to_list() == [5, 6]
    assert result.merge(result, on="customer_id").shape == (2, 3)  # a name that is column and index would be ambiguous


def test_without_identifiers_the_row_is_named():
    assert frames.identifiers(pd.DataFrame({"T": [1.0]})) is None
    assert frames.identifier_at(pl.DataFrame({"T": [1.0]}), 0) == "row 0"


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, None], dtype="Int64"),
        pd.array([1.0, None], dtype="Float64"),
        pd.array([1, None], dtype="int64[pyarrow]"),
        pd.array([Decimal(1), None], dtype=pd.ArrowDtype(pa.decimal128(18, 6))),
        np.array([Decimal(1), None], dtype=object),
        np.array([1.0, np.nan], dtype=np.float32),
    ],
)
def test_pandas_numbers_of_every_sort(values):
    np.testing.assert_array_equal(frames.numeric(pd.DataFrame({"T": values}), "T"), [1.0, np.nan])


def test_decimals_and_chunks_of_other_kinds():
    table = pa.table({"T": pa.chunked_array([pa.array([Decimal("1.5")]), pa.array([None], pa.decimal128(2, 1))])})
    np.testing.assert_array_equal(frames.numeric(table, "T"), [1.5, np.nan])
    np.testing.assert_array_equal(frames.numeric(pl.DataFrame({"T": [Decimal("1.5"), None]}), "T"), [1.5, np.nan])
    np.testing.assert_array_equal(frames.numeric(pa.table({"T": pa.nulls(1)}), "T"), [np.nan])


@pytest.mark.parametrize("values", [["1", "2"], [True, False], pd.to_datetime(["2024-01-01", "2024-01-02"])])
def test_what_is_no_number_is_refused(values):
    frame = pd.DataFrame({"T": values})
    for same in (frame, pa.Table.from_pandas(frame), pl.from_pandas(frame)):
        with pytest.raises(InvalidInput, match=r"column 'T' must hold numbers; found .*such as"):
            frames.numeric(same, "T")
    with pytest.raises(InvalidInput, match="must hold numbers"):
        frames.numeric(pd.DataFrame({"T": np.array([1, "x"], dtype=object)}), "T")


@pytest.mark.parametrize("kind", kinds())
def test_a_missing_column_names_those_found(kind):
    with pytest.raises(InvalidInput, match="no column 'T'; the columns found are 'customer_id', 'frequency'"):
        frames.numeric(kinds()[kind], "T")


def test_a_column_given_twice_is_refused():
    with pytest.raises(InvalidInput, match="once; found 2"):
        frames.numeric(pd.DataFrame([[1, 2]], columns=["T", "T"]), "T")


@pytest.mark.parametrize("kind", ["pandas", "arrow", "batch"])
def test_facts_go_along_and_the_callers_frame_stays(kind):
    frame = kinds()[kind]
    assert frames.read_facts(frames.attach_facts(frame, FACTS)) == FACTS
    assert frames.read_facts(frame) == {}


def test_polars_has_no_place_for_facts():
    frame = pl.DataFrame(DATA)
    assert frames.attach_facts(frame, FACTS) is frame
    assert frames.read_facts(frame) == {}


def test_frames_with_facts_can_be_merged_and_written(tmp_path):
    frame = frames.attach_facts(pd.DataFrame(DATA), FACTS)
    frame.merge(frame, on="customer_id")
    frame.to_parquet(tmp_path / "s.parquet")
    assert b"PANDAS_ATTRS" in parquet.read_schema(tmp_path / "s.parquet").metadata
    assert frames.read_facts(frames.load(tmp_path / "s.parquet")) == FACTS
    assert frames.read_facts(parquet.read_table(tmp_path / "s.parquet")) == FACTS


def test_facts_of_an_arrow_file_are_read(tmp_path):
    parquet.write_table(frames.attach_facts(pa.table(DATA), FACTS), tmp_path / "s.parquet")
    loaded = frames.load(str(tmp_path / "s.parquet"))
    assert list(loaded.attrs) == [frames.FACTS_KEY]
    assert frames.read_facts(loaded) == FACTS


@pytest.mark.parametrize("text", ["{", "[1]", '{"time_unit": 3}', 7, "[" * 100_000])
def test_damaged_facts_warn_and_are_not_used(text):
    frame = pd.DataFrame(DATA)
    frame.attrs[frames.FACTS_KEY] = text
    with pytest.warns(ClvWarning, match="are damaged and are not used"):
        assert frames.read_facts(frame) == {}


def test_damaged_pandas_attrs_are_passed_over():
    assert frames.read_facts(pa.table(DATA).replace_schema_metadata({"PANDAS_ATTRS": "{"})) == {}
    attrs = json.dumps({"other": 1})
    assert frames.read_facts(pa.table(DATA).replace_schema_metadata({"PANDAS_ATTRS": attrs})) == {}


def test_loads_csv_with_identifiers_as_written(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("customer_id,T,monetary_value\n007,1,\n8,2,3.5\nNA,1,2\n")
    frame = frames.load(path)
    assert frame["customer_id"].to_list() == ["007", "8", "NA"]
    np.testing.assert_array_equal(frames.numeric(frame, "monetary_value"), [np.nan, 3.5, 2.0])
    path.write_text("customer_id,T\n70,1\n-8,2\n")
    assert frames.load(path)["customer_id"].dtype == np.int64


def test_loads_relations_and_lazy_frames():
    with duckdb.connect() as con:
        frame = frames.load(con.sql("SELECT '007' AS customer_id, 1.5::DECIMAL(4, 2) AS T"))
    assert frame["customer_id"].to_list() == ["007"]
    np.testing.assert_array_equal(frames.numeric(frame, "T"), [1.5])
    assert isinstance(frames.load(pl.DataFrame(DATA).lazy()), pl.DataFrame)


@pytest.mark.parametrize("source", [[1, 2], {"T": [1]}, None, pd.Series([1.0])])
def test_anything_else_is_refused_by_name(source):
    with pytest.raises(InvalidInput, match=rf"expected a pandas DataFrame.*found .*{type(source).__name__}"):
        frames.load(source)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    for name, content, message in (
        ("a.parquet", b"nonsense", "could not be read as Parquet"),
        ("a.csv", b"", "could not be read as CSV"),
        ("a.csv", b"a,b\n1\n", "could not be read as CSV"),
        ("a.xlsx", b"", "expected a pandas DataFrame"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInput, match=message):
            frames.load(tmp_path / name)
    with pytest.raises(InvalidInput, match="there is no file"):
        frames.load(tmp_path / "missing.csv")


def test_importing_loads_no_frame_library():
    libraries = ("pandas", "pyarrow", "polars", "duckdb")
    code = f"import sys, clvmodels.frames; print([m for m in {libraries} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
