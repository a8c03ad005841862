"""`clvmodels simulate`: a log of a saved model or of published parameters."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import cli
from clvmodels.scoring.simulated_log import published_model


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ran(capsys):
    def run(words: str) -> str:
        assert cli.main(words.split()) == 0, capsys.readouterr().err
        said = capsys.readouterr()
        assert said.err == ""
        return said.out

    return run


@pytest.fixture
def refused(capsys):
    def run(words: str) -> str:
        before = sorted(Path().iterdir())
        assert cli.main(words.split()) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("clvmodels: ")
        assert sorted(Path().iterdir()) == before
        return said.err

    return run


def test_published_parameters(ran):
    said = ran("simulate --out log.parquet --customers 500 --seed 4")
    log = pd.read_parquet("log.parquet")
    assert "  Pareto/NBD           r 0.553, alpha 10.578, s 0.606, beta 11.669" in said
    assert "  Gamma-Gamma          p 6.25, q 3.74, v 15.44" in said
    assert f"Wrote {len(log):,} lines to log.parquet" in said
    assert f"  customers            {500:>16,}" in said
    assert f"  money                {log['amount'].sum():>16,.2f}" in said
    clv.simulate_log(published_model("pareto_nbd", "gamma_gamma", "week", {}), "again.parquet", 500, seed=4)
    assert Path("log.parquet").read_bytes() == Path("again.parquet").read_bytes()


def test_every_option_reaches_the_log(ran):
    words = "--purchases nbd --no-amount --parameters r=0.6,alpha=15 --time-unit day --observation 90 --spread 0"
    more = "--observation-end 2020-03-31 --dates timestamp --order customer --seed 3 --memory-limit 500MB"
    said = ran(f"simulate --out log.csv --customers 300 {words} {more}")
    assert "SIMULATED (times in days)\n  NBD                  r 0.6, alpha 15\n" in said
    assert "money" not in said
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.6, "alpha": 15}, time_unit="day")
    settings = {"spread": 0, "observation_end": "2020-03-31", "dates": "timestamp", "order": "customer", "seed": 3}
    clv.simulate_log(model, "again.csv", 300, observation=90, **settings)
    assert Path("log.csv").read_bytes() == Path("again.csv").read_bytes()


def test_a_saved_model(ran, refused):
    model = published_model("bg_nbd", "gamma_gamma", "week", {"r": 0.4})
    model.save("model.json")
    said = ran("simulate model.json --out log.parquet --customers 200")
    assert "  BG/NBD               r 0.4, alpha 4.414, a 0.793, b 2.426" in said
    clv.simulate_log(model, "again.parquet", 200)
    assert Path("log.parquet").read_bytes() == Path("again.parquet").read_bytes()
    ran("simulate model.json --out plain.parquet --customers 200 --no-amount")
    assert list(pd.read_parquet("plain.parquet")) == ["customer_id", "date"]
    assert "leave one of the two out" in refused("simulate model.json --out x.parquet --customers 2 --parameters r=0.3")
    model.spend.save("spend.json")
    assert "a spend model alone" in refused("simulate spend.json --out x.parquet --customers 2")


def test_the_log_goes_through_the_forecast(ran):
    ran("simulate --out log.csv --customers 3000 --dates timestamp")
    assert "Wrote 3,000 customers to scored.csv" in ran(
        "forecast log.csv --out scored.csv --purchases bg_nbd --observation-end 2024-12-31"
    )


def test_settings_from_a_file(ran):
    Path("clvmodels.toml").write_text('[simulate]\nparameters = "r=0.9"\ncustomers = 40\n')
    said = ran("simulate --out log.parquet")
    assert "SETTINGS FILE clvmodels.toml" in said
    assert "r 0.9, alpha 10.578" in said
    assert f"  customers            {40:>16,}" in said


def test_refusals_name_options(refused, capsys):
    assert "there is no parameter 'x'" in refused("simulate --out log.csv --customers 3 --parameters x=1")
    assert "--out must end in .csv or .parquet" in refused("simulate --out log.txt --customers 3")
    assert "--customers must be" in refused("simulate --out log.csv --customers 0")
    said = refused("simulate --out log.parquet --customers 9000 --parameters alpha=0.5 --memory-limit 5MB")
    assert "memory" in said
    for wrong in ("--parameters r", "--parameters r=1,r=2", "--dates week", "--customers 1e6"):
        with pytest.raises(SystemExit):
            cli.main(["simulate", "--out", "log.csv", "--customers", "3", *wrong.split()])
    assert "r is there twice" in capsys.readouterr().err
