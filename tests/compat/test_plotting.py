"""The pictures of lifetimes: the numbers drawn are the original's, or computed apart from both where that stops."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import matplotlib as mpl
import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy import stats

mpl.use("Agg")

from matplotlib import colors
from matplotlib import pyplot as plt

import clvmodels as clv
from clvmodels.compat.lifetimes import (
    BetaGeoBetaBinomFitter,
    BetaGeoFitter,
    LifetimesDifference,
    ModifiedBetaGeoFitter,
    ParetoNBDFitter,
)
from clvmodels.compat.lifetimes import plotting as ours
from clvmodels.compat.lifetimes.datasets import load_donations

from .conftest import quiet

PARAMETERS = {
    "BetaGeoFitter": {"r": 0.2425929, "alpha": 4.4135319, "a": 0.7928863, "b": 2.4257539},
    "ModifiedBetaGeoFitter": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "ParetoNBDFitter": {"r": 0.55328, "alpha": 10.5777, "s": 0.60624, "beta": 11.6687},
}
OURS = {fitter.__name__: fitter for fitter in (BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter)}
T_CAL, T = 26, 40


@pytest.fixture(autouse=True)
def _closed():
    plt.close("all")
    yield
    plt.close("all")


def customers(n=300):
    rng = np.random.default_rng(3)
    frequency = rng.poisson(1.3, n)
    frequency[0] = 12
    recency = np.where(frequency > 0, rng.integers(1, 27, n), 0)
    return pd.DataFrame({"frequency": frequency, "recency": recency, "T": rng.integers(27, 39, n), "weights": 1})


@pytest.fixture(scope="module")
def log():
    """40 customers, up to seven lines each in 2014, some on one day."""
    rng = np.random.default_rng(4)
    ids = np.repeat(np.arange(40), rng.integers(1, 8, 40))
    first = pd.Timestamp("2014-01-01") + pd.to_timedelta(rng.integers(0, 60, 40)[ids], unit="D")
    return pd.DataFrame({"id": ids, "date": first + pd.to_timedelta(rng.integers(0, 200, len(ids)), unit="D")})


@pytest.fixture(scope="module")
def holdout():
    """A split as `calibration_and_holdout_data` makes it."""
    rng = np.random.default_rng(5)
    split = customers().drop(columns="weights").add_suffix("_cal")
    return split.assign(frequency_holdout=rng.poisson(0.8, len(split)), duration_holdout=39.0)


def given(fitter, name):
    """A fitter that was not fitted, as notebooks make one too."""
    fitter.params_ = pd.Series(PARAMETERS[name])
    fitter.data = customers()
    return fitter


def pair(original, name):
    """The original's fitter and ours with the same parameters and data."""
    return given(getattr(original, name)(), name), given(OURS[name](), name)


def drawn(picture, *arguments, **kwargs):
    plt.close("all")
    return content(picture(*arguments, **kwargs))


def content(ax):
    """Everything that a picture says."""
    legend = ax.get_legend()
    return {
        "lines": [(_numbers(line.get_xdata()), _numbers(line.get_ydata())) for line in ax.lines],
        "bars": [np.array([bar.get_x(), bar.get_width(), bar.get_height()], dtype=float) for bar in ax.patches],
        "images": [np.asarray(image.get_array()) for image in ax.images],
        "looks": [(line.get_linestyle(), colors.to_hex(line.get_color()), line.get_label()) for line in ax.lines]
        + [colors.to_hex(bar.get_facecolor()) for bar in ax.patches]
        + [(image.get_interpolation(), image.get_cmap().name, image.origin) for image in ax.images],
        "text": [ax.get_title(), ax.get_xlabel(), ax.get_ylabel()],
        "ticks": [tick.get_text() for tick in ax.get_xticklabels()] if ax.patches else [],
        "legend": [text.get_text() for text in legend.get_texts()] if legend else None,
        "aspect": ax.get_aspect(),
        "figure": (len(ax.figure.axes), ax.figure.get_suptitle(), ax.get_subplotspec().get_geometry()),
    }


def _numbers(values):
    first = np.asarray(values, dtype=object)[0]
    if hasattr(first, "ordinal"):  # dates of pandas plots
        return np.array([value.ordinal for value in values], dtype=float)
    return np.asarray(values, dtype=float)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for what, value in expected.items():
        if what in ("lines", "bars", "images"):
            assert len(found[what]) == len(value), what
            for one, other in zip(found[what], value, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-12, err_msg=what)
        else:
            assert found[what] == value, what


def test_signatures_are_the_originals(original):
    names = [name for name, value in vars(original.plotting).items() if inspect.isfunction(value)]
    names = [name for name in names if getattr(original.plotting, name).__module__ == "lifetimes.plotting"]
    assert len(names) == 12
    for name in names:
        theirs = inspect.signature(getattr(original.plotting, name)).parameters.values()
        mine = inspect.signature(getattr(ours, name)).parameters.values()
        assert [(p.name, p.default, p.kind) for p in mine] == [(p.name, p.default, p.kind) for p in theirs], name
    assert sorted(ours.__all__) == sorted(original.plotting.__all__)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("BetaGeoFitter", {}),
        ("ModifiedBetaGeoFitter", {"max_frequency": 0, "title": "a", "xlabel": "b", "ylabel": "c", "origin": "lower"}),
        (
            "ParetoNBDFitter",
            {"T": 3, "max_frequency": 5, "max_recency": 50, "cmap": "magma", "interpolation": "bilinear"},
        ),
    ],
)
def test_frequency_recency_matrix(original, name, kwargs):
    theirs, mine = pair(original, name)
    with quiet():
        expected = drawn(original.plotting.plot_frequency_recency_matrix, theirs, **kwargs)
    assert_same(drawn(ours.plot_frequency_recency_matrix, mine, **kwargs), expected)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("BetaGeoFitter", {"max_frequency": 5, "max_recency": 50, "title": "a", "cmap": "magma"}),
        ("ModifiedBetaGeoFitter", {}),
        ("ParetoNBDFitter", {}),
    ],
)
def test_probability_alive_matrix(original, name, kwargs):
    theirs, mine = pair(original, name)
    with quiet():
        expected = drawn(original.plotting.plot_probability_alive_matrix, theirs, **kwargs)
    assert_same(drawn(ours.plot_probability_alive_matrix, mine, **kwargs), expected)


def test_a_matrix_is_asked_for_once(monkeypatch):
    mine, calls = given(BetaGeoFitter(), "BetaGeoFitter"), []
    predict = mine.conditional_expected_number_of_purchases_up_to_time
    monkeypatch.setattr(
        mine, "conditional_expected_number_of_purchases_up_to_time", lambda *rows: calls.append(1) or predict(*rows)
    )
    ours.plot_frequency_recency_matrix(mine)
    assert len(calls) == 1


def test_maps_go_into_the_axes_of_the_current_figure():
    mine = given(BetaGeoFitter(), "BetaGeoFitter")
    figure = plt.figure(figsize=(3, 2))
    assert ours.plot_probability_alive_matrix(mine).figure is figure


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"kind": "recency_cal"},
        {"kind": "T_cal", "n": 4},
        {"kind": "time_since_last_purchase", "color": ["r", "b"]},
    ],
)
def test_calibration_against_holdout(original, holdout, kwargs):
    name = "ParetoNBDFitter" if kwargs else "BetaGeoFitter"
    theirs, mine = pair(original, name)
    with quiet():
        expected = drawn(original.plotting.plot_calibration_purchases_vs_holdout_purchases, theirs, holdout, **kwargs)
    before = holdout.copy()
    found = drawn(ours.plot_calibration_purchases_vs_holdout_purchases, mine, holdout, **kwargs)
    assert_same(found, expected)
    pd.testing.assert_frame_equal(holdout, before)


def test_a_kind_that_is_none_is_a_key_error(holdout):
    with pytest.raises(KeyError, match="age"):
        ours.plot_calibration_purchases_vs_holdout_purchases(
            given(BetaGeoFitter(), "BetaGeoFitter"), holdout, kind="age"
        )


@pytest.mark.parametrize(("freq", "set_index_date"), [("D", False), ("D", True), ("W", True)])
@pytest.mark.parametrize("name", ["plot_cumulative_transactions", "plot_incremental_transactions"])
def test_tracking(original, log, name, set_index_date, freq):
    theirs, mine = pair(original, "BetaGeoFitter")
    arguments = (log, "date", "id", T, T_CAL)
    kwargs = {"freq": freq, "set_index_date": set_index_date}
    with quiet():
        expected = drawn(getattr(original.plotting, name), theirs, *arguments, **kwargs)
    assert_same(drawn(getattr(ours, name), mine, *arguments, **kwargs), expected)


def test_a_calibration_that_ends_with_the_data(log):
    mine = given(BetaGeoFitter(), "BetaGeoFitter")
    ax = ours.plot_incremental_transactions(mine, log, "date", "id", 9, 9, freq="W", set_index_date=True)
    weeks, marker = ax.lines[0].get_xdata(), ax.lines[2].get_xdata()[0]
    assert marker.ordinal == getattr(weeks[-1], "ordinal", weeks[-1]) + 1  # pandas 2 gives periods, 3 their numbers


def test_tracking_by_months(log):
    """lifetimes stops; the purchases of each month are counted here."""
    with pytest.warns(LifetimesDifference, match="counts calendar months"):
        ax = ours.plot_cumulative_transactions(
            given(BetaGeoFitter(), "BetaGeoFitter"), log, "date", "id", 8, 4, freq="M", title="months", figsize=(4, 3)
        )
    months = log.assign(month=log["date"].dt.to_period("M")).drop_duplicates(["id", "month"])
    repeats = months[months.sort_values("month").duplicated("id").sort_index()].groupby("month").size()
    by_month = repeats.reindex(pd.period_range("2014-01", periods=8, freq="M"), fill_value=0)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), by_month.cumsum())
    assert ax.get_title() == "months"
    assert list(ax.figure.get_size_inches()) == [4, 3]


class Given:
    """A model whose simulation is known."""

    def __init__(self, data, simulated):
        self.data, self.simulated, self.sizes = data, pd.DataFrame({"frequency": simulated}), []

    def generate_new_data(self, size=1):
        self.sizes.append(size)
        return self.simulated.iloc[:size]


@pytest.mark.parametrize("kwargs", [{}, {"max_frequency": 2, "label": ["A", "B"], "title": "t", "color": ["k", "y"]}])
def test_period_transactions(original, kwargs):
    model = Given(customers(), np.random.default_rng(1).poisson(1.1, 300).astype(float))
    with quiet():
        expected = drawn(original.plotting.plot_period_transactions, model, **kwargs)
    assert_same(drawn(ours.plot_period_transactions, model, **kwargs), expected)
    assert model.sizes == [300, 300]


class Weighted:
    """A model whose customers come back once more than the rows they are drawn from."""

    def __init__(self, **columns):
        self.data = pd.DataFrame(columns)

    def _generate(self, size):
        assert size == len(self.data)
        return self.data[["frequency"]] + 1.0


def test_a_weighted_row_counts_as_its_customers(original):
    model = Weighted(frequency=[0, 1, 1, 2], weights=[5, 2, 3, 2])
    with pytest.warns(LifetimesDifference, match="counts each row as one customer.*4 rows stand for 12 customers"):
        ax = ours.plot_period_transactions(model)
    assert [bar.get_height() for bar in ax.patches] == [5, 5, 2, 0, 0, 5, 5, 2]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.0", "1.0", "2.0", "3.0"]
    assert len(model.data) == 4
    model.generate_new_data = Given(None, [0.0, 0.0, 1.0, 3.0]).generate_new_data
    with quiet():
        theirs = original.plotting.plot_period_transactions(model)
    assert [bar.get_height() for bar in theirs.patches] == [1, 2, 1, 0, 2, 1, 0, 1]


@pytest.mark.filterwarnings("ignore::clvmodels.compat.lifetimes.LifetimesDifference")
@pytest.mark.parametrize("weights", [[2.5, 0.25, 0.0], [2e9, 1e9, 3.0]])
def test_weights_are_no_counts(weights):
    ax = ours.plot_period_transactions(Weighted(frequency=[0, 1, 7], weights=weights))
    labels = [label.get_text() for label in ax.get_xticklabels()]
    simulated = dict(zip(labels, ax.patches[len(labels) :], strict=True))
    found = [simulated[label].get_height() if label in simulated else 0.0 for label in ("1.0", "2.0", "8.0")]
    np.testing.assert_allclose(found, weights, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:BetaGeoBetaBinomFitter.generate_new_data")
def test_weighted_rows_of_opportunities():
    data = load_donations()
    fitter = BetaGeoBetaBinomFitter()
    fitter.params_ = pd.Series({"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783})
    fitter.data = data.rename(columns={"periods": "n_periods"})
    with pytest.warns(LifetimesDifference, match="22 rows stand for 11104 customers"):
        bars = [bar.get_height() for bar in ours.plot_period_transactions(fitter).patches]
    assert bars[:7] == list(data.groupby("frequency")["weights"].sum())
    assert sum(bars[7:]) == 11104
    # the fit of Fader, Hardie & Shang (2010) follows these counts: 5 standard deviations of a simulated one, and as
    # much again for the fit
    assert np.all(np.abs(np.array(bars[7:]) - bars[:7]) < 10 * np.sqrt(bars[:7]))


def test_own_simulation_is_drawn():
    model = clv.PurchaseModel.from_parameters("bg_nbd", PARAMETERS["BetaGeoFitter"], time_unit="week")
    rows = model.simulate(500, observation=39, seed=1).summary
    mine = BetaGeoFitter().fit(rows["frequency"], rows["recency"], rows["T"])
    bars = ours.plot_period_transactions(mine, max_frequency=1000).patches
    actual, simulated = bars[: len(bars) // 2], bars[len(bars) // 2 :]
    assert sum(bar.get_height() for bar in actual) == sum(bar.get_height() for bar in simulated) == len(rows)


def new_customer(name, t):
    """E[X(t)] = ∫ over rate and dropout, from the models' definitions."""
    q = PARAMETERS[name]
    if name == "ParetoNBDFitter":  # r/alpha · ∫ over (0, t] of P(alive at u) du
        return q["r"] / q["alpha"] * mpmath.quad(lambda u: (q["beta"] / (q["beta"] + u)) ** q["s"], [0, t])
    a, b = q["a"], q["b"]
    survived = 1 if name == "ModifiedBetaGeoFitter" else 0  # dropouts that are survived at time 0

    def of_dropout(p):  # density of p times E over lambda of (1 − e^(−lambda p t))/p
        expected = (1 - (q["alpha"] / (q["alpha"] + p * t)) ** q["r"]) / p
        return p ** (a - 1) * (1 - p) ** (b - 1 + survived) * expected

    return mpmath.quad(of_dropout, [0, 0.5, 1]) / mpmath.beta(a, b)


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_expected_repeat_purchases(name, original):
    with quiet(), pytest.raises(AttributeError, match="prop_cycler"):
        original.plotting.plot_expected_repeat_purchases(given(getattr(original, name)(), name))
    plt.close("all")
    with pytest.warns(LifetimesDifference, match="prop_cycler") as told:
        ax = ours.plot_expected_repeat_purchases(given(OURS[name](), name), label="test label")
    assert len(told) == 1
    inside, beyond = ax.lines
    np.testing.assert_array_equal(inside.get_xdata(), np.linspace(0, 38, 100))
    np.testing.assert_array_equal(beyond.get_xdata(), np.linspace(38, 57, 100))
    for line, at in ((inside, [1, 50, 99]), (beyond, [0, 99])):
        expected = [float(new_customer(name, t)) for t in line.get_xdata()[at]]
        np.testing.assert_allclose(line.get_ydata()[at], expected, rtol=1e-7)
    assert (inside.get_linestyle(), beyond.get_linestyle()) == ("-", "--")
    assert colors.to_hex(inside.get_color()) == colors.to_hex(beyond.get_color()) == colors.to_hex("C0")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["test label"]
    assert ax.get_title() == "Expected Number of Repeat Purchases per Customer"
    assert ax.get_xlabel() == "Time Since First Purchase"


@pytest.mark.filterwarnings("ignore::clvmodels.compat.lifetimes.LifetimesDifference")
def test_repeat_purchases_on_given_axes():
    _, (left, right) = plt.subplots(1, 2)
    mine = given(BetaGeoFitter(), "BetaGeoFitter")
    assert ours.plot_expected_repeat_purchases(mine, ax=left, c="g", lw=3) is left
    assert ours.plot_expected_repeat_purchases(mine, ax=left, title="second") is left
    assert not right.lines
    assert right.get_title() == ""
    assert left.get_title() == "second"
    assert [line.get_color() for line in left.lines[:2]] == ["g", "g"]
    assert [line.get_linewidth() for line in left.lines[:2]] == [3, 3]
    assert left.lines[2].get_color() == left.lines[3].get_color() != "g"


def test_warned_once(recwarn):
    for _ in range(3):
        ours.plot_expected_repeat_purchases(given(BetaGeoFitter(), "BetaGeoFitter"))
    assert [type(warning.message) for warning in recwarn] == [LifetimesDifference]
    assert Path(recwarn[0].filename) == Path(__file__)


def alive_by_hand(dates, t, periods, p):
    """P(alive) of BG/NBD at the end of each period: Fader, Hardie & Lee 2005, their note 021."""
    path = []
    for now in range(t + 1):
        bought = [period for period in periods if period <= now]
        x, t_x = len(bought) - 1, bought[-1]
        odds = 0 if x == 0 else p["a"] / (p["b"] + x - 1) * ((p["alpha"] + now) / (p["alpha"] + t_x)) ** (p["r"] + x)
        path.append(1 / (1 + odds))
    return path


@pytest.mark.parametrize(
    ("freq", "periods", "end", "lines"),
    [
        ("D", [0, 10, 43], "2014-03-02 00:00", ["2014-01-01", "2014-01-11", "2014-02-13"]),
        ("W", [0, 1, 6], "2015-03-01 00:00", ["2014-01-05", "2014-01-12", "2014-02-16"]),
        ("M", [0, 1], "2019-01-31 00:00", ["2014-01-31", "2014-02-28"]),
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_history_alive(original, freq, periods, end, lines, as_text):
    dates = ["2014-01-01", "2014-01-11", "2014-01-11", "2014-02-13"]
    log = pd.DataFrame({"date": dates if as_text else pd.to_datetime(dates), "other": 1.0})
    with quiet(), pytest.raises((TypeError, ValueError)):
        original.plotting.plot_history_alive(given(original.BetaGeoFitter(), "BetaGeoFitter"), 60, log, "date", freq)
    plt.close("all")
    with pytest.warns(LifetimesDifference) as told:
        ax = ours.plot_history_alive(given(BetaGeoFitter(), "BetaGeoFitter"), 60, log, "date", freq)
    met = [str(warning.message).split(":")[0] for warning in told]
    assert met == ["plot_history_alive"] + ["freq"] * (freq == "M")
    (line,) = ax.lines
    np.testing.assert_allclose(
        line.get_ydata(), alive_by_hand(dates, 60, periods, PARAMETERS["BetaGeoFitter"]), rtol=1e-12
    )
    path_dates = pd.DatetimeIndex(line.get_xdata(orig=True))
    assert path_dates[0] == pd.Timestamp(lines[0])
    assert path_dates[-1] == pd.Timestamp(end)
    (bought,) = ax.collections
    at = [mpl.dates.num2date(segment[0][0]).strftime("%Y-%m-%d") for segment in bought.get_segments()]
    assert at == lines
    assert line.get_label() == "P_alive"
    assert ax.get_ylim() == (0, 1)
    assert [mpl.dates.num2date(x).strftime("%Y-%m-%d") for x in ax.get_xlim()] == ["2014-01-01", end[:10]]
    assert (ax.get_title(), ax.get_ylabel()) == ("History of P_alive", "P_alive")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["P_alive", "purchases"]


@pytest.mark.filterwarnings("ignore::clvmodels.compat.lifetimes.LifetimesDifference")
def test_history_alive_on_given_axes():
    log = pd.DataFrame({"date": ["2014-01-01", "2014-01-11"]})
    _, (left, right) = plt.subplots(1, 2)
    mine = given(BetaGeoFitter(), "BetaGeoFitter")
    log.loc[2] = [None]
    found = ours.plot_history_alive(mine, 30, log, "date", start_date="2014-01-05", ax=left, color="k", figsize=(3, 3))
    assert found is left
    assert not right.lines
    assert left.lines[0].get_color() == "k"
    assert mpl.dates.num2date(left.get_xlim()[0]).day == 5


@pytest.mark.parametrize("kwargs", [{}, {"xlabel": "x", "ylabel": "y", "suptitle_fontsize": 9, "color": "r"}])
def test_rate_heterogeneity(original, kwargs):
    name = "ParetoNBDFitter" if kwargs else "BetaGeoFitter"
    theirs, mine = pair(original, name)
    with quiet():
        expected = drawn(original.plotting.plot_transaction_rate_heterogeneity, theirs, **kwargs)
    assert_same(drawn(ours.plot_transaction_rate_heterogeneity, mine, **kwargs), expected)


def test_the_title_of_the_rates_is_the_one_that_is_passed():
    mine = given(BetaGeoFitter(), "BetaGeoFitter")
    with pytest.warns(LifetimesDifference, match="writes its own"):
        ax = ours.plot_transaction_rate_heterogeneity(mine, suptitle="Rates")
    assert ax.figure.get_suptitle() == "Rates"


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [("BetaGeoFitter", {}), ("ModifiedBetaGeoFitter", {"suptitle": "s", "xlabel": "x", "linestyle": ":"})],
)
def test_dropout_heterogeneity(original, name, kwargs):
    with quiet():
        expected = drawn(
            original.plotting.plot_dropout_rate_heterogeneity, given(getattr(original, name)(), name), **kwargs
        )
    assert_same(drawn(ours.plot_dropout_rate_heterogeneity, given(OURS[name](), name), **kwargs), expected)


def test_dropout_rates_of_pareto_nbd():
    mine = given(ParetoNBDFitter(), "ParetoNBDFitter")
    with pytest.warns(LifetimesDifference, match="dropout rate mu"):
        ax = ours.plot_dropout_rate_heterogeneity(mine)
    s, beta = 0.60624, 11.6687
    (line,) = ax.lines
    x = line.get_xdata()
    assert stats.gamma.cdf(x[-1] * beta, s) == pytest.approx(0.99)
    by_hand = beta**s * x[1:] ** (s - 1) * np.exp(-beta * x[1:]) / float(mpmath.gamma(s))
    np.testing.assert_allclose(line.get_ydata()[1:], by_hand, rtol=1e-10)
    assert ax.get_title() == f"mean: {s / beta:.3f}, var: {s / beta**2:.3f}"
    assert (ax.figure.get_suptitle(), ax.get_xlabel()) == ("Heterogeneity in Dropout Rate", "Dropout Rate mu")


def test_parameters_must_be_there():
    with pytest.raises(ValueError, match="Model has not been fit yet"):
        ours.plot_transaction_rate_heterogeneity(BetaGeoFitter())
    with pytest.raises(ValueError, match="Model has not been fit yet"):
        ours.plot_dropout_rate_heterogeneity(BetaGeoFitter())


def test_the_pictures_named_for_new_code_are_there():
    named = re.findall(r"`clv\.plots\.(\w+)`", inspect.getsource(ours))
    assert len(named) >= 8
    assert all(hasattr(clv.plots, name) for name in named)


def test_coalesce():
    assert ours.coalesce(None, 0, 1) == 0
    with pytest.raises(StopIteration):
        ours.coalesce(None)


def test_square():
    ax = plt.subplot(111)
    ax.imshow(np.zeros((2, 6)))
    ours.forceAspect(ax, aspect=2)
    assert ax.get_aspect() == 1.5
