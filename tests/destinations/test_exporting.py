"""What every target has in common: settings, files, inputs of every kind, and counts that add up."""

from __future__ import annotations

import warnings
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv
from clvmodels.destinations.targets import names

PEOPLE = ("google_ads_customer_match", "meta_value_based")


def scored(n: int = 3) -> pd.DataFrame:
    ids = [f"{i:03d}" for i in range(1, n + 1)]
    return pd.DataFrame({"customer_id": ids, "clv": [10.25 * i for i in range(1, n + 1)]})


def contacts(n: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": scored(n)["customer_id"], "email": [f"p{i}@example.com" for i in range(n)]})


def quietly(*words, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        return clv.export(*words, **more)


def test_counts_and_sums_add_up_exactly_in_every_target(tmp_path):
    table = scored(8)
    table.loc[1, "clv"] = float("nan")
    table.loc[2, "clv"] = -0.1
    table.loc[3, "clv"] = 0.1 + 0.2
    known = contacts(7)
    known.loc[4, "email"] = "p5@EXAMPLE.com"
    known.loc[5, "email"] = " P5@example.com "
    known.loc[6, "email"] = "nothing"
    for target in names():
        out = tmp_path / f"out{'.xlsx' if target == 'xlsx' else '.csv'}"
        found = quietly(table, out, target, **({"contacts": known} if target in PEOPLE else {}))
        assert found.rows_given == 8 == found.rows_written + sum(found.left_out.values()) + found.merged
        assert found.value_given == found.value_written + found.value_left_out
        exact = sum(Decimal(str(round(value, 6))) for value in table["clv"].dropna())
        assert found.value_given == exact
        assert found.target == target
    # 1, 4 and 5+6 remain: 2 has no value, 3 a negative one, 7 no address, 8 no contact
    assert found.merged == 0
    found = quietly(table, tmp_path / "x.csv", "meta_value_based", contacts=known)
    assert dict(found.left_out) == {
        "no contact": 1,
        "no usable identifier": 1,
        "value below 0": 1,
        "value missing or infinite": 1,
    }
    assert (found.rows_written, found.merged) == (3, 1)
    assert "  - merged with another                       1\n" in str(found)
    assert repr(found).startswith("Exported: 3 of 8 rows")


@pytest.mark.parametrize("kind", ["pandas", "index", "polars", "arrow", "csv", "parquet", "categories"])
def test_every_kind_of_table_gives_the_same_file(tmp_path, kind):
    table = scored()
    quietly(table, tmp_path / "wanted.csv", "google_ads_customer_match", contacts=contacts())
    kinds = {
        "pandas": lambda: table,
        "index": lambda: table.set_index("customer_id"),
        "polars": lambda: pl.DataFrame(table.to_dict("list")),
        "arrow": lambda: pa.Table.from_pandas(table),
        "csv": lambda: table.to_csv(tmp_path / "s.csv", index=False) or tmp_path / "s.csv",
        "parquet": lambda: table.to_parquet(tmp_path / "s.parquet") or str(tmp_path / "s.parquet"),
        "categories": lambda: table.astype({"customer_id": "category"}),
    }
    found = clv.export(kinds[kind](), tmp_path / "found.csv", "google_ads_customer_match", contacts=contacts())
    assert (tmp_path / "found.csv").read_bytes() == (tmp_path / "wanted.csv").read_bytes()
    assert found.value_written == Decimal("61.5")


def test_contacts_are_joined_by_what_identifiers_are_called_not_by_their_type(tmp_path):
    table = pd.DataFrame({"customer_id": [7, 8], "clv": [1.0, 2.0]})
    known = pd.DataFrame({"customer_id": ["8", "7", "9", "8"], "email": ["h@x.de", "s@x.de", "n@x.de", "z@x.de"]})
    words = {"hashed": False, "contacts": known}
    found = clv.export(table, tmp_path / "a.csv", "google_ads_customer_match", **words)
    assert (tmp_path / "a.csv").read_text() == 'Email\n"s@x.de"\n"h@x.de"\n'  # of two contacts the first
    assert (found.contacts_repeated, found.contacts_not_scored) == (1, 1)
    floats = pd.DataFrame({"customer_id": [7.0, float("nan"), 8.0], "clv": [1.0, 5.0, 2.0]})
    found = clv.export(floats, tmp_path / "b.csv", "google_ads_customer_match", **words)
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert dict(found.left_out) == {"no contact": 1}


def test_a_contacts_file_keeps_its_zeros_and_pluses(tmp_path):
    (tmp_path / "c.csv").write_text(
        "customer_id,phone,first_name,last_name,country,zip\n001,+491711234567,A,B,DE,01067\n002,00491711234568,C,D,DE,01069\n"
    )
    clv.export(scored(2), tmp_path / "a.csv", "google_ads_customer_match", contacts=tmp_path / "c.csv", hashed=False)
    assert (tmp_path / "a.csv").read_text().splitlines()[1:] == [
        '"+491711234567","a","b","DE","01067"',
        '"+491711234568","c","d","DE","01069"',
    ]


def test_what_is_refused(tmp_path):
    out = tmp_path / "a.csv"
    clv.export(scored(), out)
    before = out.read_bytes()

    def refused(match, *words, **more):
        with pytest.raises(clv.InvalidInput, match=match):
            quietly(*words, **more)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv"]
        assert out.read_bytes() == before

    refused("target must be one of 'csv', 'google", scored(), out, "excel")
    refused(r"must end in \.xlsx; found", scored(), out, "xlsx")
    refused("there is no folder", scored(), tmp_path / "no" / "a.csv")
    refused("is what is read as scored", out, out)
    refused("is what is read as contacts", scored(), out, PEOPLE[0], contacts=str(out))
    refused("contacts, hashed go with targets that name people", scored(), out, contacts=contacts(), hashed=False)
    refused("phone_country go with", scored(), out, phone_country="49")
    refused("phone_country must be a country code such as '49'", scored(), out, PEOPLE[0], phone_country="DE")
    refused("the scored table has no column 'customer_id'; the columns found are 'clv'", scored()[["clv"]], out)
    refused("the contacts has no column", scored(), out, PEOPLE[0], contacts=contacts()[["email"]])
    refused("no column 'worth'", scored(), out, value="worth")
    refused("there is no column 'mail' for email", scored(), out, PEOPLE[0], email="mail", contacts=contacts())
    refused("people are found by an e-mail address", scored(), out, PEOPLE[0])
    refused("needs a value of every customer", scored()[["customer_id"]], out, PEOPLE[1], email="customer_id")
    refused("1 of the scored table are there more", scored().iloc[[0, 1, 0]], out, PEOPLE[0], contacts=contacts())
    refused("must hold numbers; found", scored().assign(clv="much"), out)
    refused("which no cell can hold", pa.table({"customer_id": ["1"], "clv": [[1.0]]}), out)
    refused("must be there once; found 2", pd.concat([scored(), scored()], axis=1), out)
    twice = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["customer_id"] * 2)
    refused("'customer_id' is there more than once", twice, out)
    refused("expected a pandas DataFrame", 3, out)
    refused("there is no file", tmp_path / "none.csv", out)


def test_a_table_without_rows_is_a_header(tmp_path):
    for target in names():
        out = tmp_path / f"out{'.xlsx' if target == 'xlsx' else '.csv'}"
        found = quietly(scored(0), out, target, **({"contacts": contacts(0)} if target in PEOPLE else {}))
        assert (found.rows_given, found.rows_written, found.value_given) == (0, 0, 0)
    assert (tmp_path / "out.csv").exists()


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    out = tmp_path / "a.csv"
    out.write_text("before")
    from clvmodels.destinations.targets import csv

    def broken(table, path):
        path.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(csv, "write_lines", broken)
    with pytest.raises(KeyboardInterrupt):
        clv.export(scored(), out)
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
    assert out.read_text() == "before"


def test_a_notebook_shows_all_counts(tmp_path):
    scored = pd.DataFrame({"customer_id": ["a@b.org", None, "<b>"], "clv": [1.5, 2.0, 3.0]})
    with pytest.warns(clv.ClvWarning):
        found = clv.export(scored, tmp_path / "a.csv", "google_ads_customer_match", email="customer_id")
    page = found._repr_html_()
    for line in str(found).split("\n")[1:]:
        what, count = line.strip().rsplit(maxsplit=1)
        assert f">{what}</td>" in page
        assert f">{count}</td>" in page
    assert f"1 row in {tmp_path}" in page


def test_what_is_no_number_is_told_by_its_row_and_not_shown(tmp_path):
    table = pd.DataFrame({"customer_id": [1, 2], "mail": ["12", "mary@example.com"]})
    with pytest.raises(
        clv.InvalidInput, match="'mail' must hold numbers; found text in 1 of 2 rows, first row 2"
    ) as found:
        clv.export(table, tmp_path / "a.csv", value="mail")
    assert "mary" not in str(found.value)
