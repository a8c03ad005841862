"""Customers drawn under lifetimes' names: other draws, of the same distributions.

Seeds are fixed. A comparison of two samples is at a level of 1e-4 each: with all of them a false alarm in fewer than 1 of
300 choices of seeds.
"""

from __future__ import annotations

import inspect
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.compat.lifetimes import generate_data, utils

BG_NBD = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
PARETO_NBD = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
BG_BB = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
MODELS: dict[str, tuple[dict[str, float], str]] = {
    "beta_geometric_nbd_model": (BG_NBD, "bg_nbd"),
    "modified_beta_geometric_nbd_model": ({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, "mbg_nbd"),
    "pareto_nbd_model": (PARETO_NBD, "pareto_nbd"),
    "beta_geometric_beta_binom_model": (BG_BB, "bg_bb"),
}
LEVEL = 1e-4


def drawn(module: Any, name: str, length: Any, size: int, **parameters: float) -> pd.DataFrame:
    first = "N" if name == "beta_geometric_beta_binom_model" else "T"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame: pd.DataFrame = getattr(module, name)(**{first: length}, **parameters, size=size)
    return frame


@pytest.fixture(scope="module")
def generators(original: ModuleType) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes.generate_data
    return lifetimes.generate_data


@pytest.mark.parametrize("name", MODELS)
def test_frames_are_laid_out_as_in_lifetimes(generators: Any, name: str) -> None:
    for length in (6, np.array([6.0, 5.0, 4.0, 3.0])):
        np.random.seed(7)  # noqa: NPY002
        expected = drawn(generators, name, length, 3, **MODELS[name][0])
        found = drawn(generate_data, name, length, 3, **MODELS[name][0])
        assert list(found.columns) == list(expected.columns)
        pd.testing.assert_series_equal(found.dtypes, expected.dtypes)
        pd.testing.assert_index_equal(found.index, expected.index)
        time = "n_periods" if "n_periods" in expected else "T"
        assert found[time].tolist() == expected[time].tolist()
    parameters = list(inspect.signature(getattr(generate_data, name)).parameters)
    assert parameters == list(inspect.signature(getattr(generators, name)).parameters)


@pytest.mark.parametrize("name", MODELS)
def test_customers_are_distributed_as_those_of_lifetimes(generators: Any, name: str) -> None:
    parameters, _ = MODELS[name]
    length = 6 if name == "beta_geometric_beta_binom_model" else 39
    np.random.seed(20240101)  # noqa: NPY002
    theirs = drawn(generators, name, length, 1500, **parameters)
    ours = drawn(generate_data, name, length, 30_000, **parameters)
    counts = pd.DataFrame({who: d["frequency"].clip(upper=6).value_counts() for who, d in (("a", ours), ("b", theirs))})
    assert stats.chi2_contingency(counts.fillna(0)).pvalue > LEVEL
    both = [pd.crosstab(d["alive"], d["frequency"].clip(upper=2)).to_numpy().ravel() for d in (ours, theirs)]
    both = [row for row in zip(*both, strict=True) if sum(row)]
    assert stats.chi2_contingency(np.array(both)).pvalue > LEVEL
    for column in set(ours) & {"lambda", "p", "mu", "theta"}:
        assert stats.ks_2samp(ours[column], theirs[column]).pvalue > LEVEL
    last = [d.loc[d["frequency"] > 0, "recency"] for d in (ours, theirs)]
    assert stats.ks_2samp(*last).pvalue > LEVEL


@pytest.mark.parametrize("name", MODELS)
def test_customers_are_distributed_as_the_model_says(name: str) -> None:
    """Who buys nothing, and who is alive given how often he bought: z within 3.9, at most 16 of them."""
    parameters, family = MODELS[name]
    length = 6 if family == "bg_bb" else 39
    np.random.seed(188898)  # noqa: NPY002
    found = drawn(generate_data, name, length, 100_000, **parameters)
    model = clv.PurchaseModel.from_parameters(family, parameters, time_unit="year" if family == "bg_bb" else "week")
    bought = 1 - float(model.new_customer().purchase_pmf(0, horizon=length))
    shares = [(bought, found["frequency"] > 0)]
    summary = found.rename(columns={"n_periods": "T"})[["frequency", "recency", "T"]]
    if family == "bg_bb":
        alive = model.p_alive(summary, after=1)  # there for the next opportunity
        shares += [(float(alive[rows].mean()), found.loc[rows, "alive"] == 1) for rows in _alike(summary)]
    else:  # the frequency counts periods, and not purchases: only 0 is the same
        rows = summary["frequency"] == 0
        shares.append((float(model.p_alive(summary[rows]).mean()), found.loc[rows, "alive"] == 1))
    for share, seen in shares:
        error = np.sqrt(max(share * (1 - share), 1e-12) / len(seen))
        assert abs(seen.mean() - share) < 3.9 * error + 1e-12


def _alike(summary: pd.DataFrame) -> list[Any]:
    return [(summary["frequency"] == x) & (summary["recency"] == last) for x, last in ((0, 0), (2, 4), (6, 6))]


def test_the_seed_of_numpy_makes_them_again() -> None:
    for name, (parameters, _) in MODELS.items():
        one, same, other = (
            (np.random.seed(seed), drawn(generate_data, name, 6, 50, **parameters))[1]  # noqa: NPY002
            for seed in (1, 1, 2)
        )
        pd.testing.assert_frame_equal(one, same)
        assert not one.equals(other)
        assert not one.equals(drawn(generate_data, name, 6, 50, **parameters))


def test_length_of_any_kind() -> None:
    for T in (6, 6.0, np.int64(6), np.float32(6), np.array(6), [6, 6, 6], pd.Series([6, 6, 6], index=[3, 4, 5])):
        assert drawn(generate_data, "pareto_nbd_model", T, 2, **PARETO_NBD)["T"].tolist() == [6.0, 6.0]
    with pytest.raises(IndexError, match="each of 3 customers; found 2"):
        drawn(generate_data, "pareto_nbd_model", [6, 6], 3, **PARETO_NBD)


@pytest.mark.parametrize(
    ("T", "freq", "size"), [(100, "D", 500), ([400, 200, 5, 103, 198, 401], "D", 6), (100, "h", 500), (60, "W", 200)]
)
def test_lines_sum_up_to_the_customers_of_the_same_seed(T: Any, freq: str, size: int) -> None:
    """What lifetimes' own tests ask of both; the end of weeks is a Monday, on which they begin."""
    end = "2019-1-1" if freq != "W" else "2018-12-31"
    parameters = {"r": 0.24, "alpha": 4.41, "a": 0.79, "b": 2.43}
    np.random.seed(188898)  # noqa: NPY002
    log = generate_data.beta_geometric_nbd_model_transactional_data(
        T, **parameters, observation_period_end=end, freq=freq, size=size
    )
    assert list(log.columns) == ["customer_id", "date"]
    assert log.index.tolist() == list(range(len(log)))
    found = utils.summary_data_from_transaction_data(log, "customer_id", "date", observation_period_end=end, freq=freq)
    np.random.seed(188898)  # noqa: NPY002
    expected = generate_data.beta_geometric_nbd_model(T=T, **parameters, size=size)[["frequency", "recency", "T"]]
    expected["recency"] = np.ceil(expected["recency"])
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True))


def test_few_purchases_and_none() -> None:
    for name, (parameters, _) in MODELS.items():
        none = drawn(generate_data, name, 0, 20, **parameters)
        assert none["frequency"].sum() == none["recency"].sum() == 0
        assert len(drawn(generate_data, name, 6, 0, **parameters)) == 0
