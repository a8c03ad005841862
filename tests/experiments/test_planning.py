"""Plans of experiments: what they promise is seen in whole simulated lives, and they say what cannot be planned."""

import dataclasses
import math
import warnings

import numpy as np
import pandas as pd
import polars
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.experiments import future_values, planning, power
from clvmodels.experiments.differences import level_of_each

PARETO = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}  # Fader & Hardie (2005)
MONEY = {"p": 6.25, "q": 3.74, "v": 15.44}  # Fader & Hardie (2013), note 025
WEEKS = 26.0


def model_of(
    purchases: dict = PARETO, money: dict = MONEY, name: str = "pareto_nbd", margin: float = 1.0
) -> clv.CLVModel:
    return clv.CLVModel(
        clv.PurchaseModel.from_parameters(name, purchases, time_unit="week"),
        clv.SpendModel.from_parameters("gamma_gamma", money),
        margin=margin,
    )


@pytest.fixture(autouse=True)
def fewer(monkeypatch, request):
    """Smaller simulations than are shipped, but where their precision is asked for."""
    if "study" not in request.keywords and "full_size" not in request.fixturenames:
        histories, experiments = (60_000, 10_000) if "precise" in request.fixturenames else (20_000, 1_000)
        monkeypatch.setattr(planning, "spread", lambda *terms: future_values.spread(*terms, size=histories))
        for name, share in (("_FIRST", 0.2), ("_CLOSER", 1.0), ("_LAST", 1.0), ("_CURVE", 0.1)):
            monkeypatch.setattr(power, name, int(share * experiments))


@pytest.fixture
def full_size():
    """Leave sizes as they are."""


@pytest.fixture
def precise():
    """Ten times as many experiments as where numbers are only held against each other, or words looked at."""


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    """2,000 customers of the model after 39 weeks."""
    _, found = model_of().simulate(2_000, observation=39, seed=5)
    return found


def lives(model: clv.CLVModel, size: int, generator: np.random.Generator) -> np.ndarray:
    """What new customers are worth over the weeks, from whole lives."""
    owner, _ = model.purchases.family.simulate(generator, np.full(size, WEEKS), *model.purchases.parameters.values())
    counts = np.bincount(owner, minlength=size) + 1
    amounts = model.spend.family.simulate(generator, counts, *model.spend.parameters.values())
    return np.bincount(np.repeat(np.arange(size), counts), amounts, size)


def found_in_lives(
    control: clv.CLVModel, other: clv.CLVModel, sizes: tuple[int, ...], level: float, repeats: int, seed: int
) -> float:
    """Share of experiments in which SciPy's test of Welch finds a difference of whole lives."""
    generator, found, step = np.random.default_rng(seed), 0, max(1, 400_000 // max(sizes))
    for first in range(0, repeats, step):
        size = min(step, repeats - first)
        samples = [
            lives(model, size * n, generator).reshape(size, n) for model, n in zip((control, other), sizes, strict=True)
        ]
        found += int(np.sum(stats.ttest_ind(*samples, axis=1, equal_var=False).pvalue < 1 - level))
    return found / repeats


def test_promised_power_is_seen_in_whole_lives(full_size):
    # 3,000 experiments: standard error 0.73 %; 4 of them and 1 % for what the plan's own simulation leaves unsure
    plan = clv.plan_experiment(model_of(), duration=WEEKS, lift={"purchase_rate": 2.0, "spend": 1.1})
    other = model_of(PARETO | {"alpha": 10.578 / 2}, MONEY | {"v": 15.44 * 1.1})
    assert plan.customers[0] < 250
    assert abs(plan.normal_power - 0.8) > 0.03  # the tails are heavy, and that it knows
    seen = found_in_lives(model_of(), other, plan.customers, 0.95, 3_000, 17)
    assert abs(seen - 0.8) < 0.04
    assert abs(seen - plan.power) < 0.04


@pytest.mark.study
@pytest.mark.parametrize(
    ("name", "parameters", "lift", "changed", "money", "asked"),
    [
        ("pareto_nbd", PARETO, {"purchase_rate": 1.25}, {"alpha": 10.578 / 1.25}, {}, {}),
        ("pareto_nbd", PARETO, {"dropout": 0.3}, {"beta": 11.669 / 0.3}, {}, {"power": 0.9, "looks": 3}),
        ("nbd", {"r": 0.385, "alpha": 12.072}, {"purchase_rate": 1.5}, {"alpha": 8.048}, {}, {"allocation": [3, 1]}),
        (
            "bg_nbd",
            {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
            {"spend": 1.3},
            {},
            {"v": 20.072},
            {"arms": 4},
        ),
        ("pareto_nbd", PARETO, {}, {}, {}, {"customers": 60}),
        ("pareto_nbd", PARETO, {}, {}, {}, {"customers": 1000, "level": 0.8}),
    ],
)
def test_promised_power_over_many_experiments(name, parameters, lift, changed, money, asked):
    # 4,000 experiments, standard error at most 0.8 %: 4 of them and 1 % for the plan's own simulation
    control, other = model_of(parameters, name=name), model_of(parameters | changed, MONEY | money, name)
    plan = clv.plan_experiment(control, duration=WEEKS, lift=lift, **asked)
    sizes = plan.customers[0], min(plan.customers[1:])
    seen = found_in_lives(control, other, sizes, plan.level_each, 4_000, 19)
    assert abs(seen - plan.power) < 0.01 + 4 * math.sqrt(plan.power * (1 - plan.power) / 4_000)
    if lift:
        assert abs(plan.power - asked.get("power", 0.8)) < 0.012


@pytest.mark.study
def test_promised_power_among_customers_of_a_summary():
    # whole lives of 65 weeks, of which 39 make the summary; the other arm pays 40 % more afterwards
    model, generator, size = model_of(), np.random.default_rng(23), 400_000
    owner, times = model.purchases.family.simulate(generator, np.full(size, 65.0), *PARETO.values())
    owner, times = np.append(np.arange(size), owner), np.append(np.zeros(size), times)
    order = np.lexsort((times, owner))
    owner, times = owner[order], times[order]
    amounts = model.spend.family.simulate(generator, np.bincount(owner, minlength=size), *MONEY.values())
    repeat, last = (times > 0) & (times <= 39), np.zeros(size)
    x = np.bincount(owner[repeat], minlength=size).astype(float)
    np.maximum.at(last, owner[repeat], times[repeat])
    with np.errstate(invalid="ignore"):
        paid = np.bincount(owner[repeat], amounts[repeat], size) / x
    summary = pd.DataFrame({"frequency": x, "recency": last, "T": 39.0, "monetary_value": paid})
    values = np.bincount(owner[times > 39], amounts[times > 39], size)
    plan = clv.plan_experiment(model, summary, duration=WEEKS, lift={"spend": 1.4})
    n, found = plan.customers[0], 0
    for _ in range(4_000):
        first, second = values[generator.integers(size, size=(2, n))]
        found += stats.ttest_ind(first, 1.4 * second, equal_var=False).pvalue < 0.05
    assert abs(found / 4_000 - plan.power) < 0.01 + 4 * math.sqrt(0.16 / 4_000)


def test_three_questions_have_one_answer(precise):
    model, terms = model_of(), {"duration": WEEKS, "power": 0.7, "seed": 3}
    plan = clv.plan_experiment(model, lift={"purchase_rate": 1.6}, **terms)
    assert (plan.wanted, plan.lift) == (0.7, {"purchase_rate": 1.6})
    back = clv.plan_experiment(model, customers=plan.customers[0], **terms)
    assert back.lift["purchase_rate"] == pytest.approx(1.6, abs=0.03)
    both = clv.plan_experiment(model, customers=plan.customers[0], lift={"purchase_rate": 1.6}, **terms)
    assert both.wanted is None
    assert both.power == pytest.approx(0.7, abs=0.025)


@pytest.mark.parametrize("lever", ["purchase_rate", "spend", "dropout"])
def test_the_smallest_lift_is_found_by_each_lever(lever, summary, precise):
    plan = clv.plan_experiment(model_of(), summary, duration=78, customers=6_000, lever=lever)
    assert list(plan.lift) == [lever]
    assert (plan.lift[lever] < 1) == (lever == "dropout")
    assert plan.difference > 0
    assert plan.power == pytest.approx(0.8, abs=0.02)


def test_more_is_needed_for_less_and_less_for_more():
    model = model_of()

    def needed(**asked: object) -> int:
        return clv.plan_experiment(model, **({"duration": WEEKS, "lift": {"spend": 1.3}} | asked)).customers[1]

    usual = needed()
    assert needed(lift={"spend": 1.5}) < 0.6 * usual
    assert needed(lift={"spend": 0.85}) > 1.5 * usual
    assert needed(power=0.9) > 1.15 * usual
    assert needed(level=0.99) > 1.2 * usual
    assert needed(arms=3) > 1.05 * usual
    assert needed(looks=4) > 1.05 * usual
    assert needed(lift={"purchase_rate": 2.0}, duration=52) < 0.8 * needed(lift={"purchase_rate": 2.0}, duration=13)


def test_levels_are_those_of_the_comparison():
    plan = clv.plan_experiment(model_of(), duration=4, lift={"spend": 3.0}, customers=50, arms=4, looks=2, level=0.9)
    assert plan.level_each == level_of_each(0.9, comparisons=3, looks=2)
    assert (plan.customers, plan.looks, plan.arms, plan.total) == ((50,) * 4, 2, 4, 200)
    told = " ".join(plan.told())
    assert "Each of the 3 other arms" in told
    assert "2 looks are planned, each of which spends 5 % of error" in told
    assert "judged at 98.3 %" in told


def test_unequal_arms_cost_customers(precise):
    terms = {"duration": 4, "lift": {"spend": 1.5}}
    equal = clv.plan_experiment(model_of(), **terms)
    plan = clv.plan_experiment(model_of(), allocation=[4, 1], **terms)
    assert plan.customers[0] == pytest.approx(4 * plan.customers[1], abs=4)
    assert plan.total > 1.2 * equal.total
    named = clv.plan_experiment(model_of(), allocation={"a mail": 1, "control": 4}, **terms)
    assert named.customers == plan.customers
    # the control is the arm that a comparison would take for it
    called = clv.plan_experiment(model_of(), customers=100, allocation={"A mail": 1, "Control": 4}, **terms)
    assert called.customers == (160, 40)
    numbered = clv.plan_experiment(model_of(), customers=100, arms=3, allocation={10: 1, 2: 4, 5: 1}, **terms)
    assert numbered.customers == (200, 50, 50)
    given = clv.plan_experiment(model_of(), customers=list(plan.customers), **terms)
    assert given.customers == plan.customers
    assert given.power == pytest.approx(0.8, abs=0.03)
    three = clv.plan_experiment(model_of(), customers=[300, 100, 200], arms=3, **terms)
    alone = clv.plan_experiment(model_of(), customers=[300, 100, 100], arms=3, **terms)
    assert three.power == pytest.approx(alone.power, abs=0.03)
    assert "for the smallest of them" in str(three)


def test_how_long_is_a_table():
    found = clv.plan_experiment(model_of(), duration=[4, 26, 104], lift=1.4)
    assert found["duration"].tolist() == [4, 26, 104]
    one = clv.plan_experiment(model_of(), duration=26, lift={"purchase_rate": 1.4})
    assert found.loc[1, "customers"] == one.customers[0]
    assert found.loc[1, "difference"] == one.difference
    assert found["difference"].is_monotonic_increasing
    assert found.loc[0, "total"] > found.loc[1, "total"]
    lifts = clv.plan_experiment(model_of(), duration=[4, 26], customers=2_000, lever="spend")
    assert lifts["spend"].between(1.01, 1.5).all()


def test_the_seed_decides(precise):
    terms = {"duration": 4, "lift": {"spend": 1.5}}
    first, again = (clv.plan_experiment(model_of(), seed=2, **terms) for _ in range(2))
    assert repr(first) == repr(again)
    pd.testing.assert_frame_equal(first.curve, again.curve)
    other = clv.plan_experiment(model_of(), seed=4, **terms)
    assert other.power != first.power
    assert other.customers[0] == pytest.approx(first.customers[0], rel=0.06)  # of 60,000 histories


def test_margin_scales_money_and_changes_no_number_of_customers(summary):
    whole = clv.plan_experiment(model_of(), summary, duration=13, lift={"spend": 2.0})
    third = clv.plan_experiment(model_of(), summary, duration=13, lift={"spend": 2.0}, margin=0.3)
    assert third.customers == whole.customers
    assert third.difference == pytest.approx(0.3 * whole.difference)
    assert "profit at a margin of 30 %" in str(third)
    named = model_of(margin="<share>")
    told = clv.plan_experiment(named, summary.assign(**{"<share>": 0.3}), duration=13, lift={"spend": 2.0})
    assert told.customers == whole.customers
    assert told.margin == "<share>"
    html = told._repr_html_()
    assert "&lt;share&gt;" in html
    assert "<share>" not in html


def test_other_frames_give_the_same_plan(summary):
    terms = {"duration": 13, "lift": {"spend": 2.0}}
    ours = clv.plan_experiment(model_of(), summary, **terms)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        theirs = clv.plan_experiment(model_of(), polars.from_pandas(summary), **terms)
    assert repr(ours) == repr(theirs)


def test_it_tells_what_a_manager_needs(summary, precise):
    plan = clv.plan_experiment(model_of(), duration=WEEKS, lift={"purchase_rate": 1.5, "dropout": 0.9}, customers=1234)
    told = plan.told()
    assert told[0].startswith(
        "With 1,234 customers an arm, followed for 26 weeks, you will find an increase of 50 % in how often customers "
        "buy and a decrease of 10 % in how readily they leave with a probability of "
    )
    assert "from their first purchase on" in told[1]
    assert "allow for the time it takes to win them" in told[-1]
    plan = clv.plan_experiment(model_of(), summary, duration=WEEKS, lift={"spend": 1.01})
    assert f"the summary has 2,000 customers, and the arms need {plan.total:,}" in plan.told()[-1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.power = 1.0


def test_a_lift_of_1_with_customers_tells_false_alarms(precise):
    # 10,000 experiments of 500: 4 standard errors and what skewness takes from Welch's test
    plan = clv.plan_experiment(model_of(money=MONEY | {"q": 30.0}), duration=WEEKS, lift=1.0, customers=500)
    assert plan.difference == 0
    assert abs(plan.power - 0.05) < 0.012
    assert "a difference where there is none" in plan.told()[0]


def test_few_very_big_spenders_are_told():
    plan = clv.plan_experiment(model_of(money=MONEY | {"q": 2.1}), duration=4, lift={"spend": 2.0}, customers=500)
    assert any("their variance is known to" in note for note in plan.notes)


def test_progress_is_told():
    steps: list[str] = []
    clv.plan_experiment(model_of(), duration=4, lift={"spend": 1.5}, progress=steps.append)
    assert steps[0] == "simulating customers"
    assert any("customers an arm" in step for step in steps)
    assert steps[-1] == "simulating smaller and larger experiments"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"lift": None}, "give lift="),
        ({"lift": {"purchase_rate": 1.0}}, "a lift of 1 leaves nothing to find"),
        ({"lift": {}}, "a lift of 1 leaves nothing to find"),
        ({"lift": {"margin": 1.1}}, "found 'margin'"),
        ({"lift": {"spend": 0.0}}, "spend must be above 0"),
        ({"lift": {"spend": -1.0}}, "spend must be a factor of at least 0"),
        ({"lift": {"spend": math.nan}}, "spend must be a factor of at least 0"),
        ({"lift": -0.5}, "lift must be above 0"),
        ({"lift": "more"}, "lift must be one number"),
        ({"lift": {"spend": 1 + 1e-9}}, "more than 1e"),
        ({"customers": 1}, "at least 2 an arm"),
        ({"customers": 2.5}, "at least 2 an arm"),
        ({"customers": True}, "at least 2 an arm"),
        ({"customers": [10, 10, 10]}, "one for each of 2 arms; found 3"),
        ({"customers": [10, 30], "allocation": [1, 3]}, "leave allocation out"),
        ({"arms": 1}, "arms must be a whole number of at least 2"),
        ({"looks": 0}, "looks must be a whole number of at least 1"),
        ({"power": 0.05}, "power must lie above 0.05"),
        ({"power": 1.0}, "below 1"),
        ({"power": "high"}, "power must lie"),
        ({"level": 1.0}, "level must lie between 0 and 1"),
        ({"allocation": [1, 2, 3]}, "each of 2 arms a share, the control first, for example [1, 1]; found 3"),
        ({"allocation": [1, 0]}, "allocation must be above 0"),
        ({"allocation": {"control": 1, "mail": -1}}, "allocation must be above 0"),
        ({"margin": 0}, "margin must be above 0"),
        ({"margin": -0.3}, "margin must be above 0"),
        ({"margin": "share"}, "new customers have none"),
        ({"duration": 0}, "duration must be a finite length above 0"),
        ({"duration": math.inf}, "duration must be a finite length above 0"),
        ({"duration": []}, "duration must be a finite length above 0"),
        ({"duration": [4, -1]}, "duration must be a number of at least 0"),
        ({"duration": "long"}, "duration must be a number"),
        ({"lever": "margin"}, "lever must be one of purchase_rate, spend, dropout"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_what_cannot_be_planned_is_refused(asked, said):
    with pytest.raises(clv.InvalidInput) as error:
        clv.plan_experiment(model_of(), **({"duration": 4, "lift": {"spend": 1.5}} | asked))
    assert said in str(error.value)


def test_customers_without_a_future_are_refused(summary):
    gone = pd.DataFrame({"frequency": [400.0], "recency": [1.0], "T": [5000.0], "monetary_value": [10.0]})
    with pytest.raises(clv.InvalidInput, match="so there is no value to compare"):
        clv.plan_experiment(model_of(), gone, duration=4, lift={"spend": 1.5})
    with pytest.raises(clv.NotEnoughData, match="no customer to plan an experiment with"):
        clv.plan_experiment(model_of(), summary.iloc[:0], duration=4, lift={"spend": 1.5})
    with pytest.raises(clv.InvalidInput, match="no change of dropout can be found with so few customers"):
        clv.plan_experiment(model_of(), summary, duration=4, customers=100, lever="dropout")
    with pytest.raises(clv.InvalidInput, match="is the margin and must be at least 0: 2000 of 2000"):
        clv.plan_experiment(model_of(), summary.assign(m=-1.0), duration=4, lift={"spend": 1.5}, margin="m")


def test_models_that_cannot_plan_are_refused(summary):
    nbd = model_of({"r": 0.385, "alpha": 12.072}, name="nbd")
    with pytest.raises(clv.NotAvailable, match="no dropout to change"):
        clv.plan_experiment(nbd, duration=4, lift={"dropout": 0.5})
    with pytest.raises(clv.NotAvailable, match="no dropout to change"):
        clv.plan_experiment(nbd, duration=4, customers=100, lever="dropout")
    with pytest.raises(clv.NotFitted):
        clv.plan_experiment(clv.CLVModel(), duration=4, lift={"spend": 1.5})
    with pytest.raises(clv.InvalidInput, match="must be a CLVModel"):
        clv.plan_experiment(nbd.purchases, duration=4, lift={"spend": 1.5})
    endless = model_of(money=MONEY | {"q": 0.9})
    with pytest.raises(clv.InvalidInput, match="mean spend of new customers is infinite"):
        clv.plan_experiment(endless, duration=4, lift={"spend": 1.5})
    with (
        pytest.warns(clv.ClvWarning, match="expected spend is infinite"),
        pytest.raises(clv.InvalidInput, match="values must be finite"),
    ):
        clv.plan_experiment(endless, summary, duration=4, lift={"spend": 1.5})
    family = dataclasses.replace(nbd.purchases.family, draw_rates_alive=None)
    mute = clv.PurchaseModel.from_parameters(family, {"r": 0.385, "alpha": 12.072}, time_unit="week")
    with pytest.raises(clv.NotAvailable, match="draws of rates"):
        clv.plan_experiment(clv.CLVModel(mute, nbd.spend), duration=4, lift={"spend": 1.5})
    silent = clv.SpendModel.from_parameters(dataclasses.replace(nbd.spend.family, draw_level=None), MONEY)
    with pytest.raises(clv.NotAvailable, match="draws of a level of spend"):
        clv.plan_experiment(clv.CLVModel(nbd.purchases, silent), duration=4, lift={"spend": 1.5})


def test_a_plan_can_be_followed():
    plan = clv.plan_experiment(model_of(), duration=4, lift={"spend": 3.0})
    n = plan.customers[0]
    log, _ = model_of().simulate(2 * n, observation=6, seed=8)
    arms = {customer: "mail" if customer > n else "control" for customer in range(1, 2 * n + 1)}
    log["amount"] *= np.where(log["customer_id"] > n, 3.0, 1.0)
    found = clv.compare_arms(log, arms, plan=plan, model=model_of(), horizon=4)
    assert found.window == 4.0
    assert not any("plan" in note and "instead of" in note for note in found.notes)
    fewer = log[log["customer_id"] != 1]
    del arms[1]
    found = clv.compare_arms(fewer, arms, plan=plan, model=model_of(), horizon=4)
    assert any(f"Fewer customers than planned: {n - 1} and {n} instead of {n} and {n}" in note for note in found.notes)


def test_a_share_given_as_a_lift_is_warned_of():
    with pytest.warns(clv.ClvWarning, match=r"0\.1 is a decrease of 90 %\. For an increase of 10 % pass lift=1\.1"):
        clv.plan_experiment(model_of(), duration=4, lift=0.1, customers=200)
    clv.plan_experiment(model_of(), duration=4, lift=0.1, lever="dropout", customers=200)
