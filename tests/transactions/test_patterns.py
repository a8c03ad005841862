"""Patterns merged in the engine: the same fit as of the whole summary, to the last bit, and the same refusals."""

from __future__ import annotations

import warnings
from collections import Counter

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv
from clvmodels import frames

END = "1997-09-30"
FAMILIES = ("bg_nbd", "mbg_nbd", "pareto_nbd", "nbd")
PARETO = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
AMOUNTS = {"p": 6.25, "q": 3.74, "v": 15.44}


@pytest.fixture(scope="module")
def log():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def summary(log):
    return clv.rfm_summary(log, observation_end=END)


@pytest.fixture(scope="module")
def merged(summary):
    return clv.patterns(summary)


def left_behind(model):
    """All that a fit leaves behind: parameters, covariances, report, profile, facts, versions."""
    fitted = [part._fitted for part in (getattr(model, "purchases", model), getattr(model, "spend", model))]
    return [getattr(state, name) for state in fitted for name in state.__dataclass_fields__]


def assert_same_fit(one, other):
    for mine, theirs in zip(left_behind(one), left_behind(other), strict=True):
        if isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, theirs)
        else:
            assert mine == theirs


@pytest.mark.parametrize("family", FAMILIES)
def test_the_fit_is_that_of_the_whole_summary_to_the_last_bit(family, summary, merged):
    assert_same_fit(clv.CLVModel(family).fit(merged), clv.CLVModel(family).fit(summary))


def test_frames_with_their_weights_are_fitted_by_themselves_too(summary, merged):
    whole = clv.CLVModel("bg_nbd").fit(summary)
    purchases = clv.PurchaseModel("bg_nbd").fit(merged.purchases, weights="customers")
    spend = clv.SpendModel().fit(merged.spend, weights="customers")
    assert purchases.parameters == whole.purchases.parameters
    assert purchases.fit_report == whole.purchases.fit_report
    assert spend.fit_report == whole.spend.fit_report
    assert clv.CLVModel(purchases, spend).predict(summary).equals(whole.predict(summary))


@pytest.mark.parametrize(("seed", "unit"), [(0, "week"), (1, "day"), (2, "month")])
def test_of_simulated_logs_the_fit_is_the_same_from_log_and_summary(seed, unit):
    purchases = clv.PurchaseModel.from_parameters("pareto_nbd", PARETO, time_unit="week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", AMOUNTS)
    observed = np.random.default_rng(seed).uniform(1, 60, 3000)
    made = clv.CLVModel(purchases, spend).simulate(3000, observation=observed, seed=seed).log
    made["amount"] = made["amount"].round(0)
    made.loc[::50, "amount"] = 0.0  # some come back and never pay
    made.loc[7::97, "amount"] *= -1
    reading = {"time_unit": unit, "refunds": "carry_back", "observation_end": "2024-12-31"}
    table = clv.rfm_summary(made, **reading)
    whole = clv.CLVModel("mbg_nbd").fit(table)
    assert whole.spend.fit_report.warnings  # the repeaters left out are counted
    assert_same_fit(clv.CLVModel("mbg_nbd").fit(clv.patterns(made, **reading)), whole)
    assert_same_fit(clv.CLVModel("mbg_nbd").fit(clv.patterns(table)), whole)


def test_patterns_are_the_counts_of_equal_rows(summary, merged):
    rows = Counter(zip(summary["frequency"], summary["recency"], summary["T"], strict=True))
    names = ["frequency", "recency", "T"]
    assert merged.purchases.set_index(names)["customers"].to_dict() == rows
    assert merged.purchases[names].equals(merged.purchases[names].sort_values(names))
    repeated = summary[summary["frequency"] > 0]
    rows = Counter(zip(repeated["frequency"], repeated["monetary_value"], strict=True))
    names = ["frequency", "monetary_value"]
    assert merged.spend.set_index(names)["customers"].to_dict() == rows
    assert merged.counts == {"customers": 2357, "repeaters": 946}
    assert merged.facts == frames.read_facts(summary)
    assert frames.read_facts(merged.purchases) == frames.read_facts(merged.spend) == merged.facts


def _sources(summary, folder):
    plain = summary.copy()
    plain.attrs = {}
    summary[:1000].to_parquet(folder / "a.parquet")
    summary[1000:].to_parquet(folder / "b.parquet")
    plain.to_csv(folder / "s.csv", index=False)
    table = pa.Table.from_pandas(plain)
    return {
        "shuffled": summary.sample(frac=1, random_state=1),
        "index": summary.set_index("customer_id"),
        "files": [folder / "a.parquet", str(folder / "b.parquet")],
        "wildcard": str(folder / "*.parquet"),
        "csv": folder / "s.csv",
        "polars": pl.from_pandas(plain),
        "lazy": pl.from_pandas(plain).lazy(),
        "arrow": table,
        "stream": pa.RecordBatchReader.from_batches(table.schema, table.to_batches(100)),
        "relation": duckdb.connect().from_arrow(table),
    }


def test_whatever_a_summary_comes_in(summary, merged, tmp_path):
    for name, source in _sources(summary, tmp_path).items():
        found = clv.patterns(source, threads=1, memory_limit="200MB")
        pd.testing.assert_frame_equal(found.purchases, merged.purchases, obj=name)
        pd.testing.assert_frame_equal(found.spend, merged.spend, obj=name)
        told = {what: value for what, value in found.facts.items() if value is not None}
        assert told in ({}, {what: value for what, value in merged.facts.items() if value is not None})


def test_weights_are_customers(summary):
    generator = np.random.default_rng(5)
    some = summary.assign(many=generator.integers(0, 5, len(summary)))
    found = clv.patterns(some, weights="many")
    assert found.counts["customers"] == some["many"].sum()
    assert_same_fit(clv.CLVModel("bg_nbd").fit(found), clv.CLVModel("bg_nbd").fit(some, weights="many"))
    some["many"] = generator.uniform(0, 2, len(summary))  # not whole: sums differ in their last bits
    found = clv.CLVModel("bg_nbd").fit(clv.patterns(some, weights="many"))
    whole = clv.CLVModel("bg_nbd").fit(some, weights="many")
    for part in ("purchases", "spend"):
        mine, theirs = getattr(found, part), getattr(whole, part)
        for what in ("parameters", "standard_errors", "robust_standard_errors"):
            values = list(getattr(theirs, what).values())
            np.testing.assert_allclose(list(getattr(mine, what).values()), values, rtol=1e-8)
        assert mine.fit_report.log_likelihood == pytest.approx(theirs.fit_report.log_likelihood, rel=1e-12)
    again = clv.patterns(some.sample(frac=1, random_state=1), weights="many", threads=1)
    pd.testing.assert_frame_equal(again.purchases, clv.patterns(some, weights="many").purchases, check_exact=True)


def test_patterns_of_patterns_are_the_same(merged):
    again = clv.patterns(merged.purchases, weights="customers")
    pd.testing.assert_frame_equal(again.purchases, merged.purchases)
    assert again.spend is None
    assert again.counts == merged.counts


def _changed(summary, column, row, value):
    found = summary.copy()
    found[column] = found[column].astype(float)
    found.loc[row, column] = value
    return found


WRONG = {
    "frequency_missing": ("frequency", 5, np.nan),
    "frequency_infinite": ("frequency", 5, np.inf),
    "frequency_negative": ("frequency", 5, -1),
    "frequency_broken": ("frequency", 5, 1.5),
    "recency_missing": ("recency", 7, np.nan),
    "recency_late": ("recency", 5, 99.0),
    "recency_of_nothing": ("recency", 1, 2.0),
    "T_negative": ("T", 3, -1.0),
    "T_missing": ("T", 3, np.nan),
    "money_missing": ("monetary_value", 0, np.nan),
    "money_infinite": ("monetary_value", 0, np.inf),
    "money_negative": ("monetary_value", 0, -0.5),
}


def _refusal(call):
    with pytest.raises(clv.InvalidInput) as caught:
        call()
    return type(caught.value), str(caught.value).replace("=nan.", "=None.")


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("named", [True, False])
def test_a_bad_row_is_refused_in_the_words_of_a_fit(wrong, named, summary):
    bad = _changed(summary, *wrong)
    bad = bad if named else bad.drop(columns="customer_id")
    assert _refusal(lambda: clv.patterns(bad)) == _refusal(lambda: clv.CLVModel("bg_nbd").fit(bad))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: pd.concat([s, s[5:8]], ignore_index=True),
        lambda s: s.assign(customer_id=s["customer_id"].where(s.index > 2)),
        lambda s: s[:0],
        lambda s: s.drop(columns="customer_id").set_index(s["customer_id"].where(s.index != 9, s["customer_id"][3])),
    ],
)
def test_other_refusals_are_those_of_a_fit_as_well(change, summary):
    bad = change(summary)
    assert _refusal(lambda: clv.patterns(bad)) == _refusal(lambda: clv.CLVModel("bg_nbd").fit(bad))


def test_a_tiny_excess_of_recency_is_rounding(summary):
    last = summary.index[summary["recency"] == summary["T"]]
    assert len(last)
    near = summary.assign(recency=np.where(summary.index.isin(last), summary["recency"] + 1e-12, summary["recency"]))
    assert_same_fit(clv.CLVModel("nbd").fit(clv.patterns(near)), clv.CLVModel("nbd").fit(near))


def test_what_cannot_be_asked_is_refused(summary, log, merged):
    with pytest.raises(clv.InvalidInput, match="leave refunds out"):
        clv.patterns(summary, refunds="drop")
    with pytest.raises(clv.InvalidInput, match="weights are for a summary"):
        clv.patterns(log, weights="quantity")
    with pytest.raises(clv.InvalidInput, match="must have the column 'nobody' once, and has it 0 times"):
        clv.patterns(summary, weights="nobody")
    with pytest.raises(clv.InvalidInput, match="must be the name of a column"):
        clv.patterns(summary, weights=summary["T"])
    with pytest.raises(TypeError, match="unexpected keyword argument 'horizon'"):
        clv.patterns(log, horizon=3)
    with pytest.raises(clv.InvalidInput, match="column 'T' must hold numbers; found text, such as 'long'"):
        clv.patterns(summary.assign(T="long"))
    with pytest.raises(clv.InvalidInput, match="memory_limit"):
        clv.patterns(summary, memory_limit="much")
    with pytest.raises(clv.InvalidInput, match="leave weights out"):
        clv.PurchaseModel("nbd").fit(merged, weights="customers")


def test_bad_lines_of_a_log_are_what_they_are_to_summarize(log):
    bad = log.assign(amount=log["amount"].where(log.index != 9))
    assert _refusal(lambda: clv.patterns(bad)) == _refusal(lambda: clv.rfm_summary(bad))
    some = log.assign(date=log["date"].astype(str).where(log.index > 4, ""))
    counts = clv.patterns(some, observation_end=END, observation_start="1997-02-01").counts
    quality = clv.summarize(some, observation_end=END, observation_start="1997-02-01").quality
    assert counts["lines_without_date"] == 5
    assert {name: getattr(quality, name) for name in counts if hasattr(quality, name)} == {
        name: value for name, value in counts.items() if name != "repeaters"
    }


def test_without_money_there_is_no_spend(summary, log):
    for found in (clv.patterns(summary.drop(columns="monetary_value")), clv.patterns(log, amount=None)):
        assert found.spend is None
        for refused in (clv.CLVModel("nbd"), clv.SpendModel()):
            with pytest.raises(clv.InvalidInput, match="no money in these patterns"):
                refused.fit(found)
    purchases = clv.PurchaseModel("nbd").fit(clv.patterns(summary.drop(columns="monetary_value")))
    assert_same_fit(purchases, clv.PurchaseModel("nbd").fit(summary.drop(columns="monetary_value")))


def test_whole_periods(log):
    table = clv.discrete_summary(log, "month")
    assert_same_fit(clv.PurchaseModel("bg_bb").fit(clv.patterns(table)), clv.PurchaseModel("bg_bb").fit(table))


def test_the_same_is_warned_of():
    few = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, "week").simulate(20, 39, seed=1).summary

    def said(source):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            model = clv.PurchaseModel("bg_nbd").fit(source)
        return [str(one.message) for one in found], model

    (mine, one), (theirs, other) = said(clv.patterns(few)), said(few)
    assert mine == theirs != []
    assert_same_fit(one, other)


def test_one_history_shared_by_all_is_said_to_have_one_length():
    alike = pd.DataFrame({"frequency": [1] * 30, "recency": [4.0] * 30, "T": [9.0] * 30})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        one = clv.PurchaseModel("nbd", "week").fit(clv.patterns(alike)).fit_report
        other = clv.PurchaseModel("nbd", "week").fit(alike).fit_report
    assert one.warnings == other.warnings
    assert any("same T" in remark for remark in one.warnings)


def test_drift_of_a_model_fitted_on_patterns(log, summary, merged):
    one, other = clv.CLVModel("pareto_nbd").fit(merged), clv.CLVModel("pareto_nbd").fit(summary)
    mine, theirs = clv.drift(one, log), clv.drift(other, log)
    assert mine.report() == theirs.report()
    assert "monetary_value" in set(mine.population["statistic"])


def test_a_posterior_of_patterns(summary, merged):
    model = clv.CLVModel("bg_nbd").fit(merged)
    whole = clv.posterior(model, summary, draws=400)
    np.testing.assert_array_equal(clv.posterior(model, merged, draws=400).draws, whole.draws)
    alone = clv.posterior(model.purchases, merged.purchases, weights="customers", draws=400)
    np.testing.assert_array_equal(alone.draws, whole.draws[:, :, :4])
    spend = clv.posterior(model.spend, merged, draws=400)
    np.testing.assert_array_equal(spend.draws, whole.draws[:, :, 4:])
