"""`clvmodels cross-check`: what it says and writes of a model and its customers, and what it refuses."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import cli

pytest.importorskip("lifetimes")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clv.load_cdnow(sample=True).to_csv("log.csv", index=False)
    summary = clv.rfm_summary("log.csv", time_unit="week", observation_end="1997-09-30")
    summary.to_parquet("summary.parquet")
    clv.CLVModel("bg_nbd").fit(summary).save("model.json")


def run(words: str, capsys) -> tuple[int, str, str]:
    code = cli.main(["cross-check", *words.split()])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_says_what_agrees_and_writes_every_customer(capsys):
    code, said, error = run("model.json summary.parquet --horizon 39 --out both.csv", capsys)
    assert (code, error) == (0, "")
    plain = " ".join(said.split())
    assert said.startswith("THE MODEL model.json: BG/NBD and Gamma-Gamma, against lifetimes 0.11.3\n")
    assert "THE CUSTOMERS summary.parquet: 2,357, 39 weeks ahead" in said
    assert "This package and lifetimes 0.11.3 agree" in plain
    assert "Same parameters, expected purchases: the same for all 2,357 customers" in plain
    assert all(f"\n{head}: " in said for head in ("PARAMETERS", "LOG-LIKELIHOODS", "PREDICTIONS", "TIMES"))
    assert "-9,582.4292" in said
    assert max(map(len, said.splitlines())) < 110
    assert said.endswith("Wrote the numbers of 2,357 customers by both packages to both.csv\n")
    table = pd.read_csv("both.csv", dtype={"customer_id": str})
    assert table["customer_id"].tolist() == pd.read_parquet("summary.parquet")["customer_id"].tolist()
    assert table["expected_purchases_ours"].sum() == pytest.approx(1653.409, abs=0.001)  # of the holdout's 39 weeks
    np.testing.assert_allclose(table["expected_purchases_theirs"], table["expected_purchases_ours"], rtol=1e-5)


def test_a_log_is_summarised_as_the_models_was(capsys):
    words = "model.json log.csv --observation-end 1997-09-30 --customers 200 --seed 3"
    code, said, error = run(words, capsys)
    assert (code, error) == (0, "")
    assert "THE CUSTOMERS log.csv: 200 of 2,357" in said
    assert "200 of 2,357 customers, drawn with seed 3, were fitted and compared." in said


def test_a_log_without_money(capsys):
    log = pd.read_csv("log.csv", dtype=str).drop(columns="amount")
    log.to_csv("bare.csv", index=False)
    words = "model.json bare.csv --observation-end 1997-09-30 --customers 200"
    code, said, _ = run(f"{words} --no-amount", capsys)
    assert code == 0
    assert "THE MODEL model.json: BG/NBD, against" in said


def test_parted_is_no_failure(capsys):
    summary = pd.read_parquet("summary.parquet")
    clv.PurchaseModel.from_parameters("bg_nbd", {"r": 0.24, "alpha": 4.4, "a": 1.0, "b": 2.4}, "week").save("one.json")
    summary.to_csv("summary.csv", index=False)  # which keeps no facts: the unit is the model's
    code, said, _ = run("one.json summary.csv --customers 200", capsys)
    assert code == 0
    assert "They part: expected purchases part for 200 customers." in " ".join(said.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("model.json summary.parquet --customers 0", "--customers must be at least 1; found 0"),
        ("model.json summary.parquet --date day", "leave --date out, or give the log itself"),
        ("model.json summary.parquet --out both.txt", "--out must end in .csv or .parquet"),
        ("model.json summary.parquet --out summary.parquet", "is the summary itself"),
        ("model.json nowhere.parquet", "nowhere.parquet"),
        ("spend.json log.csv", "spend.json is a spend model alone, which goes with a summary; log.csv is a log"),
    ],
)
def test_refuses(words, told, capsys):
    clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}).save("spend.json")
    code, said, error = run(words, capsys)
    assert (code, said) == (1, "")
    assert told in error


def test_without_lifetimes(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "lifetimes", None)
    code, _, error = run("model.json summary.parquet --out both.csv", capsys)
    assert code == 1
    assert 'pip install "clvmodels[lifetimes]"' in error


def test_help_names_what_is_asked_for(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["cross-check", "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("MODEL SUMMARY", "--against {lifetimes,pymc_marketing}", "--horizon UNITS"))
