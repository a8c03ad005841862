"""Retention actions: hand-worked money, linearity in margin, who is worth it, probability of a loss, refusals."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.economics import break_even_uplift, retention_action


@pytest.fixture(scope="module")
def scored():
    return pd.DataFrame({"customer_id": ["ann", "bob", "eve"], "clv": [100.0, 20.0, 0.0]}, index=[5, 3, 9])


@pytest.fixture(scope="module")
def model():
    parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    purchases = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    return clv.CLVModel(purchases, spend, margin=0.3)


def test_worked_by_hand(scored):
    found = retention_action(scored, cost=4, uplift=0.05)
    assert found.table.index.tolist() == [5, 3, 9]
    assert found.table["gain"].tolist() == [5.0, 1.0, 0.0]
    assert found.table["npv"].tolist() == [1.0, -3.0, -4.0]
    assert found.table["roi"].tolist() == [0.25, -0.75, -1.0]
    assert found.table["break_even_uplift"].tolist() == [0.04, 0.2, np.inf]
    assert found.table["contact"].tolist() == [True, False, False]
    assert (found.contacted, found.cost, found.gain, found.npv, found.roi) == (1, 4.0, 5.0, 1.0, 0.25)
    assert found.npv_of_all == -6.0


def test_costs_and_uplifts_by_row(scored):
    table = scored.assign(price=[4.0, 0.5, 0.0], share=[0.05, 0.05, 0.05])
    by_name = retention_action(table, cost="price", uplift="share")
    by_array = retention_action(table, cost=table["price"], uplift=np.array([0.05, 0.05, 0.05]))
    pd.testing.assert_frame_equal(by_name.table, by_array.table)
    assert by_name.table["npv"].tolist() == [1.0, 0.5, 0.0]
    assert by_name.contacted == 2
    # free and worth nothing: no return can be told, and nothing is gained by it
    assert np.isnan(by_name.table["roi"].iloc[2])
    assert by_name.table["break_even_uplift"].iloc[2] == 0.0


def test_break_even_uplift_is_where_npv_is_zero(scored):
    share = break_even_uplift(scored["clv"].to_numpy(), 4)
    at = retention_action(scored.iloc[:2], cost=4, uplift=share[:2])
    np.testing.assert_allclose(at.table["npv"], 0.0, atol=1e-12)
    assert retention_action(scored.iloc[:2], cost=4, uplift=share[:2] * 1.01).contacted == 2
    assert retention_action(scored.iloc[:2], cost=4, uplift=share[:2] * 0.99).contacted == 0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.floats(-1, 2), st.floats(0, 50), st.floats(-0.5, 1.0), st.floats(-0.5, 1.0))
def test_npv_is_linear_in_the_margin(uplift, cost, one, other):
    values = np.array([100.0, 20.0, 3.0])

    def npv(margin):
        return retention_action(pd.DataFrame({"clv": margin * values}), cost, uplift).table["npv"].to_numpy()

    between = npv(0.25 * one + 0.75 * other)
    np.testing.assert_allclose(between, 0.25 * npv(one) + 0.75 * npv(other), atol=1e-10)
    np.testing.assert_allclose(npv(0.0), -cost, atol=1e-12)


def test_npv_is_linear_in_the_margin_of_the_model(model, cdnow_summary):
    npv = {
        margin: retention_action(model.predict(cdnow_summary, margin=margin), 0.5, 0.1).table["npv"]
        for margin in (0.1, 0.2, 0.4)
    }
    np.testing.assert_allclose(npv[0.4] - npv[0.2], 2 * (npv[0.2] - npv[0.1]), atol=1e-9)


def test_contacting_those_with_a_gain_beats_any_other_choice(cdnow_scored):
    found = retention_action(cdnow_scored, cost=1.0, uplift=0.1)
    assert 0 < found.contacted < found.customers
    npv = found.table["npv"].to_numpy()
    assert found.npv == pytest.approx(npv[npv > 0].sum())
    assert found.npv >= found.npv_of_all
    rng = np.random.default_rng(1)
    assert all(npv[rng.random(len(npv)) < 0.5].sum() <= found.npv for _ in range(20))


def test_kinds_of_frames(scored):
    plain = scored.reset_index(drop=True)
    expected = retention_action(plain, 4, 0.05).table
    of_polars = retention_action(pl.from_pandas(plain), 4, 0.05).table
    of_arrow = retention_action(pa.Table.from_pandas(plain), 4, 0.05).table
    assert isinstance(of_polars, pl.DataFrame)
    assert isinstance(of_arrow, pa.Table)
    pd.testing.assert_frame_equal(of_polars.to_pandas(), expected)
    pd.testing.assert_frame_equal(of_arrow.to_pandas(), expected)


def test_nobody_and_no_rows(scored):
    none = retention_action(scored, cost=1000, uplift=0.05)
    assert none.contacted == 0
    assert none.npv == 0.0
    assert np.isnan(none.roi)
    assert str(none).startswith("None of 3 customers is worth it")
    empty = retention_action(scored.iloc[:0], cost=1, uplift=0.05)
    assert len(empty.table) == 0
    assert empty.npv_of_all == 0.0


def test_looks(scored):
    found = retention_action(scored, cost=4, uplift=0.05)
    assert repr(found) == "RetentionAction: 1 of 3 customers, npv 1"
    assert "25 %" in str(found)
    page = found._repr_html_()
    assert "25.0%" in page
    assert "<table" in page


@pytest.fixture(scope="module")
def both(model):
    seen = {"customer_id": [1, 2, 3], "frequency": [5, 0, 12], "recency": [38.0, 0.0, 10.0], "T": [39.0] * 3}
    summary = pd.DataFrame({**seen, "monetary_value": [40.0, np.nan, 25.0]})
    return model.predict(summary, 52), model.predict_distribution(summary, 52, draws=400, seed=1)


def test_loss_against_the_draws(both):
    scored, future = both
    for cost, uplift in ((2.0, 0.1), (0.5, 0.3)):
        table = retention_action(scored, cost, uplift, future=future).table
        assert table["prob_loss"].between(0, 1).all()
        # no draw equals the threshold, so that not exceeding it is falling short of it
        expected = 1 - future.prob_value_exceeds(cost / uplift)
        np.testing.assert_allclose(table["prob_loss"], expected)


def test_loss_in_the_limits(both):
    scored, future = both
    free = retention_action(scored, 0, 0.1, future=future).table["prob_loss"]
    assert (free == 0).all()
    wasted = retention_action(scored, 1, 0.0, future=future).table["prob_loss"]
    assert (wasted == 1).all()
    nothing = retention_action(scored, 0, 0.0, future=future).table["prob_loss"]
    assert (nothing == 0).all()
    harmful = retention_action(scored, 1, -0.5, future=future).table["prob_loss"]
    assert (harmful == 1).all()
    dear = retention_action(scored, 1e9, 1e-300, future=future).table["prob_loss"]
    assert (dear == 1).all()
    # free, but it drives customers away: a loss whenever they would have been worth anything
    free_and_harmful = retention_action(scored, 0, -0.5, future=future).table["prob_loss"]
    np.testing.assert_allclose(free_and_harmful, future.prob_value_exceeds(0))


def test_agrees_with_expected_loss_on_whom_to_treat(both):
    scored, future = both
    ours = retention_action(scored, 1.0, 0.1, future=future).table
    theirs = future.expected_loss(cost=1.0, uplift=0.1)
    assert ours["contact"].tolist() == theirs["treat"].tolist()


def test_of_other_customers_or_another_horizon(both, model):
    scored, future = both
    with pytest.raises(clv.InvalidInput, match="expected 2 rows, found 3"):
        retention_action(scored.iloc[:2], 1, 0.1, future=future)
    with pytest.raises(clv.InvalidInput, match="2 of 3 rows differ, first row 0"):
        retention_action(scored.iloc[[1, 0, 2]], 1, 0.1, future=future)
    seen = {"customer_id": [1, 2, 3], "frequency": [0] * 3, "recency": [0.0] * 3, "T": [39.0] * 3}
    other = model.predict(pd.DataFrame({**seen, "monetary_value": [np.nan] * 3}), 26)
    with pytest.raises(clv.InvalidInput, match=r"horizon of 26\.0, future is over 52"):
        retention_action(other, 1, 0.1, future=future)
    summary = pd.DataFrame({**seen, "customer_id": scored["customer_id"], "monetary_value": [np.nan] * 3})
    for terms, message in (
        ({"margin": 0.9}, "must be of the same margin: found 0.9 and"),
        ({"annual_discount_rate": 0.5}, "must be of the same annual discount rate: found 0.5 and 0.1"),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            retention_action(model.predict(summary, 52, **terms), 1, 0.1, future=future)


@pytest.mark.parametrize(
    ("cost", "uplift", "message"),
    [
        (-1, 0.05, "cost must be finite and at least 0; found -1"),
        (float("nan"), 0.05, "cost must be finite and at least 0; found nan"),
        ([1.0, -2.0, 3.0], 0.05, "1 of 3 customers violate it, first customer_id='bob' \\(cost=-2\\)"),
        (1, -1.5, "uplift must be a finite share of at least -1"),
        (1, float("inf"), "uplift must be a finite share"),
        (1, [0.1, np.nan, 0.1], "1 of 3 customers violate it, first customer_id='bob'"),
        (1, "five per cent", "there is no column 'five per cent'"),
        (1, [0.1], "one value per row"),
    ],
)
def test_refuses(scored, cost, uplift, message):
    with pytest.raises(clv.InvalidInput, match=message):
        retention_action(scored, cost, uplift)


def test_refuses_values_that_are_missing_infinite_or_told_twice(scored):
    with pytest.raises(clv.InvalidInput, match=r"is infinite, so any action would pay: .*customer_id='bob'"):
        retention_action(scored.assign(clv=[1.0, np.inf, 2.0]), 1, 0.1)
    with pytest.raises(clv.InvalidInput, match="must be there: 1 of 3"):
        retention_action(scored.assign(clv=[1.0, np.nan, 2.0]), 1, 0.1)
    with pytest.raises(clv.InvalidInput, match="repeat a customer_id"):
        retention_action(pd.concat([scored, scored]), 1, 0.1)
    with pytest.raises(clv.InvalidInput, match="no column 'value'"):
        retention_action(scored, 1, 0.1, value="value")


def test_break_even_uplift():
    assert break_even_uplift(80, 4) == 0.05
    np.testing.assert_array_equal(
        break_even_uplift([80.0, 0.0, -5.0, 0.0], [4.0, 4.0, 4.0, 0.0]), [0.05, np.inf, np.inf, 0]
    )
    with pytest.raises(clv.InvalidInput, match="cost must be finite and at least 0"):
        break_even_uplift(80, -4)
    with pytest.raises(clv.InvalidInput, match="value must be finite"):
        break_even_uplift(np.inf, 4)


def test_break_even_keeps_the_index():
    found = break_even_uplift(pd.Series([80.0, 20.0], index=["ann", "bob"]), cost=4)
    assert found.to_dict() == {"ann": 0.05, "bob": 0.2}
