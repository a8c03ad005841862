"""The list of valuable customers who fall silent: who is on it, in which order, and what its dates mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.economics import at_risk, falls_below

BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}


@pytest.fixture(scope="module")
def bg():
    return clv.CLVModel(
        clv.PurchaseModel.from_parameters("bg_nbd", BG, "week"), clv.SpendModel.from_parameters("gamma_gamma", SPEND)
    )


@pytest.fixture
def seen():
    found = pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "cy", "di", "eve"],
            "frequency": [2, 5, 0, 1, 12],
            "recency": [30.43, 20.0, 0.0, 0.0, 38.0],
            "T": [38.86, 38.86, 30.0, 38.86, 38.86],
            "monetary_value": [22.35, 40.0, np.nan, 35.0, 60.0],
        },
        index=list("vwxyz"),
    )
    found.attrs = {"clvmodels": '{"time_unit": "week", "observation_end": "1997-09-30"}'}
    return found


def test_by_hand(bg, seen):
    """u = (alpha + t_x)((b + x − 1)/a)^(1/(r + x)) − alpha − T; the dates are so many days after 30 September."""
    found = at_risk(bg, seen, top=1).set_index("customer_id")
    by_hand = {
        "ann": 34.844 * (3.426 / 0.793) ** (1 / 2.243) - 43.274,
        "bob": 24.414 * (6.426 / 0.793) ** (1 / 5.243) - 43.274,
        "di": 4.414 * (2.426 / 0.793) ** (1 / 1.243) - 43.274,
        "eve": 42.414 * (13.426 / 0.793) ** (1 / 12.243) - 43.274,
        "cy": np.inf,
    }
    assert_allclose(found["falls_below_in"], [by_hand[name] for name in found.index], rtol=1e-10)
    last = pd.Timestamp("1997-09-30")
    for name in ("ann", "bob", "di", "eve"):
        assert found.loc[name, "falls_below_on"] == last + pd.Timedelta(days=int(np.ceil(7 * by_hand[name])))
    assert pd.isna(found.loc["cy", "falls_below_on"])
    assert found["note"].to_dict() == {
        "ann": "falls below 0.5 if no purchase comes",
        "bob": "below 0.5 already",
        "cy": "never falls: BG/NBD takes who never came back for alive, however long the silence",
        "di": "below 0.5 already",
        "eve": "falls below 0.5 if no purchase comes",
    }


def test_values_are_those_of_the_prediction_dearest_first(bg, seen):
    scored = bg.predict(seen, horizon=26, margin=0.3, annual_discount_rate=0.2)
    found = at_risk(bg, seen, top=1, horizon=26, margin=0.3, annual_discount_rate=0.2)
    wanted = scored.sort_values("clv", ascending=False)
    assert found["customer_id"].tolist() == wanted["customer_id"].tolist()
    assert found["clv"].tolist() == wanted["clv"].tolist()
    assert found["p_alive"].tolist() == wanted["p_alive"].tolist()
    assert found.index.tolist() == wanted.index.tolist()
    assert clv.frames.read_facts(found)["horizon"] == "26.0"
    assert clv.frames.read_facts(found)["observation_end"] == "1997-09-30"


@pytest.mark.parametrize(("top", "n"), [(0.2, 1), (0.4, 2), (0.41, 3), (1, 5), (1e-9, 1), (0.6, 3)])
def test_a_share_of_customers_is_rounded_up(bg, seen, top, n):
    everybody = at_risk(bg, seen, top=1)
    assert at_risk(bg, seen, top=top)["customer_id"].tolist() == everybody["customer_id"].tolist()[:n]


def test_a_share_that_is_a_whole_number_of_customers_is_not_rounded_up(bg):
    """0.07 · 100 is a little more than 7 to a computer."""
    hundred = pd.DataFrame({"frequency": 1.0, "recency": 1.0, "T": np.arange(2, 102.0), "monetary_value": 10.0})
    assert len(at_risk(bg, hundred, top=0.07)) == 7


def test_equal_values_keep_the_order_of_rows(bg, seen):
    twice = pd.concat([seen, seen.assign(customer_id=lambda found: found["customer_id"] + "2")])
    twice.attrs = seen.attrs
    names = at_risk(bg, twice, top=0.5)["customer_id"].tolist()
    assert names[:4] == ["eve", "eve2", names[2], names[2] + "2"]
    assert len(names) == 5


def test_a_value_instead_of_a_share(bg, seen):
    everybody = at_risk(bg, seen, top=1)
    third = everybody["clv"].iloc[2]
    assert len(at_risk(bg, seen, min_value=third)) == 3
    assert len(at_risk(bg, seen, min_value=third + 1e-9, top=1)) == 2
    assert len(at_risk(bg, seen, min_value=1e9)) == 0


def test_within(bg, seen):
    everybody = at_risk(bg, seen, top=1)
    soon = at_risk(bg, seen, top=1, within=12)
    assert soon["customer_id"].tolist() == everybody.loc[everybody["falls_below_in"] <= 12, "customer_id"].tolist()
    assert set(soon["customer_id"]) == {"eve", "bob", "di"}  # ann falls later, cy never
    assert len(at_risk(bg, seen, top=1, within=np.inf)) == 5


def test_dates_hold_when_the_log_is_summarised_then(cdnow, cdnow_model, cdnow_summary):
    """At the end of the day named P(alive) is not above the level, at the end of the day before it is."""
    found = at_risk(cdnow_model, cdnow_summary, top=0.3)
    known = cdnow[cdnow["date"] <= pd.Timestamp("1997-09-30")]
    checked = 0
    for row in found[found["falls_below_on"].notna()].iloc[::90].itertuples():
        own = known[known["customer_id"] == row.customer_id]
        alive = []
        for day in (row.falls_below_on - pd.Timedelta(days=1), row.falls_below_on):
            then = clv.rfm_summary(own, time_unit="week", observation_end=day.strftime("%Y-%m-%d"))
            alive.append(float(cdnow_model.purchases.p_alive(then).iloc[0]))
        assert alive[0] > 0.5 >= alive[1]
        checked += 1
    assert checked >= 7


def test_who_was_below_right_after_his_purchase_is_told_so(bg, seen):
    found = at_risk(bg, seen, top=1, level=0.8).set_index("customer_id")
    assert found.loc["di", "note"] == "below 0.8 ever since the last purchase"  # 1/(1 + .793/2.426) = .754
    assert_allclose(found.loc["di", "falls_below_in"], -38.86)
    assert found.loc["di", "falls_below_on"] == pd.Timestamp("1997-09-30") - pd.Timedelta(days=272)


def test_notes_say_what_the_times_say(cdnow_model, cdnow_summary):
    found = at_risk(cdnow_model, cdnow_summary, top=1)
    past = found["falls_below_in"] <= 0
    assert (found["note"] == "below 0.5 already").equals(past)
    assert (found["note"] == "falls below 0.5 if no purchase comes").equals(~past)
    assert (past == (found["p_alive"] <= 0.5)).all()
    assert 500 < past.sum() < 2000


def test_a_fall_beyond_all_numbers_is_no_certainty(bg):
    """Right after the first purchase P(alive) is 1 for Pareto/NBD and BG/BB too; but it comes down, if slowly."""
    just_come = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0], "monetary_value": [np.nan]})
    slow = clv.PurchaseModel.from_parameters("pareto_nbd", {"r": 1e-3, "alpha": 10, "s": 1e-3, "beta": 10}, "week")
    found = at_risk(clv.CLVModel(slow, bg.spend), just_come, top=1)
    assert found["p_alive"].tolist() == [1]
    assert found["note"].tolist() == ["never falls, as far as numbers reach"]
    slow = {"alpha": 1e-6, "beta": 0.750, "gamma": 1e-6, "delta": 2.783}
    found = at_risk(clv.CLVModel(clv.PurchaseModel.from_parameters("bg_bb", slow, "year"), bg.spend), just_come, top=1)
    assert found["p_alive"].tolist() == [1]
    assert found["note"].tolist() == ["does not fall within 10,000 years of silence"]


def test_nbd_says_that_nobody_leaves(bg, seen):
    nbd = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, "week")
    found = at_risk(clv.CLVModel(nbd, bg.spend), seen, top=1)
    assert np.isinf(found["falls_below_in"]).all()
    assert set(found["note"]) == {"never falls: NBD has no dropout"}


def test_mbg_nbd_lets_one_timers_fall(bg, seen):
    parameters = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
    mbg = clv.PurchaseModel.from_parameters("mbg_nbd", parameters, "week")
    assert np.isfinite(at_risk(clv.CLVModel(mbg, bg.spend), seen, top=1)["falls_below_in"]).all()


def test_discrete_time_tells_the_last_day_of_a_period(bg):
    parameters = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
    donors = clv.PurchaseModel.from_parameters("bg_bb", parameters, "year")
    seen = pd.DataFrame({"customer_id": [1, 2], "frequency": [5, 1], "recency": [6.0, 1.0], "T": [6.0, 6.0]})
    seen["monetary_value"] = [50.0, 50.0]
    found = at_risk(clv.CLVModel(donors, bg.spend), seen, top=1, observation_end="2001-12-31").set_index("customer_id")
    alive = donors.p_alive_if_no_purchase(seen.iloc[:1], until=list(range(10))).iloc[0].to_numpy()
    first = int(np.argmax(alive <= 0.5))
    assert found.loc[1, "falls_below_in"] == first
    assert found.loc[1, "falls_below_on"] == pd.Timestamp(f"{2001 + first}-12-31")
    assert found.loc[2, "falls_below_in"] <= 0
    slow = clv.PurchaseModel.from_parameters("bg_bb", parameters | {"alpha": 1e-6, "gamma": 1e-6}, "year")
    never = at_risk(clv.CLVModel(slow, bg.spend), seen.assign(frequency=0, recency=0.0), top=1)
    assert set(never["note"]) == {"does not fall within 10,000 years of silence"}


def test_without_an_end_of_observation_there_are_times_and_no_dates(bg, seen):
    bare = seen.copy()
    bare.attrs = {}
    found = at_risk(bg, bare, top=1)
    assert found["falls_below_on"].isna().all()
    assert_allclose(found["falls_below_in"], at_risk(bg, seen, top=1)["falls_below_in"])
    assert at_risk(bg, bare, top=1, observation_end="1997-09-30")["falls_below_on"].notna().sum() == 4


def test_other_kinds_of_frames(bg, seen):
    wanted = at_risk(bg, seen, top=1)
    from_polars = at_risk(bg, pl.from_pandas(seen), top=1, observation_end="1997-09-30")
    assert from_polars.schema["note"] == pl.String
    assert from_polars.schema["falls_below_on"] == pl.Date
    assert from_polars["customer_id"].to_list() == wanted["customer_id"].tolist()
    assert from_polars["falls_below_on"].null_count() == 1
    from_arrow = at_risk(bg, pa.Table.from_pandas(seen), top=1)
    assert from_arrow.column("falls_below_on").to_pylist() == [
        None if pd.isna(day) else day.date() for day in wanted["falls_below_on"]
    ]
    by_index = at_risk(bg, seen.set_index("customer_id"), top=1)
    assert by_index["customer_id"].tolist() == wanted["customer_id"].tolist()
    assert "customer_id" not in at_risk(bg, seen.drop(columns="customer_id"), top=1).columns


def test_nobody_is_listed_emptily(bg, seen):
    found = at_risk(bg, seen.iloc[:0])
    assert len(found) == 0
    assert list(found.columns) == ["customer_id", "clv", "p_alive", "falls_below_in", "falls_below_on", "note"]


def test_falls_below_takes_either_model_and_keeps_rows(bg, seen):
    found = falls_below(bg, seen)
    pd.testing.assert_series_equal(found, falls_below(bg.purchases, seen))
    assert found.name == "falls_below"
    assert found.index.tolist() == seen.index.tolist()
    assert falls_below(bg, pl.from_pandas(seen), level=0.3).dtype == pl.Float64


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"level": 0}, "level must lie between 0 and 1"),
        ({"level": 1}, "level must lie between 0 and 1"),
        ({"level": [0.5, 0.6]}, "level must lie between 0 and 1"),
        ({"level": "half"}, "level must be a probability"),
        ({"top": 0}, "top must be above 0 and at most 1"),
        ({"top": 20}, "top must be above 0 and at most 1"),
        ({"top": None}, "top must"),
        ({"min_value": "a lot"}, "min_value must be an amount"),
        ({"min_value": float("nan")}, "min_value must be one amount"),
        ({"within": [1, 2]}, "within must be one number"),
        ({"within": -1}, "within must be a number of at least 0"),
        ({"horizon": [10, 20]}, "horizon must be one number"),
        ({"annual_discount_rate": -1}, "annual_discount_rate must be above -1"),
        ({"observation_end": "1998-01-01"}, "differs from that of the summary"),
    ],
)
def test_refusals(bg, seen, changed, message):
    with pytest.raises(clv.InvalidInput, match=message):
        at_risk(bg, seen, **changed)


def test_models_that_cannot_answer(bg, seen):
    with pytest.raises(clv.InvalidInput, match="must be a CLVModel, which knows what"):
        at_risk(bg.purchases, seen)
    with pytest.raises(clv.InvalidInput, match="a CLVModel or a PurchaseModel; found str"):
        falls_below("bg_nbd", seen)
    with pytest.raises(clv.NotFitted):
        falls_below(clv.PurchaseModel("bg_nbd"), seen)
    with pytest.raises(clv.UnitMismatch):
        falls_below(clv.PurchaseModel.from_parameters("bg_nbd", BG, "day"), seen)
    twice = pd.concat([seen, seen])
    with pytest.raises(clv.InvalidInput, match="one row per customer"):
        at_risk(bg, twice)
