"""Regularity: known worlds give their k back, and the grain of the log does not spoil it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.validation.regularity import compute_regularity

FOUR_ERRORS = 4  # false alarms of a normal estimate: 6 in 100,000


def world(shape, n=8_000, seed=3, days=3 * 365):
    """A log of n customers with Erlang times between purchases, rates Gamma(2) with a mean of one in 40 days."""
    generator = np.random.default_rng(seed)
    rate = generator.gamma(2.0, 1 / 80, n)
    gaps = generator.gamma(shape, 1.0, (n, 40)) / (shape * rate[:, None])
    times = np.cumsum(gaps, axis=1)
    customer, place = np.nonzero(times < days)
    moments = pd.Timestamp("2020-01-01") + pd.to_timedelta(times[customer, place] * 86400 * 1e6, unit="us")
    return pd.DataFrame({"customer_id": customer, "date": moments})


@pytest.mark.parametrize(
    ("shape", "grain"), [(1, "line"), (1, "day"), (2, "line"), (2, "day"), (2, "hour"), (0.5, "line")]
)
def test_known_worlds(shape, grain):
    table = compute_regularity(world(shape), amount=None, event_grain=grain)
    k, error = table["regularity"][0], table["standard_error"][0]
    assert error < 0.03 * shape
    # merging the purchases of a day takes short times away, and the end of observation long ones
    assert abs(k - shape) < FOUR_ERRORS * error + (0.05 if grain == "day" else 0.02) * shape
    if grain == "line":
        assert (table["p_value"][0] > 1e-4) == (shape == 1)
    words = {1: "as the models assume", 2: "more regular than chance", 0.5: "in bursts"}[shape]
    assert words in table["reading"][0]


def test_an_nbd_is_as_chance_has_it():
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 1.5, "alpha": 10.0}, time_unit="week")
    table = compute_regularity(model.simulate(5_000, observation=104, seed=5).log, amount=None, event_grain="line")
    assert abs(table["regularity"][0] - 1) < FOUR_ERRORS * table["standard_error"][0]
    assert table["p_value"][0] > 1e-4


def test_the_error_is_right():
    """Over 25 worlds (k − 2)/error has a standard deviation of 1; beyond 0.5..1.6 once in 10,000 runs (χ²)."""
    z = []
    for seed in range(25):
        generator = np.random.default_rng(seed)
        gaps = generator.gamma(2.0, 1.0, (400, 2))
        seconds = np.concatenate([np.zeros((400, 1)), np.cumsum(gaps, axis=1)], axis=1).ravel() * 1e6
        dates = pd.Timestamp("2020-01-01") + pd.to_timedelta(seconds, unit="s")
        log = pd.DataFrame({"customer_id": np.repeat(np.arange(400), 3), "date": dates})
        table = compute_regularity(log, amount=None, event_grain="line")
        z.append((table["regularity"][0] - 2) / table["standard_error"][0])
    assert 0.5 < np.std(z) < 1.6
    assert abs(np.mean(z)) < 0.8


def test_by_hand():
    """Only the last two times count, and only of those who have two: M = 1/3 and 3/4."""
    rows = [("a", 1), ("a", 2), ("a", 5), ("a", 11), ("b", 1), ("b", 10), ("b", 13), ("c", 1), ("c", 9)]
    log = pd.DataFrame(rows, columns=["customer_id", "day"])
    log["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(log["day"], unit="D")
    table = compute_regularity(log, amount=None, event_grain="line")
    V = ((1 / 3 - 0.5) ** 2 + (3 / 4 - 0.5) ** 2) / 2
    assert table["n_customers"].tolist() == [2] * 20
    assert table["regularity"][0] == pytest.approx((1 - 4 * V) / (8 * V), rel=1e-12)
    assert np.flatnonzero(table["customers"]).tolist() == [6, 15]
    assert table["share"].sum() == pytest.approx(1)
    k = table["regularity"][0]
    assert table["fitted"][3] == pytest.approx(stats.beta(k, k).cdf(0.2) - stats.beta(k, k).cdf(0.15), rel=1e-9)
    assert table["uniform"].tolist() == [0.05] * 20
    assert "too few customers to tell" in table["reading"][0]


def test_days_are_spread_the_same_way_each_time():
    """Whole days would put a customer of days 1, 2, 3 at 1/2 exactly; the same log gives the same table."""
    log = pd.DataFrame(
        {"customer_id": np.repeat(np.arange(500), 3), "date": ["2024-01-01", "2024-01-02", "2024-01-03"] * 500}
    )
    table = compute_regularity(log, amount=None)
    assert table["customers"].max() < 120
    assert (table["customers"] > 0).sum() > 10
    pd.testing.assert_frame_equal(compute_regularity(log, amount=None), table)
    pd.testing.assert_frame_equal(compute_regularity(pl.from_pandas(log), amount=None), table)


def test_perfectly_regular_and_too_little():
    log = pd.DataFrame({"customer_id": np.repeat([1, 2], 3), "date": ["2024-01-01", "2024-01-02", "2024-01-03"] * 2})
    table = compute_regularity(log, amount=None, event_grain="line")
    assert table["regularity"][0] == np.inf
    assert np.isfinite(table["fitted"]).all()
    assert "more regular than chance" in table["reading"][0]
    with pytest.raises(clv.NotEnoughData, match="at least 3 purchases at different times; found 1 among 1 customers"):
        compute_regularity(log[log["customer_id"] == 1], amount=None)
    with pytest.raises(clv.InvalidInput, match="leave time_unit out"):
        compute_regularity(log, time_unit="week")
    with pytest.raises(TypeError, match=r"compute_regularity\(\) got an unexpected keyword argument 'colour'"):
        compute_regularity(log, colour="red")
