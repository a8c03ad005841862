"""The data that come with the package: as in the original, and found where they should be."""

from __future__ import annotations

import csv
import hashlib
import re
import runpy
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from clvmodels import datasets
from clvmodels.errors import ClvError

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("cdnow_transactions.csv", "cdnow_sample_transactions.csv")


@pytest.fixture(scope="module")
def full() -> pd.DataFrame:
    return datasets.load_cdnow()


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return datasets.load_cdnow(sample=True)


def test_columns_and_kinds(full: pd.DataFrame, sample: pd.DataFrame) -> None:
    for log in (full, sample):
        assert list(log.columns) == ["customer_id", "date", "quantity", "amount"]
        assert all(isinstance(value, str) for value in log["customer_id"])
        assert pd.api.types.is_datetime64_dtype(log["date"])
        assert pd.api.types.is_integer_dtype(log["quantity"])
        assert log["amount"].dtype == "float64"
        assert not log.isna().any().any()


def test_counts_of_the_original(full: pd.DataFrame, sample: pd.DataFrame) -> None:
    assert (len(full), full["customer_id"].nunique()) == (69_659, 23_570)
    assert (len(sample), sample["customer_id"].nunique()) == (6_919, 2_357)
    assert full.duplicated(["customer_id", "date"]).sum() == 2_068
    assert (full["amount"] == 0).sum() == 80
    assert (full["date"].min(), full["date"].max()) == (pd.Timestamp("1997-01-01"), pd.Timestamp("1998-06-30"))
    assert full.groupby("customer_id")["date"].min().max() <= pd.Timestamp("1997-03-31")


def test_leading_zeros_of_ids_survive(full: pd.DataFrame) -> None:
    assert full["customer_id"].iloc[0] == "00001"
    assert set(full["customer_id"].str.len()) == {5}


def test_amounts_are_the_doubles_nearest_to_what_is_written(full: pd.DataFrame) -> None:
    with (ROOT / "data" / NAMES[0]).open(encoding="ascii", newline="") as lines:
        assert full["amount"].tolist() == [float(line["amount"]) for line in csv.DictReader(lines)]


def test_sample_is_part_of_the_full_log_under_the_same_ids(full: pd.DataFrame, sample: pd.DataFrame) -> None:
    ids = set(sample["customer_id"])
    belonging = full[full["customer_id"].isin(ids)]
    assert Counter(belonging.itertuples(index=False, name=None)) == Counter(sample.itertuples(index=False, name=None))


@pytest.mark.parametrize("name", NAMES)
def test_checksums_stand_in_the_readme(name: str) -> None:
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((ROOT / "data" / name).read_bytes()).hexdigest()
    assert re.search(rf"{digest}\s+{name}\b", readme)


def test_script_makes_the_same_files_again(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "data" / "make_cdnow.py"))["main"](tmp_path)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (ROOT / "data" / name).read_bytes()


def test_copy_in_the_package_goes_before_the_one_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NAMES[1]).write_text("customer_id,date,quantity,amount\n00007,1997-01-02,1,3.50\n", encoding="ascii")
    monkeypatch.setattr(datasets, "FOLDERS", (tmp_path, ROOT / "data"))
    assert datasets.load_cdnow(sample=True)["customer_id"].tolist() == ["00007"]
    assert len(datasets.load_cdnow()) == 69_659


def test_missing_data_say_where_they_were_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "FOLDERS", (tmp_path / "one", tmp_path / "two"))
    with pytest.raises(ClvError, match=r"cdnow_transactions\.csv.*one.*two.*Reinstall"):
        datasets.load_cdnow()


def test_pandas_is_imported_only_when_data_are_loaded() -> None:
    code = "import sys, clvmodels.datasets; sys.exit('pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_donations_are_those_of_lifetimes() -> None:
    package = pytest.importorskip("lifetimes")
    original = pd.read_csv(Path(package.__file__).parent / "datasets" / "donations.csv")
    original = original.rename(columns={"periods": "T"})
    columns = ["frequency", "recency", "T", "weights"]
    found = datasets.load_donations()
    assert list(found.columns) == columns
    assert sorted(found.itertuples(index=False, name=None)) == sorted(
        original[columns].itertuples(index=False, name=None)
    )
