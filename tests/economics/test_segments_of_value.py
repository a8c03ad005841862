"""Segments on P(alive) and value partition customers, by rules in shares of customers or in money."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv
from clvmodels.economics.value_columns import start_of_share

value_segments, value_if_alive, segment_rules = (
    clv.economics.value_segments, clv.economics.value_if_alive, clv.economics.segment_rules,
)  # fmt: skip


def test_by_hand():
    """Ten customers; the upper fifth by value if alive are the two of 100 and 90, one here and one gone."""
    alive = [1.0, 0.1, 0.5, 0.49, 0.9, 0.8, 0.7, 0.6, 0.3, 0.2]
    given_alive = [100, 90, 80, 70, 60, 50, 40, 30, 20, 10]
    scored = pd.DataFrame({"p_alive": alive, "clv": np.multiply(alive, given_alive)})
    assert value_if_alive(scored).tolist() == pytest.approx(given_alive, rel=1e-12)
    assert value_segments(scored).tolist() == [
        "protect", "win back", "grow", "let go", "grow", "grow", "grow", "grow", "let go", "let go",
    ]  # fmt: skip


def test_cdnow(cdnow_model, cdnow_summary, cdnow_scored):
    segments = value_segments(cdnow_scored)
    assert segments.index.equals(cdnow_scored.index)
    assert segments.name == "segment"
    assert set(segments) == {"protect", "grow", "win back", "let go"}
    worth, alive = cdnow_scored["clv"] / cdnow_scored["p_alive"], cdnow_scored["p_alive"]
    order = worth.sort_values().to_numpy()
    valuable = worth >= order[int(np.ceil(0.8 * (len(order) - 1)))]
    assert valuable.sum() == 472  # the upper fifth of 2,357
    assert (segments.isin(["protect", "win back"]) == valuable).all()
    assert (segments.isin(["protect", "grow"]) == (alive >= 0.5)).all()
    # P(alive) times the value if alive is the value
    assert np.allclose(value_if_alive(cdnow_scored) * alive, cdnow_scored["clv"], rtol=1e-12)


def test_bought_once_is_never_gone_under_bg_nbd(cdnow_summary):
    parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    purchases = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    scored = clv.CLVModel(purchases, spend).predict(cdnow_summary)
    once = (cdnow_summary["frequency"] == 0).to_numpy()
    assert set(value_segments(scored)[once]) <= {"protect", "grow"}


def test_order_ties_and_scale_mean_nothing(cdnow_scored):
    segments = value_segments(cdnow_scored)
    mixed = cdnow_scored.sample(frac=1.0, random_state=2)
    assert (value_segments(mixed) == segments.loc[mixed.index]).all()
    assert (value_segments(cdnow_scored.assign(clv=7 * cdnow_scored["clv"])) == segments).all()
    tied = pd.DataFrame({"p_alive": 1.0, "clv": [1.0, 5, 5, 5, 5]})
    assert value_segments(tied).tolist() == ["grow"] + ["protect"] * 4


def test_rules_in_money_and_of_the_residual_value():
    scored = pd.DataFrame({"p_alive": [1.0, 0.5, 0.1, 0.1], "clv": [10.0, 9.9, 10.0, 1.0]})
    dear = pd.DataFrame({"segment": ["cheap", "dear"], "value_at_least": [None, 10], "value_below": [10, None]})
    assert value_segments(scored, dear).tolist() == ["dear", "cheap", "dear", "cheap"]
    assert value_segments(scored[["clv"]], dear).tolist() == ["dear", "cheap", "dear", "cheap"]
    back = dear.set_axis(["segment", "value_if_alive_at_least", "value_if_alive_below"], axis=1)
    assert value_segments(scored, back).tolist() == ["dear", "dear", "dear", "dear"]
    half = pd.DataFrame(
        {"segment": ["low", "high"], "value_quantile_at_least": [0, 0.5], "value_quantile_below": [0.5, None]}
    )
    assert value_segments(scored, half).tolist() == ["high", "low", "high", "low"]
    assert value_segments(scored.rename(columns={"clv": "clv_52"}), half, "clv_52").tolist() == [
        "high", "low", "high", "low",
    ]  # fmt: skip


def test_kinds_of_frames(cdnow_scored, tmp_path):
    expected = value_segments(cdnow_scored).tolist()
    assert value_segments(pl.from_pandas(cdnow_scored)).to_list() == expected
    assert value_segments(pl.from_pandas(cdnow_scored)).dtype == pl.String
    assert value_segments(pa.Table.from_pandas(cdnow_scored)).to_pylist() == expected
    cdnow_scored.to_csv(tmp_path / "scored.csv", index=False)
    segment_rules("value").to_csv(tmp_path / "rules.csv", index=False)
    assert value_segments(tmp_path / "scored.csv", tmp_path / "rules.csv").tolist() == expected


def test_little_data():
    nobody = pd.DataFrame({"p_alive": [], "clv": []})
    assert value_segments(nobody).tolist() == value_if_alive(nobody).tolist() == []
    assert value_segments(pd.DataFrame({"p_alive": [0.7], "clv": [3.0]})).tolist() == ["protect"]


def test_p_alive_that_a_float_cannot_hold():
    scored = pd.DataFrame({"p_alive": [0.0, 1e-322, 1e-300, 1.0], "clv": [0.0, 1e-320, 1e-298, 1.0]})
    assert value_if_alive(scored).tolist() == pytest.approx([0, 0, 100, 1])


def test_refusals(cdnow_scored):
    infinite = cdnow_scored.assign(clv=cdnow_scored["clv"].where(cdnow_scored.index != 3, np.inf))
    for function in (value_segments, value_if_alive):
        with pytest.raises(
            clv.InvalidInput, match=r"clv must be finite.*1 of 2357.*customer_id='00050'.*finite horizon"
        ):
            function(infinite)
        with pytest.raises(clv.InvalidInput, match=r"clv must be there for every customer: 1 of 2357"):
            function(infinite.replace(np.inf, np.nan))
        with pytest.raises(clv.InvalidInput, match=r"p_alive must be a probability, from 0 to 1: 2357 of 2357"):
            function(cdnow_scored.assign(p_alive=1.5))
        with pytest.raises(clv.InvalidInput, match="no column 'clv_52'"):
            function(cdnow_scored, value="clv_52")
        with pytest.raises(clv.InvalidInput, match="no column 'p_alive'"):
            function(cdnow_scored[["clv"]])
    percent = segment_rules("value").replace({0.8: 80})
    with pytest.raises(
        clv.InvalidInput, match=r"value_if_alive_quantile must be shares of customers, below 1.* have 80"
    ):
        value_segments(cdnow_scored, percent)
    with pytest.raises(
        clv.InvalidInput, match=r"no rule covers p_alive below 0.5, value_if_alive_quantile from 0.8 on"
    ):
        value_segments(cdnow_scored, segment_rules("value").query("segment != 'win back'"))
    with pytest.raises(
        clv.InvalidInput, match=r"p_alive from 0.4 to below 0.5, .*below 0.8 is covered by row 2.*and by row 4"
    ):
        value_segments(cdnow_scored, segment_rules("value").assign(p_alive_at_least=[0.5, 0.4, None, None]))


def test_the_upper_share_begins_with_a_customer():
    """By counting: where q·n is whole, (1 − q)·n of distinct values are at or above it."""
    generator = np.random.default_rng(4)
    for n in (1, 2, 5, 20, 100, 101, 1000):
        values = generator.permutation(n).astype(float)
        for hundredths in range(1, 100):
            start = start_of_share(values, [hundredths / 100])[0]
            assert start in values
            if hundredths * n % 100 == 0:
                assert (values >= start).sum() == n - hundredths * n // 100
            assert (values >= start).sum() == n - (hundredths * (n - 1) + 99) // 100
