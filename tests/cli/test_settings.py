"""Options that stand in clvmodels.toml."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import cli


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clv.load_cdnow(sample=True).rename(columns={"customer_id": "client"}).to_csv("log.csv", index=False)


def test_the_file_holds_options_and_the_command_line_has_the_last_word(capsys):
    Path("clvmodels.toml").write_text(
        'customer-id = "client"\ntime_unit = "day"\nobservation_end = 1997-09-30\npurchases = "nbd"\n'
        '[forecast]\nout = "scored.parquet"\nhorizon = 90\ntop = 0\n'
    )
    assert cli.main(["forecast", "log.csv"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("SETTINGS FILE clvmodels.toml\n")
    assert "horizon         the next 90 days\n" in said
    scored = pd.read_parquet("scored.parquet")
    facts = scored[["observation_end", "horizon", "time_unit"]].drop_duplicates().to_numpy().tolist()
    assert facts == [["1997-09-30", 90.0, "day"]]
    assert cli.main(["forecast", "log.csv", "--horizon", "1", "--time-unit", "week"]) == 0
    assert "horizon         the next 1 week\n" in capsys.readouterr().out
    scored = pd.read_parquet("scored.parquet")
    assert scored[["horizon", "time_unit"]].drop_duplicates().to_numpy().tolist() == [[1.0, "week"]]


def test_another_file_and_flags(capsys):
    Path("nightly.toml").write_text('customer_id = "client"\nno_amount = true\npurchases = "nbd"\n')
    assert cli.main(["forecast", "log.csv", "--out", "s.csv", "--config", "nightly.toml"]) == 0
    assert "clv" not in pd.read_csv("s.csv")
    assert capsys.readouterr().out.startswith("SETTINGS FILE nightly.toml\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("horizn = 3", "horizn is no option of any command"),
        ("[scores]\nhorizon = 3", "[scores] is no command"),
        ("[fit]\nhorizon = 3", "horizon is no option of fit"),
        ('horizon = "soon"', "horizon: expected a number, found 'soon'"),
        ("horizon = true", "horizon must be one number or text; found True"),
        ("no_amount = 1", "no_amount must be true or false; found 1"),
        ('purchases = "pnbd"', "purchases must be one of bg_nbd"),
        ("horizon = ", "could not be read"),
        ('time_unit = "day"\ntime-unit = "week"', "time-unit is there twice"),
    ],
)
def test_refuses(text, message, capsys):
    Path("clvmodels.toml").write_text(text)
    assert cli.main(["forecast", "log.csv", "--out", "s.csv", "--customer-id", "client"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert "clvmodels.toml" in said.err
    assert not Path("s.csv").exists()


def test_a_file_that_is_asked_for_must_be_there(capsys):
    assert cli.main(["forecast", "log.csv", "--out", "s.csv", "--config", "none.toml"]) == 1
    assert "none.toml could not be read: No such file" in capsys.readouterr().err
