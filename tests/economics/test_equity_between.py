"""The change of customer equity: parts that add up, steps from one date to the other, and what may not be compared."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv

equity_change = clv.economics.equity_change
MONEY = {"p": 6.25, "q": 3.74, "v": 15.44}


def table(**columns):
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def bg():
    parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    purchases = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    return clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", MONEY), margin=0.3)


@pytest.fixture(scope="module")
def summaries(cdnow):
    return [clv.rfm_summary(cdnow, time_unit="week", observation_end=end) for end in ("1997-03-01", "1997-05-31")]


def test_by_hand():
    before = table(customer_id=list("abcdef"), p_alive=[0.9, 0.8, 0.2, 0.3, 0.6, 0.9], clv=[10.0, 20, 3, 4, 5, 6])
    after = table(customer_id=list("gedcba"), p_alive=[1.0, 0.4, 0.7, 0.1, 0.5, 0.9], clv=[7.0, 1, 9, 2, 18, 15])
    found = equity_change(before, after, earned=[1.0, 2, 3, 4, 5, 6])
    assert found.table.values.tolist() == [
        ["acquired", 1, 0.0, 7.0, 7.0],
        ["retained", 3, 34.0, 42.0, 8.0],  # a, b (0.5 is not below the level) and d, who came back
        ["dormant", 1, 3.0, 2.0, -1.0],
        ["lost", 1, 5.0, 1.0, -4.0],
        ["left", 1, 6.0, 0.0, -6.0],
        ["all", 7, 48.0, 52.0, 4.0],
    ]
    assert found.steps.values.tolist() == [
        ["before", 6, 48.0, 48.0],
        ["acquired", 1, 7.0, 55.0],
        ["lost", 2, -10.0, 45.0],
        ["realised", 4, -10.0, 35.0],
        ["re-valued", 4, 17.0, 52.0],
        ["after", 6, 52.0, 52.0],
    ]
    assert found.change == 4
    assert found.notes[-1] == "Of the retained 1 customer had P(alive) below 0.5 before."
    assert "Customer equity rose by 4 (+8.3 %), from 48 to 52." in str(found)
    assert "Lost: 2 customers, -10." in found._repr_html_()
    assert equity_change(before, after, level=0.51).table["customers"].tolist() == [1, 2, 1, 2, 1, 7]


def test_it_adds_up_and_conserves_customers():
    random = np.random.default_rng(4)
    for _ in range(20):
        sides = []
        for n in random.integers(1, 40, 2):
            ids = [0, *(1 + random.permutation(60)[: n - 1])]
            sides.append(table(customer_id=ids, p_alive=random.uniform(size=n), clv=random.normal(5, 9, n)))
        before, after = sides
        found = equity_change(before, after, earned=random.normal(size=len(before)))
        parts, whole = found.table.iloc[:-1], found.table.iloc[-1]
        for name in ("customers", "equity_before", "equity_after", "change"):
            assert_allclose(parts[name].sum(), whole[name], atol=1e-9)
        both = set(before["customer_id"]) & set(after["customer_id"])
        assert whole["customers"] == len(before) + len(after) - len(both)
        assert parts.set_index("part").loc[["retained", "dormant", "lost"], "customers"].sum() == len(both)
        assert_allclose(whole["equity_before"], before["clv"].sum(), atol=1e-9)
        assert_allclose(whole["equity_after"], after["clv"].sum(), atol=1e-9)
        amounts = found.steps["amount"].to_numpy()
        assert_allclose(amounts[:-1].sum(), amounts[-1], atol=1e-9)
        assert_allclose(found.steps["equity"], [*amounts[:-1].cumsum(), amounts[-1]], atol=1e-9)
        shuffled = equity_change(before, after.sample(frac=1.0, random_state=1))
        pd.testing.assert_frame_equal(shuffled.table, found.table)


def test_cdnow(bg, summaries):
    before, after = (bg.predict(summary) for summary in summaries)
    found = equity_change(before, after)
    assert (found.before_end, found.after_end) == ("1997-03-01", "1997-05-31")
    rows = found.table.set_index("part")
    joined = before.merge(after, on="customer_id", how="outer", suffixes=("_0", "_1"))
    fell = joined.query("p_alive_0 >= 0.5 and p_alive_1 < 0.5")
    assert rows.loc["lost", "customers"] == len(fell) > 0
    assert_allclose(rows.loc["lost", "change"], (fell["clv_1"] - fell["clv_0"]).sum())
    assert rows.loc["acquired", "customers"] == joined["clv_0"].isna().sum() > 0
    assert found.notes == ()
    # whoever bought once is alive for sure, says BG/NBD, and is never lost
    once = summaries[1].set_index("customer_id")["frequency"].loc[fell["customer_id"]]
    assert (once > 0).all()


def test_what_is_revalued_is_interest_on_average_if_the_model_is_right():
    """A martingale: E[V₁] = (V₀ − earned)·(1 + rate)^years over all known before. False alarm: 0.3 % (three errors)."""
    purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 2.0, "alpha": 10.0}, time_unit="week")
    money = {"p": 6.0, "q": 9.0, "v": 15.0}
    model = clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", money), annual_discount_rate=0.5)
    log = model.simulate(4000, observation=52, seed=11).log
    ends, weeks = ("2024-07-01", "2024-12-30"), 26
    summaries = [clv.rfm_summary(log, event_grain="line", observation_end=end) for end in ends]
    scored = []
    for summary in summaries:
        counts = purchases.discounted_expected_purchases(summary, horizon=math.inf, annual_discount_rate=0.5)
        value = counts * model.spend.expected_spend(summary)
        scored.append(table(customer_id=summary["customer_id"], clv=value))
    earned = model.predict(summaries[0], horizon=weeks)["clv"]
    found = equity_change(*scored, earned=earned)
    both = scored[0].assign(earned=earned).merge(scored[1], on="customer_id")
    assert len(both) == len(scored[0])
    interest = (both["clv_x"] - both["earned"]) * (1.5 ** (weeks * 7 / 365.25) - 1)
    surprise = both["clv_y"] - both["clv_x"] + both["earned"] - interest
    step = found.steps.set_index("step").loc["re-valued", "amount"]
    assert_allclose(step, (surprise + interest).sum())
    error = surprise.std() * math.sqrt(len(both))
    assert abs(surprise.sum()) < 3 * error
    assert interest.sum() > 6 * error  # it would be seen if interest were left out


def test_intervals_of_the_steps(bg, summaries):
    few = [summary.iloc[::10] for summary in summaries]
    few[0] = few[0][few[0]["customer_id"].isin(few[1]["customer_id"])]
    scored = [bg.predict(summary, horizon=52) for summary in few]
    futures = [bg.predict_distribution(summary, 52, draws=400, seed=9, quantiles=(0.05, 0.95)) for summary in few]
    earned = bg.predict(few[0], horizon=13)["clv"]
    found = equity_change(*scored, futures=tuple(futures), earned=earned)
    steps = found.steps.set_index("step")
    for i, step in ((0, "before"), (1, "after")):
        whole = futures[i].total.set_index("quantity").loc["clv"]
        assert_allclose(steps.loc[step, ["amount_low", "amount_high"]].tolist(), [whole["q05"], whole["q95"]])
    known = set(few[0]["customer_id"])
    new = few[1]["customer_id"].map(lambda one: "old" if one in known else "new")
    acquired = futures[1].total_by(new).query("group == 'new' and quantity == 'clv'").iloc[0]
    assert_allclose(steps.loc["acquired", ["amount_low", "amount_high"]].tolist(), [acquired["q05"], acquired["q95"]])
    assert (
        steps.loc["realised", "amount_low"] == steps.loc["realised", "amount_high"] == steps.loc["realised", "amount"]
    )
    assert (steps["amount_low"] <= steps["amount_high"]).all()
    assert found.interval == 0.9
    assert "probability 90 %" in str(found)


def test_a_difference_has_the_spread_of_independent_parts(bg, summaries):
    """The same table twice, of one seed: were draws paired, the re-valued would be certain to be 0."""
    one = summaries[0].head(100)
    scored = bg.predict(one, horizon=52)
    future = bg.predict_distribution(one, 52, draws=3000, seed=3, quantities="clv")
    steps = equity_change(scored, scored, level=1e-9, futures=(future, future)).steps.set_index("step")
    spread = float(future.total.set_index("quantity").loc["clv", "sd"]) * math.sqrt(2)
    width = steps.loc["re-valued", "amount_high"] - steps.loc["re-valued", "amount_low"]
    assert steps.loc["re-valued", "amount"] == 0
    assert_allclose(width, 2 * 1.645 * spread, rtol=0.1)


@pytest.mark.parametrize("kind", [pl.DataFrame, lambda frame: frame.set_index("customer_id")])
def test_kinds_of_tables_and_identifiers(kind):
    before = table(customer_id=[7, 8], p_alive=[0.9, 0.9], clv=[1.0, 2.0])
    after = table(customer_id=["8", "7", "007"], p_alive=[0.9, 0.9, 0.9], clv=[1.0, 2.0, 3.0])
    found = equity_change(kind(before), kind(after))
    assert found.table["customers"].tolist() == [1, 2, 0, 0, 0, 3]
    assert found.notes[0] == (
        "the tables do not both say their time_unit, horizon, annual_discount_rate and margin, which must be the same "
        "in both"
    )


def test_without_p_alive_nobody_is_lost():
    before, after = table(customer_id=[1, 2], clv=[1.0, 2.0]), table(customer_id=[1], clv=[0.5], p_alive=[0.1])
    found = equity_change(before, after)
    assert found.table["customers"].tolist() == [0, 1, 0, 0, 1, 2]
    assert "nobody counts as lost" in found.notes[-1]


def test_nobody_at_first():
    after = table(customer_id=[1], clv=[2.0], p_alive=[1.0])
    found = equity_change(after.head(0), after)
    assert found.table["customers"].tolist() == [1, 0, 0, 0, 0, 1]
    assert "rose by 2, from 0 to 2" in str(found)
    assert equity_change(after.head(0), after.head(0)).change == 0


def test_tables_that_count_otherwise_are_refused_by_name(bg, summaries):
    early, late = summaries
    before = bg.predict(early)
    for terms, name in (
        ({"horizon": 26}, r"horizon is 52\.17857142857143 before and 26\.0 after"),
        ({"margin": 0.4}, r"margin is 0\.3 before and 0\.4 after"),
        ({"annual_discount_rate": 0.2}, r"annual_discount_rate is 0\.1 before and 0\.2 after"),
    ):
        with pytest.raises(clv.InvalidInput, match=name):
            equity_change(before, bg.predict(late, **terms))
    with pytest.raises(clv.UnitMismatch, match="time_unit is week before and day after"):
        equity_change(before, table(customer_id=["00004"], clv=[1.0], time_unit=["day"]))
    with pytest.raises(clv.InvalidInput, match=r"before \(1997-05-31\) is later than after \(1997-03-01\)"):
        equity_change(bg.predict(late), before)
    saved = bg.predict(late, horizon=52.0)
    saved.attrs = {}
    whole = bg.predict(early, horizon=52)
    assert "horizon" not in equity_change(whole, saved.assign(horizon=52)).notes[0]
    with pytest.raises(clv.InvalidInput, match=r"horizon is 52\.0 before and 53 after"):
        equity_change(whole, saved.assign(horizon=53))


def test_refusals(bg, summaries):
    good = table(customer_id=[1, 2], p_alive=[0.9, 0.9], clv=[1.0, 2.0])
    for bad, message in (
        (good.drop(columns="customer_id"), "after must be a scored table with customer_id"),
        (good.assign(customer_id=1), "after must have one row per customer: 1 of 2 rows repeat a customer_id"),
        (good.assign(clv=[1.0, math.inf]), "clv must be finite"),
        (good.assign(p_alive=[1.0, None]), "p_alive must be there for every customer"),
        (good.assign(customer_id=["a", "b"]), "none of the 2 customers of before is among the 2 of after"),
        (good.rename(columns={"clv": "v"}), "no column 'clv'"),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            equity_change(good, bad)
    for terms, message in (
        ({"level": 0}, "level must be a probability above 0"),
        ({"level": "a"}, "level must be a probability"),
        ({"earned": "earned"}, "no column 'earned'"),
        ({"earned": [1.0]}, "one value per row"),
        ({"earned": [1.0, math.nan]}, "earned must be finite: 1 of 2"),
        ({"interval": 0.9}, "needs futures="),
        ({"futures": (1, 2)}, "futures must be two results"),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            equity_change(good, good, **terms)
    few = [summary.head(30) for summary in summaries]
    scored = [bg.predict(summary, horizon=26) for summary in few]
    ask = {"draws": 20, "quantities": "clv"}
    one, other = (bg.predict_distribution(summary, 26, **ask) for summary in few)
    longer = bg.predict_distribution(few[1], 39, **ask)
    for futures, terms, message in (
        ((one, longer), {}, r"same horizon; found 26\.0 before and 39\.0 after"),
        ((other, one), {}, "of before must begin where the table does, 1997-03-01; found 1997-05-31"),
        ((bg.predict_distribution(few[0][::-1], 26, **ask), other), {}, "customers of the table, in its order"),
        ((bg.predict_distribution(few[0], 39, **ask), longer), {}, r"horizon of the table, 26\.0; found 39\.0"),
        ((one, bg.predict_distribution(few[1], 26, draws=21, quantities="clv")), {}, "same draws"),
        ((one, bg.predict_distribution(few[1], 26, draws=20, quantities="spend")), {}, "futures tell of clv"),
        ((one, other), {"interval": 2}, "interval must lie between"),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            equity_change(*scored, futures=futures, **terms)
    richer = [bg.predict(summary, horizon=26, margin=0.9) for summary in few]
    with pytest.raises(clv.InvalidInput, match="table of before and its future must be of the same margin"):
        equity_change(*richer, futures=(one, other))


@pytest.mark.parametrize("which", ["before", "after"])
def test_a_row_without_a_customer_id_is_refused(which):
    known = pd.DataFrame({"customer_id": ["a", "b"], "clv": [1.0, 2.0]})
    nameless = known.assign(customer_id=["a", None])
    tables = (nameless, known) if which == "before" else (known, nameless)
    with pytest.raises(clv.InvalidInput, match=f"{which} must say whose.*1 of 2 rows have no customer_id, first row 1"):
        clv.economics.equity_change(*tables)
