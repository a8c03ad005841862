"""All ways to value customers against a holdout: everything that is told, computed again in pandas."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.economics import MethodComparison, compare_clv_methods

DAY = "1997-09-30"
CUT, END = pd.Timestamp(DAY), pd.Timestamp("1998-06-30")
MONTH = 365.25 / 12
FORMULAS = [
    "historical", "historical_rate", "average", "order_value", "retention_next", "retention_now", "churn_lifetime",
]  # fmt: skip


@pytest.fixture(scope="module")
def channel(cdnow):
    ids = np.sort(cdnow["customer_id"].unique())
    return dict(zip(ids, np.where(np.arange(len(ids)) % 3 == 0, "web", "shop"), strict=True))


@pytest.fixture(scope="module")
def found(cdnow, channel):
    return clv.compare_clv_methods(cdnow, calibration_end=DAY, margin=0.30, models=["bg_nbd"], by=channel)


@pytest.fixture(scope="module")
def expected(cdnow, channel):
    """The formulas with pandas alone, in days and months of 365.25/12 days."""
    days = cdnow.assign(date=pd.to_datetime(cdnow["date"])).groupby(["customer_id", "date"], as_index=False)["amount"]
    days = days.sum()
    before, after = days[days["date"] <= CUT], days[(days["date"] > CUT) & (days["date"] <= END)]
    each = before.groupby("customer_id").agg(
        s=("amount", "sum"), n=("date", "size"), first=("date", "min"), last=("date", "max")
    )
    each["T"] = (CUT - each["first"]).dt.days / MONTH
    h, L = (END - CUT).days / MONTH, each["T"].max()
    result = pd.DataFrame({"actual": after.groupby("customer_id")["amount"].sum()}).reindex(each.index).fillna(0)
    result["historical"] = each["s"]
    result["historical_rate"] = each["s"] / each["T"].clip(lower=1) * h
    result["average"] = each["s"].sum() / len(each) * h / L
    group = pd.Series(channel).reindex(each.index)
    for name in group.unique():
        own = each[group == name]
        rate = own["n"].sum() / own["T"].clip(lower=1).sum()
        lifespan = ((own["last"] - own["first"]).dt.days / MONTH).mean()
        worth = own["s"].sum() / own["n"].sum() * rate * min(lifespan, h)
        result.loc[group == name, "order_value"] = worth
    back = ((CUT - before["date"]).dt.days / MONTH).astype(int)
    active = before.assign(back=back)[back < int(L)]
    spent = active.groupby(["back", "customer_id"])["amount"].sum()
    there = {k: set(spent.loc[k].index) for k in range(int(L))}
    r = sum(len(there[k] & there[k - 1]) for k in range(1, int(L))) / sum(len(there[k]) for k in range(1, int(L)))
    m = spent.mean()
    now = m * (sum(r**t for t in range(int(h))) + (h - int(h)) * r ** int(h))
    is_there = np.isin(each.index, list(there[0]))
    result["retention_next"] = is_there * now * r
    result["retention_now"] = is_there * now
    result["churn_lifetime"] = is_there * m * min(1 / (1 - r), h)
    result = 0.30 * result
    result["group"] = group
    return result


@pytest.mark.parametrize("name", ["actual", *FORMULAS])
def test_every_customer_is_what_pandas_says(found, expected, name):
    np.testing.assert_array_equal(found.customers["customer_id"], expected.index)
    np.testing.assert_allclose(found.customers[name], expected[name], rtol=1e-11, atol=1e-11)


def test_totals_and_errors_are_those_of_the_customers(found, expected):
    actual = expected["actual"].to_numpy()
    limit = actual.mean()
    assert found.tolerance == pytest.approx(limit)
    for row in found.table.itertuples():
        predicted = found.customers[row.method].to_numpy()
        off = predicted - actual
        assert row.predicted == pytest.approx(predicted.sum(), rel=1e-12)
        assert row.actual == pytest.approx(0.3 * 70976.39, abs=1e-6)  # the sum of the holdout in the log
        assert row.error == pytest.approx(off.sum(), rel=1e-9)
        assert row.error_share == pytest.approx(predicted.sum() / actual.sum() - 1, rel=1e-9)
        assert row.mean_absolute_error == pytest.approx(np.abs(off).mean(), rel=1e-12)
        assert row.root_mean_squared_error == pytest.approx(np.sqrt((off**2).mean()), rel=1e-12)
        assert row.customers_off == (np.abs(off) > limit).sum()
        assert row.note
    assert list(found.table["method"]) == [*FORMULAS, "bg_nbd"]
    assert found.table.set_index("method").loc["average", "top_tenth_share"] == pytest.approx(0.1)
    best = np.sort(actual)[::-1]
    top = found.customers.sort_values("bg_nbd", ascending=False)["actual"].to_numpy()[:235].sum()
    assert found.table["top_tenth_share"].iloc[-1] == pytest.approx(top / actual.sum(), abs=2e-3)
    assert (found.table["top_tenth_share"] < best[:236].sum() / best.sum()).all()


def test_the_model_is_the_model(found, cdnow):
    """Undiscounted value over the holdout, and the discounted one of a lifetime, as CLVModel.predict gives them."""
    summary = clv.rfm_summary(cdnow, observation_end=DAY)
    model = clv.CLVModel("bg_nbd", "gamma_gamma", margin=0.30).fit(summary)
    ahead = model.predict(summary, horizon=39, annual_discount_rate=0.0)["clv"]
    np.testing.assert_allclose(found.customers["bg_nbd"], ahead, rtol=1e-12)
    with pytest.warns(clv.ClvWarning, match="infinite"):  # expected purchases, undiscounted
        whole = model.predict(summary, horizon=math.inf)["clv"].sum()
    assert found.table["lifetime_value"].iloc[-1] == pytest.approx(whole, rel=1e-12)
    assert found.models["bg_nbd"].purchases.parameters == model.purchases.parameters


def test_groups_add_up_to_the_whole(found, expected):
    groups = found.groups
    assert list(groups["group"].unique()) == ["shop", "web"]
    assert len(groups) == 2 * len(found.table)
    for name, rows in groups.groupby("method"):
        whole = found.table.set_index("method").loc[name]
        assert rows["customers"].sum() == 2357
        for column in ("predicted", "actual", "error"):
            assert rows[column].sum() == pytest.approx(whole[column], rel=1e-10, abs=1e-8)
        mean = np.average(rows["mean_absolute_error"], weights=rows["customers"])
        assert mean == pytest.approx(whole["mean_absolute_error"], rel=1e-12)
    assert found.customers["group"].tolist() == expected["group"].tolist()


SMALL = pd.DataFrame(
    {
        "customer_id": [1, 1, 1, 2, 2, 3, 3],
        "date": ["2024-01-01", "2024-02-10", "2024-04-01", "2024-01-15", "2024-04-20", "2024-02-01", "2024-04-09"],
        "amount": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 0.0],
    }
)
FAMILY = clv.PurchaseModel.from_parameters(
    "bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, time_unit="week"
)
SPEND = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})


def compared(log=SMALL, **options):
    given = {"calibration_end": "2024-03-31", "models": {"ours": FAMILY}, "spend": SPEND, **options}
    return compare_clv_methods(log, **given)


def test_a_small_log_by_hand():
    found = compared()
    assert found.customers["actual"].tolist() == [30.0, 50.0, 0.0]
    assert found.customers["historical"].tolist() == [30.0, 40.0, 60.0]
    assert found.duration == pytest.approx(20 / 7)
    table = found.table.set_index("method")
    assert table.loc["historical", ["predicted", "actual", "error"]].tolist() == [130, 80, 50]
    assert table.loc["historical", "mean_absolute_error"] == pytest.approx(70 / 3)
    assert table.loc["historical", "customers_off"] == 1  # by more than 80/3
    assert compared(tolerance=5).table["customers_off"].iloc[0] == 2
    np.testing.assert_allclose(found.customers["average"], 130 / 3 * 20 / 90)


def test_money_is_linear_in_the_margin():
    whole, third = compared(), compared(margin=0.3)
    for name in ("actual", *FORMULAS, "ours"):
        np.testing.assert_allclose(third.customers[name], 0.3 * whole.customers[name], rtol=1e-12)
    assert (whole.settings["money"], third.settings["money"]) == ("revenue", "profit")
    assert "brought a revenue of 80.00" in whole.verdict
    assert "brought a profit of 24.00" in third.verdict


def test_margins_of_customers():
    found, whole = compared(margin={3: 0.1, 2: 0.5, 1: 1.0}), compared()
    for name in ("actual", "historical", "ours"):
        np.testing.assert_allclose(found.customers[name], np.array([1.0, 0.5, 0.1]) * whole.customers[name])
    assert found.settings["margin"] == "one a customer"


def test_margins_of_a_column_of_costs():
    costs = SMALL.assign(cost=SMALL["amount"] * SMALL["customer_id"] / 10)
    margins = clv.economics.margins_from_cost(costs, "cost", observation_end="2024-03-31")
    found, whole = compared(costs, margin=margins), compared()
    np.testing.assert_allclose(found.customers["actual"], whole.customers["actual"] * [0.9, 0.8, 0.7], rtol=1e-12)
    assert found.settings["money"] == "profit"


def test_formulas_see_nothing_of_the_holdout():
    """Another holdout of the same length: all predictions stay, what came does not."""
    later = SMALL.assign(amount=SMALL["amount"].where(SMALL["date"] < "2024-04", 999.0))
    one, other = compared(), compared(later)
    names = [*FORMULAS, "ours"]
    pd.testing.assert_frame_equal(one.customers[names], other.customers[names])
    assert other.customers["actual"].tolist() == [999.0, 999.0, 999.0]


@pytest.mark.parametrize("kind", ["polars", "arrow", "csv"])
def test_customers_come_in_the_kind_of_the_log(kind, tmp_path):
    log = pl.from_pandas(SMALL) if kind != "csv" else tmp_path / "log.csv"
    if kind == "csv":
        SMALL.to_csv(log, index=False)
    found = compared(log.to_arrow() if kind == "arrow" else log, by={1: 7, 2: 8})
    assert type(found.customers).__module__.split(".")[0] == {"arrow": "pyarrow", "csv": "pandas"}.get(kind, kind)
    table = found.customers if kind == "csv" else found.customers.to_pandas()
    expected = compared(by={1: 7, 2: 8}).customers
    np.testing.assert_array_equal(table[["actual", *FORMULAS, "ours"]], expected[["actual", *FORMULAS, "ours"]])
    assert table["group"].tolist() == ["7", "8", "(no group)"]


def test_who_has_no_group_is_told():
    found = compared(by={1: "a", 2: "b", 99: "b"})
    assert found.groups["group"].unique().tolist() == ["a", "b", "(no group)"]
    assert "1 of 3 customers has no group" in found.verdict


def test_a_stream_is_read_twice():
    class Stream:
        def __arrow_c_stream__(self, requested_schema=None):
            return pl.from_pandas(SMALL).to_arrow().__arrow_c_stream__(requested_schema)

    found = compared(Stream())
    assert isinstance(found.customers, pd.DataFrame)
    assert found.customers["actual"].tolist() == [30.0, 50.0, 0.0]


def test_periods_and_lifespans_are_settings():
    more = pd.DataFrame({"customer_id": [1, 2], "date": ["2024-03-10", "2024-03-30"], "amount": [5.0, 15.0]})
    log = pd.concat([SMALL, more])
    week, month = compared(log, period="week"), compared(log)
    assert (week.customers["retention_now"] > 0).tolist() == [False, True, False]
    assert (month.customers["retention_now"] > 0).tolist() == [True, True, False]
    assert np.allclose(week.customers["average"], month.customers["average"])
    # longer than the holdout counts no more than the holdout
    long, longer = compared(lifespan_months=12), compared(lifespan_months=24)
    assert np.allclose(long.customers["order_value"], longer.customers["order_value"])
    values = [one.table.set_index("method").loc["order_value", "lifetime_value"] for one in (long, longer)]
    assert values[1] == pytest.approx(2 * values[0])


def test_discounting_is_for_lifetimes_only():
    low, high = compared(annual_discount_rate=0.05), compared(annual_discount_rate=0.5)
    names = ["predicted", "mean_absolute_error"]
    pd.testing.assert_frame_equal(low.table[names], high.table[names])
    lifetimes = [one.table.set_index("method")["lifetime_value"] for one in (low, high)]
    for name in ("ours",):
        assert lifetimes[0][name] > lifetimes[1][name]
    assert math.isnan(lifetimes[0]["historical"])
    assert math.isnan(lifetimes[0]["average"])


def test_the_verdict_names_who_is_nearest(found):
    table = found.table
    first, *rest = found.verdict.splitlines()
    assert (
        first
        == "2,357 customers known by 30 Sep 1997 brought a profit of 21,292.92 in the 39 weeks after it (undiscounted)."
    )
    titles = table.set_index("method")["title"]
    nearest = titles[table.loc[table["error"].abs().idxmin(), "method"]]
    farthest = titles[table.loc[table["error"].abs().idxmax(), "method"]]
    assert rest[0].startswith(f"Nearest in total is {nearest}, with ")
    assert f"farthest is {farthest}, with 62,396 (+193.0 %)" in rest[0]
    squared = titles[table.loc[table["root_mean_squared_error"].idxmin(), "method"]]
    assert f"smallest root mean squared error is that of {squared} (" in rest[1]
    absolute = titles[table.loc[table["mean_absolute_error"].idxmin(), "method"]]
    assert f"The smallest mean absolute error is that of {absolute} (8.64)" in rest[1]
    assert "a forecast of 0 for everybody would be off by 9.03" in rest[1]
    assert "Over a whole lifetime, which no holdout can judge: " in found.verdict


def test_the_verdict_has_no_winner_of_its_own():
    """Where the formula hits, it is named: customers who do again exactly what they did."""
    log = pd.concat([SMALL, SMALL.assign(date="2024-04-15")])
    log = log[(log["date"] < "2024-04") | (log["date"] == "2024-04-15")].drop_duplicates()
    log.loc[log["date"] == "2024-04-15", "amount"] = [10.0, 20.0, 0.0, 40.0, 0.0, 60.0, 0.0]
    found = compared(log)
    assert found.customers["actual"].tolist() == found.customers["historical"].tolist()
    lines = found.verdict.splitlines()
    assert lines[1].startswith(
        "Nearest in total is Historical CLV, taken as the forecast, with 130 (+0.0 %), of the models"
    )
    assert "smallest root mean squared error is that of Historical CLV, taken as the forecast (0.00)" in lines[2]


def test_a_holdout_without_purchases_of_the_known():
    log = pd.concat(
        [SMALL[SMALL["date"] < "2024-04"], pd.DataFrame({"customer_id": [9], "date": ["2024-04-20"], "amount": [5.0]})]
    )
    found = compared(log)
    assert found.table["actual"].tolist() == [0.0] * len(found.table)
    assert found.table[["error_share", "top_tenth_share"]].isna().to_numpy().all()
    assert "nothing was bought" in found.verdict
    assert "1 purchase for 5.00 by 1 customer who first bought in the holdout" in found.verdict
    assert "judge nobody by it" in found.verdict  # 0 for everybody is right


def test_how_it_shows_itself(found):
    assert repr(found) == (
        "MethodComparison of 7 formulas and bg_nbd: 2,357 customers, calibration until 1997-09-30, "
        "holdout until 1998-06-30"
    )
    shown = str(found)
    assert shown.startswith(found.verdict)
    assert "+143.9%" in shown
    page = found._repr_html_()
    assert page.count("<tr>") == 9
    assert "Average CLV: revenue / customers" in page
    named = compared(models={"<b>ours</b>": FAMILY, "theirs": FAMILY})
    assert "<b>ours</b>" not in named._repr_html_()
    assert "BG/NBD with Gamma-Gamma (theirs)" in named.table["title"].tolist()
    assert isinstance(named, MethodComparison)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"models": ["pareto"]}, clv.InvalidInput, "there is no model or formula 'pareto'.*formulas historical, "),
        ({"models": []}, clv.InvalidInput, r"the formulas \(historical, .*\) always run beside it"),
        ({"models": {"average": FAMILY}}, clv.InvalidInput, "'average' is the name of a formula"),
        ({"models": {"actual": FAMILY}}, clv.InvalidInput, "a model cannot be labelled 'actual'"),
        ({"period": "decade"}, clv.InvalidInput, "period must be one of hour, day, week, month, quarter, year"),
        ({"period": "quarter"}, clv.NotEnoughData, "calibration holds 0 whole quarters: .*period='week'"),
        ({"amount": None}, clv.InvalidInput, "values are money, and amount=None says"),
        ({"annual_discount_rate": -1}, clv.InvalidInput, "annual_discount_rate must be above -1"),
        ({"annual_discount_rate": -0.1}, clv.InvalidInput, "negative annual_discount_rate"),
        ({"lifespan_months": -1}, clv.InvalidInput, "lifespan_months must be a number"),
        ({"tolerance": [1, 2]}, clv.InvalidInput, "tolerance must be one finite number"),
        ({"margin": {1: 0.3}}, clv.InvalidInput, "every customer must have a margin: 2 of 3"),
        ({"by": {7: "a"}}, clv.InvalidInput, "none of the 3 customers has a group"),
        ({"observation_end": "2024-01-01"}, clv.InvalidInput, "leave observation_end out"),
        ({"time_unit": "day"}, clv.UnitMismatch, "models and time_unit must agree"),
        ({"calibration_end": "2024-06-01"}, clv.InvalidInput, "the holdout is empty"),
        ({"datum": "x"}, TypeError, r"compare_clv_methods\(\) got an unexpected keyword argument 'datum'"),
    ],
)
def test_refusals(options, error, message):
    with pytest.raises(error, match=message):
        compared(**options)


def test_a_model_that_knows_the_holdout_is_refused(cdnow):
    late = clv.PurchaseModel("bg_nbd").fit(clv.rfm_summary(cdnow))
    with pytest.raises(clv.InvalidInput, match="knows a part of the holdout"):
        clv.compare_clv_methods(cdnow, calibration_end=DAY, models=[late])


def test_too_few_to_fit_spend_is_said_without_advice_that_does_not_help():
    log = SMALL[SMALL["customer_id"] != 1]
    with pytest.raises(clv.NotEnoughData) as caught:
        compared(log, spend="gamma_gamma", calibration_end="2024-03-31")
    assert "amount=None" not in str(caught.value)


def test_margins_above_1_are_warned_of():
    with pytest.warns(clv.ClvWarning, match="are above 1, first 30, more profit than was spent"):
        compared(margin=30)
