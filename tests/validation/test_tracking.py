"""Week by week: the published weeks of CDNOW, sums that must come out, and the slow way beside the fast one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.families import purchase_family
from clvmodels.transactions import split_at
from clvmodels.transactions.events import purchase_events
from clvmodels.validation import tracking
from clvmodels.validation.tracking import compute_tracking, tracking_table

CUT, END = "1997-09-30", "1998-06-30"
PARAMETERS = {
    "bg_nbd": {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.55328, "alpha": 10.5777, "s": 0.60624, "beta": 11.6687},
    "nbd": {"r": 0.385, "alpha": 12.072},
}


def model_of(name, unit="week", weeks=1.0):
    scaled = {k: v * weeks if k in ("alpha", "beta") else v for k, v in PARAMETERS[name].items()}
    return clv.PurchaseModel.from_parameters(name, scaled, unit)


@pytest.fixture(scope="module")
def cdnow():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def table(cdnow):
    models = ["pareto_nbd", "bg_nbd"]
    return compute_tracking(models, cdnow, calibration_end=CUT, holdout_end=END, spend="gamma_gamma")


# --- published -----------------------------------------------------------------------------------------------------


def test_published_weeks(table):
    """R package BTYD, weeks 20 to 25 of the CDNOW sample, and what they sum to."""
    pareto = table[table["model"] == "pareto_nbd"].set_index("week")
    bg = table[table["model"] == "bg_nbd"].set_index("week")
    assert pareto.index.tolist() == list(range(1, 79))
    assert pareto.loc[20:25, "actual_incremental"].tolist() == [73, 55, 70, 33, 56, 99]
    expected = [78.308, 76.419, 74.648, 72.983, 71.414, 69.933]
    assert pareto.loc[20:25, "expected_incremental"].tolist() == pytest.approx(expected, rel=1e-4)
    cumulative = [1308.856, 1385.275, 1459.923, 1532.906, 1604.32, 1674.253]
    assert pareto.loc[20:25, "expected_cumulative"].tolist() == pytest.approx(cumulative, rel=1e-4)
    expected = [76.86531, 74.88843, 73.04554, 71.32166, 69.70412, 68.18213]
    assert bg.loc[20:25, "expected_incremental"].tolist() == pytest.approx(expected, rel=1e-5)
    holdout = pareto.loc[78, "expected_cumulative"] - pareto.loc[39, "expected_cumulative"]
    assert holdout == pytest.approx(1742.6, abs=0.05)
    assert pareto.loc[78, "conditional_cumulative"] - 2457 == pytest.approx(1665.513, abs=2e-3)  # calc
    assert bg.loc[78, "conditional_cumulative"] - 2457 == pytest.approx(1653.409, abs=2e-3)  # calc


def test_sums(table, cdnow):
    split = clv.calibration_holdout(cdnow, calibration_end=CUT, holdout_end=END)
    bg = table[table["model"] == "bg_nbd"]
    parts = bg.groupby("part")[["actual_incremental", "actual_revenue_incremental"]].sum()
    assert parts["actual_incremental"].to_dict() == {"calibration": 2457, "holdout": 1882}
    money = {"calibration": (split["monetary_value"] * split["frequency"]).sum(), "holdout": 70976.39}
    assert parts["actual_revenue_incremental"].to_dict() == pytest.approx(money, rel=1e-12)
    assert bg["complete"].all()
    assert (bg["part"] == "calibration").sum() == 39
    assert bg["end_date"].iloc[[0, 38, 77]].astype(str).tolist() == ["1997-01-07", CUT, END]
    spend = clv.SpendModel("gamma_gamma").fit(split).population_mean
    for what in ("cumulative", "incremental"):
        assert bg[f"expected_revenue_{what}"].to_numpy() == pytest.approx(bg[f"expected_{what}"] * spend, rel=1e-14)
    assert bg["conditional_cumulative"].isna().sum() == 39
    rest = bg[bg["part"] == "holdout"]
    assert rest["conditional_incremental"].cumsum().to_numpy() == pytest.approx(rest["conditional_cumulative"] - 2457)


# --- against the slow way ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_conditional_is_interpolated_well(cdnow, name):
    model = model_of(name)
    table = compute_tracking(model, cdnow, calibration_end=CUT, holdout_end=END)
    frame = clv.calibration_holdout(cdnow, calibration_end=CUT, holdout_end=END)
    for u in (1, 2, 5, 17, 38, 39):
        direct = model.expected_purchases(frame, horizon=u).sum()
        found = table["conditional_cumulative"].iloc[38 + u] - 2457
        assert found == pytest.approx(direct, rel=1e-6)


def test_a_failed_check_computes_every_week(cdnow, monkeypatch):
    model = model_of("bg_nbd")
    usual = compute_tracking(model, cdnow, calibration_end=CUT)["conditional_cumulative"]
    monkeypatch.setattr(tracking, "POINTS", 3)
    three = compute_tracking(model, cdnow, calibration_end=CUT)["conditional_cumulative"]
    assert three[39:].to_numpy() == pytest.approx(usual[39:].to_numpy(), rel=1e-6)


def some_log(seed=4, n=400):
    generator = np.random.default_rng(seed)
    seconds = np.sort(generator.integers(0, 200 * 86400, n))
    return pd.DataFrame(
        {
            "customer_id": generator.integers(1, 60, n),
            "date": pd.Timestamp("2023-03-02 05:00") + pd.to_timedelta(seconds, unit="s"),
            "amount": np.round(generator.gamma(2.0, 20.0, n), 2),
        }
    )


@pytest.mark.parametrize(
    ("unit", "grain", "cut", "end"),
    [
        ("week", "day", "2023-06-20", "2023-09-12"),
        ("day", "line", "2023-06-20", "2023-09-10"),
        ("month", "hour", "2023-06-20", "2023-09-12"),
        ("hour", "line", "2023-06-20 11:30", "2023-09-10 12:45"),
        ("year", "week", "2023-06-18", "2023-09-10"),
    ],
)
def test_against_loops(unit, grain, cut, end):
    """Every week by a loop over customers, from the log itself."""
    log = some_log()
    reading = {"time_unit": unit, "event_grain": grain}
    hours = {"week": 168, "day": 24, "month": 730.5, "hour": 1, "year": 8766}[unit]
    model = model_of("pareto_nbd", unit, 168 / hours)
    table = compute_tracking(model, log, calibration_end=cut, holdout_end=end, spend="gamma_gamma", **reading)
    stop = pd.Timestamp(end) + pd.Timedelta(days=int(":" not in end))
    begin = pd.Timestamp(cut) + pd.Timedelta(days=int(":" not in cut))
    used = log[log["date"] < stop].copy()
    starts = {
        "day": used["date"].dt.floor("D"),
        "hour": used["date"].dt.floor("h"),
        "line": used["date"],
        "week": used["date"].dt.floor("D") - pd.to_timedelta(used["date"].dt.day_of_week, unit="D"),
    }
    used["event"] = starts[grain]
    used = used.groupby(["customer_id", "event"], as_index=False)["amount"].sum()
    first = used.groupby("customer_id")["event"].transform("min")
    used, first = used[first < begin], first[first < begin]
    origin = first.min().floor("D")
    repeats = used[used["event"] > first]
    entries = first.groupby(used["customer_id"]).first()
    new = model.new_customer()
    assert len(table) == -(-((stop - origin) // pd.Timedelta(seconds=1)) // (7 * 86400))
    for row in table.itertuples():
        week_end = min(origin + pd.Timedelta(weeks=row.week), stop)
        assert row.complete == (week_end == origin + pd.Timedelta(weeks=row.week))
        assert row.end_date == (week_end - pd.Timedelta(seconds=1)).floor("D")
        assert row.part == ("calibration" if week_end <= begin else "holdout")
        done = repeats[repeats["event"] < week_end]
        assert row.actual_cumulative == len(done)
        assert row.actual_revenue_cumulative == pytest.approx(done["amount"].sum(), rel=1e-12)
        ages = np.maximum((week_end - entries) / pd.Timedelta(hours=hours), 0)
        assert row.expected_cumulative == pytest.approx(new.expected_purchases(ages.to_numpy()).sum(), rel=1e-6)


def test_several_lines_at_the_first_instant():
    """Of two lines at the first instant one is a repeat purchase, worth what the summary takes for repeats."""
    rows = [(1, "2024-01-01", 10.0), (1, "2024-01-01", 30.0), (1, "2024-01-16", 5.0), (1, "2024-02-02", 7.0)]
    log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    model = model_of("nbd")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    table = compute_tracking(model, log, calibration_end="2024-01-31", spend=spend, event_grain="line")
    assert table["actual_incremental"].tolist() == [1, 0, 1, 0, 1]
    assert table["actual_revenue_incremental"].tolist() == pytest.approx([30, 0, 5, 0, 7])


def test_without_money(cdnow):
    table = compute_tracking("nbd", cdnow, calibration_end=CUT, amount=None)
    assert not [name for name in table.columns if "revenue" in name]


# --- models --------------------------------------------------------------------------------------------------------


def test_models_and_names(cdnow):
    ask = {"calibration_end": CUT}
    unfitted = clv.PurchaseModel("bg_nbd")
    fitted = clv.PurchaseModel("bg_nbd").fit(clv.rfm_summary(cdnow, observation_end=CUT))
    table = compute_tracking({"mine": unfitted, "yours": fitted}, cdnow, **ask)
    mine, yours = (table[table["model"] == name]["expected_cumulative"].to_numpy() for name in ("mine", "yours"))
    assert mine == pytest.approx(yours, rel=1e-9)
    with pytest.raises(clv.NotFitted):
        _ = unfitted.parameters  # it is the caller's, and left as it was
    with pytest.raises(clv.InvalidInput, match="models of one family need names of their own"):
        compute_tracking([unfitted, fitted], cdnow, **ask)
    with pytest.raises(clv.InvalidInput, match="expected one model or several; found none"):
        compute_tracking([], cdnow, **ask)
    with pytest.raises(clv.UnitMismatch, match="the model is in days, the log was summarised in weeks"):
        compute_tracking(model_of("nbd", "day", 7), cdnow, **ask)


def test_discrete_time_has_no_weeks(cdnow):
    split = split_at(cdnow, calibration_end=CUT)
    events = purchase_events(cdnow, split.frame, calibration_end=CUT)
    bb = clv.PurchaseModel.from_parameters(
        purchase_family("bg_bb"), {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78}, "week"
    )
    with pytest.raises(clv.NotAvailable, match="counts whole periods"):
        tracking_table({"bb": bb}, split.frame, events, split.facts, {})


def test_a_model_that_knows_the_holdout_is_refused():
    log = clv.load_cdnow(sample=True)
    model = clv.PurchaseModel("nbd").fit(clv.rfm_summary(log, time_unit="week"))
    with pytest.raises(clv.InvalidInput, match=r"nbd was fitted on purchases until 1998-06-30, later than"):
        compute_tracking(model, log, calibration_end="1997-09-30")


def test_a_model_that_asks_for_another_unit_is_refused():
    model = clv.PurchaseModel("nbd", time_unit="day")
    with pytest.raises(clv.UnitMismatch, match="the model was made for time_unit='day'"):
        compute_tracking(model, clv.load_cdnow(sample=True), calibration_end="1997-09-30")
