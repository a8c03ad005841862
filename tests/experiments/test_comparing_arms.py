"""Arms compared from a log: by hand, unequal ages, refusals, and how often the whole way is wrong."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.errors import ClvError, ClvWarning, InvalidInput

BUYING = clv.PurchaseModel.from_parameters(
    "pareto_nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, "week"
)
SPENDING = {"p": 6.25, "q": 3.74, "v": 15.44}
END = "2024-12-31"


def customers(n, observation, seed, v=15.44, first_id=0):
    """Log of customers who are watched for so long until the end of 2024, one row a purchase, dates whole days."""
    spend = clv.SpendModel.from_parameters("gamma_gamma", {**SPENDING, "v": v})
    log = clv.CLVModel(BUYING, spend).simulate(n, observation=observation, seed=seed, observation_end=END).log
    return log.assign(
        date=log["date"].dt.floor("D"), customer_id=log["customer_id"] + first_id, amount=log["amount"].round(2)
    )


def by_half(log, seed=0):
    """Everybody at random into one of two arms."""
    ids = np.sort(log["customer_id"].unique())
    return pd.DataFrame({"customer_id": ids, "arm": np.random.default_rng(seed).choice(["control", "mail"], len(ids))})


def window_values(log, weeks):
    """A slow way to each customer's value within his own window."""
    first = log.groupby("customer_id")["date"].transform("min")
    return log[(log["date"] - first).dt.days <= 7 * weeks].groupby("customer_id")["amount"].sum()


def test_the_observed_difference_is_welchs_test_of_the_logs_own_sums():
    log = customers(600, 40, 1)
    arms = by_half(log)
    found = clv.compare_arms(log, arms, window=20, horizon=0, observation_end=END, margin=0.5, planned_end=END)
    value = 0.5 * window_values(log, 20)
    mail, control = (value[arms.loc[arms["arm"] == name, "customer_id"]] for name in ("mail", "control"))
    known = stats.ttest_ind(mail, control, equal_var=False)
    row = found.differences.iloc[0]
    assert found.arms["arm"].tolist() == ["control", "mail"]
    assert found.arms["observed"].tolist() == pytest.approx([control.mean(), mail.mean()], rel=1e-12)
    assert row["difference"] == pytest.approx(mail.mean() - control.mean(), rel=1e-9)
    assert row["p_value"] == pytest.approx(known.pvalue, rel=1e-9)
    assert found.model_name is None
    assert found.arms["projected"].isna().all()
    assert (found.kind, found.level_each, found.window, found.observation_end) == ("acquisition", 0.95, 20, END)


def test_totals_of_arms_of_unequal_age_mislead_and_the_same_window_does_not():
    # the young arm's customers spend a quarter more, and have had a fourth of the time
    old, young = customers(2500, 80, 2), customers(2500, 20, 3, v=1.25 * 15.44, first_id=10_000)
    log = pd.concat([old, young])
    arms = {i: "old" if i < 10_000 else "young" for i in log["customer_id"].unique().tolist()}
    totals = log.groupby("customer_id")["amount"].sum()
    naive = stats.ttest_ind(totals[totals.index >= 10_000], totals[totals.index < 10_000], equal_var=False)
    assert naive.statistic < -4
    with pytest.warns(ClvWarning, match=r"came at different times; their mean ages are 'old' .* 'young'"):
        found = clv.compare_arms(log, arms, window=19, horizon=0, observation_end=END, planned_end=END)
    assert found.differences["low"].iloc[0] > 0


def test_equal_arms_of_unequal_age_show_no_difference():
    log = pd.concat([customers(1500, 80, 4), customers(1500, 20, 5, first_id=10_000)])
    arms = {i: "old" if i < 10_000 else "young" for i in log["customer_id"].unique().tolist()}
    totals = log.groupby("customer_id")["amount"].sum()
    assert totals[totals.index < 10_000].mean() > 1.4 * totals[totals.index >= 10_000].mean()
    with pytest.warns(ClvWarning, match="came at different times"):
        found = clv.compare_arms(log, arms, horizon=0, observation_end=END, planned_end=END)
    assert found.window == 19 or found.window == 20
    assert found.differences["low"].iloc[0] < 0 < found.differences["high"].iloc[0]


def test_a_campaign_counts_everybody_and_projects_with_one_model():
    log = customers(800, 60, 6)
    ids = [*range(1, 801), *range(5001, 5101)]  # a hundred who never bought
    arms = pd.DataFrame({"customer_id": ids, "arm": np.random.default_rng(7).choice(["mail", "control"], 900)})
    found = clv.compare_arms(log, arms, start="2024-10-01", horizon=26, observation_end=END, planned_end=END)
    assert found.arms["customers"].sum() == 900
    assert found.kind == "campaign"
    assert found.window == pytest.approx(92 / 7)
    later = (
        log[log["date"] >= "2024-10-01"].groupby("customer_id")["amount"].sum().reindex(ids, fill_value=0).to_numpy()
    )
    np.testing.assert_allclose(found.arms["observed"], pd.Series(later).groupby(arms["arm"]).mean(), rtol=1e-12)
    assert (found.arms["projected"] > found.arms["observed"]).all()
    assert found.arms["projected_best"].sum() == pytest.approx(1)
    assert found.differences["measure"].tolist() == ["observed", "projected"]


def test_history_makes_a_campaigns_intervals_narrower():
    log = customers(3000, 60, 8)
    ids = np.arange(1, 3001)
    arms = pd.DataFrame({"customer_id": ids, "arm": np.where(ids % 2 == 0, "mail", "control"), "noise": ids % 7})
    settings = {"start": "2024-07-01", "horizon": 0, "observation_end": END, "planned_end": END}
    plain = clv.compare_arms(log, arms, **settings)
    known = clv.compare_arms(log, arms, adjust_for=["history", "noise"], **settings)
    assert known.differences["standard_error"].iloc[0] < 0.85 * plain.differences["standard_error"].iloc[0]
    assert known.adjusted_for == ("noise", "purchases", "spend")  # all came on one day
    assert any("adjusted for what was known before" in sentence for sentence in known.told())


def test_unequal_histories_and_sizes_are_warned_of():
    log = customers(1200, 60, 9)
    bought = (
        log[log["date"] < "2024-07-01"].groupby("customer_id")["amount"].sum().reindex(range(1, 1201), fill_value=0)
    )
    best = pd.DataFrame({"customer_id": bought.index, "arm": np.where(bought > bought.median(), "mail", "control")})
    with pytest.warns(ClvWarning, match=r"arms differ before the start: 'mail' \+\d.* in spend"):
        clv.compare_arms(log, best, start="2024-07-01", horizon=0, observation_end=END, planned_end=END)
    few = pd.DataFrame({"customer_id": range(1, 1201), "arm": ["mail"] * 500 + ["control"] * 700})
    with pytest.warns(ClvWarning, match="do not have the sizes that were assigned"):
        clv.compare_arms(log, few, start="2024-07-01", horizon=0, observation_end=END, planned_end=END)
    shares = {"mail": 5, "control": 7}
    clv.compare_arms(log, few, start="2024-07-01", horizon=0, observation_end=END, planned_end=END, allocation=shares)


def test_logs_of_every_kind_answer_alike(tmp_path):
    log = customers(200, 40, 10)
    arms = by_half(log)
    log["source"] = log["customer_id"].map(arms.set_index("customer_id")["arm"])
    path = tmp_path / "log.csv"
    log.to_csv(path, index=False)
    settings = {"window": 20, "horizon": 0, "observation_end": END, "planned_end": END}
    plain = clv.compare_arms(log, arms, **settings)
    made = clv.economics.read_purchases(log, observation_end=END)
    again = [
        clv.compare_arms(pl.from_pandas(log), pl.from_pandas(arms), **settings),
        clv.compare_arms(path, arms, **settings),
        clv.compare_arms(log, "source", **settings),
        clv.compare_arms(path, "source", **settings),
        clv.compare_arms(log, dict(zip(arms["customer_id"], arms["arm"], strict=True)), **settings),
        clv.compare_arms(made, arms, window=20, horizon=0, planned_end=END),
        clv.compare_arms(log.rename(columns={"customer_id": "who"}), arms, customer_id="who", **settings),
    ]
    for other in again:
        pd.testing.assert_frame_equal(plain.arms, other.arms)
        pd.testing.assert_frame_equal(plain.differences, other.differences)


def test_a_column_of_the_log_lacks_a_campaigns_silent():
    log = customers(200, 40, 11).assign(source=lambda x: np.where(x["customer_id"] % 2, "a", "b"))
    with pytest.warns(ClvWarning, match="hold only customers who bought something"):
        clv.compare_arms(log, "source", start="2024-10-01", horizon=0, observation_end=END, planned_end=END)


def test_without_repeaters_there_is_no_projection():
    log = pd.DataFrame({"customer_id": range(40), "date": "2024-01-01", "amount": np.arange(40.0)})
    arms = {i: "ab"[i % 2] for i in range(40)}
    found = clv.compare_arms(log, arms, observation_end="2024-06-30", planned_end="2024-06-30")
    assert found.model_name is None
    assert any(note.startswith("There is no projection") for note in found.notes)
    with pytest.raises(ClvError):
        clv.compare_arms(log, arms, observation_end="2024-06-30", model=clv.CLVModel())


def test_what_is_said_of_looks():
    log = customers(200, 40, 12)
    arms = by_half(log)
    settings = {"window": 20, "horizon": 0, "observation_end": END}
    with pytest.raises(InvalidInput, match="is to end on 2025-06-30, and observation only reaches 2024-12-31"):
        clv.compare_arms(log, arms, planned_end="2025-06-30", **settings)
    with pytest.raises(InvalidInput, match="was to end on 2024-12-01"):
        clv.compare_arms(log, arms, planned_end="2024-12-01", **settings)
    one = clv.compare_arms(log, arms, **settings)
    four = clv.compare_arms(log, arms, planned_end="2025-06-30", look=2, looks=4, **settings)
    assert (four.look, four.looks, four.level_each) == (2, 4, pytest.approx(0.9875))
    for table, low, high in (("differences", "low", "high"), ("arms", "observed_low", "observed_high")):
        width = [(getattr(each, table)[high] - getattr(each, table)[low]).iloc[0] for each in (one, four)]
        assert width[1] > 1.2 * width[0]
    assert any("fixed before anybody looked" in sentence for sentence in one.told())
    assert any("look 2 of 4" in sentence for sentence in four.told())


def test_a_plan_says_the_window_and_the_looks():
    log = customers(300, 60, 14)
    arms = pd.DataFrame({"customer_id": range(1, 301), "arm": np.arange(300) % 2})
    plan = SimpleNamespace(customers=(150, 150), duration=6.0, time_unit="month", looks=2, level=0.95)
    settings = {"start": "2024-07-01", "horizon": 0, "plan": plan}
    first = clv.compare_arms(log, arms, observation_end="2024-09-30", **settings)
    assert (first.looks, first.window) == (2, pytest.approx(92 / 7))
    assert any("The plan was to observe 26.09 weeks, and these are 13.14 weeks" in note for note in first.notes)
    with pytest.raises(InvalidInput, match="window must be over"):
        clv.compare_arms(log, arms, observation_end="2024-09-30", look=2, **settings)
    last = clv.compare_arms(log, arms, observation_end="2024-12-31", look=2, **settings)
    assert last.window == pytest.approx(6 * 365.25 / 12 / 7)
    assert len(last.notes) == 1
    settings["plan"] = SimpleNamespace(customers=(150, 160), duration=6.0, time_unit="month", looks=1, level=0.9)
    other = clv.compare_arms(log, arms, observation_end=END, **settings)
    assert other.notes[0].startswith("Fewer customers than planned: 150 and 150 instead of 150 and 160 in 0 and 1;")
    assert other.notes[1] == "The plan was for a level of 90 %, and this is one of 95 %."
    assert other.notes[2] == "This is the one look, at the end of what was planned."
    with pytest.raises(InvalidInput, match="the plan is for looks=1, and here looks=3"):
        clv.compare_arms(log, arms, observation_end=END, looks=3, **settings)
    with pytest.raises(InvalidInput, match="plan must be what plan_experiment returned; found int"):
        clv.compare_arms(log, arms, plan=7)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": 1.0}, "level must lie between 0 and 1"),
        (
            {"start": "2024-10-01", "observation_start": "2024-01-01"},
            "observation_start would leave older customers out",
        ),
        ({"margin": [0.3]}, "margin must be one number"),
        ({"window": 0}, "window must be above 0"),
        ({"window": -1}, "window must be a number of at least 0"),
        ({"window": np.inf}, "window must be one finite number"),
        ({"model": "pareto_nbd"}, "model must be a CLVModel"),
        ({"adjust_for": "history"}, "adjust_for names 'history'"),
        ({"start": "2024-03-01", "adjust_for": "history"}, "nobody bought before the start"),
    ],
)
def test_what_is_refused(settings, message):
    log = customers(100, 40, 13)
    with pytest.raises(InvalidInput, match=message):
        clv.compare_arms(log, by_half(log), observation_end=END, **settings)


def test_unknown_keywords_are_refused_as_python_does():
    with pytest.raises(TypeError, match=r"compare_arms\(\) got an unexpected keyword argument 'windows'"):
        clv.compare_arms(None, None, windows=3)


def alarms(found, measure="observed"):
    rows = found.differences[found.differences["measure"] == measure]
    return bool(((rows["low"] > 0) | (rows["high"] < 0)).any())


@pytest.mark.study
@pytest.mark.filterwarnings("ignore:arms differ before the start")  # once in a thousand fair assignments
@pytest.mark.parametrize("arms", [2, 3])
@pytest.mark.parametrize("start", [None, "2024-08-01"])
def test_false_alarms_of_the_whole_way_come_at_the_stated_rate(arms, start):
    # 400 experiments without a difference at 0.05: between 7 and 36 alarms unless something has a chance below 0.001
    count = 0
    for seed in range(400):
        log = customers(200 * arms, 50, 1000 + seed)
        assigned = np.random.default_rng(seed).permutation(np.repeat(np.arange(arms), 200))
        given = pd.DataFrame({"customer_id": np.arange(1, 200 * arms + 1), "arm": assigned})
        made = clv.compare_arms(log, given, start=start, horizon=0, observation_end=END, planned_end=END)
        count += alarms(made)
    assert 7 <= count <= 36


@pytest.mark.study
@pytest.mark.filterwarnings("ignore:arms differ before the start")  # once in a thousand fair assignments
@pytest.mark.parametrize(("arms", "once"), [(2, 28), (3, 22)])
def test_four_looks_at_a_campaign(arms, once):
    # 300 campaigns without a difference, looked at after each of four months. With looks=4: at most 28 alarms at 0.05
    # (a chance below 0.001). Looking as if once: more than one look raises, with a chance of 0.001 of 28, 0.03 of 22
    naive = planned = 0
    ends = ["2024-09-30", "2024-10-31", "2024-11-30", "2024-12-31"]
    for seed in range(300):
        log = customers(200 * arms, 60, 5000 + seed)
        assigned = np.random.default_rng(seed).permutation(np.repeat(np.arange(arms), 200))
        given = pd.DataFrame({"customer_id": np.arange(1, 200 * arms + 1), "arm": assigned})
        found = [
            clv.compare_arms(log, given, start="2024-09-01", horizon=0, observation_end=end, looks=4, look=i + 1)
            for i, end in enumerate(ends)
        ]
        planned += any(map(alarms, found))
        for each in found:
            spread = each.differences["p_value"].to_numpy() / 4  # of this look alone, but for a union bound's cut at 1
            naive_alarm = (spread < 0.05).any()
            if naive_alarm:
                naive += 1
                break
    assert planned <= 28
    assert naive > once


def test_a_plan_of_another_margin_is_told():
    log = customers(300, 60, 14)
    arms = by_half(log)
    settings = {"window": 20, "horizon": 0, "observation_end": END, "planned_end": END}
    plan = SimpleNamespace(customers=(50, 50), duration=20.0, time_unit="week", looks=1, level=0.95, margin=0.3)
    told = "The plan was for a margin of 30 %, and this comparison takes 100 %"
    assert any(told in note for note in clv.compare_arms(log, arms, plan=plan, **settings).notes)
    assert not any("margin" in note for note in clv.compare_arms(log, arms, plan=plan, margin=0.3, **settings).notes)
    plan.margin = "share"
    assert any("that of column 'share'" in note for note in clv.compare_arms(log, arms, plan=plan, **settings).notes)


def test_a_horizon_within_the_window_is_told():
    log = customers(200, 40, 10)
    arms, model = by_half(log), clv.CLVModel(BUYING, clv.SpendModel.from_parameters("gamma_gamma", SPENDING))
    settings = {"window": 20, "observation_end": END, "planned_end": END, "model": model}
    told = "The horizon of 10 weeks is shorter than the window of 20 weeks"
    assert any(told in note for note in clv.compare_arms(log, arms, horizon=10, **settings).notes)
    assert not any("horizon" in note for note in clv.compare_arms(log, arms, horizon=20, **settings).notes)
