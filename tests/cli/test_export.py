"""`clvmodels export`: its options reach the library, and what it prints adds up."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import cli


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"customer_id": ["001", "002", "003"], "clv": [1.5, 2.5, 3.0]}).to_csv("scored.csv", index=False)
    pd.DataFrame({"id": ["001", "002", "002"], "mail": ["Mary@Example.com", "x", "y@z.de"]}).to_csv(
        "c.csv", index=False
    )


def test_a_spreadsheet(capsys):
    assert cli.main(["export", "scored.csv", "--out", "a.xlsx", "--target", "xlsx", "--currency-code", "EUR"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("SPREADSHEET, FOR PEOPLE\n  rows given                                  3\n")
    assert said.endswith("\nWrote 3 rows to a.xlsx\n")
    told = {row[0]: row[1] for row in openpyxl.load_workbook("a.xlsx")["About"].iter_rows(values_only=True)}
    assert told["Currency"] == "EUR"


def test_a_list_of_people(capsys):
    table = pd.read_csv("scored.csv", dtype={"customer_id": str}).rename(columns={"customer_id": "id", "clv": "worth"})
    table.to_csv("renamed.csv", index=False)
    words = "--target google_ads_customer_match --contacts c.csv --id id --email mail --value worth --plain"
    assert cli.main(f"export renamed.csv --out a.csv {words}".split()) == 0
    said = capsys.readouterr()
    assert Path("a.csv").read_text() == 'Email\n"mary@example.com"\n'
    assert "as https://support.google.com/google-ads/answer/7659867 says" in said.out
    for line in ("- no contact                              1", "- no usable identifier                      1"):
        assert line.replace("  ", " ").split() in [found.replace("  ", " ").split() for found in said.out.splitlines()]
    assert ["sum", "of", "worth", "7.00"] in [line.split() for line in said.out.splitlines()]
    assert said.err.startswith("warning: 1 identifiers are not of the form")


def test_refusals_speak_of_options(capsys):
    def refused(words: str) -> str:
        before = sorted(Path().iterdir())
        assert cli.main(words.split()) == 1
        assert sorted(Path().iterdir()) == before
        return capsys.readouterr().err

    assert "is the scored table itself" in refused("export scored.csv --out scored.csv")
    assert "is the contacts itself" in refused("export scored.csv --out c.csv --contacts c.csv")
    people = "--target meta_value_based --contacts c.csv"
    assert "name the right one with --id" in refused(f"export scored.csv --out a.csv {people}")
    named = f"{people} --email mail --phone-country Germany"
    assert "--phone-country must be a country code" in refused(f"export scored.csv --out a.csv {named}")
    assert "pass --target xlsx for a spreadsheet" in refused("export scored.csv --out a.xlsx")
    assert "leave --plain out" not in refused("export scored.csv --out a.csv --plain")


def test_a_folder_of_scores(capsys):
    purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.1}, time_unit="week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    log = clv.load_cdnow(sample=True).head(200)
    clv.score(clv.CLVModel(purchases, spend), log, "scores")
    assert cli.main(["export", "scores", "--out", "a.csv"]) == 0
    made, read = pd.read_parquet("scores"), pd.read_csv("a.csv", dtype={"customer_id": str})
    assert capsys.readouterr().out.endswith(f"Wrote {len(made):,} rows to a.csv\n")
    pd.testing.assert_frame_equal(read, made.reset_index(drop=True), check_dtype=False)


def test_a_forecast_is_exported_as_it_is(capsys):
    log = clv.load_cdnow(sample=True)
    log[log["customer_id"] < "02000"].to_csv("log.csv", index=False)
    assert cli.main(["forecast", "log.csv", "--out", "f.parquet", "--purchases", "bg_nbd"]) == 0
    assert cli.main(["export", "f.parquet", "--out", "f.csv"]) == 0
    assert capsys.readouterr().out.endswith("Wrote 193 rows to f.csv\n")
    made, read = (
        pd.read_parquet("f.parquet"),
        pd.read_csv("f.csv", dtype={"customer_id": str}),
    )
    assert read["customer_id"].to_list() == made["customer_id"].to_list()
    assert read["clv"].to_list() == pytest.approx(
        made["clv"].to_list(), rel=1e-15
    )  # pandas 2 reads the last digit otherwise
