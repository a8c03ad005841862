"""A log in whole periods: counted right, to the last complete one, and clear about what is not."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import stats

import clvmodels as clv
from clvmodels import frames
from clvmodels.families import purchase_family
from clvmodels.transactions.discrete import PERIODS, period_end, period_numbers

ROWS = [
    ("ann", "1995-03-01", 10.0),
    ("ann", "1997-01-01", 4.0),
    ("ann", "1997-12-31", 5.0),
    ("ann", "2000-06-01", 3.0),
    ("bob", "1995-12-31", 7.0),
    ("bob", "2001-01-01", 7.0),
    ("eve", "2001-12-30", 1.0),
]


@pytest.fixture
def small():
    return pd.DataFrame(ROWS, columns=["customer_id", "date", "amount"])


def rows_of(summary):
    return summary[["frequency", "recency", "T"]].to_numpy().tolist()


# --- correct -------------------------------------------------------------------------------------------------------


def test_years_by_hand(small):
    summary = clv.discrete_summary(small)
    assert summary["customer_id"].to_list() == ["ann", "bob", "eve"]
    assert rows_of(summary) == [[2, 5, 6], [1, 6, 6], [0, 0, 0]]
    assert summary["monetary_value"].to_list()[:2] == [6.0, 7.0]
    assert np.isnan(summary["monetary_value"][2])
    facts = frames.read_facts(summary)
    assert {name: facts[name] for name in ("time_unit", "event_grain", "observation_end")} == {
        "time_unit": "year",
        "event_grain": "year",
        "observation_end": "2001-12-31",
    }


def test_so_many_periods_after_the_first(small):
    summary = clv.discrete_summary(small, n_periods=5)
    assert rows_of(summary) == [[2, 5, 5], [0, 0, 5]]
    assert frames.read_facts(summary)["observation_end"] == "2000-12-31"
    later = clv.discrete_summary(small, n_periods=1, observation_start="1995-12-01")
    assert rows_of(later) == [[0, 0, 1]]


def test_only_whole_periods_are_observed(small):
    """The year of an observation_end inside it is left out, with what was bought in it."""
    until_2000 = clv.discrete_summary(small, observation_end="2000-12-31")
    for end in ("2001-01-01", "2001-12-30", date(2001, 12, 30)):
        pd.testing.assert_frame_equal(clv.discrete_summary(small, observation_end=end), until_2000)
    assert rows_of(clv.discrete_summary(small, observation_end="2001-12-31"))[1] == [1, 6, 6]
    assert rows_of(clv.discrete_summary(small, observation_end="2003-12-31"))[1] == [1, 6, 8]


def test_periods_end_where_the_next_begins():
    for period in PERIODS:
        for day in range(-800, 800, 7):
            number = int(period_numbers(period, np.array([day]))[0])
            last = (period_end(period, number) - date(1970, 1, 1)).days
            assert day <= last
            assert period_numbers(period, np.array([last, last + 1])).tolist() == [number, number + 1]
    assert period_end("week", 0) == date(1970, 1, 4)  # a Sunday
    assert (period_end("month", -1), period_end("year", 54)) == (date(1969, 12, 31), date(2024, 12, 31))


def plain(lines, period, end):
    """{customer: (frequency, recency, T)} in plain Python."""

    def number(day):
        return {
            "day": day.toordinal(),
            "week": (day - timedelta(days=day.weekday())).toordinal() // 7,
            "month": 12 * day.year + day.month,
            "year": day.year,
        }[period]

    seen = defaultdict(set)
    last = number(end + timedelta(days=1)) - 1
    for customer, day in lines:
        if number(day) <= last:
            seen[customer].add(number(day))
    return {c: [len(s) - 1, max(s) - min(s), last - min(s)] for c, s in seen.items()}


@settings(max_examples=18, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 1500)), min_size=3, max_size=30),
    st.sampled_from(PERIODS),
    st.integers(300, 2000),
    st.sampled_from([date(1968, 11, 3), date(2019, 12, 30)]),
)
def test_equals_plain_python(steps, period, end, beginning):
    lines = [(customer, beginning + timedelta(days=days)) for customer, days in steps]
    last = beginning + timedelta(days=end)
    log = pd.DataFrame(lines, columns=["customer_id", "date"])
    expected = plain(lines, period, last)
    if not expected:
        with pytest.raises(clv.NotEnoughData):
            clv.discrete_summary(log, period, observation_end=last, amount=None)
        return
    found = clv.discrete_summary(log, period, observation_end=last, amount=None)
    assert dict(zip(found["customer_id"], rows_of(found), strict=True)) == expected


def test_days_are_those_of_the_usual_summary():
    log = clv.load_cdnow(sample=True).head(500)
    by_day = clv.discrete_summary(log, "day", observation_end="1998-06-30")
    usual = clv.rfm_summary(log, time_unit="day", observation_end="1998-06-30")
    pd.testing.assert_frame_equal(by_day, usual)
    assert frames.read_facts(by_day) == frames.read_facts(usual)


def test_the_callers_kind_of_frame(small):
    expected = clv.discrete_summary(small)
    for log in (pl.from_pandas(small), pa.Table.from_pandas(small)):
        found = clv.discrete_summary(log)
        assert type(found) is type(log)
        pd.testing.assert_frame_equal(found.to_pandas(), expected, check_dtype=False)
    for n_periods in (None, 6):
        stream = pa.Table.from_pandas(small).to_reader()
        found = clv.discrete_summary(stream, n_periods=n_periods)
        assert isinstance(found, pa.Table)
        assert rows_of(found.to_pandas()) == rows_of(expected)


# --- and the models over it ----------------------------------------------------------------------------------------


def test_from_a_log_to_values():
    """Simulated supporters, dated in the years in which they gave: log, summary, fit and value."""
    truth = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
    made = clv.PurchaseModel.from_parameters("bg_bb", truth, time_unit="year").simulate(3000, 6, seed=4)
    history = made.summary
    year = 2019 - history.set_index("customer_id")["T"].reindex(made.log["customer_id"]).to_numpy()
    owner, periods = made.log["customer_id"], made.log.groupby("customer_id")["date"]
    elapsed = (made.log["date"] - periods.transform("min")).dt.total_seconds() / (8766 * 3600)
    dates = pd.to_datetime([f"{int(y + round(e))}-12-24" for y, e in zip(year, elapsed, strict=True)])
    log = pd.DataFrame({"customer_id": owner, "date": dates, "amount": 20.0})
    summary = clv.discrete_summary(log, "year", observation_end="2019-12-31")
    assert rows_of(summary) == rows_of(history)
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    model = clv.CLVModel("bg_bb", spend).fit(summary)
    for name, error in model.purchases.standard_errors.items():  # |z| > 5: 6e-7 each
        assert (
            abs(np.log(model.purchases.parameters[name] / truth[name])) < 5 * error / model.purchases.parameters[name]
        )
    scored = model.predict(summary, horizon=5)
    assert np.isfinite(scored["clv"]).all()
    assert (scored["clv"] >= 0).all()


def test_continuous_summaries_are_refused(small):
    weekly = clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1997-09-30")
    advice = r"whole number of periods in discrete time\. Make the summary with discrete_summary\(log, period=...\)"
    with pytest.raises(clv.InvalidInput, match=rf"^T must be a {advice}.*: 1987 of 2357 customers violate it, first"):
        clv.PurchaseModel("bg_bb").fit(weekly)
    with pytest.raises(clv.InvalidInput, match=advice):
        clv.forecast(clv.load_cdnow(sample=True), purchases="bg_bb")
    often = pd.DataFrame({"frequency": [2, 3], "recency": [2, 2], "T": [6, 6]})
    with pytest.raises(clv.InvalidInput, match=r"frequency must not exceed recency .* 1 of 2 .* \(frequency=3\)"):
        clv.PurchaseModel("bg_bb", time_unit="year").fit(often)
    model = clv.PurchaseModel.from_parameters("bg_bb", dict.fromkeys(("alpha", "beta", "gamma", "delta"), 1.0), "year")
    with pytest.raises(clv.InvalidInput, match="recency must be a whole number of periods"):
        model.p_alive(pd.DataFrame({"frequency": [1], "recency": [1.5], "T": [6]}))


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month", "year"])
def test_simulated_summaries_can_be_asked_about(unit, tmp_path):
    """Timestamps a whole number of periods apart, in every unit; half a period more is none."""
    truth = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
    model = clv.PurchaseModel.from_parameters("bg_bb", truth, time_unit=unit)
    summary = model.simulate(300, 12.5, seed=5).summary
    assert (summary["T"] == 12).all()
    assert model.expected_purchases(summary, [1, 10]).notna().all(axis=None)
    again = model.simulate(300, 12, seed=5).summary
    pd.testing.assert_frame_equal(summary, again)
    model.save(tmp_path / "model.json")
    loaded = clv.load_model(tmp_path / "model.json")
    assert loaded.p_alive(summary).equals(model.p_alive(summary))


def test_truth_is_recovered_in_many_worlds():
    """Likelihood-ratio statistics of truth against fit are χ² with 4 degrees: each at 1e-7, their sum at 1e-6."""
    family = purchase_family("bg_bb")
    generator = np.random.default_rng(81)
    ratios = []
    for _ in range(6):
        truth = tuple(generator.uniform(0.6, [2.0, 6.0, 1.5, 6.0]))
        T = generator.integers(8, 40, 2000).astype(float)
        owner, periods = family.simulate(generator, T, *truth)
        t_x = np.zeros(2000)
        np.maximum.at(t_x, owner, periods)
        columns = {"frequency": np.bincount(owner, minlength=2000), "recency": t_x, "T": T}
        model = clv.PurchaseModel("bg_bb", time_unit="week").fit(pd.DataFrame(columns))
        assert model.fit_report.converged
        at_truth = family.log_likelihood(*columns.values(), *truth)[0].sum()
        ratios.append(2 * (model.fit_report.log_likelihood - at_truth))
    assert min(ratios) >= 0
    assert max(ratios) < stats.chi2.isf(1e-7, 4)
    low, high = stats.chi2.isf([1 - 1e-6, 1e-6], 4 * len(ratios))
    assert low < sum(ratios) < high


# --- refused, and warned of ----------------------------------------------------------------------------------------


def test_refuses(small):
    ask = clv.discrete_summary
    with pytest.raises(clv.InvalidInput, match="period must be one of day, week, month, year; found 'quarter'"):
        ask(small, "quarter")
    for n_periods in (0, -1, 1.5, "6", True):
        with pytest.raises(clv.InvalidInput, match="n_periods must be a whole number of at least 1"):
            ask(small, n_periods=n_periods)
    with pytest.raises(clv.InvalidInput, match=r"end on 2002-12-31, but the log ends on 2001-12-30: at most 6"):
        ask(small, n_periods=7)
    with pytest.raises(clv.InvalidInput, match="not both"):
        ask(small, n_periods=6, observation_end="2001-12-31")
    with pytest.raises(clv.InvalidInput, match="leave time_unit out"):
        ask(small, time_unit="week")
    with pytest.raises(clv.InvalidInput, match="must be a date like 2020-12-31; found the time"):
        ask(small, observation_end="2001-12-31 12:00")
    with pytest.raises(clv.InvalidInput, match="before the year 9999"):
        ask(small, observation_end=date.max)
    with pytest.raises(clv.NotEnoughData, match="observation_end 1994-12-31"):
        ask(small, observation_end="1995-06-30")


def test_warns_of_a_part_of_a_period(small):
    part = small[small["date"] < "2001-12-01"]
    with pytest.warns(clv.ClvWarning, match=r'ends on 2001-01-01, and its last year is .*="2001-01-01"'):
        whole = clv.discrete_summary(part)
    assert rows_of(whole) == [[2, 5, 6], [1, 6, 6]]
    with pytest.warns(clv.ClvWarning, match="taken as whole"):
        clv.discrete_summary(part, n_periods=6)
    assert rows_of(clv.discrete_summary(part, observation_end="2001-01-01")) == [[2, 5, 5], [0, 0, 5]]
