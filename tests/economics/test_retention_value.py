"""Both timings of the value by a retention rate, against the sums they stand for."""

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.economics import discount_rate_per_period, lifetime_from_churn, retention_clv, retention_clv_timings

CASES = [(100.0, 0.8, 0.1), (50.0, 0.0, 0.1), (20.0, 0.95, 0.0), (-5.0, 0.5, 0.2), (10.0, 0.3, -0.4)]


@pytest.mark.parametrize(("m", "r", "d"), CASES)
def test_both_are_the_sum_of_their_cash_flows(m, r, d):
    t = np.arange(4_000.0)
    flows = m * (r / (1 + d)) ** t
    assert retention_clv(m, r, d) == pytest.approx(flows[1:].sum(), rel=1e-12, abs=1e-12)
    assert retention_clv(m, r, d, first_margin="now") == pytest.approx(flows.sum(), rel=1e-12)


@pytest.mark.parametrize(("m", "r", "d"), CASES)
def test_they_differ_by_one_margin(m, r, d):
    assert retention_clv(m, r, d, first_margin="now") - retention_clv(m, r, d) == pytest.approx(m, rel=1e-12)


def test_by_hand():
    # 100 a year, 80 % stay, 10 %: 100 · 0.8/0.3 and 100 · 1.1/0.3
    assert retention_clv(100, 0.8, 0.1) == pytest.approx(800 / 3, rel=1e-14)
    assert retention_clv(100, 0.8, 0.1, first_margin="now") == pytest.approx(1100 / 3, rel=1e-14)
    assert retention_clv(100, 0.8, 0.1, acquisition_cost=300) == pytest.approx(-100 / 3, rel=1e-13)


def test_margin_multiple_of_gupta_and_lehmann():
    # Gupta & Lehmann (2003), table of the margin multiple r/(1 + i − r): 90 % and 12 % give 4.09, 60 % and 10 % 1.20
    assert retention_clv(1, 0.90, 0.12) == pytest.approx(4.09, abs=5e-3)
    assert retention_clv(1, 0.60, 0.10) == pytest.approx(1.20, abs=5e-3)


def test_undiscounted_with_the_first_margin_now_it_is_the_margin_times_the_lifetime():
    r = np.array([0.0, 0.5, 0.99])
    np.testing.assert_allclose(retention_clv(7, r, 0, first_margin="now"), 7 * lifetime_from_churn(1 - r), rtol=1e-13)


def test_continuous_perpetuity_is_the_limit_of_short_periods():
    """Shorter and shorter periods of one yearly discount and no loss: m/ln(1 + d)."""
    d = discount_rate_per_period(0.1, "hour")
    assert retention_clv(100 / 8766, 1 - 1e-15, d) == pytest.approx(100 / np.log(1.1), rel=1e-4)


def test_arrays_broadcast_and_costs_come_off():
    found = retention_clv(np.array([[10.0], [20.0]]), np.array([0.5, 0.8]), 0.1, acquisition_cost=[1, 2])
    assert found.shape == (2, 2)
    assert found[1, 1] == pytest.approx(20 * 0.8 / 0.3 - 2)


@pytest.mark.parametrize(("m", "r", "d"), CASES)
@pytest.mark.parametrize("periods", [1, 7])
def test_the_table_adds_up_to_the_formulas(m, r, d, periods):
    table = retention_clv_timings(m, r, d, periods=periods, acquisition_cost=3)
    assert list(table["period"]) == [*map(str, range(periods + 1)), "later", "CLV"]
    for name in ("next", "now"):
        assert table[name].iloc[-1] == pytest.approx(table[name].iloc[:-1].sum(), rel=1e-12)
        worth = retention_clv(m, r, d, first_margin=name, acquisition_cost=3)
        assert table[name].iloc[-1] == pytest.approx(worth, rel=1e-12)
    assert table["now"].iloc[0] - table["next"].iloc[0] == m
    np.testing.assert_array_equal(table["next"].iloc[1:-1], table["now"].iloc[1:-1])
    np.testing.assert_allclose(table["still_customer"].iloc[: periods + 1], r ** np.arange(periods + 1))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((1, 1.0, 0.1), {}, r"retention_rate must lie in \[0, 1\): 0.80 if .*found 1"),
        ((1, -0.1, 0.1), {}, "retention_rate must lie in"),
        ((1, [0.5, 80], 0.1), {}, "1 of 2 violate it, first at position 1"),
        ((1, 0.5, -1), {}, "discount_rate must be above -1"),
        ((1, 0.5, -0.5), {}, "discount_rate must be above retention_rate - 1, else the sum is infinite: 1 of 1"),
        ((np.inf, 0.5, 0.1), {}, "margin must be finite"),
        ((1, 0.5, 0.1), {"acquisition_cost": -2}, "acquisition_cost must be finite and at least 0; found -2"),
        ((1, 0.5, 0.1), {"first_margin": "later"}, r"first_margin must be 'next' .* or 'now' .*found 'later'"),
        (([1, 2], [0.1, 0.2, 0.3], 0.1), {}, "one length"),
    ],
)
def test_refusals(arguments, options, message):
    with pytest.raises(clv.InvalidInput, match=message):
        retention_clv(*arguments, **options)


@pytest.mark.parametrize("periods", [0, -1, 2.5, True, "5"])
def test_the_table_refuses_periods(periods):
    with pytest.raises(clv.InvalidInput, match="periods must be a whole number of at least 1"):
        retention_clv_timings(1, 0.5, 0.1, periods=periods)


def test_the_table_refuses_arrays():
    with pytest.raises(clv.InvalidInput, match="single numbers"):
        retention_clv_timings([1, 2], 0.5, 0.1)
