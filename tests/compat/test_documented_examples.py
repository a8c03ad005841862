"""What the documentation of lifetimes shows, called as it shows it, gives the numbers that it prints.

From its Quickstart, "Saving and loading model" and, for what is only drawn there, its tests of the plots
(lifetimes 0.11.3). Numbers are compared to the digits printed.
"""

from __future__ import annotations

import io
from contextlib import nullcontext

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt

from clvmodels.compat.lifetimes import (
    BetaGeoFitter,
    GammaGammaFitter,
    LifetimesDifference,
    ModifiedBetaGeoFitter,
    ParetoNBDFitter,
)
from clvmodels.compat.lifetimes.datasets import (
    load_cdnow_summary,
    load_cdnow_summary_data_with_monetary_value,
    load_dataset,
    load_transaction_data,
)
from clvmodels.compat.lifetimes.plotting import (
    plot_calibration_purchases_vs_holdout_purchases,
    plot_cumulative_transactions,
    plot_expected_repeat_purchases,
    plot_frequency_recency_matrix,
    plot_history_alive,
    plot_incremental_transactions,
    plot_period_transactions,
    plot_probability_alive_matrix,
)
from clvmodels.compat.lifetimes.utils import calibration_and_holdout_data, summary_data_from_transaction_data


def printed(text):
    """A table as it is printed, its first column the index."""
    return pd.read_csv(io.StringIO(text.strip()), sep=r"\s+", index_col=0)


def assert_printed(found, text, digits):
    expected = printed(text)
    assert list(found.index) == list(expected.index)
    np.testing.assert_allclose(found.to_numpy(dtype=float), expected.to_numpy(dtype=float), rtol=0, atol=digits)


@pytest.fixture(autouse=True)
def _closed():
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def data():
    return load_cdnow_summary(index_col=[0])


@pytest.fixture(scope="module")
def bgf(data):
    bgf = BetaGeoFitter(penalizer_coef=0.0)
    bgf.fit(data["frequency"], data["recency"], data["T"])
    return bgf


@pytest.fixture(scope="module")
def transaction_data():
    return load_transaction_data()


@pytest.fixture(scope="module")
def summary(transaction_data):
    return summary_data_from_transaction_data(transaction_data, "id", "date", observation_period_end="2014-12-31")


@pytest.fixture(scope="module")
def cdnow_weeks():
    """The log of CDNOW's sample, and a fit to its first 39 calendar weeks, as its tests of the plots have them."""
    transactions = load_dataset("CDNOW_sample.txt", header=None, sep=r"\s+")
    transactions.columns = ["id_total", "id_sample", "date", "num_cd_purc", "total_value"]
    transactions = transactions[["id_sample", "date"]]
    weeks = summary_data_from_transaction_data(
        transactions, "id_sample", "date", datetime_format="%Y%m%d", observation_period_end="19970930", freq="W"
    )
    return transactions, BetaGeoFitter(penalizer_coef=0.01).fit(weeks["frequency"], weeks["recency"], weeks["T"])


@pytest.fixture(scope="module")
def daily(summary):
    return BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])


@pytest.fixture(scope="module")
def with_money():
    return load_cdnow_summary_data_with_monetary_value()


@pytest.fixture(scope="module")
def ggf(with_money):
    returning = with_money[with_money["frequency"] > 0]
    ggf = GammaGammaFitter(penalizer_coef=0)
    ggf.fit(returning["frequency"], returning["monetary_value"])
    return ggf


def test_the_data(data):
    head = """
ID frequency recency T
1 2 30.43 38.86
2 1 1.71 38.86
3 0 0.00 38.86
4 0 0.00 38.86
5 0 0.00 38.86
"""
    assert_printed(data.head(), head, 1e-12)
    assert list(data.columns) == ["frequency", "recency", "T"]
    assert data.index.name == "ID"


def test_bg_nbd(bgf):
    assert str(bgf) == "<lifetimes.BetaGeoFitter: fitted with 2357 subjects, a: 0.79, alpha: 4.41, b: 2.43, r: 0.24>"
    printed_summary = """
- coef se(coef) lower upper
r 0.242593 0.012557 0.217981 0.267205
alpha 4.413532 0.378221 3.672218 5.154846
a 0.792886 0.185719 0.428877 1.156895
b 2.425752 0.705345 1.043276 3.808229
"""
    # its search stops 2e-6 short of the optimum in b, and 1e-5 in the errors
    assert_printed(bgf.summary, printed_summary, 2e-5)
    assert list(bgf.summary.columns) == ["coef", "se(coef)", "lower 95% bound", "upper 95% bound"]


def test_ranking(bgf, data):
    t = 1
    data = data.assign(
        predicted_purchases=bgf.conditional_expected_number_of_purchases_up_to_time(
            t, data["frequency"], data["recency"], data["T"]
        )
    )
    tail = """
ID frequency recency T predicted_purchases
509 18 35.14 35.86 0.424877
841 19 34.00 34.14 0.474738
1981 17 28.43 28.86 0.486526
157 29 37.71 38.00 0.662396
1516 26 30.86 31.00 0.710623
"""
    assert_printed(data.sort_values(by="predicted_purchases").tail(5), tail, 1e-6)


def test_matrices(bgf):
    drawn = np.asarray(plot_frequency_recency_matrix(bgf).get_images()[0].get_array())
    assert drawn.shape == (39, 30)
    expected = [
        0.005, 0.020, 0.037, 0.054, 0.070, 0.085, 0.099, 0.110, 0.120, 0.127, 0.133, 0.136, 0.136, 0.135, 0.131,
        0.125, 0.119, 0.111, 0.102, 0.093, 0.084, 0.075, 0.066, 0.058, 0.050, 0.044, 0.038, 0.032, 0.027, 0.023,
    ]  # fmt: skip
    np.testing.assert_allclose(drawn[29], expected, rtol=0, atol=1e-3)  # cut, not rounded
    plt.figure()
    drawn = np.asarray(plot_probability_alive_matrix(bgf).get_images()[0].get_array())
    assert drawn.shape == (39, 30)
    expected = [
        1.0, 0.736, 0.785, 0.814, 0.833, 0.846, 0.855, 0.862, 0.866, 0.869, 0.871, 0.872, 0.873, 0.873, 0.872, 0.871,
        0.869, 0.867, 0.865, 0.862, 0.859, 0.856, 0.852, 0.848, 0.844, 0.839, 0.834, 0.829, 0.823, 0.817,
    ]  # fmt: skip
    np.testing.assert_allclose(drawn[35], expected, rtol=0, atol=1e-3)


def test_simulated_data_line_up(bgf):
    np.random.seed(123456789)  # noqa: NPY002
    bars = [bar.get_height() for bar in plot_period_transactions(bgf).patches]
    assert bars[:7] == [1411, 439, 214, 100, 62, 38, 29]
    # another draw from the same law, printed in its tests: 5 standard deviations of the difference of two such counts,
    # 4 false alarms in a million
    drawn_there = np.array([1429, 470, 155, 89, 71, 39, 26])
    assert np.all(np.abs(bars[7:] - drawn_there) < 5 * np.sqrt(2 * drawn_there))


def test_expected_repeat_purchases(bgf):
    with pytest.warns(LifetimesDifference, match="plot_expected_repeat_purchases"):
        solid, dashed = plot_expected_repeat_purchases(bgf).lines
    for line, ends in ((solid, (0.0, 1.19)), (dashed, (1.19, 1.55))):
        np.testing.assert_allclose(line.get_ydata()[[0, -1]], ends, rtol=0, atol=0.006)
    np.testing.assert_allclose(solid.get_xdata()[-1], 38.86)
    np.testing.assert_allclose(dashed.get_xdata()[-1], 58.29)


def test_summary_of_a_log(transaction_data, summary):
    assert transaction_data.head().to_dict("list") == {
        "date": [
            "2014-03-08 00:00:00", "2014-05-21 00:00:00", "2014-03-14 00:00:00", "2014-04-09 00:00:00",
            "2014-05-21 00:00:00",
        ],
        "id": [0, 1, 2, 2, 2],
    }  # fmt: skip
    head = """
id frequency recency T
0 0.0 0.0 298.0
1 0.0 0.0 224.0
2 6.0 142.0 292.0
3 0.0 0.0 147.0
4 2.0 9.0 183.0
"""
    assert_printed(summary.head(), head, 1e-12)


def test_fit_of_a_log(daily):
    assert str(daily) == "<lifetimes.BetaGeoFitter: fitted with 5000 subjects, a: 1.85, alpha: 1.86, b: 3.18, r: 0.16>"


def test_calibration_and_holdout(transaction_data, summary):
    stops = pytest.warns(LifetimesDifference, match="stops on pandas 3")
    with stops if int(pd.__version__.split(".")[0]) >= 3 else nullcontext():
        split = calibration_and_holdout_data(
            transaction_data, "id", "date", calibration_period_end="2014-09-01", observation_period_end="2014-12-31"
        )
    head = """
id frequency_cal recency_cal T_cal frequency_holdout duration_holdout
0 0.0 0.0 177.0 0.0 121
1 0.0 0.0 103.0 0.0 121
2 6.0 142.0 171.0 0.0 121
3 0.0 0.0 26.0 0.0 121
4 2.0 9.0 62.0 0.0 121
"""
    assert_printed(split.head(), head, 1e-12)
    bgf = BetaGeoFitter().fit(split["frequency_cal"], split["recency_cal"], split["T_cal"])
    individual = summary.iloc[20]
    predicted = bgf.predict(10, individual["frequency"], individual["recency"], individual["T"])
    np.testing.assert_allclose(predicted, 0.0576511, rtol=0, atol=1e-6)
    for kind, actual, predicted in (
        (
            "frequency_cal",
            [0.161, 0.233, 0.348, 0.544, 0.710, 0.704, 1.606],
            [0.270, 0.294, 0.402, 0.422, 0.706, 0.809, 1.019],
        ),
        (
            "time_since_last_purchase",
            [3.954, 3.431, 3.482, 3.484, 2.75, 2.289, 1.968],
            [4.345, 2.993, 3.236, 2.677, 2.240, 2.608, 2.430],
        ),
    ):
        lines = plot_calibration_purchases_vs_holdout_purchases(bgf, split, kind=kind).lines
        np.testing.assert_allclose(lines[0].get_ydata(), actual, rtol=0, atol=1e-3)
        np.testing.assert_allclose(lines[1].get_ydata(), predicted, rtol=0, atol=0.01)


def test_history(bgf, transaction_data):
    sp_trans = transaction_data.loc[transaction_data["id"] == 35]
    with pytest.warns(LifetimesDifference, match="plot_history_alive"):
        ax = plot_history_alive(bgf, 200, sp_trans, "date")
    dates, alive = ax.lines[0].get_data()
    np.testing.assert_array_equal(dates, np.arange("2014-06-30", "2015-01-17", dtype="datetime64[D]"))
    expected = [
        1.0, 1.0, 1.0, 0.75, 0.72, 0.69, 0.67, 0.64, 0.62, 0.59, 0.57, 0.55, 0.81, 0.79, 0.77, 0.75, 0.85, 0.87, 0.85,
        0.82, 0.8, 0.89, 0.87, 0.84, 0.82, 0.79, 0.76, 0.73, 0.69, 0.66, 0.62, 0.59, 0.9, 0.89, 0.87, 0.85, 0.83, 0.81,
    ]  # fmt: skip
    np.testing.assert_allclose(alive[: len(expected)], expected, rtol=0, atol=0.006)
    np.testing.assert_allclose(alive[-5:], [0.07, 0.07, 0.06, 0.06, 0.05], rtol=0, atol=0.006)


def test_gamma_gamma(ggf, with_money):
    returning = with_money[with_money["frequency"] > 0]
    head = """
customer_id frequency recency T monetary_value
1 2 30.43 38.86 22.35
2 1 1.71 38.86 11.77
6 7 29.43 38.86 73.74
7 1 5.00 38.86 11.77
9 2 35.71 38.86 25.55
"""
    assert_printed(returning.head(), head, 1e-12)
    correlation = returning[["monetary_value", "frequency"]].corr()
    np.testing.assert_allclose(correlation.iloc[0, 1], 0.113884, rtol=0, atol=1e-6)
    assert str(ggf) == "<lifetimes.GammaGammaFitter: fitted with 946 subjects, p: 6.25, q: 3.74, v: 15.45>"
    expected = ggf.conditional_expected_average_profit(with_money["frequency"], with_money["monetary_value"])
    others = 35.170981
    head = [24.658619, 18.911489, others, others, others, 71.462843, 18.911489, others, 27.282408, others]
    np.testing.assert_allclose(expected.head(10), head, rtol=0, atol=1e-4)
    assert list(expected.index[:3]) == [1, 2, 3]
    np.testing.assert_allclose(expected.mean(), 35.2529588256, rtol=1e-6)
    np.testing.assert_allclose(returning["monetary_value"].mean(), 35.078551797, rtol=1e-9)


def test_lifetime_value(ggf, with_money):
    bgf = BetaGeoFitter().fit(with_money["frequency"], with_money["recency"], with_money["T"])
    columns = [with_money[name] for name in ("frequency", "recency", "T", "monetary_value")]
    # lifetimes takes these weeks for days: 140.10 for the first customer
    with pytest.warns(LifetimesDifference, match="takes T for days.*T is in weeks here"):
        in_weeks = ggf.customer_lifetime_value(bgf, *columns, time=12, discount_rate=0.01)
    np.testing.assert_allclose(in_weeks.iloc[0], 36.28, rtol=0, atol=0.006)
    plain = [pd.Series(column.to_numpy(), index=column.index) for column in columns]
    bgf = BetaGeoFitter().fit(*plain[:3])
    as_printed = ggf.customer_lifetime_value(bgf, *plain, time=12, discount_rate=0.01, freq="D")
    printed = [
        140.096211, 18.943467, 38.180574, 38.180574, 38.180574, 1003.868107, 28.109683, 38.180574, 167.418216, 38.180574
    ]  # fmt: skip
    np.testing.assert_allclose(as_printed.head(10), printed, rtol=1e-5)
    assert as_printed.name == "clv"


def test_saving_and_loading(bgf, tmp_path):
    path = tmp_path / "bgf.pkl"
    bgf.save_model(path)
    bgf_loaded = BetaGeoFitter()
    bgf_loaded.load_model(path)
    assert repr(bgf_loaded) == repr(bgf)
    assert bgf_loaded.predict(1, 2, 30.43, 38.86) == bgf.predict(1, 2, 30.43, 38.86)
    pd.testing.assert_frame_equal(bgf_loaded.data, bgf.data)


def test_tracking(cdnow_weeks):
    transactions, bgf = cdnow_weeks
    options = {"datetime_format": "%Y%m%d", "freq": "W", "xlabel": "week"}
    ax = plot_cumulative_transactions(bgf, transactions, "date", "id_sample", 78, 39, **options)
    actual, predicted = (line.get_ydata() for line in ax.lines[:2])
    np.testing.assert_array_equal(actual[:12], [0, 3, 17, 44, 67, 122, 173, 240, 313, 375, 466, 555])
    np.testing.assert_array_equal(actual[-4:], [3887, 3939, 3967, 4001])
    expected = [4.089, 14.88, 32.40, 57.16, 89.39, 129.7, 176.9, 231.0, 292.7, 361.6, 436.9, 517.4]
    np.testing.assert_allclose(predicted[:12], expected, rtol=8e-4)  # cut after four figures
    np.testing.assert_allclose(predicted[-4:], [4283, 4333, 4383, 4433], rtol=8e-4)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["actual", "predicted"]
    plt.figure()
    ax = plot_incremental_transactions(bgf, transactions, "date", "id_sample", 78, 39, **options)
    actual, predicted = (line.get_ydata() for line in ax.lines[:2])
    np.testing.assert_array_equal(actual[:8], [np.nan, 3, 14, 27, 23, 55, 51, 67])
    np.testing.assert_allclose(predicted[:8], [np.nan, 10.79, 17.52, 24.76, 32.23, 40.38, 47.16, 54.12], rtol=8e-4)
    np.testing.assert_allclose(predicted[-3:], [50.31, 50.16, 50.0], rtol=8e-4)
    assert ax.get_xlabel() == "week"


@pytest.mark.parametrize("fitter", [ModifiedBetaGeoFitter, ParetoNBDFitter])
def test_other_models_are_drawn_too(fitter, data):
    model = fitter().fit(data["frequency"], data["recency"], data["T"])
    np.random.seed(1)  # noqa: NPY002
    ax = plot_period_transactions(model)
    assert [bar.get_height() for bar in ax.patches][:7] == [1411, 439, 214, 100, 62, 38, 29]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Actual", "Model"]
