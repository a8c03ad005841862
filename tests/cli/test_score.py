"""`clvmodels score`: what it says, what it leaves when it is broken off, and its exit codes."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import cli
from clvmodels.cli import run as command_line
from clvmodels.cli.terminal import counted

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clv.load_cdnow(sample=True).to_csv("log.csv", index=False)
    purchases = clv.PurchaseModel.from_parameters(
        "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week"
    )
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    clv.CLVModel(purchases, spend).save("model.json")


def run(words: str, capsys) -> tuple[int, str, str]:
    code = cli.main(words.split())
    said = capsys.readouterr()
    return code, said.out, said.err


def test_says_what_was_read_what_was_left_out_and_where_it_is(capsys):
    log = pd.read_csv("log.csv", dtype=str)
    log.loc[[5, 50], "customer_id"] = None
    log.loc[[500], "date"] = None
    log.to_csv("log.csv", index=False)
    words = "score model.json log.csv --out scores --partitions 3 --observation-end 1998-03-31 --top 2"
    code, said, error = run(words, capsys)
    assert (code, error) == (0, "")
    plain = " ".join(said.split())
    numbers = [int(plain.split(f"{name} ")[1].split()[0].replace(",", "")) for name in ("read", "used", "1998-03-31")]
    rejected = int(plain.split(" rejected ")[1].split()[0])
    assert numbers[0] == len(log) == sum(numbers[1:]) + rejected
    assert rejected == 3
    assert "REJECTED, in scores/_run/rejects.parquet no customer 2 no date 1" in plain
    assert len(pd.read_parquet("scores/_run/rejects.parquet")) == 3
    assert "FORECAST for the next 52.18 weeks, all " in said
    assert "THE 2 MOST VALUABLE CUSTOMERS" in said
    assert "to scores in 3 parts" in said
    assert "customers a second" in said
    code, again, _ = run(words, capsys)
    assert code == 0
    assert "Nothing to do: an earlier run" in again
    assert again.split("\n\n")[1] == said.split("\n\n")[1]  # the totals
    code, _, error = run(words + " --horizon 5", capsys)
    assert code == 1
    assert "settings horizon was 52.17857142857143, now 5.0" in error
    assert "pass --overwrite to start anew" in error
    assert run(words + " --horizon 5 --overwrite", capsys)[0] == 0
    assert pd.read_parquet("scores")["horizon"].unique().tolist() == [5.0]


def test_bad_rows_of_a_summary_are_rejects_and_said_to_be(capsys):
    summary = clv.rfm_summary("log.csv")
    summary.loc[3, "recency"] = summary.loc[3, "T"] + 1
    summary.loc[7, "frequency"] = -1
    summary = pd.concat([summary, summary.loc[[10]]])
    summary.to_parquet("summary.parquet")
    code, said, error = run("score model.json summary.parquet --out s.csv --observation-end 1998-06-30", capsys)
    assert (code, error) == (0, "")
    plain = " ".join(said.split())
    assert (
        "THE SUMMARY summary.parquet customers met 2,358 scored 2,354 rejected 4 REJECTED, in s.rejects.parquet"
        in plain
    )
    assert len(pd.read_csv("s.csv")) == 2354
    assert len(pd.read_parquet("s.rejects.parquet")) == 4


def test_several_logs_columns_and_lines_of_json(capsys):
    log = pd.read_csv("log.csv", dtype={"customer_id": str})
    log.iloc[:3000].to_csv("one.csv", index=False)
    log.iloc[3000:].to_csv("two.csv", index=False)
    words = "score model.json one.csv two.csv --out scores --partitions 2 --columns clv,p_alive --log-json"
    code, _, error = run(words, capsys)
    assert code == 0
    lines = [json.loads(line) for line in error.splitlines()]
    assert [line["event"] for line in lines] == ["part", "part", "end"]
    assert {"part", "of", "rows", "rejected", "seconds", "rows_per_second"} < set(lines[0])
    assert sum(line["rows"] for line in lines[:2]) == lines[2]["rows"] == 2357
    expected = clv.load_model("model.json").predict(clv.rfm_summary("log.csv"))
    found = pd.read_parquet("scores").sort_values("customer_id")
    assert list(found) == ["customer_id", "p_alive", "clv"]
    np.testing.assert_allclose(found["clv"], expected["clv"], rtol=1e-12)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("score model.json log.csv --out scores --columns value", 1, "columns must be some of"),
        ("score model.json log.csv --out scores --memory-limit much", 1, "memory"),
        ("score model.json log.csv --out nowhere/scores", 1, "there is no folder nowhere"),
        ("score model.json log.csv --out model.json/scores", 1, "model.json"),
        ("score model.json log.csv --out log.csv", 1, "itself"),
        ("score model.json nothing.csv --out scores", 1, "no file found"),
        ("score model.json log.csv --out scores --no-amount", 1, "no money"),
        ("score model.json log.csv --out scores --interval 2", 1, "interval must lie between"),
    ],
)
def test_refuses_and_leaves_nothing(words, code, message, capsys):
    before = sorted(Path().iterdir())
    found, said, error = run(words, capsys)
    assert (found, said) == (code, "")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        "score model.json log.csv --out mysql://ann:s3cr@t@host/shop/scores",
        "score model.json log.csv --out mysql://ann:s3cr@t@host/shop/scores.csv",
        "score model.json mysql://ann:s3cr@t@host/shop --table orders --out scores",
        "score mysql://ann:s3cr@t@host/shop log.csv --out scores",
        "fit log.csv --out postgresql://ann:s3cr@t@host/shop/model.json",
        "summarize log.csv --out postgresql://ann:s3cr@t@host/shop/summary",
        "simulate --customers 3 --out postgresql://host/shop/log.csv?password=s3cr@t",
        "summarize log.csv --update log.csv --out s.parquet --full-log postgresql://ann:s3cr@t@host/shop",
        "validate postgresql+psycopg://ann:s3cr@t@host/shop --calibration-end 2020-01-01 --out x.html",
        "postgresql://ann:s3cr@t@host/shop score",
    ],
)
def test_an_address_where_none_belongs_is_told_without_its_password(words, capsys):
    try:
        code = cli.main(words.split())
    except SystemExit as left:
        code = left.code
    said = "".join(capsys.readouterr())
    assert code in (1, 2)
    assert "s3cr" not in said
    assert said.startswith(("clvmodels: ", "usage: "))
    assert sorted(path.name for path in Path().iterdir()) == ["log.csv", "model.json"]


def test_an_error_inside_is_told_without_passwords(monkeypatch, capsys):
    def broken(*given, **more):
        raise ZeroDivisionError("postgresql://ann:s3cr@t@host/shop")

    monkeypatch.setattr(clv.PurchaseModel, "fit", broken)
    code, _, error = run("fit log.csv --no-amount --out other.json --traceback", capsys)
    assert code == 70
    assert "ZeroDivisionError: postgresql://ann@host/shop" in error


def test_large_money_stays_apart_and_nobody_leaves_no_gap():
    from clvmodels.cli.told import best_told

    yen = pd.DataFrame(
        {"customer_id": ["a"], "p_alive": 1.0, "expected_purchases": 2.0, "expected_spend": 1e9, "clv": 2e9}
    )
    assert best_told(yen, 1)[-1].split() == ["a", "1.000", "2.00", "1,000,000,000.00", "2,000,000,000.00"]
    assert best_told(yen, 0) == []


def test_the_help_tells_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as done:
        cli.main(["score", "--help"])
    assert done.value.code == 0
    text = capsys.readouterr().out
    for code in (
        "0 all is written",
        "1 refused",
        "2 the command line",
        "70 an error",
        "130 interrupted",
        "143 terminated",
    ):
        assert code in text
    with pytest.raises(SystemExit) as done:
        cli.main(["score", "--nonsense"])
    assert done.value.code == 2


def test_the_bar_counts_customers_only_when_it_is_known_how_many_there_are(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with counted(False) as told:
        told["progress"]("reading")
        told["progress"]("scoring")
        first = sys.stderr.getvalue()
        told["on_rows"](1, 1)
        then = sys.stderr.getvalue()[len(first) :]
    assert "reading ..." in first
    assert "customers" not in first
    assert "scoring" in then
    assert "/1.00 customers" in then


def test_being_terminated_inside_the_engine_is_not_an_interruption(monkeypatch, capsys):
    def terminated(words):
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException:
            raise RuntimeError("Query interrupted") from None  # as the engine does

    words = argparse.Namespace(run=terminated, command="score", out="scores", traceback=False)
    monkeypatch.setattr(command_line, "parsed", lambda arguments: words)
    assert command_line.main([]) == 143
    assert "terminated; finished parts stay" in capsys.readouterr().err


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_was_broken_off_goes_on(sent, code, capsys):
    words = ["score", "model.json", "log.csv", "--out", "scores", "--partitions", "60", "--log-json"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "clvmodels.cli", *words], env=env, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    assert json.loads(process.stderr.readline())["event"] == "part"
    process.send_signal(sent)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert "finished parts stay, and the same command goes on from there" in error
    parts = {path: path.stat().st_mtime_ns for path in Path("scores").glob("part-*")}
    assert 0 < len(parts) < 60
    assert not list(Path("scores").rglob("*.part"))
    time.sleep(0.01)
    assert run(" ".join(words), capsys)[0] == 0
    assert parts.items() <= {path: path.stat().st_mtime_ns for path in Path("scores").glob("part-*")}.items()
    assert not list(Path("scores").rglob("*.part"))
    assert len(pd.read_parquet("scores")) == 2357


def test_counts_of_rejects_stand_below_each_other(capsys):
    log = pd.read_csv("log.csv", dtype=str)
    log.loc[5, "customer_id"] = None
    log.loc[6, "amount"] = "much"
    log.to_csv("log.csv", index=False)
    code, said, _ = run("score model.json log.csv --out s.csv", capsys)
    assert code == 0
    counts = said[said.index("REJECTED") :].split("\n\n")[0].splitlines()[1:]
    assert len(counts) == 2
    assert len({len(line) for line in counts}) == 1
