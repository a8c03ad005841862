"""What levers change: meanings, sums, elasticities, groups, kinds of frames, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import clvmodels as clv
from clvmodels.economics.what_if_result import WhatIf

SPEND = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
PARAMETERS = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
}
LEAVING = [name for name in PARAMETERS if name != "nbd"]


def model_of(name, **terms):
    purchases = clv.PurchaseModel.from_parameters(name, PARAMETERS[name], time_unit="week")
    return clv.CLVModel(purchases, SPEND, **({"margin": 0.3} | terms))


@pytest.fixture
def few():
    return pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "cid", "dee"],
            "frequency": [2, 0, 6, 1],
            "recency": [30.43, 0.0, 20.0, 5.0],
            "T": [38.86, 38.86, 35.0, 30.0],
            "monetary_value": [22.35, np.nan, 40.0, 12.0],
            "cost": [4.0, 3.0, 5.0, 1.0],
            "channel": ["web", "shop", "web", None],
        }
    )


@pytest.mark.filterwarnings("ignore:the expected number of purchases without end")  # predict's, of its own column
@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("horizon", [None, 0, 39, math.inf, "T"])
def test_the_value_now_is_that_of_predict(few, name, horizon):
    model = model_of(name)
    found = clv.what_if(model, few, spend=1.1, horizon=horizon, annual_discount_rate=0.2)
    scored = model.predict(few, horizon=horizon, annual_discount_rate=0.2)
    assert_array_equal(found.customers["value_now"], scored["clv"])
    assert_array_equal(found.customers["customer_id"], few["customer_id"])
    assert_allclose(found.table["value"].iloc[0], scored["clv"].sum(), rtol=1e-14)


@pytest.mark.parametrize("name", LEAVING)
def test_levers_move_the_future_and_not_p_alive(few, name):
    """P(alive) is what it is, and who is surely there and who is hardly there gain by the same share."""
    model = model_of(name)
    alive = model.purchases.p_alive(few).to_numpy()
    found = clv.what_if(model, few, dropout=0.5, purchase_rate=2.0)
    assert_array_equal(found.customers["p_alive"], alive)
    # the same counts and T, silent for long or not: dropout moved in the past would move P(alive), and this ratio
    twins = pd.concat([few.iloc[[2]], few.iloc[[2]].assign(customer_id="cat", recency=35.0)], ignore_index=True)
    customers = clv.what_if(model, twins, dropout=0.5, purchase_rate=2.0).customers
    for lever in ("dropout", "purchase_rate", "together"):
        gain = customers[f"value_{lever}"] / customers["value_now"]
        assert gain[0] == pytest.approx(gain[1], rel=1e-12)
        assert gain[0] > 1.05


@pytest.mark.parametrize("name", PARAMETERS)
def test_spend_margin_and_costs_are_hand_worked(few, name):
    model = model_of(name)
    base = model.predict(few)["clv"].to_numpy()
    found = clv.what_if(model, few, spend=1.2, margin=1.5, acquisition_cost=0.5, costs="cost")
    cost = few["cost"].to_numpy()
    customers = found.customers
    assert_allclose(customers["value_now"], base - cost, rtol=1e-13)
    assert_allclose(customers["value_spend"], 1.2 * base - cost, rtol=1e-13)
    assert_allclose(customers["value_margin"], 1.5 * base - cost, rtol=1e-13)
    assert_allclose(customers["value_acquisition_cost"], base - 0.5 * cost, rtol=1e-13)
    assert_allclose(customers["value_together"], 1.8 * base - 0.5 * cost, rtol=1e-13)
    # (1.8 − 1) − .2 − .5 of the gross value is what spend and margin bring beyond their sum
    assert found.interaction == pytest.approx(0.1 * base.sum(), rel=1e-10)


def test_purchase_rate_of_pareto_is_proportional_and_that_of_bg_is_not(few):
    pareto = clv.what_if(model_of("pareto_nbd"), few, purchase_rate=1.1).table
    assert pareto["relative_change"].iloc[1] == pytest.approx(0.1, rel=1e-12)
    geometric = clv.what_if(model_of("bg_nbd"), few, purchase_rate=1.1).table
    assert 0.03 < geometric["relative_change"].iloc[1] < 0.099


@pytest.mark.filterwarnings("ignore:the expected number of purchases without end")
def test_a_lever_is_a_model_of_other_parameters_where_one_knows_it():
    """New customers (T = 0) of Pareto/NBD: dropout × d is beta/d, purchase rate × c is alpha/c."""
    new = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0], "monetary_value": [np.nan]})
    found = clv.what_if(model_of("pareto_nbd"), new, dropout=0.8, purchase_rate=1.25, horizon=math.inf)
    p = PARAMETERS["pareto_nbd"]
    other = p | {"alpha": p["alpha"] / 1.25, "beta": p["beta"] / 0.8}
    purchases = clv.PurchaseModel.from_parameters("pareto_nbd", other, time_unit="week")
    expected = clv.CLVModel(purchases, SPEND, margin=0.3).predict(new, horizon=math.inf)["clv"]
    assert_allclose(found.customers["value_together"], expected, rtol=1e-12)


@pytest.mark.parametrize("name", LEAVING)
def test_levers_equal_simulated_futures(few, name):
    """Draws of each one's rates given that he is alive, multiplied; |z| > 5 rejects one true law in 1.7 million.

    12 comparisons.
    """
    model, many = model_of(name), 20_000
    found = clv.what_if(model, few, dropout=1.4, purchase_rate=0.8, horizon=39, annual_discount_rate=0.0).customers
    family, values = model.purchases.family, model.purchases._state.values
    scored = model.predict(few, horizon=39)
    for i, row in few.iterrows():
        history = [np.full(many, float(row[statistic])) for statistic in family.statistics]
        rates = family.draw_rates_alive(np.random.default_rng(90 + i), *history, *values)
        rates["purchase_rate"] = 0.8 * rates["purchase_rate"]
        for dropout in set(rates) & {"dropout_rate", "dropout_probability"}:
            most = np.inf if dropout == "dropout_rate" else 1.0
            rates[dropout] = np.minimum(1.4 * rates[dropout], most)
        owner, _ = family.simulate_of_rates(np.random.default_rng(95 + i), 39.0, rates)
        worth = np.bincount(owner, minlength=many) * 0.3 * scored["expected_spend"][i] * scored["p_alive"][i]
        assert abs(worth.mean() - found["value_together"][i]) < 5 * worth.std() / math.sqrt(many)


@pytest.mark.parametrize("name", PARAMETERS)
def test_elasticities_are_slopes(few, name):
    """Of the value per lever, against wider differences; and exactly of what is linear."""
    model = model_of(name)
    found = clv.what_if(model, few, costs=2.0)
    slopes = found.elasticities.set_index("lever")["elasticity"]
    net = found.table["value"].iloc[0]
    gross = model.predict(few)["clv"].sum()
    assert slopes["spend"] == slopes["margin"] == pytest.approx(gross / net, rel=1e-13)
    assert slopes["acquisition_cost"] == pytest.approx(-8.0 / net, rel=1e-13)
    assert ("dropout" in slopes) == (name != "nbd")
    for lever in {"dropout", "purchase_rate"} & set(slopes.index):
        up, down = (
            clv.what_if(model, few, costs=2.0, **{lever: math.exp(h)}).table["value"].iloc[1] for h in (0.02, -0.02)
        )
        assert slopes[lever] == pytest.approx((up - down) / 0.04 / net, rel=1e-3)
    if name in ("pareto_nbd", "nbd"):
        assert slopes["purchase_rate"] == pytest.approx(gross / net, rel=1e-6)


def test_buying_and_leaving_of_bg_share_one_clock(few):
    """Its future is 1/d times one of c·d: over a lifetime, undiscounted, buying faster brings nothing."""
    p = PARAMETERS["bg_nbd"] | {"a": 1.7}
    model = clv.CLVModel(clv.PurchaseModel.from_parameters("bg_nbd", p, time_unit="week"), SPEND)
    found = clv.what_if(
        model, few, purchase_rate=2.0, dropout=0.5, horizon=math.inf, annual_discount_rate=0.0, by="customer_id"
    )
    assert_allclose(found.customers["value_purchase_rate"], found.customers["value_now"], rtol=1e-11)
    assert_allclose(found.customers["value_dropout"], 2 * found.customers["value_now"], rtol=1e-11)
    slopes = found.elasticities.query("group == 'all'").set_index("lever")["elasticity"]
    assert slopes["dropout"] == pytest.approx(-1.0, abs=1e-3)
    assert slopes["purchase_rate"] == pytest.approx(0.0, abs=1e-8)


def test_groups_add_up_and_those_without_are_told(few):
    found = clv.what_if(model_of("pareto_nbd"), few, dropout=0.9, spend=1.1, costs=1.0, by="channel")
    parts = found.segments[found.segments["group"] != "all"]
    whole = found.segments[found.segments["group"] == "all"].set_index("lever")
    assert list(parts["group"].unique()) == ["shop", "web", "(no group)"]
    for lever in ("now", "dropout", "spend", "together"):
        rows = parts[parts["lever"] == lever]
        assert rows["value"].sum() == pytest.approx(whole.loc[lever, "value"], rel=1e-13)
        assert rows["change"].sum() == pytest.approx(whole.loc[lever, "change"], rel=1e-10, abs=1e-12)
    pd.testing.assert_frame_equal(whole.reset_index()[found.table.columns], found.table)
    assert "1 of 4 customers has no group, first customer_id='dee'" in str(found)
    assert list(found.elasticities["group"].unique()) == ["shop", "web", "(no group)", "all"]
    # elasticities of the whole are those of the groups, weighted by value
    values = parts[parts["lever"] == "now"]["value"].to_numpy()
    each = found.elasticities.query("lever == 'dropout'")["elasticity"].to_numpy()
    assert each[-1] == pytest.approx(np.sum(values * each[:-1]) / values.sum(), rel=1e-9)


def test_answers_are_of_the_callers_kind_and_order(few):
    model = model_of("bg_nbd")
    plain = clv.what_if(model, few, dropout=0.9)
    turned = few.iloc[::-1]
    assert clv.what_if(model, turned, dropout=0.9).customers.index.tolist() == [3, 2, 1, 0]
    assert_allclose(
        clv.what_if(model, turned, dropout=0.9).customers["value_dropout"][::-1],
        plain.customers["value_dropout"],
        rtol=1e-12,
    )
    for frame, kind in ((pl.from_pandas(few), pl.DataFrame), (pa.Table.from_pandas(few), pa.Table)):
        found = clv.what_if(model, frame, dropout=0.9, by="channel")
        assert isinstance(found.customers, kind)
        assert_allclose(np.asarray(found.customers["value_dropout"]), plain.customers["value_dropout"], rtol=1e-13)
    bare = clv.what_if(model, few.drop(columns="customer_id"), dropout=0.9).customers
    assert list(bare.columns) == ["p_alive", "value_now", "value_dropout", "value_together"]


def test_nothing_moved_and_nobody(few):
    model = model_of("bg_nbd")
    still = clv.what_if(model, few)
    assert still.table["lever"].tolist() == ["now", "together"]
    assert still.table["change"].tolist() == [0.0, 0.0]
    assert still.interaction == 0.0
    assert "No lever was moved" in str(still)
    nobody = clv.what_if(model, few.iloc[:0], dropout=0.9, by="channel")
    assert nobody.table["value"].tolist() == [0.0, 0.0, 0.0]
    assert nobody.table["relative_change"].isna().all()
    assert "0 customers are worth 0" in str(nobody)
    assert len(nobody.customers) == 0


def test_loss_makes_no_elasticity(few):
    found = clv.what_if(model_of("bg_nbd"), few, dropout=0.9, costs=1e6)
    assert found.table["value"].iloc[0] < 0
    assert found.table["relative_change"].isna().all()
    assert found.elasticities["elasticity"].isna().all()
    assert found.table["change"].iloc[1] > 0


def test_how_it_is_shown(few):
    found = clv.what_if(model_of("pareto_nbd"), few.assign(channel="<b>"), dropout=0.9, margin=1.1, by="channel")
    assert isinstance(found, WhatIf)
    told = found.told()
    worth = model_of("pareto_nbd").predict(few)["clv"].sum()
    assert told[0] == f"4 customers are worth {worth:.2f} in the year ahead."
    assert told[1].startswith("dropout × 0.9 would make it")
    assert told[3].startswith("Together they would make it")
    html = found._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>&" not in html.replace("<b>What if</b>", "")
    assert "elasticity of dropout" in html
    one = clv.what_if(model_of("bg_nbd"), few.iloc[:1], horizon="T")
    assert one.told()[0].endswith("in the weeks ahead, a number of each customer's own.")


def test_a_posterior_is_not_used(few):
    """What is told is that at the estimates."""
    simulated = model_of("bg_nbd").simulate(300, observation=40, seed=3).summary
    model = clv.CLVModel("bg_nbd", time_unit="week").fit(simulated)
    sure = model.with_posterior(clv.posterior(model.purchases, simulated, draws=500, seed=1))
    one, other = (clv.what_if(each, simulated, dropout=0.9).table for each in (model, sure))
    pd.testing.assert_frame_equal(one, other)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lever", ["dropout", "purchase_rate", "spend", "margin", "acquisition_cost"])
@pytest.mark.parametrize("factor", [-0.1, math.nan, math.inf, "0.9", None, True, [1.0, 2.0]])
def test_refuses_factors(few, lever, factor):
    with pytest.raises(clv.InvalidInput, match=f"{lever} must be a factor of at least 0"):
        clv.what_if(model_of("bg_nbd"), few, costs=1.0, **{lever: factor})


@pytest.mark.parametrize(
    ("costs", "match"),
    [
        (-1.0, "costs must be finite and at least 0"),
        (math.nan, "costs must be finite and at least 0"),
        ("price", "there is no column 'price'"),
        ([1.0, 2.0], "expected 4, found"),
        (
            [1.0, 2.0, -3.0, 1.0],
            "costs must be finite and at least 0: 1 of 4 customers violate it, first customer_id='cid'",
        ),
        (
            [1.0, np.nan, 3.0, 1.0],
            "costs must be finite and at least 0: 1 of 4 customers violate it, first customer_id='bob'",
        ),
    ],
)
def test_refuses_costs(few, costs, match):
    with pytest.raises(clv.InvalidInput, match=match):
        clv.what_if(model_of("bg_nbd"), few, costs=costs)


def test_refuses_what_has_no_meaning(few):
    with pytest.raises(clv.InvalidInput, match=r"acquisition_cost=0.9 multiplies costs, and there are none"):
        clv.what_if(model_of("bg_nbd"), few, acquisition_cost=0.9)
    with pytest.raises(clv.NotAvailable, match=r"nbd cannot give dropout=0.9: under NBD nobody ever leaves"):
        clv.what_if(model_of("nbd"), few, dropout=0.9)
    with pytest.raises(clv.InvalidInput, match=r"a = 0.793 is not above 1"):
        clv.what_if(model_of("bg_nbd"), few, dropout=0.9, horizon=math.inf, annual_discount_rate=0.0)
    with pytest.raises(clv.InvalidInput, match="horizon must be one number"):
        clv.what_if(model_of("bg_nbd"), few, horizon=[13, 26])
    with pytest.raises(clv.InvalidInput, match="annual_discount_rate must be above -1"):
        clv.what_if(model_of("bg_nbd"), few, annual_discount_rate=-1.0)
    with pytest.raises(clv.InvalidInput, match="there is no column 'region'"):
        clv.what_if(model_of("bg_nbd"), few, by="region")
    with pytest.raises(clv.InvalidInput, match="model must be a CLVModel, which knows of money; found PurchaseModel"):
        clv.what_if(model_of("bg_nbd").purchases, few)
    with pytest.raises(clv.NotFitted):
        clv.what_if(clv.CLVModel("bg_nbd"), few)
    with pytest.raises(clv.InvalidInput, match="repeat a customer_id"):
        clv.what_if(model_of("bg_nbd"), pd.concat([few, few]))
    p = PARAMETERS["bg_nbd"] | {"a": 1.7}
    lasting = clv.CLVModel(clv.PurchaseModel.from_parameters("bg_nbd", p, time_unit="week"), SPEND)
    with pytest.raises(clv.InvalidInput, match="with dropout=0 nobody ever leaves"):
        clv.what_if(lasting, few, dropout=0, horizon=math.inf, annual_discount_rate=0.0)


def test_infinite_spend_is_refused(few):
    endless = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 0.9, "v": 15.44})
    model = clv.CLVModel(model_of("bg_nbd").purchases, endless)
    with pytest.warns(clv.ClvWarning), pytest.raises(clv.InvalidInput, match=r"1 of 4 customers.*customer_id='bob'"):
        clv.what_if(model, few, dropout=0.9)


def test_margins_raised_above_1_warn(few):
    with pytest.warns(clv.ClvWarning, match=r"margin=4 raises the margin \(0.3\) above 1"):
        clv.what_if(model_of("bg_nbd"), few, margin=4)
    with pytest.warns(clv.ClvWarning, match="for 2 of 4 customers above 1"):
        clv.what_if(model_of("bg_nbd", margin="share"), few.assign(share=[0.2, 0.95, 0.95, 0.5]), margin=1.1)


def test_families_that_cannot_still_tell_of_money(few):
    import dataclasses

    poor = dataclasses.replace(model_of("bg_nbd").purchases.family, name="poor", changed_purchases_alive=None)
    purchases = clv.PurchaseModel.from_parameters(poor, PARAMETERS["bg_nbd"], time_unit="week")
    model = clv.CLVModel(purchases, SPEND, margin=0.3)
    assert clv.what_if(model, few, spend=1.1).elasticities["lever"].tolist() == ["spend", "margin"]
    with pytest.raises(clv.NotAvailable, match="poor cannot give the future at other purchase and dropout rates"):
        clv.what_if(model, few, dropout=0.9)


def test_whole_periods():
    """BG/BB counts them: probabilities are multiplied, and 1 at most."""
    donations = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
    purchases = clv.PurchaseModel.from_parameters("bg_bb", donations, time_unit="year")
    summary = pd.DataFrame(
        {"frequency": [6, 0], "recency": [6.0, 0.0], "T": [6.0, 6.0], "monetary_value": [30.0, np.nan]}
    )
    found = clv.what_if(
        clv.CLVModel(purchases, SPEND), summary, purchase_rate=1e300, dropout=0.0, horizon=5, annual_discount_rate=0.0
    )
    alive, spend = found.customers["p_alive"], SPEND.expected_spend(summary)
    assert_allclose(found.customers["value_together"], 5 * alive * spend, rtol=1e-12)


def test_hundreds_of_thousands_of_customers_are_as_few():
    """Values of many, by interpolation, are those of each alone."""
    generator = np.random.default_rng(1)
    n = 200_000
    x = np.minimum(generator.geometric(0.4, n) - 1, 30)
    T = generator.integers(200, 550, n) / 7
    recency = np.where(x > 0, np.floor(7 * T * generator.random(n)) / 7, 0.0)
    many = pd.DataFrame({"frequency": x, "recency": recency, "T": T, "monetary_value": np.where(x > 0, 30.0, np.nan)})
    for name in LEAVING:
        whole = clv.what_if(model_of(name), many, dropout=1.05, purchase_rate=1.1).customers
        some = slice(0, n, 9973)
        part = clv.what_if(model_of(name), many[some], dropout=1.05, purchase_rate=1.1).customers
        for column in part.columns:
            assert_allclose(whole[column].to_numpy()[some], part[column], rtol=1e-9)
