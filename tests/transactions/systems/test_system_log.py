"""An export wherever a log goes, beside the same lines read into memory. The files are made up."""

from __future__ import annotations

import itertools
import json
import os
import random
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import clvmodels as clv

RATES = {"USD": "0.92"}


@pytest.fixture
def file(till):
    """300 customers of two years, their refunds, and what is to be left out."""
    chance, lines, number = random.Random(3), [], itertools.count()
    for who in range(300):
        at = datetime(2022, 1, 1) + timedelta(hours=chance.randrange(9000))
        pace, left = chance.gammavariate(0.8, 60), chance.expovariate(1 / 400)
        first, usual = at, chance.lognormvariate(3, 0.5)
        while at < datetime(2024, 1, 1) and (at - first).days <= left:
            paid, order = round(usual * chance.lognormvariate(0, 0.4), 2), next(number)
            code, state = chance.choice(["EUR", "USD"]), chance.choice(["paid"] * 9 + ["cancelled"])
            lines.append(f"{order},{who},{at},{paid},{code},{state}")
            if chance.random() < 0.05:
                lines.append(f"{order},{who},{at},{-paid},{code},{state}")
            at += timedelta(hours=1 + int(24 * chance.expovariate(1 / (1 + pace))))
    lines.append("x,,2022-05-01,5,EUR,paid")
    return till(*lines)


@pytest.fixture
def log(file):
    return clv.SystemLog(file, "till", rates=RATES, to_currency="EUR")


@pytest.fixture
def held(file):
    return clv.read_export(file, "till", rates=RATES, to_currency="EUR").log


@pytest.fixture
def model():
    purchases = clv.PurchaseModel.from_parameters(
        "pareto_nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, time_unit="week"
    )
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    return clv.CLVModel(purchases, spend)


def test_it_is_a_value(tmp_path):
    one = clv.SystemLog(tmp_path / "a.csv", "shopify", "Europe/Berlin", {"USD": 0.92, "GBP": "1.1"}, "eur")
    other = clv.SystemLog(str(tmp_path / "a.csv"), "shopify", "Europe/Berlin", {"GBP": 1.1, "USD": "0.92"}, "EUR")
    assert one == other
    assert hash(one) == hash(other)
    assert one != clv.SystemLog(tmp_path / "a.csv", "shopify", "Europe/Berlin", {"USD": "0.93", "GBP": 1.1}, "EUR")
    assert clv.SystemLog(["a.csv", "b.csv"], "shopify") == clv.SystemLog(("a.csv", Path("b.csv")), "shopify")
    with pytest.raises(clv.InvalidInput, match="tz must be the name of a time zone"):
        clv.SystemLog("a.csv", "shopify", "Mars")
    with pytest.raises(clv.InvalidInput, match="must be a path of its files, or a list of them; found DataFrame"):
        clv.SystemLog(pd.DataFrame(), "shopify")


def test_summaries_are_those_of_the_log_in_memory(log, held):
    found = clv.rfm_summary(log)
    assert found["frequency"].gt(0).sum() > 50
    pd.testing.assert_frame_equal(found, clv.rfm_summary(held))
    for reading in ({"order_id": "order_id", "refunds": "carry_back"}, {"amount": None}, {"event_grain": "hour"}):
        pd.testing.assert_frame_equal(clv.rfm_summary(log, **reading), clv.rfm_summary(held, **reading))
    split = {"calibration_end": "2023-03-31", "holdout_end": "2023-12-31"}
    pd.testing.assert_frame_equal(clv.calibration_holdout(log, **split), clv.calibration_holdout(held, **split))


def test_the_report_counts_lines_without_a_customer(log):
    quality = clv.summarize(log).quality
    assert quality.lines_without_customer == 1
    assert quality.lines == clv.read_export(log.path, "till", rates=RATES, to_currency="EUR").report.sales + (
        quality.refund_lines + 1
    )
    with pytest.raises(clv.InvalidInput, match=r"1 of .* lines have no customer"):
        clv.rfm_summary(log, strict=True)


def test_the_whole_way(log, held):
    found, expected = (clv.forecast(each, purchases="mbg_nbd", horizon=26) for each in (log, held))
    pd.testing.assert_frame_equal(found.scored, expected.scored)
    merged = clv.patterns(log)
    assert merged.counts["lines_without_customer"] == 1
    assert clv.CLVModel("mbg_nbd").fit(merged).purchases.fit_report.n_customers == len(expected.scored)


def test_purchases_and_their_costs_are_read_one_after_the_other(log, held):
    found, expected = (clv.economics.read_purchases(each, cost="amount") for each in (log, held))
    pd.testing.assert_frame_equal(found.summary, expected.summary)
    assert found.cost.tolist() == expected.cost.tolist()


def test_validation_reads_it_several_times(log, held):
    ends = {"calibration_end": "2023-03-31", "models": ("mbg_nbd",), "n_resamples": 2}
    found, expected = (clv.validate(each, **ends) for each in (log, held))
    pd.testing.assert_frame_equal(found.table(), expected.table())


def test_a_summary_is_brought_forward(till, file, log):
    _, *lines = Path(file).read_text().splitlines()
    early = [line for line in lines if line.split(",")[2] < "2023-07-01"]
    late = [line for line in lines if line.split(",")[2] >= "2023-07-01"]
    terms = {"rates": RATES, "to_currency": "EUR"}
    before = clv.SystemLog(till(*early, name="early.csv"), "till", **terms)
    after = clv.SystemLog(till(*late, name="late.csv"), "till", **terms)
    summary = clv.rfm_summary(before, keep_state=True, observation_end="2023-06-30")
    found = clv.update_summary(summary, after, observation_end="2023-12-31")
    pd.testing.assert_frame_equal(found, clv.rfm_summary(log, keep_state=True, observation_end="2023-12-31"))


def test_columns_are_the_logs_own(log):
    with pytest.raises(clv.InvalidInput, match=r"has the columns customer_id, .*no 'Email': leave customer_id="):
        clv.rfm_summary(log, customer_id="Email")
    with pytest.raises(clv.InvalidInput, match=r"the log has no column 'arm'; .*Pass order_id="):
        clv.rfm_summary(log, order_id="arm")


def test_days_are_counted_in_one_zone(till):
    file = till("1,ann,2024-03-01 23:30:00 -0500,5,EUR,paid", "2,ann,2024-03-11T00:00:00Z,5,EUR,paid")
    berlin = clv.rfm_summary(clv.SystemLog(file, "till", tz="Europe/Berlin"), time_unit="day")
    assert berlin["recency"].tolist() == [9.0]
    assert json.loads(berlin.attrs["clvmodels"])["tz"] == "Europe/Berlin"
    pd.testing.assert_frame_equal(
        berlin, clv.rfm_summary(clv.SystemLog(file, "till"), tz="Europe/Berlin", time_unit="day")
    )
    assert clv.rfm_summary(clv.SystemLog(file, "till"), time_unit="day")["recency"].tolist() == [10.0]
    with pytest.raises(clv.InvalidInput, match="tz='UTC' differs from the log's own, 'Europe/Berlin'"):
        clv.rfm_summary(clv.SystemLog(file, "till", tz="Europe/Berlin"), tz="UTC")


def test_scores_go_on_where_files_and_settings_are_the_same(model, log, held, tmp_path):
    out = tmp_path / "scores"
    report = clv.score(model, log, out, partitions=3)
    assert report.counts.reasons == {"no customer": 1}
    alone = clv.score(model, held, tmp_path / "scored.parquet")
    assert report.totals.customers == alone.totals.customers
    found = pd.concat(map(pd.read_parquet, sorted(out.glob("part-*")))).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "scored.parquet"))
    assert clv.score(model, log, out, partitions=3).nothing_to_do
    part = next(out.glob("part-00001*"))
    whole = part.read_bytes()
    part.unlink()
    assert clv.score(model, log, out, partitions=3).parts_before == 2
    assert part.read_bytes() == whole


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rates": {"USD": "0.93"}}, r"settings rates was \[\[\"USD\", null, \"0.92\"\]\], now"),
        ({"tz": "UTC"}, "settings source_tz was null, now"),
        ({"to_currency": "CHF", "rates": {"USD": 1, "EUR": 1}}, "settings to_currency was"),
    ],
)
def test_other_settings_are_other_work(model, log, tmp_path, changes, said):
    out = tmp_path / "scores"
    clv.score(model, log, out)
    settings = {"tz": log.tz, "rates": RATES, "to_currency": "EUR"} | changes
    with pytest.raises(clv.InvalidInput, match=f"holds the scores of another run: .*{said}"):
        clv.score(model, clv.SystemLog(log.path, "till", **settings), out)


def test_another_file_is_other_work_and_none_is_written_over(model, log, tmp_path):
    out = tmp_path / "scores"
    clv.score(model, log, out)
    os.utime(log.path, ns=(1, 1))
    with pytest.raises(clv.InvalidInput, match=r"till\.csv: modified was"):
        clv.score(model, log, out)
    with pytest.raises(clv.InvalidInput, match="is read: choose another name"):
        clv.score(model, log, log.path)


def test_a_map_that_says_something_else_is_other_work(model, log, tmp_path):
    out, a_map = tmp_path / "scores", tmp_path / "till_map.toml"
    said = '[columns]\ncustomer_id = "who"\ndate = "moment"\namount = "paid"\n'
    a_map.write_text(said)
    clv.score(model, clv.SystemLog(log.path, str(a_map)), out)
    a_map.write_text(f"{said}\n# a remark changes nothing\n")
    assert clv.score(model, clv.SystemLog(log.path, a_map), out).nothing_to_do
    a_map.write_text(f'{said}order_id = "id"\n')
    with pytest.raises(clv.InvalidInput, match="holds the scores of another run: settings layout was"):
        clv.score(model, clv.SystemLog(log.path, str(a_map)), out)


def test_auto_is_warned_of_with_what_to_write(tmp_path, model):
    file = tmp_path / "orders_export.csv"
    header = "Name,Email,Financial Status,Created at,Currency,Total"
    file.write_text(f"{header}\n#1,ann@shop.org,paid,2024-03-01 10:00:00 -0500,USD,30.00\n")
    log = clv.SystemLog(file)
    for read in (
        clv.rfm_summary,
        lambda log: clv.score(model, log, tmp_path / "scores"),
        lambda log: clv.read_log(file),
    ):
        with pytest.warns(clv.ClvWarning, match="as Shopify orders .*source='shopify' to say so") as caught:
            read(log)
        assert len(caught) == 1
    assert clv.score(model, clv.SystemLog(file, "shopify"), tmp_path / "scores").nothing_to_do
