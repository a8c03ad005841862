"""`clvmodels summarize`, `fit` and `score`: together they are `forecast`, and each stands on its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import cli, frames


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = clv.load_cdnow(sample=True)
    log["customer_id"] = "c" + log["customer_id"]
    log.to_csv("log.csv", index=False)


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
        before = {p.name: p.read_bytes() for p in Path().iterdir()}
        assert cli.main(words.split()) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("clvmodels: ")
        assert said.err.count("\n") == 1
        assert {p.name: p.read_bytes() for p in Path().iterdir()} == before
        return said.err

    return run


def figures(said: str) -> dict[str, int]:
    """The whole numbers of a report by their names."""
    found = re.findall(r"^  (\w[\w ]*?) {2,}([\d,]+)(?:  |$)", said, flags=re.MULTILINE)
    return {name: int(number.replace(",", "")) for name, number in found}


def test_the_three_steps_are_the_forecast(ran):
    ran("forecast log.csv --out whole.parquet --purchases bg_nbd --margin 0.3 --horizon 26")
    said = ran("summarize log.csv --out summary.parquet")
    assert "6,919 lines read" in said
    assert "Wrote 2,357 customers to summary.parquet" in said
    said = ran("fit summary.parquet --out model.json --purchases bg_nbd --margin 0.3")
    assert "PURCHASES: BG/NBD (times in weeks)" in said
    assert "The fit has converged." in said
    said = ran("score model.json summary.parquet --out steps.parquet --horizon 26 --top 3")
    assert "THE 3 MOST VALUABLE CUSTOMERS" in said
    pd.testing.assert_frame_equal(pd.read_parquet("steps.parquet"), pd.read_parquet("whole.parquet"))
    assert json.loads(Path("model.json").read_text()) == json.loads(Path("whole.model.json").read_text())


def test_the_summary_is_that_of_the_library_and_keeps_its_facts(ran):
    ran("summarize log.csv --out s.parquet --time-unit day --event-grain week --observation-end 1997-09-30")
    keywords = {"time_unit": "day", "event_grain": "week", "observation_end": "1997-09-30"}
    expected = clv.rfm_summary(pd.read_csv("log.csv"), **keywords)
    found = frames.load("s.parquet")
    pd.testing.assert_frame_equal(found, expected)
    assert frames.read_facts(found) == frames.read_facts(expected)


def test_a_csv_summary_must_be_told_its_facts_again(ran, refused):
    assert "fit it with --time-unit week, score it with --observation-end 1998-06-30" in ran(
        "summarize log.csv --out s.csv"
    )
    assert "Pass --time-unit week if a week is 1.0 in T" in refused("fit s.csv --out m.json")
    ran("fit s.csv --out m.json --time-unit week --purchases nbd")
    assert "pass --observation-end, for example 2024-12-31" in refused("score m.json s.csv --out o.csv")
    ran("score m.json s.csv --out o.csv --observation-end 1998-06-30")
    assert pd.read_csv("o.csv")["observation_end"].unique().tolist() == ["1998-06-30"]


def test_a_log_is_fitted_as_its_summary_is(ran, refused):
    said = ran("summarize log.csv --out s.parquet --observation-end 1997-09-30 --time-unit day")
    said = ran("fit s.parquet --out a.json --purchases bg_nbd")
    assert said.startswith("THE SUMMARY s.parquet\n  customers                       2,357\n")
    assert "  different histories             1,016  (frequency, recency, T; times in days)\n" in said
    said = ran("fit log.csv --out b.json --purchases bg_nbd --observation-end 1997-09-30 --time-unit day --threads 1")
    assert said.startswith("THE LOG log.csv\n  lines                           6,919\n")
    assert "  left out                        1,959  (after the observation end)\n" in said
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()
    ran("fit log.csv --out week.json --purchases nbd")
    assert clv.load_model("week.json").purchases.time_unit == "week"
    assert "has no column 'client'" in refused("fit log.csv --out c.json --customer-id client")
    assert "--memory-limit must be a size" in refused("fit log.csv --out c.json --memory-limit much")
    assert "weights are for a summary" in refused("fit log.csv --out c.json --weights quantity")


def test_several_files_are_one_summary(ran, refused):
    ran("summarize log.csv --out s.parquet")
    table = frames.load("s.parquet")
    table[:900].to_parquet("part-0.parquet", index=False)
    table[900:].to_parquet("part-1.parquet", index=False)
    ran("fit s.parquet --out whole.json --purchases bg_nbd")
    assert "THE SUMMARY part-0.parquet part-1.parquet" in ran(
        "fit part-0.parquet part-1.parquet --out parts.json --purchases bg_nbd"
    )
    ran("fit part-*.parquet --out wild.json --purchases bg_nbd")
    assert Path("parts.json").read_bytes() == Path("whole.json").read_bytes() == Path("wild.json").read_bytes()
    assert "a summary has one row per customer" in refused("fit s.parquet part-0.parquet --out twice.json")
    assert "no file found" in refused("fit nothing.parquet --out none.json")


def test_options_of_a_log_are_refused_for_a_summary_but_may_stand_in_a_settings_file(ran, refused):
    ran("summarize log.csv --out s.parquet")
    said = refused("fit s.parquet --out m.json --refunds drop --no-amount")
    assert "s.parquet is a summary" in said
    assert "leave --no-amount, --refunds out" in said
    Path("clvmodels.toml").write_text('refunds = "drop"\nmargin = 0.5\n')
    ran("fit s.parquet --out m.json --purchases nbd")
    assert clv.load_model("m.json").margin == 0.5
    said = refused("score m.json s.parquet --out o.parquet --event-grain hour --date day")
    assert "s.parquet is a summary" in said
    assert "leave --date, --event-grain out" in said
    ran("score m.json s.parquet --out o.parquet")


def test_a_summary_with_weights(ran):
    ran("summarize log.csv --out s.parquet")
    table = frames.load("s.parquet")
    table.assign(many=3).to_parquet("many.parquet", index=False)
    said = ran("fit many.parquet --out m.json --purchases nbd --weights many")
    assert "  customers                       7,071\n" in said
    model = clv.load_model("m.json").purchases
    assert model.parameters == pytest.approx(clv.PurchaseModel("nbd").fit(table).parameters)


def test_without_money_purchases_alone(ran):
    said = ran("summarize log.csv --out s.parquet --no-amount")
    assert "mean spend" not in said
    assert "purchases were fitted, spend was not" in ran("fit s.parquet --out m.json --purchases bg_nbd")
    said = ran("score m.json s.parquet --out o.parquet")
    assert "discounted value" not in said
    assert "THE 10 CUSTOMERS WHO WILL BUY MOST" in said
    columns = ["customer_id", "p_alive", "expected_purchases", "observation_end", "horizon", "time_unit"]
    assert pd.read_parquet("o.parquet").columns.to_list() == columns
    said = ran("forecast log.csv --out f.parquet --no-amount --purchases bg_nbd")
    assert "discount rate" not in said
    pd.testing.assert_frame_equal(pd.read_parquet("f.parquet"), pd.read_parquet("o.parquet"))


def test_rate_and_margin_of_the_model_and_instead_of_it(ran):
    ran("summarize log.csv --out s.parquet")
    ran("fit s.parquet --out m.json --purchases bg_nbd --margin 0.3")
    ran("score m.json s.parquet --out kept.parquet")
    ran("score m.json s.parquet --out other.parquet --margin 0.6 --annual-discount-rate 0")
    kept, other = pd.read_parquet("kept.parquet"), pd.read_parquet("other.parquet")
    np.testing.assert_allclose(other["clv"], 0.6 * other["expected_purchases"] * other["expected_spend"], rtol=1e-12)
    assert (kept["clv"] < 0.3 * kept["expected_purchases"] * kept["expected_spend"]).all()
    summary = frames.load("s.parquet")
    summary["share"] = 0.6
    summary.to_parquet("with_margin.parquet", index=False)
    ran("score m.json with_margin.parquet --out column.parquet --margin share --annual-discount-rate 0")
    assert pd.read_parquet("column.parquet")["clv"].tolist() == other["clv"].tolist()


def test_intervals_are_told_in_words_and_are_those_of_the_file(ran):
    said = ran("forecast log.csv --out scored.csv --interval 0.8 --draws 200")
    assert "  intervals       80 %, from 200 simulated futures\n" in said
    assert "parameters (by the standard errors of the fit)" in said
    told = frames.read_facts(
        clv.load_model("scored.model.json").predict(  # the same seed, and so the same numbers
            clv.rfm_summary("log.csv", time_unit="week"), interval=0.8, draws=200
        )
    )
    low, high = (float(str(told[f"total_clv_{end}"])) for end in ("low", "high"))
    assert f"(80 % interval {low:,.2f} to {high:,.2f})" in said
    assert "intervals  " not in ran("forecast log.csv --out plain.csv")


def test_weights_are_customers(ran):
    summary = pd.DataFrame({"frequency": [2, 0, 5] * 8, "recency": [3.0, 0, 8] * 8, "T": [9.0, 9, 10] * 8})
    summary["monetary_value"] = np.where(summary["frequency"] > 0, 10.0 + np.arange(24) % 7, np.nan)
    summary["n"] = 1 + np.arange(24) % 3
    summary.to_csv("few.csv", index=False)
    summary.loc[summary.index.repeat(summary["n"])].to_csv("many.csv", index=False)
    assert (
        cli.main(["fit", "few.csv", "--out", "few.json", "--time-unit", "week", "--purchases", "nbd", "--weights", "n"])
        == 0
    )
    assert cli.main(["fit", "many.csv", "--out", "many.json", "--time-unit", "week", "--purchases", "nbd"]) == 0
    few, many = clv.load_model("few.json"), clv.load_model("many.json")
    for name, value in few.purchases.parameters.items():
        assert many.purchases.parameters[name] == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("summarize log.csv --out s.json", "--out must end in .csv or .parquet"),
        ("summarize log.csv --out log.csv", "is the log itself"),
        ("summarize nothing.csv --out s.csv", "no file found"),
        ("fit log.csv --out m.csv", "--out must end in .json"),
        ("fit nothing.parquet --out m.json", "nothing.parquet"),
        ("fit log.csv --out m.json --date when", "has no column 'when'"),
        ("score log.csv log.csv --out s.csv", "log.csv"),
        ("score nothing.json log.csv --out s.csv", "nothing.json"),
    ],
)
def test_refuses(words, message, refused):
    assert message in refused(words)


def test_refuses_to_score_with_a_spend_model(refused):
    clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0}).save("spend.json")
    assert "a spend model alone" in refused("score spend.json log.csv --out s.csv")


def test_refuses_two_ends_that_differ(ran, refused):
    ran("summarize log.csv --out s.parquet")
    ran("fit s.parquet --out m.json --purchases nbd")
    message = refused("score m.json s.parquet --out o.csv --observation-end 1997-09-30")
    assert "1997-09-30" in message
    assert "1998-06-30" in message


def test_how_a_log_is_read(ran, refused):
    """Each option reaches the reading, and a refusal names the option that would help."""
    Path("dirty.csv").write_text(
        "who,when,paid,order,money\n"
        "a,03/01/2024,10,1,EUR\na,13/01/2024,20,2,EUR\na,20/01/2024,-10,1,USD\nb,05/01/2024,5,3,EUR\n,06/01/2024,5,4,EUR\n"
    )
    names = "--customer-id who --date when --amount paid"
    message = refused(f"summarize dirty.csv --out s.csv {names}")
    assert 'Pass --date-format "%d/%m/%Y": the first number goes up to 20, so it is the day' in message
    read = f"dirty.csv --out s.csv {names} --date-format %d/%m/%Y --time-unit day"
    said = ran(f"summarize {read} --order-id order --currency money --tz Europe/Berlin")
    assert "left out: 1 line without a customer" in said
    assert "USD: 1 line" in said
    assert pd.read_csv("s.csv")["T"].tolist() == [7.0, 15.0]  # order 1 is taken back on its own day
    assert "-10.00 could not be taken off" not in said
    said = ran(f"summarize {read}")
    assert "pass --refunds carry_back" in " ".join(said.split())
    assert "carried back to 1 earlier purchase" in ran(f"summarize {read} --refunds carry_back")
    assert "--strict: 1 of 5 lines have no customer" in refused(f"summarize {read} --strict")


def test_whole_periods_for_bg_bb(ran, refused):
    message = refused("forecast log.csv --out f.csv --purchases bg_bb")
    assert "clvmodels summarize --periods" in message
    ran("summarize log.csv --out p.parquet --periods week --observation-end 1998-06-28")
    expected = clv.discrete_summary(pd.read_csv("log.csv"), "week", observation_end="1998-06-28")
    pd.testing.assert_frame_equal(frames.load("p.parquet"), expected)
    assert "PURCHASES: BG/BB (times in weeks)" in ran("fit p.parquet --out bb.json --purchases bg_bb")


def test_summaries_of_other_programs(ran, refused):
    """Semicolons, tabs, packed."""
    ran("summarize log.csv --out s.csv")
    table = pd.read_csv("s.csv")
    table.to_csv("semi.csv", sep=";", index=False)
    table.to_csv("tabs.tsv", sep="\t", index=False)
    table.to_csv("packed.csv.gz", index=False)
    for name in ("semi.csv", "tabs.tsv", "packed.csv.gz"):
        ran(f"fit {name} --out m.json --time-unit week --purchases nbd")
    assert "observation_end" in refused("score m.json s.csv --out o.csv --observation-end tomorrow")


def test_a_summary_is_updated_by_later_lines(ran, refused):
    log = pd.read_csv("log.csv")
    log[log["date"] <= "1998-05-31"].to_csv("old.csv", index=False)
    log[log["date"] > "1998-05-31"].to_csv("new.csv", index=False)
    ran("summarize old.csv --out old.parquet --keep-state --observation-end 1998-05-31 --time-unit day")
    said = ran("summarize new.csv --update old.parquet --out updated.parquet")
    assert "THE SUMMARY old.parquet, and the lines of new.csv until 1998-06-30" in said
    assert "Wrote 2,357 customers to updated.parquet" in said
    assert figures(said)["lines"] == figures(said)["used"] == (log["date"] > "1998-05-31").sum()
    ran("summarize log.csv --out whole.parquet --keep-state --time-unit day")
    pd.testing.assert_frame_equal(pd.read_parquet("updated.parquet"), pd.read_parquet("whole.parquet"))
    assert "--out must end in .parquet with --keep-state" in refused("summarize old.csv --out x.csv --keep-state")
    assert "--event-grain week differs from the summary's day" in refused(
        "summarize new.csv --update old.parquet --out x.parquet --event-grain week"
    )
    assert "--update does not go with --strict" in refused(
        "summarize new.csv --update old.parquet --out x.parquet --strict"
    )
    assert "old.parquet is the summary itself" in refused("summarize new.csv --update old.parquet --out old.parquet")


def test_late_lines_are_rebuilt_from_the_full_log(ran, refused):
    log = pd.read_csv("log.csv")
    log[log["date"] <= "1998-05-31"].iloc[1:].to_csv("old.csv", index=False)
    log[log["date"] > "1998-05-31"].to_csv("new.csv", index=False)
    pd.concat([log.iloc[:1], pd.read_csv("new.csv")]).to_csv("late.csv", index=False)
    ran("summarize old.csv --out old.parquet --keep-state --observation-end 1998-05-31")
    assert "1 line, of 1 customer, dated on or before 1998-05-31" in refused(
        "summarize late.csv --update old.parquet --out x.parquet"
    )
    said = ran("summarize late.csv --update old.parquet --out updated.parquet --late rebuild --full-log log.csv")
    assert figures(said)["customers rebuilt"] == 1
    ran("summarize log.csv --out whole.parquet --keep-state")
    pd.testing.assert_frame_equal(pd.read_parquet("updated.parquet"), pd.read_parquet("whole.parquet"))


def test_what_an_update_leaves_out_is_told_and_what_it_does_not_heed_is_refused(ran, refused):
    log = pd.read_csv("log.csv")
    log[log["date"] <= "1998-05-31"].to_csv("old.csv", index=False)
    new = log[log["date"] > "1998-05-31"].astype({"customer_id": object})
    new.iloc[:3, 0] = None
    new.iloc[3:5, 1] = None
    new.to_csv("new.csv", index=False)
    ran("summarize old.csv --out old.parquet --keep-state --observation-end 1998-05-31")
    said = ran("summarize new.csv --update old.parquet --out updated.parquet --observation-end 1998-06-29")
    after = (new.iloc[5:]["date"] > "1998-06-29").sum()
    assert re.findall(r"left out +(\d+)  \((.+)\)", said) == [
        (str(after), "after the observation end"),
        ("3", "without a customer"),
        ("2", "without a date"),
    ]
    assert figures(said)["used"] == len(new) - 5 - after
    for words in ("--late rebuild", "--full-log nothing.csv"):
        assert "--late and --full-log are for --update" in refused(f"summarize new.csv --out x.parquet {words}")
    new.head(0).to_csv("none.csv", index=False)
    for words, wanted in {
        "none.csv --update old.parquet": "pass --observation-end to say until when",
        "log.csv --update old.parquet": "Pass --late rebuild and --full-log, the whole log",
        "log.csv --update old.parquet --late rebuild": "--late rebuild and --full-log go together",
        "log.csv --update old.parquet --late rebuild --full-log new.csv": "--full-log must be the whole log",
        "new.csv --update old.parquet --observation-end 1998-01-01": "observation_end (1998-01-01) must not be",
        "new.csv --update old.csv": "Make it anew with clvmodels summarize --keep-state",
    }.items():
        message = refused(f"summarize {words} --out x.parquet")
        assert wanted in message
        assert "full_log" not in message
