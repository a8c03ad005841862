"""The data of lifetimes: letter by letter those that it ships."""

from __future__ import annotations

import hashlib
import io
import re
from importlib.metadata import distribution
from pathlib import Path

import pandas as pd
import pytest

from clvmodels.compat.lifetimes import datasets
from clvmodels.compat.lifetimes.asking import time_unit_of
from clvmodels.errors import ClvError

FOLDER = Path(str(distribution("lifetimes").locate_file("lifetimes/datasets")))
DATA = Path(__file__).resolve().parents[2] / "data"
LOADERS = {
    "load_cdnow_summary": "cdnow_customers_summary.csv",
    "load_donations": "donations.csv",
    "load_transaction_data": "example_transactions.csv",
}


def test_every_file_is_there_to_the_last_letter() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.suffix in (".csv", ".txt")}
    assert set(datasets._FILES) == files
    for name, (_, text_of) in datasets._FILES.items():
        original = (FOLDER / name).read_text(encoding="ascii")  # of whatever line ends
        assert text_of().rstrip("\n") == original.rstrip("\n"), name


@pytest.mark.parametrize("name", sorted(LOADERS))
def test_frames_are_those_of_lifetimes(name: str) -> None:
    load, path = getattr(datasets, name), FOLDER / LOADERS[name]
    pd.testing.assert_frame_equal(load(), pd.read_csv(path), check_flags=False)
    for keywords in ({"index_col": [0]}, {"usecols": [1, 0]}, {"nrows": 5, "dtype": str}):
        pd.testing.assert_frame_equal(load(**keywords), pd.read_csv(path, **keywords))


def test_summary_with_money() -> None:
    found = datasets.load_cdnow_summary_data_with_monetary_value()
    original = pd.read_csv(FOLDER / "cdnow_customers_summary_with_transactions.csv", index_col=0)
    original.index.name, original.columns = "customer_id", ["frequency", "recency", "T", "monetary_value"]
    pd.testing.assert_frame_equal(found, original)
    assert found.loc[1].tolist() == [2.0, 30.43, 38.86, 22.35]


def test_units_are_known() -> None:
    assert time_unit_of(datasets.load_cdnow_summary(index_col=[0])["T"]) == "week"
    assert time_unit_of(datasets.load_cdnow_summary_data_with_monetary_value()["T"]) == "week"
    assert time_unit_of(datasets.load_donations()["periods"]) == "year"
    assert time_unit_of(datasets.load_transaction_data()["date"]) is None


def test_a_file_in_pieces() -> None:
    pieces = list(datasets.load_transaction_data(chunksize=10_000))
    assert [len(piece) for piece in pieces] == [10_000, 5_273]


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(ClvError, match=r"'donations\.csv'.*found 'larynx\.csv'"):
        datasets.load_dataset("larynx.csv")


def test_the_log_of_the_data_folder_has_its_licence_and_checksum_beside_it() -> None:
    digest = hashlib.sha256((DATA / "example_transactions.csv.gz").read_bytes()).hexdigest()
    assert re.search(rf"{digest}\s+example_transactions\.csv\.gz", (DATA / "README.md").read_text(encoding="utf-8"))
    licence = (DATA / "example_transactions.LICENSE.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2015, Cameron Davidson-Pilon" in licence
    assert "shall be included in all" in licence


def test_the_log_is_the_one_of_the_documentation() -> None:
    """lifetimes' Quickstart: 5,000 customers; it shows these five lines."""
    log = datasets.load_transaction_data()
    assert (len(log), log["id"].nunique()) == (15_273, 5_000)
    shown = """date,id
2014-03-08 00:00:00,0
2014-05-21 00:00:00,1
2014-03-14 00:00:00,2
2014-04-09 00:00:00,2
2014-05-21 00:00:00,2
"""
    pd.testing.assert_frame_equal(log.head(), pd.read_csv(io.StringIO(shown)))
