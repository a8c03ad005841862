"""Cohorts after so much time: what was seen, against plain pandas, and what the model says."""

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import compute_cohort_survival, read_purchases

from .plain_orders import orders_of, period_of

PARETO = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
DAYS = {"week": 7, "month": 365.25 / 12, "quarter": 365.25 / 4}


@pytest.fixture(scope="module")
def model():
    return clv.PurchaseModel.from_parameters("pareto_nbd", PARETO, time_unit="week")


@pytest.mark.parametrize("period", DAYS)
def test_what_was_seen_against_plain_pandas(cdnow, model, period):
    table = compute_cohort_survival(model, cdnow, cohort="month", period=period)
    orders, length = orders_of(cdnow), DAYS[period]
    orders["age"] = (orders["day"] - orders["first"]).dt.days
    orders["window"] = np.ceil(orders["age"] / length).astype(int) - 1  # (kL, (k + 1)L]
    orders["cohort"] = period_of(orders["first"], "month").astype(str)
    orders["watched"] = (pd.Timestamp("1998-06-30") - orders["first"]).dt.days // length
    customers = orders.drop_duplicates("customer_id")
    seen = orders[(orders["age"] > 0) & (orders["window"] < orders["watched"])]
    for name in ("1997-01", "1997-03", "all"):
        own, who = (each if name == "all" else each[each["cohort"] == name] for each in (seen, customers))
        rows = table[table["cohort"] == name]
        observed = [(who["watched"] > age).sum() for age in rows["age"]]
        bought = own.groupby("window")["customer_id"].nunique().reindex(rows["age"], fill_value=0)
        count = own.groupby("window").size().reindex(rows["age"], fill_value=0)
        assert rows["observed"].tolist() == observed
        assert rows["actual_share"].tolist() == (bought / observed).tolist()
        assert rows["actual_orders"].tolist() == (count / observed).tolist()
        assert len(rows) == who["watched"].max()
        assert (rows["cohort_size"] == len(who)).all()


def test_what_the_model_says(cdnow, model):
    rows = compute_cohort_survival(model, cdnow, cohort="year", period="quarter")
    rows = rows[rows["cohort"] == "all"]
    new, ends = model.new_customer(), np.append(rows["from_age"], rows["until_age"].iloc[-1])
    assert rows["from_age"].tolist() == pytest.approx([k * 365.25 / 28 for k in range(len(rows))])
    np.testing.assert_allclose(rows["p_alive"], (1 + ends[:-1] / PARETO["beta"]) ** -PARETO["s"], rtol=1e-12)
    np.testing.assert_allclose(rows["expected_orders"], np.diff(new.expected_purchases(ends)), rtol=1e-9)
    assert rows["expected_share"].iloc[0] == pytest.approx(new.probability_of_purchase(ends[1]), rel=1e-12)
    # at least one: no more than the purchases expected, nor than the share that is there
    assert (rows["expected_share"] < np.minimum(rows["expected_orders"], rows["p_alive"])).all()


@pytest.mark.parametrize("family", ["mbg_nbd", "pareto_nbd"])
def test_simulated_cohorts_lie_where_the_model_says(family):
    """Of 12 windows a right model leaves one beyond 4 standard errors once in 1,300 seeds."""
    parameters = {"r": 0.8, "alpha": 6.0, "a": 0.8, "b": 2.4} if family == "mbg_nbd" else PARETO
    model = clv.PurchaseModel.from_parameters(family, parameters, time_unit="week")
    log = model.simulate(10_000, observation=53.0, seed=3).log
    found = read_purchases(log, amount=None, event_grain="line")
    rows = compute_cohort_survival(model, found, cohort="year")
    rows = rows[rows["cohort"] == "all"]
    assert len(rows) == 12
    assert (abs(rows["actual_share"] - rows["expected_share"]) < 4 * rows["standard_error"]).all()


def test_a_customer_who_is_not_watched_for_a_window_does_not_count(model):
    log = pd.DataFrame(
        {"customer_id": [1, 1, 1, 2, 2], "date": ["2024-01-01", "2024-01-08", "2024-01-09", "2024-01-09", "2024-01-15"]}
    )
    table = compute_cohort_survival(model, log, cohort="week", period="week", amount=None)
    assert table["cohort"].tolist() == ["2024-01-01", "2024-01-01", "all", "all"]
    assert table["observed"].tolist() == [1, 1, 1, 1]
    assert table["actual_share"].tolist() == [1.0, 1.0, 1.0, 1.0]  # day 7 is in the first window, day 8 in the second


def test_no_window_no_rows(model):
    log = pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"]})
    assert len(compute_cohort_survival(model, log, amount=None)) == 0


def test_refusals(cdnow, cdnow_model):
    with pytest.raises(clv.InvalidInput, match="model must be a PurchaseModel or a CLVModel; found str"):
        compute_cohort_survival("bg_nbd", cdnow)
    with pytest.raises(clv.NotFitted, match="no parameters yet"):
        compute_cohort_survival(clv.PurchaseModel("nbd"), cdnow)
    discrete = {"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783}
    with pytest.raises(clv.NotAvailable, match="counts whole periods"):
        compute_cohort_survival(clv.PurchaseModel.from_parameters("bg_bb", discrete, time_unit="week"), cdnow)
    with pytest.raises(TypeError, match=r"compute_cohort_survival\(\) got an unexpected keyword"):
        compute_cohort_survival(cdnow_model, cdnow, horizon=4)
    both = [compute_cohort_survival(one, cdnow, cohort="year") for one in (cdnow_model, cdnow_model.purchases)]
    pd.testing.assert_frame_equal(*both)
