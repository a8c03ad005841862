"""Logs of any size: the same bytes from the same seed, and the law of the model.

Tests with simulation reject at |z| > 5, one true law in 1.7 million.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

import clvmodels as clv
from clvmodels.families import nbd, purchase_family
from clvmodels.scoring import simulated_log
from clvmodels.scoring.simulated_log import PUBLISHED, published_model

CUSTOMERS = 20_000  # more than two blocks


def model_of(purchases: str = "pareto_nbd", spend: str | None = "gamma_gamma", unit: str = "week"):
    return published_model(purchases, spend, unit, {})


def z(values) -> float:
    return float(np.mean(values) / (np.std(values) / np.sqrt(len(values))))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "log.parquet"
    return clv.simulate_log(model_of(), path, CUSTOMERS, observation=78, seed=11, dates="timestamp")


@pytest.fixture(scope="module")
def log(made):
    return pd.read_parquet(made.path)


def test_what_is_told_is_what_was_written(made, log):
    assert (made.customers, made.lines) == (CUSTOMERS, len(log))
    assert log["customer_id"].nunique() == CUSTOMERS
    assert (made.first_date, made.last_date) == (str(log["date"].min().date()), str(log["date"].max().date()))
    assert made.money == pytest.approx(log["amount"].sum(), rel=1e-12)
    assert made.observation_end == "2024-12-31"
    assert made.seconds > 0


def test_lines_stand_in_the_order_of_time(log):
    assert log["date"].is_monotonic_increasing
    assert not log["customer_id"].is_monotonic_increasing


@pytest.mark.parametrize("order", ["date", "customer"])
@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_the_same_seed_gives_the_same_bytes(order, ending, tmp_path):
    one, again, other = (tmp_path / f"{name}{ending}" for name in ("one", "again", "other"))
    for path, seed in ((one, 5), (again, 5), (other, 6)):
        clv.simulate_log(model_of(), path, 9000, observation=52, seed=seed, order=order)
    assert one.read_bytes() == again.read_bytes()
    assert one.read_bytes() != other.read_bytes()


def test_bytes_do_not_depend_on_what_is_sorted_on_disk(tmp_path):
    paths = [tmp_path / f"{limit}.parquet" for limit in ("1GB", "25MB")]
    busy = published_model("nbd", None, "week", {"alpha": 0.5})
    for path in paths:
        clv.simulate_log(busy, path, CUSTOMERS, memory_limit=path.stem)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_customer_does_not_depend_on_those_after_him(tmp_path, log):
    few = clv.simulate_log(model_of(), tmp_path / "few.parquet", 8200, observation=78, seed=11, dates="timestamp")
    pd.testing.assert_frame_equal(pd.read_parquet(few.path), log[log["customer_id"] <= 8200].reset_index(drop=True))


def test_without_amounts_the_purchases_are_the_same(tmp_path, log):
    plain = clv.simulate_log(
        model_of(spend=None), tmp_path / "plain.parquet", CUSTOMERS, observation=78, seed=11, dates="timestamp"
    )
    assert plain.money is None
    pd.testing.assert_frame_equal(pd.read_parquet(plain.path), log[["customer_id", "date"]])


def test_orders_hold_the_same_lines(tmp_path, log):
    path = tmp_path / "by_customer.parquet"
    clv.simulate_log(model_of(), path, CUSTOMERS, observation=78, seed=11, dates="timestamp", order="customer")
    found = pd.read_parquet(path)
    assert found["customer_id"].is_monotonic_increasing
    by = ["date", "customer_id", "amount"]
    pd.testing.assert_frame_equal(found.sort_values(by, ignore_index=True), log)


def test_days_are_those_of_the_timestamps(tmp_path, log):
    path = tmp_path / "days.parquet"
    clv.simulate_log(model_of(), path, CUSTOMERS, observation=78, seed=11)
    by = ["date", "customer_id", "amount"]
    days = log.assign(date=log["date"].dt.date).sort_values(by, ignore_index=True)
    pd.testing.assert_frame_equal(pd.read_parquet(path), days)


def test_csv_holds_what_parquet_holds(tmp_path, made):
    text = clv.simulate_log(model_of(), tmp_path / "log.csv", CUSTOMERS, observation=78, seed=11, dates="timestamp")
    keywords = {"observation_end": "2024-12-31", "event_grain": "line"}
    pd.testing.assert_frame_equal(clv.rfm_summary(text.path, **keywords), clv.rfm_summary(made.path, **keywords))


def test_one_customer(tmp_path):
    made = clv.simulate_log(model_of(), tmp_path / "one.parquet", 1, seed=3)
    log = pd.read_parquet(made.path)
    assert made.customers == 1
    assert made.lines == len(log) >= 1
    assert (log["customer_id"] == 1).all()


def test_row_groups_are_of_one_size(tmp_path, monkeypatch, made, log):
    monkeypatch.setattr(simulated_log, "_ROWS", 3000)
    small = clv.simulate_log(model_of(), tmp_path / "s.parquet", CUSTOMERS, observation=78, seed=11, dates="timestamp")
    groups = parquet.ParquetFile(small.path).metadata
    sizes = [groups.row_group(i).num_rows for i in range(groups.num_row_groups)]
    assert set(sizes[:-1]) == {3000}
    assert sum(sizes) == len(log)
    pd.testing.assert_frame_equal(pd.read_parquet(small.path), log)


@pytest.mark.parametrize("block", [8192, 1000])
@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd", "pareto_nbd", "nbd"])
def test_customers_buy_as_the_model_expects(family, block, tmp_path, monkeypatch):
    monkeypatch.setattr(simulated_log, "_BLOCK", block)
    made = clv.simulate_log(
        model_of(family), tmp_path / "log.parquet", CUSTOMERS, observation=78, spread=0.5, seed=21, dates="timestamp"
    )
    summary = clv.rfm_summary(made.path, event_grain="line", observation_end=made.observation_end)
    T, x = summary["T"].to_numpy(), summary["frequency"].to_numpy()
    assert T.max() <= 78
    assert T.min() >= 39
    assert abs(z(T - 0.75 * 78)) < 5
    assert abs(z((T - 0.75 * 78) ** 2 - 39**2 / 12)) < 5
    values = list(PUBLISHED[family].values())
    functions = purchase_family(family)
    assert abs(z(x - functions.expected_purchases(T, *values))) < 5
    for n in (0, 1, 3):
        assert abs(z((x == n) - functions.purchase_pmf(n, T, *values))) < 5
    # neighbours are no copies of one another, nor blocks of blocks
    assert abs(np.corrcoef(x[:-1000], x[1000:])[0, 1]) * np.sqrt(len(x) - 1000) < 5


def test_amounts_are_cents_with_the_population_mean(log):
    cents = log["amount"].to_numpy() * 100
    assert np.allclose(cents, np.rint(cents), rtol=0, atol=1e-6 * cents.max())
    assert cents.min() >= 1
    spend = model_of().spend
    means = log.groupby("customer_id")["amount"].mean()
    assert abs(z(means - spend.population_mean)) < 5


def test_a_fit_finds_back_what_was_put_in(made):
    summary = clv.rfm_summary(made.path, event_grain="line", observation_end="2024-12-31")
    fitted = clv.PurchaseModel("pareto_nbd").fit(summary)
    for name, value in PUBLISHED["pareto_nbd"].items():
        assert abs(np.log(fitted.parameters[name] / value)) < 5 * fitted.standard_errors[name] / value


@pytest.mark.parametrize(("spread", "earliest", "latest"), [(0, 52, 52), (1, 0, 52), (0.25, 39, 52)])
def test_customers_arrive_over_the_share_that_was_asked_for(spread, earliest, latest, tmp_path):
    made = clv.simulate_log(
        model_of("nbd", None), tmp_path / "log.parquet", 3000, observation=52, spread=spread, dates="timestamp"
    )
    T = clv.rfm_summary(made.path, amount=None, event_grain="line", observation_end=made.observation_end)["T"]
    assert T.min() >= earliest - 1e-6
    assert T.max() <= latest + 1e-6
    assert T.max() - T.min() >= 0.99 * (latest - earliest)


def test_two_years_if_nothing_is_said(tmp_path):
    made = clv.simulate_log(model_of("nbd", None, "day"), tmp_path / "log.parquet", 9000)
    assert made.first_date in ("2023-01-01", "2023-01-02")


def test_discrete_time(tmp_path):
    """Every opportunity is used by somebody, the last one on the last day and not on the one after."""
    model = clv.PurchaseModel.from_parameters("bg_bb", PUBLISHED["bg_bb"], time_unit="week")
    made = clv.simulate_log(model, tmp_path / "log.parquet", 9000, observation=6, spread=0)
    assert made.last_date == "2024-12-31"
    log = pd.read_parquet(made.path)
    x = log.groupby("customer_id").size().to_numpy() - 1
    assert abs(z(x - model.new_customer().expected_purchases(horizon=6))) < 5


def test_published_parameters_in_other_units():
    day, week = (published_model("pareto_nbd", None, unit, {}) for unit in ("day", "week"))
    assert day.new_customer().expected_purchases(horizon=70) == pytest.approx(
        week.new_customer().expected_purchases(horizon=10)
    )
    own = published_model("bg_nbd", "gamma_gamma", "week", {"a": 1.5, "v": 20.0})
    assert own.purchases.parameters == {**PUBLISHED["bg_nbd"], "a": 1.5}
    assert own.spend.parameters == {**PUBLISHED["gamma_gamma"], "v": 20.0}
    with pytest.raises(clv.InvalidInput, match="there is no parameter 's'; expected some of r, alpha, of nbd"):
        published_model("nbd", None, "week", {"s": 1.0})
    with pytest.raises(clv.InvalidInput, match="'pnbd' is no family; expected one of bg_nbd"):
        published_model("pnbd", None, "week", {})


REFUSED = [
    ({"out": "log.txt"}, "out must end in .parquet or .csv"),
    ({"n_customers": 0}, "n_customers must be a whole number of at least 1; found 0"),
    ({"n_customers": 2.5}, "n_customers must be"),
    ({"observation": -1}, "observation must be a number of at least 0"),
    ({"observation": float("inf")}, "observation must be one finite number"),
    ({"observation": [1, 2]}, "observation must be one finite number"),
    ({"observation": 1e6}, "observation reaches back beyond the calendar"),
    ({"spread": 1.5}, "spread must be a number from 0 to 1; found 1.5"),
    ({"spread": "half"}, "spread must be"),
    ({"seed": -1}, "seed must be a whole number of at least 0"),
    ({"dates": "week"}, "dates must be one of day, timestamp; found 'week'"),
    ({"order": "amount"}, "order must be one of date, customer"),
    ({"observation_end": "soon"}, "observation_end must be a date"),
    ({"model": "bg_nbd"}, "model must be a CLVModel"),
    ({"memory_limit": "many"}, "memory_limit must be"),
]


@pytest.mark.parametrize(("wrong", "message"), REFUSED)
def test_refuses(wrong, message, tmp_path):
    words = {"model": model_of(), "out": "log.parquet", "n_customers": 10, **wrong}
    words["out"] = tmp_path / words["out"]
    with pytest.raises(clv.ClvError, match=message):
        clv.simulate_log(**words)
    assert list(tmp_path.iterdir()) == []


def test_refuses_models_that_cannot(tmp_path):
    out = tmp_path / "log.parquet"
    for model in (clv.CLVModel(), clv.PurchaseModel("nbd"), clv.CLVModel(model_of(spend=None))):
        with pytest.raises(clv.NotFitted):
            clv.simulate_log(model, out, 3)
    mute = replace(nbd.FAMILY, name="mute", simulate=None)
    with pytest.raises(clv.NotAvailable):
        clv.simulate_log(clv.PurchaseModel.from_parameters(mute, PUBLISHED["nbd"], "week"), out, 3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("order", ["date", "customer"])
def test_a_failure_leaves_the_old_file(order, tmp_path):
    """The error of a family in the middle of it comes out as it is, not as one of the engine."""

    def simulate(generator, observation, *parameters):
        calls.append(1)
        if len(calls) > 1:
            raise FloatingPointError("mine")
        return nbd.simulate(generator, observation, *parameters)

    calls: list[int] = []
    model = clv.PurchaseModel.from_parameters(
        replace(nbd.FAMILY, name="own", simulate=simulate), PUBLISHED["nbd"], "week"
    )
    out = tmp_path / "log.parquet"
    out.write_text("old")
    with pytest.raises(FloatingPointError, match="mine"):
        clv.simulate_log(model, out, CUSTOMERS, order=order)
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_too_little_memory_is_told(tmp_path):
    busy = published_model("nbd", None, "week", {"alpha": 0.5})
    with pytest.raises(clv.ClvError, match="temporary disk space") as caught:
        clv.simulate_log(busy, tmp_path / "log.parquet", CUSTOMERS, memory_limit="10MB")
    assert not isinstance(caught.value, clv.InvalidInput)
    assert list(tmp_path.iterdir()) == []


def test_steps_are_told(tmp_path):
    steps: list[str] = []
    clv.simulate_log(model_of(), tmp_path / "log.parquet", 10, progress=steps.append)
    assert tuple(steps) == simulated_log.STEPS
