"""`clvmodels forecast` as somebody at a terminal meets it: what it writes, what it says, and how it refuses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

import clvmodels as clv
from clvmodels import cli, frames
from clvmodels.cli import commands

COLUMNS = [
    "customer_id",
    "p_alive",
    "expected_purchases",
    "expected_spend",
    "clv",
    "observation_end",
    "horizon",
    "time_unit",
]
# What only the inside of a program says.
INSIDE = re.compile(
    r"Traceback|File \"|duckdb|DuckDB|pyarrow|Arrow|numpy|scipy|LINE \d|Binder|Catalog|Invalid Input Error|"
    r"Conversion Error|IO Error|sniff|read_csv|\b\w+Error\b|\b\w+Exception\b|NoneType|<class"
)
# The text in which a message speaks to somebody who calls from Python.
PYTHON = re.compile(r"=\.\.\.|\bNone\b|pandas|\bframe\b|\w+='")


def run(*arguments: object, cwd: Path, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "clvmodels.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, **more)


def log_lines(customers: int = 120, seed: int = 7) -> pd.DataFrame:
    """A made log: ids with leading zeros, two lines on one day, a refund, a free purchase."""
    random = np.random.default_rng(seed)
    lines = []
    for i in range(customers):
        rate, day = random.gamma(0.9, 0.06), float(random.integers(0, 60))
        lifetime, price = random.exponential(200), 20 / random.gamma(3, 1 / 3)
        first = day
        while day < 365 and day - first <= lifetime:
            lines.append((f"{i:05d}", int(day), round(float(price * random.gamma(4, 1 / 4)), 2)))
            day += 1 + random.exponential(1 / max(rate, 1e-3))
    lines += [(*lines[0][:2], 12.5), ("00002", 200, 30.0), ("00002", 200, -10.0), ("00003", 210, 0.0)]
    log = pd.DataFrame(lines, columns=["customer_id", "day", "amount"])
    log["date"] = (pd.Timestamp("2023-01-01") + pd.to_timedelta(log.pop("day"), unit="D")).dt.strftime("%Y-%m-%d")
    return log[["customer_id", "date", "amount"]]


@pytest.fixture(scope="module")
def log_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    log_lines().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def done(log_file, tmp_path_factory):
    """One run to Parquet: its folder and what it said."""
    folder = tmp_path_factory.mktemp("done")
    return folder, run("forecast", log_file, "--out", "scored.parquet", "--margin", "0.4", cwd=folder)


@pytest.fixture
def refuse(log_file, tmp_path, monkeypatch, capsys):
    """Run in this process, expect a refusal that leaves everything as it was, and return the message."""
    monkeypatch.chdir(tmp_path)

    def check(*arguments: object, log: object = log_file) -> str:
        out = tmp_path / "scored.csv"
        out.write_text("yesterday")
        before = sorted(p.name for p in tmp_path.iterdir())
        code = cli.main(["forecast", str(log), "--out", "scored.csv", *map(str, arguments)])
        said = capsys.readouterr()
        assert code == 1
        assert said.out == ""
        message = "\n".join(line for line in said.err.splitlines() if not line.startswith("warning: "))
        assert message.startswith("clvmodels: ")
        assert message.count("\n") == 0, "one message, one line"
        assert not INSIDE.search(said.err), said.err
        assert out.read_text() == "yesterday"
        assert sorted(p.name for p in tmp_path.iterdir()) == before
        return message

    return check


# --- what it writes ------------------------------------------------------------------------------------------------


def test_parquet_holds_one_scored_row_a_customer(done):
    folder, ran = done
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(p.name for p in folder.iterdir()) == ["scored.model.json", "scored.parquet"]
    scored = pd.read_parquet(folder / "scored.parquet")
    assert scored.columns.to_list() == COLUMNS
    expected = sorted(log_lines()["customer_id"].unique())
    assert scored["customer_id"].to_list() == expected
    assert expected[0] == "00000"
    assert not scored.isna().any().any()
    assert scored["p_alive"].between(0, 1).all()
    assert (scored[["expected_purchases", "expected_spend", "clv"]] >= 0).all().all()
    assert scored["observation_end"].unique().tolist() == [log_lines()["date"].max()]
    assert scored["time_unit"].unique().tolist() == ["week"]
    assert scored["horizon"].unique().tolist() == [365.25 / 7]


def test_parquet_carries_its_facts(done):
    facts = frames.read_facts(parquet.read_table(done[0] / "scored.parquet"))
    assert facts == frames.read_facts(frames.load(done[0] / "scored.parquet"))
    assert facts["time_unit"] == "week"
    assert facts["observation_end"] == log_lines()["date"].max()
    assert (facts["margin"], facts["annual_discount_rate"]) == ("0.4", "0.1")
    assert float(facts["horizon"]) == 365.25 / 7


def test_the_model_file_gives_the_same_scores(done, log_file):
    model = clv.load_model(done[0] / "scored.model.json")
    summary = clv.rfm_summary(log_file)
    scored = pd.read_parquet(done[0] / "scored.parquet")
    again = model.predict(summary, horizon=365.25 / 7)
    pd.testing.assert_frame_equal(again, scored[again.columns.to_list()], check_exact=True)


def test_csv_holds_the_same_numbers(done, log_file, tmp_path):
    ran = run("forecast", log_file, "--out", "scored.CSV", "--model", "m.json", "--margin", "0.4", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.json", "scored.CSV"]
    assert b"\r" not in (tmp_path / "scored.CSV").read_bytes()
    one = pd.read_csv(tmp_path / "scored.CSV", dtype={"customer_id": str})
    other = pd.read_parquet(done[0] / "scored.parquet")
    pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)
    assert (tmp_path / "m.json").read_bytes() == (done[0] / "scored.model.json").read_bytes()
    assert ran.stdout.replace("scored.CSV", "X").replace("m.json", "Y") == done[1].stdout.replace(
        "scored.parquet", "X"
    ).replace("scored.model.json", "Y")


def test_identifiers_come_out_as_they_went_in(tmp_path, monkeypatch, capsys):
    log = log_lines(30)
    odd = {"00000": "", "00001": "=1+1", "00002": 'a,"b"', "00003": "NA", "00004": "é\u2028ß", "00005": "1e5"}
    log["customer_id"] = log["customer_id"].replace({**odd, "00000": " 007 "})
    log.to_csv(tmp_path / "log.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["forecast", "log.csv", "--out", "scored.csv", "--purchases", "bg_nbd", "--top", "99"]) == 0
    scored = pd.read_csv("scored.csv", dtype={"customer_id": str}, keep_default_na=False)
    assert set(scored["customer_id"]) == set(log["customer_id"])
    assert "=1+1" in capsys.readouterr().out


def test_whole_number_identifiers_are_numbers_in_parquet(tmp_path, monkeypatch):
    log = log_lines(30)
    log["customer_id"] = log["customer_id"].astype(int) + 1
    log.to_csv(tmp_path / "log.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["forecast", "log.csv", "--out", "scored.parquet", "--purchases", "nbd", "--top", "0"]) == 0
    assert pd.read_parquet("scored.parquet")["customer_id"].to_list() == list(range(1, 31))


def test_other_columns_several_files_and_settings(tmp_path, monkeypatch, capsys):
    log = log_lines().rename(columns={"customer_id": "client", "date": "when", "amount": "paid"})
    log.iloc[:100].to_csv(tmp_path / "part1.csv", index=False)
    log.iloc[100:].to_csv(tmp_path / "part2.csv", index=False)
    monkeypatch.chdir(tmp_path)
    words = "--customer-id client --date when --amount paid --refunds drop --time-unit day --horizon 90 --top 2"
    words += " --annual-discount-rate 0.125 --purchases mbg_nbd --observation-end 2023-12-31"
    assert cli.main(["forecast", "part*.csv", "--out", "scored.csv", *words.split()]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "MBG/NBD\n" in said.out
    assert "the next 90 days\n" in said.out
    assert "THE 2 MOST VALUABLE CUSTOMERS" in said.out
    assert "observed until 2023-12-31" in said.out
    model = clv.load_model("scored.model.json")
    assert (model.purchases.time_unit, model.annual_discount_rate) == ("day", 0.125)
    assert set(pd.read_csv("scored.csv")["horizon"]) == {90.0}


def test_a_second_run_writes_the_same_bytes_over_the_first(log_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = set()
    for _ in range(2):
        assert cli.main(["forecast", str(log_file), "--out", "s.parquet", "--purchases", "bg_nbd"]) == 0
        seen.add((Path("s.parquet").read_bytes(), Path("s.model.json").read_bytes()))
    assert len(seen) == 1


# --- what it says --------------------------------------------------------------------------------------------------


def test_says_what_was_read_assumed_learnt_and_forecast(done):
    said, log = done[1].stdout, log_lines()
    scored = pd.read_parquet(done[0] / "scored.parquet")
    assert f"{len(log):,} lines read, dated {log['date'].min()} to {log['date'].max()}" in said
    assert f"{len(scored)} customers in the summary" in said
    merged = len(log) - len(log.drop_duplicates(["customer_id", "date"]))
    assert merged >= 2
    assert f"merged: {merged} lines" in said
    assert "1 refund line (amount below 0), -10.00 in all" in said
    assert "1 line with an amount of 0: kept" in said
    for setting in (
        "purchase model  Pareto/NBD  (default)",
        "spend model     Gamma-Gamma  (default)",
        "time unit       week  (default)",
        "horizon         the next 52.18 weeks  (default)",
        "discount rate   10% a year  (default)",
        "refunds         net  (default)",
        "margin          0.4 of spend\n",
    ):
        assert setting in said
    model = clv.load_model(done[0] / "scored.model.json")
    for part in (model.purchases, model.spend):
        for name, value in part.parameters.items():
            estimate, error = re.search(rf"^  {name} +([0-9.]+) +([0-9.]+)   ", said, re.MULTILINE).groups()
            assert float(estimate) == pytest.approx(value, rel=1e-3)
            assert float(error) == pytest.approx(part.standard_errors[name], rel=1e-3)
        assert f"log-likelihood {part.fit_report.log_likelihood:,.2f}" in said
        assert part.fit_report.verdict in said
    assert f"discounted value     {scored['clv'].sum():>16,.2f}" in said
    best = scored.nlargest(10, "clv")
    listed = re.search(r"THE 10 MOST VALUABLE CUSTOMERS\n.*\n((?:  .*\n){10})\n", said)
    assert [line.split()[0] for line in listed[1].splitlines()] == best["customer_id"].to_list()
    assert [line.split()[-1] for line in listed[1].splitlines()] == [f"{v:,.2f}" for v in best["clv"]]
    assert said.endswith("customers to scored.parquet\nWrote the model to scored.model.json\n")


def test_help_can_be_followed_by_a_newcomer(tmp_path):
    first = run("--help", cwd=tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    assert "forecast" in first.stdout
    second = run("forecast", "--help", cwd=tmp_path)
    assert (second.returncode, second.stderr) == (0, "")
    for word in ("--out", "--customer-id", "--horizon", "default: pareto_nbd", "default: week", "examples:"):
        assert word in second.stdout
    assert "SUPPRESS" not in second.stdout


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"clvmodels {clv.__version__}\n"


def test_an_untrustworthy_fit_says_so_and_still_delivers(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text("customer_id,date,amount\n1,2024-01-01,1\n1,2024-01-09,5\n2,2024-01-02,3\n")
    assert cli.main(["forecast", "log.csv", "--out", "scored.csv"]) == 0
    said = capsys.readouterr()
    assert "Do not trust this fit" in said.out
    assert "only 1 customers" not in said.out or "only 1 customer" in said.out
    assert all(line.startswith("warning: ") for line in said.err.splitlines())
    assert len(pd.read_csv("scored.csv")) == 2


def test_warnings_say_which_model_they_speak_of(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text("customer_id,date,amount\n1,2024-01-01,1\n1,2024-01-09,5\n2,2024-01-02,3\n")
    assert cli.main(["forecast", "log.csv", "--out", "scored.csv"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(set(said))


@pytest.mark.parametrize("rate", ["0.125", "0.07"])
def test_the_rate_is_printed_without_useless_zeros(rate, log_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["--annual-discount-rate", rate, "--purchases", "nbd"]
    assert cli.main(["forecast", str(log_file), "--out", "s.csv", *words]) == 0
    assert f"discount rate   {float(rate) * 100:g}% a year\n" in capsys.readouterr().out


def test_an_infinite_value_is_explained(log_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["--horizon", "inf", "--annual-discount-rate", "0", "--purchases", "nbd"]
    assert cli.main(["forecast", str(log_file), "--out", "s.csv", *words]) == 0
    said = capsys.readouterr()
    assert "the rest of their lives" in said.out
    assert "has no dropout, so nobody ever stops buying" in said.err
    assert "nan" not in said.out
    assert np.isinf(pd.read_csv("s.csv")["clv"]).all()


# --- progress, pipes and signals ------------------------------------------------------------------------------------


def test_progress_shows_on_a_terminal_only(log_file, tmp_path):
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    command = [sys.executable, "-m", "clvmodels.cli", "forecast", str(log_file), "--out", "s.csv"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, text=True) as child:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux says so when the other side has gone
                break
            if not part:
                break
            shown += part
        said = child.stdout.read()
    os.close(ours)
    assert child.returncode == 0
    for step in (b"reading the log", b"fitting purchases", b"fitting spend", b"scoring customers"):
        assert step in shown
    assert "reading the log" not in said
    assert "\r" not in said


def test_a_reader_who_leaves_early_costs_nothing(log_file, tmp_path):
    command = [sys.executable, "-m", "clvmodels.cli", "forecast", str(log_file), "--out", "s.csv", "--top", "99"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        child.stdout.close()
        complaint = child.stderr.read()
    assert (child.returncode, complaint) == (0, "")
    assert (tmp_path / "s.csv").exists()


def test_exit_code_0_means_written_even_if_nobody_reads_the_warnings(tmp_path):
    (tmp_path / "log.csv").write_text("customer_id,date,amount\n1,2024-01-01,1\n1,2024-01-09,5\n2,2024-01-02,3\n")
    command = [sys.executable, "-m", "clvmodels.cli", "forecast", "log.csv", "--out", "s.csv"]
    ours, theirs = os.pipe()
    os.close(ours)
    child = subprocess.run(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs, timeout=60)
    os.close(theirs)
    assert (child.returncode == 0) == (tmp_path / "s.csv").exists()


@pytest.mark.parametrize("how", ["closed", "ascii"])
def test_trouble_with_standard_output_does_not_deny_what_was_written(how, tmp_path):
    lines = "é,2024-01-01,1\né,2024-01-09,5\nb,2024-01-02,3\n"
    (tmp_path / "log.csv").write_text("customer_id,date,amount\n" + lines, encoding="utf-8")
    command = [sys.executable, "-m", "clvmodels.cli", "forecast", "log.csv", "--out", "s.csv"]
    if how == "closed":
        command = ["sh", "-c", '"$0" "$@" >&-', *command]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    child = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=60)
    assert (tmp_path / "s.csv").exists()
    assert "nothing was written" not in child.stderr
    assert child.returncode == 0


HALFWAY = """
import sys, time
from clvmodels import cli
from clvmodels.cli import commands
real = commands.write_table
def half(scored, path, suffix):
    real(scored.head(5), path, suffix)
    print("halfway", flush=True)
    for _ in range(600):  # a signal that comes just before a long sleep would be seen only after it
        time.sleep(0.1)
commands.write_table = half
sys.exit(cli.main())
"""


def stopped_halfway(log_file, folder, sort):
    (folder / "s.csv").write_text("yesterday")
    command = [sys.executable, "-c", HALFWAY, "forecast", str(log_file), "--out", "s.csv", "--purchases", "nbd"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "halfway\n"
        child.send_signal(sort)
        said, complaint = child.communicate(timeout=30)
    assert said == ""
    assert (folder / "s.csv").read_text() == "yesterday"
    assert not (folder / "s.model.json").exists()
    return child.returncode, complaint


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupted_halfway_leaves_everything_as_it_was(log_file, tmp_path):
    code, complaint = stopped_halfway(log_file, tmp_path, signal.SIGINT)
    assert code == 130
    assert complaint == "clvmodels: interrupted; nothing was written\n"
    assert [p.name for p in tmp_path.iterdir()] == ["s.csv"]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_killed_halfway_leaves_nothing_under_the_final_name(log_file, tmp_path):
    code, complaint = stopped_halfway(log_file, tmp_path, signal.SIGTERM)
    assert code != 0
    assert "Traceback" not in complaint


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_killed_halfway_leaves_no_temporary_files(log_file, tmp_path):
    stopped_halfway(log_file, tmp_path, signal.SIGTERM)
    assert [p.name for p in tmp_path.iterdir()] == ["s.csv"]


# --- how it refuses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--customer-id client", r"no column 'client'; the columns found are 'customer_id', 'date', 'amount'"),
        ("--date when", "no column 'when'"),
        ("--amount paid", "no column 'paid'"),
        ("--horizon -1", r"horizon must be a number of at least 0; found -1"),
        ("--horizon nan", r"horizon must be a number of at least 0; found nan"),
        ("--annual-discount-rate -1", r"must be above -1 .* found -1"),
        ("--annual-discount-rate -7", r"must be above -1 .* found -7"),
        ("--annual-discount-rate nan", r"must be above -1 .* found nan"),
        ("--annual-discount-rate inf", r"must be above -1 .* finite.* found inf"),
        ("--annual-discount-rate -0.5 --horizon inf", r"negative .*-0\.5.* infinite horizon: give a finite horizon"),
        ("--margin nan", r"margin must be finite.* found nan"),
        ("--margin inf", r"margin must be finite.* found inf"),
        ("--observation-end 1990-01-01", r"on or before observation_end 1990-01-01: the log runs from 2023"),
        ("--observation-end tomorrow", r"must be a date .* found 'tomorrow'"),
        ("--observation-end 2023-02-30", r"must be a date .* found '2023-02-30'"),
        ("--observation-start 2050-01-01", r"first bought before observation_start 2050-01-01"),
        ("--observation-start 2023-06-01 --observation-end 2023-01-01", r"must not be later than observation_end"),
        ("--refunds error", r"1 of .* lines have a negative amount, first .*00002.*-10"),
        ("--out scored.xlsx", r"--out must end in .csv or .parquet; found scored.xlsx"),
        ("--out scored", r"--out must end in .csv or .parquet; found scored"),
        ("--out nowhere/scored.csv", r"there is no folder nowhere; make it first"),
        ("--model nowhere/model.json", r"there is no folder nowhere; make it first"),
        ("--model ./scored.csv", r"--out and --model are the same file"),
        ("--out .", r"--out must end in"),
    ],
)
def test_refuses_a_setting(words, message, refuse):
    assert re.search(message, refuse(*words.split()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"customer_id,date,amount\n", "the log is empty"),
        (b"", "no column 'customer_id'"),
        (b"customer_id,date,amount\n1,2024-01-01,5\n2,2024-01-02,5\n", "nobody came back: all 2 customers"),
        (b"customer_id,date,amount\n1,2024-01-01,0\n1,2024-01-09,0\n", "nobody came back and paid"),
        (b"customer_id,date,amount\n1,2024-01-01,-4\n1,2024-01-09,-4\n", "no purchase in the log"),
        (b"customer_id,date,amount\n1,2024-01-01,5\n2,2024-01-02\n", "not well formed, first at line 3"),
        (b'customer_id,date,amount\n1,2024-01-01,5\n2,2024-01-02,"5\n', "not well formed, first at line 3"),
        (b"customer_id,date,amount\n\xff\xfe,2024-01-01,5\n", "UTF-8"),
        (bytes(range(256)) * 8, "UTF-8"),
        (b"PK\x03\x04" + b"\x00" * 500, "no column 'customer_id'"),
        (
            b"customer_id,date,amount\n1,01/02/2024,5\n1,2024-01-02,5\n",
            "1 of 2 lines may be read with the day first or with the month first",
        ),
        (b"customer_id,date,amount\n1,2024-02-30,5\n1,2024-01-02,5\n", r"1 of 2 lines.*2024-02-30"),
        (b"customer_id,date,amount\n1,,5\n1,,5\n", "'date' is empty in all 2 lines"),
        (b"customer_id,date,amount\n,2024-01-02,5\n", "'customer_id' is empty in all 1 lines"),
        (b"customer_id,date,amount\n1,2024-01-01,abc\n1,2024-01-02,5\n", r"1 of 2 lines.*amount='abc'"),
        (b"customer_id,date,amount\n1,2024-01-01,\n1,2024-01-02,5\n", "1 of 2 lines are missing"),
        (b"customer_id,date,amount\n1,2024-01-01,inf\n1,2024-01-02,5\n", r"amount='inf'"),
        (b"customer_id,date,amount\n1,2024-01-01,1e30\n1,2024-01-02,5\n", r"amount='1e30'"),
        (b'customer_id,date,amount\n1,2024-01-01,"1,50"\n1,2024-01-02,5\n', r"amount='1,50'"),
        (b"customer_id,date,date,amount\n1,2024-01-01,2024-01-01,5\n", "'date' must be there once"),
    ],
)
def test_refuses_a_log(content, message, refuse, tmp_path):
    (tmp_path / "bad.csv").write_bytes(content)
    assert re.search(message, refuse(log="bad.csv"))


def test_refuses_parquet_that_is_none(refuse, tmp_path, log_file):
    (tmp_path / "bad.parquet").write_bytes(b"\x00\x01nonsense" * 100)
    assert "Parquet" in refuse(log="bad.parquet")
    pd.read_csv(log_file).to_parquet(tmp_path / "cut.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "cut.parquet").read_bytes()[:-200])
    assert "damaged" in refuse(log="cut.parquet")
    pd.DataFrame({"customer_id": [1, 1], "date": [20240101, 20240102], "amount": [1.0, 2.0]}).to_parquet(
        tmp_path / "numbers.parquet"
    )
    assert "'date' must hold dates" in refuse(log="numbers.parquet")
    pd.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01"] * 2, "amount": ["1", "x"]}).to_parquet(
        tmp_path / "texts.parquet"
    )
    assert "'amount' must hold numbers" in refuse(log="texts.parquet")


@pytest.mark.parametrize("log", ["missing.csv", "", ".", "*.txt", "https://example.org/log.csv", "s3://b/log.parquet"])
def test_refuses_a_log_that_is_not_there(log, refuse):
    assert re.search("no file found|remote path", refuse(log=log))


def test_refuses_to_write_over_the_log(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log_lines(20).to_csv("log.csv", index=False)
    before = Path("log.csv").read_bytes()
    for words in (["--out", "log.csv"], ["--out", "./log.csv"], ["--out", "o.csv", "--model", "log.csv"]):
        assert cli.main(["forecast", "log.csv", *words]) == 1
        assert "is the log itself" in capsys.readouterr().err
    Path("other.csv").symlink_to("log.csv")
    assert cli.main(["forecast", "log.csv", "--out", "other.csv"]) == 1
    assert Path("log.csv").read_bytes() == before


def test_refuses_to_write_over_one_of_several_logs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log = log_lines(20)
    log.iloc[:20].to_csv("a.csv", index=False)
    log.iloc[20:].to_csv("b.csv", index=False)
    before = Path("a.csv").read_bytes()
    code = cli.main(["forecast", "*.csv", "--out", "a.csv", "--purchases", "nbd"])
    assert Path("a.csv").read_bytes() == before
    assert code == 1


def test_refuses_a_folder_as_output(refuse, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert "folder.csv: it is a folder" in refuse("--out", "folder.csv")
    assert "it is a folder" in refuse("--model", "folder.csv")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder in which nobody can make a file")
def test_refuses_where_nothing_can_be_written(refuse):
    assert "cannot write /proc/scored" in refuse("--out", "/proc/scored.csv", "--purchases", "nbd")


@pytest.mark.parametrize("at", ["csv", "model"])
def test_a_full_disk_leaves_the_old_files(at, log_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text("yesterday")
    Path("s.model.json").write_text("old")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    if at == "csv":
        monkeypatch.setattr(commands, "write_table", full)
    else:
        monkeypatch.setattr(os, "fsync", full)
    assert cli.main(["forecast", str(log_file), "--out", "s.csv", "--purchases", "nbd"]) == 1
    assert capsys.readouterr().err == "clvmodels: No space left on device\n"
    assert (Path("s.csv").read_text(), Path("s.model.json").read_text()) == ("yesterday", "old")
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_inside_is_admitted(log_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "write_table", broken)
    assert cli.main(["forecast", str(log_file), "--out", "s.csv", "--purchases", "nbd"]) == 70
    assert "an error inside the program (ZeroDivisionError); nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        "",
        "nonsense",
        "forecast",
        "forecast log.csv",
        "forecast log.csv --out s.csv --horizon soon",
        "forecast log.csv --out s.csv --purchases os",
        "forecast log.csv --out s.csv --time-unit minute",
        "forecast log.csv --out s.csv --top -1",
        "forecast log.csv --out s.csv --refunds perhaps",
        "forecast log.csv more --out s.csv",
        "forecast log.csv --out s.csv --unknown",
    ],
)
def test_wrong_usage_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(words.split())
    assert stopped.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--annual-discount-rate -2 --horizon inf", "--customer-id nobody"])
def test_a_refused_command_ends_with_1(words, log_file, tmp_path):
    ran = run("forecast", log_file, "--out", "s.csv", *words.split(), cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("clvmodels: ")
    assert ran.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["--customer-id x", "--amount x", "--refunds error", "dates", "amounts"])
def test_messages_speak_of_options_and_not_of_python(words, refuse, tmp_path, log_file):
    (tmp_path / "dates.csv").write_text("customer_id,date,amount\n1,01/02/2024,5\n1,2024-01-02,5\n")
    (tmp_path / "amounts.csv").write_text("customer_id,date,amount\n1,2024-01-01,abc\n1,2024-01-02,5\n")
    is_file = not words.startswith("-")
    message = refuse(*([] if is_file else words.split()), log=f"{words}.csv" if is_file else log_file)
    advice = re.split(r"(?<=[a-z'])\. ", message)[-1]
    assert not PYTHON.search(advice.split(", first ")[-1])


def test_intervals_are_written_and_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log_lines(300).to_csv("log.csv", index=False)
    # in this made log frequent buyers may spend more, and a model of 300 customers may be in doubt: neither is at issue
    asked = (
        "forecast",
        "log.csv",
        "--out",
        "scored.csv",
        "--interval",
        "0.9",
        "--draws",
        "100",
        "--purchases",
        "bg_nbd",
    )
    assert cli.main(asked) == 0
    told = capsys.readouterr().out
    scored = pd.read_csv("scored.csv", dtype={"customer_id": str})
    assert list(scored.columns)[:4] == ["customer_id", "p_alive", "p_alive_low", "p_alive_high"]
    assert (scored["clv_low"] <= scored["clv_high"]).all()
    assert set(scored["interval_source"]) == {"covariance"}
    assert re.search(r"expected purchases +[\d,]+  \(90 % interval [\d,]+ to [\d,]+\)", told)
    assert "parameters (by the standard errors of the fit)" in told


@pytest.mark.parametrize(("level", "said"), [("90", "between 0 and 1"), ("x", "expected a number")])
def test_an_interval_is_a_share(log_file, tmp_path, monkeypatch, capsys, level, said):
    monkeypatch.chdir(tmp_path)
    words = ["forecast", str(log_file), "--out", "scored.csv", "--interval", level]
    if said == "expected a number":  # wrong usage
        with pytest.raises(SystemExit) as stopped:
            cli.main(words)
        assert stopped.value.code == 2
    else:
        assert cli.main(words) == 1
    assert said in capsys.readouterr().err
    assert not Path("scored.csv").exists()
