"""Hand-worked values, limits and refusals of the formulas that are arithmetic."""

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.economics import average_clv, discount_rate_per_period, lifetime_from_churn, order_value_clv
from clvmodels.economics.periods import hours_of


def test_average_clv_by_hand():
    assert average_clv(60_000, 1_000) == 60.0
    assert average_clv(60_000, 1_000, observed=6, period=12, margin=0.25) == 30.0
    assert isinstance(average_clv(60_000, 1_000), float)


def test_average_clv_is_linear_in_margin_and_period_and_broadcasts():
    margins = np.array([0.0, 0.1, 0.2])
    one = average_clv(500, 10, margin=1.0)
    np.testing.assert_allclose(average_clv(500, 10, margin=margins), one * margins, rtol=1e-15)
    assert average_clv(500, 10, period=0) == 0.0
    np.testing.assert_allclose(average_clv([100, 600], [10, 20]), [10, 30])


def test_order_value_clv_by_hand():
    # 40 a purchase, one every second month, a quarter of it profit, two years: 12 purchases of 10 profit
    assert order_value_clv(40, 0.5, 24, margin=0.25) == 120.0
    np.testing.assert_array_equal(order_value_clv([40, 80], [0.5, 0.25], [24, 36], margin=[0.25, 0.5]), [120, 360])
    assert order_value_clv(40, 0.5, 0) == 0.0


def test_order_value_is_average_value_where_it_is_made_of_the_same_numbers():
    revenue, purchases, customers, months = 5_400.0, 180, 60, 9
    by_orders = order_value_clv(revenue / purchases, purchases / customers / months, 4, margin=0.3)
    assert by_orders == pytest.approx(average_clv(revenue, customers, observed=months, period=4, margin=0.3))


@pytest.mark.parametrize("churn", [0.01, 0.2, 0.5, 1.0])
def test_lifetime_is_the_mean_of_a_geometric_lifetime(churn):
    n = np.arange(1, 20_000)
    assert lifetime_from_churn(churn) == pytest.approx(np.sum(n * churn * (1 - churn) ** (n - 1.0)), rel=1e-12)


def test_lifetime_of_a_mean_churn_is_too_short_where_customers_differ():
    churn = np.array([0.02, 0.05, 0.2])
    assert lifetime_from_churn(churn).mean() > lifetime_from_churn(churn.mean())
    assert lifetime_from_churn(churn[:1]).mean() == lifetime_from_churn(0.02)


@pytest.mark.parametrize(
    ("period", "times"),
    [("month", 12), ("quarter", 4), ("year", 1), ("week", 365.25 / 7), ("day", 365.25), ("hour", 8766)],
)
def test_rates_of_a_period_compound_to_that_of_a_year(period, times):
    for annual in (-0.5, 0.0, 0.1, 3.0):
        assert (1 + discount_rate_per_period(annual, period)) ** times == pytest.approx(1 + annual, rel=1e-12)
    assert float(hours_of(period)) * times == pytest.approx(8766)


def test_series_and_lists_are_arrays():
    import pandas as pd

    found = lifetime_from_churn(pd.Series([0.5, 0.25], index=["a", "b"]))
    np.testing.assert_array_equal(found, [2, 4])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: average_clv(100, 0), "customers must be above 0: a group has some; found 0"),
        (lambda: average_clv(100, [5, 0, -1]), "customers must be above 0.*2 of 3 violate it, first at position 1"),
        (lambda: average_clv(-1, 5), "revenue must be finite and at least 0; found -1"),
        (lambda: average_clv(1, 5, observed=0), "observed must be above 0"),
        (lambda: average_clv(1, 5, period=-1), "period must be finite and at least 0"),
        (lambda: average_clv([1, 2], [1, 2, 3]), r"one length, or shapes that broadcast; found revenue \(2,\), cust"),
        (lambda: order_value_clv(-1, 1, 1), "average_order_value must be finite and at least 0"),
        (lambda: order_value_clv(1, np.nan, 1), "purchases_per_month must be finite and at least 0; found nan"),
        (lambda: order_value_clv(1, 1, np.inf), "lifespan_months must be finite and at least 0; found inf"),
        (lambda: order_value_clv(1, 1, "long"), "lifespan_months must be a number or an array of numbers; found long"),
        (lambda: order_value_clv(1, 1, 1, margin=np.nan), "margin must be finite"),
        (lambda: lifetime_from_churn(0), r"churn_rate must lie in \(0, 1\].*found 0"),
        (lambda: lifetime_from_churn([0.5, 1.5]), r"1 of 2 violate it, first at position 1 \(1.5\)"),
        (lambda: discount_rate_per_period(-1), "annual_discount_rate must be above -1"),
        (lambda: discount_rate_per_period(0.1, "fortnight"), "period must be one of hour, day, week, month, quarter"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(clv.InvalidInput, match=message):
        call()


def test_margins_above_1_are_warned_of():
    with pytest.warns(clv.ClvWarning, match=r"margin is profit as a share of spend.*found 30"):
        assert average_clv(100, 10, margin=30) == 300.0
    with pytest.warns(clv.ClvWarning, match="1 of 2 are above 1, first 1.5"):
        order_value_clv(1, 1, 1, margin=[0.5, 1.5])
    average_clv(100, 10, margin=-0.1)  # a loss is possible, and no reason to warn
