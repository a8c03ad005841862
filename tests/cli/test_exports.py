"""Exports of other systems on the command line. The files are made up, in the layout that the vendor describes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import cli

HEADER = "Name,Email,Financial Status,Created at,Currency,Total,Cancelled at,Refunded Amount"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """The CDNOW sample as orders of a shop, and three orders more: a cancelled one, an anonymous one, a refund."""
    monkeypatch.chdir(tmp_path)
    log = clv.load_cdnow(sample=True)
    lines = [
        f"#{i},c{who}@cd.org,paid,{day:%Y-%m-%d} 12:00:00 -0500,USD,{amount},,"
        for i, (who, day, amount) in enumerate(zip(log["customer_id"], log["date"], log["amount"], strict=True))
    ]
    moment = "1997-02-02 12:00:00 -0500"
    lines += [
        f"#a,cut@cd.org,paid,{moment},USD,5.00,{moment},",
        f"#b,,paid,{moment},USD,6.00,,",
        f"#c,back@cd.org,paid,{moment},USD,7.00,,2.00",
    ]
    Path("orders.csv").write_text("\n".join([HEADER, *lines]) + "\n")


TOLD = (
    "  read as Shopify orders (as given)\n"
    "  layout: https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders\n"
    "  6,922 rows, 6,923 lines = 6,921 in the log (6,920 sales, 1 refund) + 1 left out (cancelled) + 1\n"
    "    without a customer\n"
    "  2,358 customers, dated 1997-01-01 to 1998-06-30\n"
    "  USD: 6,921 lines, "
)


@pytest.mark.parametrize(
    ("command", "heading"),
    [
        ("forecast orders.csv --out scored.csv", "THE LOG orders.csv"),
        ("summarize orders.csv --out summary.parquet", "THE LOG orders.csv"),
        ("fit orders.csv --out model.json", "THE LOG orders.csv"),
        (
            "validate orders.csv --out page.html --models nbd --calibration-end 1997-09-30 --no-overview",
            "THE LOG orders.csv",
        ),
        ("score fitted.json orders.csv --out scores", "THE LOG orders.csv"),
    ],
)
def test_every_command_that_reads_a_log_says_what_was_read(command, heading, capsys, monkeypatch):
    from clvmodels.reports import pictures

    monkeypatch.setattr(pictures, "WANTED", pictures.WANTED[:1])  # tests of reports draw them all
    clv.CLVModel().fit(clv.rfm_summary(clv.load_cdnow(sample=True))).save("fitted.json")
    assert cli.main([*command.split(), "--source", "shopify"]) == 0
    assert f"{heading}\n{TOLD}" in capsys.readouterr().out


def test_what_is_written_is_what_the_library_gives():
    command = "summarize orders.csv --out summary.parquet --source shopify --tz Europe/Berlin"
    assert cli.main(command.split()) == 0
    expected = clv.rfm_summary(clv.SystemLog("orders.csv", "shopify", tz="Europe/Berlin"))
    pd.testing.assert_frame_equal(pd.read_parquet("summary.parquet"), expected)


def test_rates_of_a_file(capsys):
    Path("rates.csv").write_text("currency,rate\nUSD,0.5\n")
    command = "summarize orders.csv --out summary.parquet --source shopify --rates rates.csv"
    assert cli.main(command.split()) == 1
    assert "pass --to-currency too, as in --to-currency EUR" in capsys.readouterr().err
    assert cli.main([*command.split(), "--to-currency", "EUR"]) == 0
    assert "  converted to EUR at the rates given: 6,921 lines, " in capsys.readouterr().out
    halved = pd.read_parquet("summary.parquet")["monetary_value"].sum()
    whole = clv.rfm_summary(clv.SystemLog("orders.csv", "shopify"))["monetary_value"].sum()
    assert halved == pytest.approx(whole / 2)


def test_several_currencies_are_refused_in_the_words_of_the_options(capsys):
    with Path("orders.csv").open("a") as file:
        file.write("#d,dan@cd.org,paid,1997-02-02 12:00:00 -0500,EUR,7.00,,\n")
    assert cli.main(["summarize", "orders.csv", "--out", "summary.parquet", "--source", "shopify"]) == 1
    said = capsys.readouterr().err
    assert "found 2: USD (6,921 lines), EUR (1 line). Pass --to-currency and --rates, a file" in said
    assert "=" not in said
    assert not Path("summary.parquet").exists()


def test_a_settings_file_names_the_source_and_a_summary_is_still_a_summary(capsys):
    Path("clvmodels.toml").write_text('source = "shopify"\n')
    assert cli.main(["summarize", "orders.csv", "--out", "summary.parquet"]) == 0
    assert TOLD in capsys.readouterr().out
    assert cli.main(["fit", "summary.parquet", "--out", "model.json"]) == 0
    assert "THE SUMMARY summary.parquet\n  customers " in capsys.readouterr().out
    Path("clvmodels.toml").unlink()
    assert cli.main(["fit", "summary.parquet", "--out", "model.json", "--source", "shopify"]) == 1
    assert "Shopify orders are read from csv files; found 'summary.parquet'" in capsys.readouterr().err


def test_a_summary_is_brought_forward_by_an_export(capsys):
    lines = Path("orders.csv").read_text().splitlines()
    parts = {"early.csv": [], "late.csv": []}
    for line in lines[1:]:
        parts["early.csv" if line.split(",")[3] < "1998-01-01" else "late.csv"].append(line)
    for name, part in parts.items():
        Path(name).write_text("\n".join([lines[0], *part]) + "\n")
    first = "summarize early.csv --out early.parquet --source shopify --keep-state --observation-end 1997-12-31"
    assert cli.main(first.split()) == 0
    terms = "--out all.parquet --source shopify --observation-end 1998-06-30"
    assert cli.main(["summarize", "late.csv", "--update", "early.parquet", *terms.split()]) == 0
    expected = clv.rfm_summary(clv.SystemLog("orders.csv", "shopify"), observation_end="1998-06-30", keep_state=True)
    expected.to_parquet("expected.parquet")
    expected = pd.read_parquet("expected.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet("all.parquet"), expected)
    late = ["--late", "rebuild", "--full-log", "orders.csv", "--update", "early.parquet", *terms.split()]
    assert cli.main(["summarize", "orders.csv", *late]) == 0
    pd.testing.assert_frame_equal(pd.read_parquet("all.parquet"), expected)
    capsys.readouterr()


def test_the_rates_are_not_written_over(capsys):
    Path("rates.csv").write_text("currency,rate\nUSD,0.5\n")
    terms = "orders.csv --source shopify --rates rates.csv --to-currency EUR --out rates.csv"
    for command in ("summarize", "forecast", "score model.json", "cross-check model.json"):
        clv.PurchaseModel.from_parameters("nbd", {"r": 1, "alpha": 9}, time_unit="week").save("model.json")
        assert cli.main([*command.split(), *terms.split()]) == 1
        assert "rates.csv is the rates itself" in capsys.readouterr().err
    assert Path("rates.csv").read_text() == "currency,rate\nUSD,0.5\n"


def test_what_was_recognised_is_told_and_not_warned_of(capsys):
    assert cli.main(["summarize", "orders.csv", "--out", "summary.parquet", "--source", "auto"]) == 0
    said = capsys.readouterr()
    assert "  read as Shopify orders (its header has 'Name'" in said.out
    assert said.err.count("warning") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("orders.csv --rates rates.csv", "--rates goes with --source: say which system the export is from"),
        ("orders.csv --to-currency EUR", "--to-currency goes with --source"),
        ("shop.duckdb --table orders --source shopify", "--source shopify is for files that a system exports"),
        ("orders.csv --source shoppy", "--source must be one of"),
        ("orders.csv --source shopify --table orders", "--table and --query are for a DuckDB file"),
    ],
)
def test_what_does_not_go_together(words, said, capsys):
    assert cli.main(["summarize", *words.split(), "--out", "summary.parquet"]) == 1
    assert said in capsys.readouterr().err


def test_an_export_without_a_source_is_told_the_option(capsys):
    assert cli.main(["summarize", "orders.csv", "--out", "summary.parquet"]) == 1
    said = capsys.readouterr().err
    assert (
        "They are the columns of Shopify orders: read the files with --source shopify. Else: Pass --customer-id" in said
    )


def test_a_log_as_it_stands_is_told_to_leave_the_source_out(capsys):
    Path("log.csv").write_text("customer_id,date,amount\n1,2024-01-01,3\n")
    assert cli.main(["summarize", "log.csv", "--out", "summary.parquet", "--source", "auto"]) == 1
    assert capsys.readouterr().err.endswith("it is a log as it stands: leave --source out\n")


def test_files_that_a_shell_has_named_are_told_to_be_quoted(capsys):
    with pytest.raises(SystemExit):
        cli.main(["summarize", "a.csv", "b.csv", "c.csv", "--out", "summary.parquet"])
    assert "b.csv c.csv. This command reads one file, or several by a wildcard in quotes: 'orders/*.csv'" in (
        capsys.readouterr().err
    )


def test_a_fit_says_who_of_the_export_never_bought_and_names_few_of_many_files(capsys):
    moment = "1997-02-02 12:00:00 -0500"
    for name in ("x1.csv", "x2.csv", "x3.csv"):
        Path(name).write_text(f"{HEADER}\n#{name},{name}@cd.org,refunded,{moment},USD,5.00,,5.00\n")
    files = ["orders.csv", "x1.csv", "x2.csv", "x3.csv"]
    assert cli.main(["fit", *files, "--source", "shopify", "--purchases", "nbd", "--out", "model.json"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("THE LOG orders.csv ... x3.csv (4 named)\n")
    assert "\n  2,361 customers, dated" in said
    assert "\n  customers left out                  3  (who never bought anything, refunds only)\n" in said
    assert "\n  customers                       2,358\n" in said


def test_the_report_is_of_the_pass_that_made_the_table(monkeypatch, capsys):
    """An export is brought together once for `summarize` and `fit`, its report included."""
    from clvmodels.transactions.systems import system_log

    passes = []
    made = system_log.make_kept
    monkeypatch.setattr(system_log, "make_kept", lambda *given, **named: passes.append(1) or made(*given, **named))
    for command in ("summarize orders.csv --out summary.parquet", "fit orders.csv --out model.json"):
        assert cli.main([*command.split(), "--source", "shopify"]) == 0
        assert TOLD in capsys.readouterr().out
        assert passes.pop() == 1
        assert passes == []


def test_only_purchases_are_counted_of_several_currencies(capsys):
    with Path("orders.csv").open("a") as file:
        file.write("#d,dan@cd.org,paid,1997-02-02 12:00:00 -0500,EUR,7.00,,\n")
    assert cli.main(["summarize", "orders.csv", "--out", "summary.parquet", "--source", "shopify", "--no-amount"]) == 0
    assert "  EUR: 1 line, 7.00\n" in capsys.readouterr().out


def test_what_need_not_be_read_again_is_not(capsys):
    clv.CLVModel().fit(clv.rfm_summary(clv.load_cdnow(sample=True))).save("fitted.json")
    command = "score fitted.json orders.csv --out scores --source shopify"
    assert cli.main(command.split()) == 0
    assert TOLD in capsys.readouterr().out
    assert cli.main(command.split()) == 0
    said = capsys.readouterr().out
    assert "Nothing to do" in said
    assert "read as" not in said
