"""The numbers that papers and other packages print, each with its source.

Where a source prints few digits the tolerance is its rounding; where it is known to be less converged than this
package, or was made on rounded data, the tolerance says so. "calc" are values computed with quadrature or 30-digit
arithmetic that no source prints.

Sources by the short names used below:
FHL 2005      Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284 ("Counting Your Customers" the Easy Way)
RFM and CLV   Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), 415-430
FH 2005       Fader & Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related Expressions
note 025      Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value
BTYD          R package BTYD, its vignette and help pages; BTYDplus, CLVTools: R packages
FHS 2010      Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108 (BG/BB)
lifetimes     Python package lifetimes, Quickstart
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.families import bg_bb, bg_nbd, gamma_gamma, mbg_nbd, nbd, pareto_nbd

approx = pytest.approx

BG = (0.2425945, 4.4136019, 0.7929199, 2.4258881)  # FHL 2005, to more digits (calc)
BG_PRINTED = (0.243, 4.414, 0.793, 2.426)  # FHL 2005
PARETO = (0.55328, 10.5777, 0.60624, 11.6687)  # FH 2005, to more digits (calc)
PARETO_WHOLE = {"r": 0.5629966, "alpha": 12.5590370, "s": 0.4081095, "beta": 10.5148048}  # RFM and CLV


# --- estimates -----------------------------------------------------------------------------------------------------


def test_the_sample_is_the_published_one(cdnow, calibration):
    assert len(calibration) == 2357  # FHL 2005
    assert calibration["frequency"].sum() == 2457
    assert (calibration["frequency"] == 0).sum() == 1411
    assert (calibration["frequency"] > 0).sum() == 946  # note 025
    assert calibration["T"].min() == 27.0
    assert calibration["T"].max() == 272 / 7  # 38.857
    assert calibration["purchases_holdout"].sum() == 1882  # FHL 2005
    assert cdnow.duplicated(["customer_id", "date"]).sum() == 223


@pytest.mark.parametrize(
    ("family", "published", "rounding", "log_likelihood", "log_likelihood_rounding"),
    [
        # FHL 2005, table 2
        ("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, 5e-4, -9582.4, 0.05),
        # The same to more digits (calc)
        ("bg_nbd", dict(zip(("r", "alpha", "a", "b"), BG, strict=True)), 2e-5, -9582.429, 5e-4),
        # FHL 2005, table 2; FH 2005
        ("pareto_nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, 5e-4, -9595.0, 0.05),
        ("pareto_nbd", dict(zip(("r", "alpha", "s", "beta"), PARETO, strict=True)), 5e-5, -9594.976, 5e-4),
        # BTYDplus; log-likelihood calc
        ("mbg_nbd", {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, 5e-4, -9582.1357, 5e-5),
        # FHL 2005, table 2: the density of the purchase times, not of the counts
        ("nbd", {"r": 0.385, "alpha": 12.072}, 5e-4, -9763.7, 0.05),
    ],
)
def test_estimates(fits, family, published, rounding, log_likelihood, log_likelihood_rounding):
    model = fits[family]
    assert list(model.parameters) == list(published)
    assert model.parameters == approx(published, abs=rounding)
    assert model.fit_report.log_likelihood == approx(log_likelihood, abs=log_likelihood_rounding)
    assert model.fit_report.converged


@pytest.mark.parametrize(
    ("family", "published", "relative"),
    [
        ("pareto_nbd", {"r": 0.0476264, "alpha": 0.8427222, "s": 0.1872594, "beta": 6.2105448}, 2e-4),  # CLVTools
        ("bg_nbd", {"r": 0.012557, "alpha": 0.378221, "a": 0.185719, "b": 0.705345}, 2e-4),  # lifetimes, rounded data
    ],
)
def test_standard_errors(fits, family, published, relative):
    assert fits[family].standard_errors == approx(published, rel=relative)


def test_estimates_of_spend(calibration, spend_fit):
    assert spend_fit.parameters == approx({"p": 6.25, "q": 3.74, "v": 15.44}, abs=5e-3)  # note 025
    assert spend_fit.fit_report.log_likelihood == approx(-4055.92, abs=5e-3)  # note 025
    assert spend_fit.fit_report.n_customers == 946  # note 025
    assert spend_fit.fit_report.frequency_correlation == approx(0.114, abs=5e-4)  # note 025


@pytest.fixture(scope="module")
def rounded():
    """The summary that lifetimes ships: recency and T to two decimals, spend as it was read there."""
    spec = importlib.util.find_spec("lifetimes")
    folder = Path(spec.origin).parent / "datasets"
    return pd.read_csv(folder / "cdnow_customers_summary_with_transactions.csv").rename(
        columns={"ID": "customer_id", "x": "frequency", "t_x": "recency", "zbar": "monetary_value"}
    )


@pytest.mark.parametrize(
    ("family", "estimates", "relative", "log_likelihood"),
    [
        ("bg_nbd", (0.2425929, 4.4135319, 0.7928863, 2.4257539), 1e-6, -9582.42556),  # calc
        ("mbg_nbd", None, None, -9582.13268),  # calc
        ("pareto_nbd", None, None, -9594.97393),  # calc
    ],
)
def test_estimates_on_the_rounded_summary(rounded, family, estimates, relative, log_likelihood):
    model = clv.PurchaseModel(family, time_unit="week").fit(rounded)
    if estimates:
        assert tuple(model.parameters.values()) == approx(estimates, rel=relative)
    assert model.fit_report.log_likelihood == approx(log_likelihood, abs=6e-6)


def test_estimates_of_spend_on_the_rounded_summary(rounded):
    model = clv.SpendModel().fit(rounded)
    assert model.parameters == approx({"p": 6.2488, "q": 3.74459, "v": 15.44775}, rel=1e-5)  # calc
    assert model.fit_report.log_likelihood == approx(-4055.92324, abs=6e-6)


def test_estimates_on_all_78_weeks(whole):
    model = clv.PurchaseModel("pareto_nbd").fit(whole)
    assert model.parameters == approx(PARETO_WHOLE, rel=3e-5)  # RFM and CLV, less converged along the ridge
    assert model.fit_report.log_likelihood == approx(-17135.83589, abs=1e-5)
    # Not below the likelihood of the published estimates
    at_published = clv.PurchaseModel.from_parameters("pareto_nbd", PARETO_WHOLE, time_unit="week")
    assert model.fit_report.log_likelihood >= at_published.log_likelihood(whole).sum()

    spend = clv.SpendModel().fit(whole)
    published = {"p": 4.6823, "q": 4.1904, "v": 24.4006}  # RFM and CLV, less converged
    assert spend.parameters == approx(published, rel=5e-4)
    repeaters = whole[whole["monetary_value"] > 0]
    x, m = repeaters["frequency"].to_numpy(float), repeaters["monetary_value"].to_numpy()
    assert spend.fit_report.log_likelihood >= gamma_gamma.log_likelihood(x, m, *published.values())[0].sum()


# --- one customer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "parameters", "history", "expected"),
    [
        (bg_nbd, (0.25, 4.0, 0.8, 2.5), (0, 0, 40), -0.59947382),  # calc
        (bg_nbd, (0.25, 4.0, 0.8, 2.5), (200, 38, 40), 100.7957),
        (mbg_nbd, (0.25, 4.0, 0.8, 2.5), (0, 0, 40), -0.41792826),
        (mbg_nbd, (0.25, 4.0, 0.8, 2.5), (200, 38, 40), 100.7869),
        (pareto_nbd, (0.55, 10.58, 0.61, 11.67), (1, 1.5, 12), -4.00694866),
    ],
)
def test_log_likelihood_of_one_customer(family, parameters, history, expected):
    digits = 8 if abs(expected) < 10 else 4
    assert family.log_likelihood(*history, *parameters)[0] == approx(expected, abs=0.51 * 10**-digits)


def conditional(family, t, history, parameters):
    alive = np.exp(family.log_p_alive(*history, *parameters))
    return float(alive * family.expected_purchases_alive(t, 0.0, *history, *parameters))


def test_bg_nbd_conditional_expectations(fits):
    customer = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    # Hardie's spreadsheet for FHL 2005
    assert fits["bg_nbd"].expected_purchases(customer, horizon=39)[0] == approx(1.226, abs=5e-4)
    buyer = (26, 216 / 7, 31)
    # calc, at the printed estimates; BTYD prints 25.75659 at its own
    assert conditional(bg_nbd, 52, buyer, BG_PRINTED) == approx(25.756492, abs=6e-7)
    assert conditional(bg_nbd, 52, buyer, BG) == approx(25.75659, rel=1e-3)
    assert np.exp(bg_nbd.log_p_alive(*buyer, *BG)) == approx(0.9688523, abs=3e-6)  # calc, t_x to three decimals


@pytest.mark.parametrize(
    ("x", "calculated", "btyd"),
    [
        (10, 0.347400, 0.3474606),
        (15, 0.0428272, 0.04283391),
        (20, 0.00415843, 0.004158973),
        (25, 0.000358332, 0.0003583685),
    ],
)
def test_bg_nbd_increasing_frequency_paradox(x, calculated, btyd):
    """The more somebody had bought before 20 weeks of silence, the less is to be expected (BTYD's vignette)."""
    assert conditional(bg_nbd, 52, (x, 20, 39), BG_PRINTED) == approx(calculated, rel=2e-6)
    assert conditional(bg_nbd, 52, (x, 20, 39), BG) == approx(btyd, rel=1e-3)


def test_bg_nbd_expectations_of_a_new_customer():
    """At the estimates in full precision (calc)."""
    t = np.array([1 / 7, 1, 3, 223 / 7, 32, 78])
    published = [0.007814, 0.053184, 0.150631, 1.040489, 1.043731, 1.857956]
    assert bg_nbd.expected_purchases(t, *BG) == approx(published, abs=6e-7)


def test_bg_nbd_pmf():
    assert bg_nbd.purchase_pmf(0, 39, *BG_PRINTED) == approx(0.5737864, abs=6e-8)  # calc
    assert bg_nbd.purchase_pmf(10, 2, *BG_PRINTED) == approx(1.07869e-07, rel=1e-5)
    published = [
        0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148, 0.0007023638,
        0.0005517902, 0.0004361913, 0.0003467171, 0.0002769613, 0.0002222260,
    ]  # BTYD, bgnbd.pmf  # fmt: skip
    assert bg_nbd.purchase_pmf(np.arange(11, 21), 30, *BG_PRINTED) == approx(published, abs=6e-11)


def test_pareto_nbd_expectations(fits):
    estimates = tuple(fits["pareto_nbd"].parameters.values())
    buyer = (26, 216 / 7, 31)
    for at, digits in ((estimates, 6e-6), (PARETO, 7e-5)):  # calc; the table's estimates are rounded
        assert pareto_nbd.expected_purchases(52, *at) == approx(1.47343, abs=digits)
        assert conditional(pareto_nbd, 52, buyer, at) == approx(25.45518, abs=digits)
        assert np.exp(pareto_nbd.log_p_alive(0, 0, 39, *at)) == approx(0.294276, abs=digits)
    assert pareto_nbd.expected_purchases(52, *PARETO) == approx(1.473434, rel=1e-3)  # BTYD
    assert conditional(pareto_nbd, 52, buyer, PARETO) == approx(25.45647, rel=1e-3)  # BTYD
    assert np.exp(pareto_nbd.log_p_alive(0, 0, 39, *PARETO)) == approx(0.2941633, rel=1e-3)  # BTYD


@pytest.mark.parametrize(
    ("x", "calculated", "btyd"),
    [(10, 0.70589, 0.7062289), (15, 0.144151, 0.1442396), (20, 0.0224901, 0.02250658), (25, 0.00309006, 0.00309267)],
)
def test_pareto_nbd_increasing_frequency_paradox(x, calculated, btyd):
    found = conditional(pareto_nbd, 52, (x, 20, 39), PARETO)
    assert found == approx(calculated, rel=1e-5)
    assert found == approx(btyd, rel=1e-3)


# --- finite and smooth where closed forms are not ------------------------------------------------------------------


@pytest.mark.parametrize(("x", "expected"), [(132, 6.2060518), (133, 6.2528722)])
def test_pareto_nbd_of_many_purchases(x, expected):
    """calc; the closed form overflows here in other packages."""
    assert conditional(pareto_nbd, 10, (x, 200, 200), (0.55, 10.58, 0.61, 11.67)) == approx(expected, abs=6e-8)


@pytest.mark.parametrize(
    ("parameters", "histories"),
    [
        (
            (0.5143, 2.8845, 0.2856, 14.1087),
            [
                (221, 103.42857, 103.57143),
                (254, 97.14286, 97.28571),
                (161, 94.71429, 98),
                (204, 98.57143, 99.42857),
            ],
        ),
        (
            (10.465, 0.00798565, 3.0516, 2.82),
            [(40, 5, 6), (50, 1, 37), (50, 4, 37), (400, 5, 6), (500, 1, 37), (500, 4, 37)],
        ),
    ],
)
def test_pareto_nbd_stays_finite_and_smooth(parameters, histories):
    """Rows reported against other packages as NaN or infinite."""
    for x, t_x, T in histories:
        near = x + np.arange(-3.0, 4)
        value, gradient = pareto_nbd.log_likelihood(near, t_x, T, *parameters)
        log_alive = pareto_nbd.log_p_alive(near, t_x, T, *parameters)
        ahead = pareto_nbd.expected_purchases_alive(52, 0, near, t_x, T, *parameters)
        assert np.isfinite(gradient).all()
        assert (log_alive <= 0).all()
        for quantity in (value, log_alive, np.log(ahead)):
            assert np.isfinite(quantity).all()
            # Third differences of a smooth function of x are small beside its first ones.
            assert np.abs(np.diff(quantity, 3)).max() <= 1e-3 * np.abs(np.diff(quantity)).max() + 1e-10


# --- groups of customers -------------------------------------------------------------------------------------------

BINS = [1411, 439, 214, 100, 62, 38, 29, 64]


@pytest.mark.parametrize(
    ("family", "published", "tolerance"),
    [
        (None, (0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359), {"abs": 5.1e-4}),  # FHL 2005, figure; BTYD
        ("pareto_nbd", (0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403), {"abs": 1e-3}),  # BTYD
        (
            "bg_nbd",
            (0.2250893, 0.5231364, 1.044126, 1.520256, 2.163824, 2.653789, 3.503957, 6.157036),
            {"rel": 1e-4},
        ),  # BTYD
    ],
)
def test_holdout_by_calibration_frequency(calibration, fits, family, published, tolerance):
    groups = calibration["frequency"].clip(upper=7)
    assert groups.value_counts().sort_index().tolist() == BINS
    ahead = calibration["purchases_holdout"] if family is None else fits[family].expected_purchases(calibration, 39)
    assert ahead.groupby(groups.to_numpy()).mean().tolist() == approx(published, **tolerance)


def test_tracking_of_the_actual_purchases(cdnow):
    events = cdnow.drop_duplicates(["customer_id", "date"])
    repeats = events[events["date"] > events.groupby("customer_id")["date"].transform("min")]
    week = (repeats["date"] - pd.Timestamp("1997-01-01")).dt.days // 7 + 1
    assert week.value_counts().reindex(range(20, 26)).tolist() == [73, 55, 70, 33, 56, 99]  # BTYD


@pytest.mark.parametrize(
    ("family", "published"),
    [
        ("pareto_nbd", [78.308, 76.419, 74.648, 72.983, 71.414, 69.933]),  # BTYD
        ("bg_nbd", [76.86531, 74.88843, 73.04554, 71.32166, 69.70412, 68.18213]),  # BTYD
    ],
)
def test_tracking_increments(calibration, fits, family, published):
    """Unconditional: E[X(week − week of entry)] over customers."""
    weeks = np.arange(19, 26)
    reached = expected_until(fits[family], calibration, weeks)
    assert np.diff(reached) == approx(published, rel=1e-4)


def test_tracking_cumulative(calibration, fits):
    published = [1308.856, 1385.275, 1459.923, 1532.906, 1604.32, 1674.253]  # BTYD
    found = expected_until(fits["pareto_nbd"], calibration, np.arange(20, 26))
    assert found == approx(published, rel=1e-4)


def expected_until(model, summary, weeks):
    entry = summary["T"].max() - summary["T"].to_numpy()
    family, parameters = model.family, tuple(model.parameters.values())
    return np.array([family.expected_purchases(np.maximum(w - entry, 0), *parameters).sum() for w in weeks])


def test_unconditional_holdout_total_is_another_number(calibration, fits):
    """Weeks 40 to 78: 1,742.6 without regard to history, 1,665.5 given history (calc)."""
    first, last = expected_until(fits["pareto_nbd"], calibration, [39, 78])
    assert last - first == approx(1742.6, abs=0.05)


@pytest.mark.parametrize(("family", "total"), [("pareto_nbd", 1665.513), ("bg_nbd", 1653.409), ("mbg_nbd", 1576.728)])
def test_sum_over_the_holdout(calibration, fits, family, total):
    """calc; 1,882 were bought."""
    assert fits[family].expected_purchases(calibration, horizon=39).sum() == approx(total, abs=6e-4)


def test_expected_spend_of_the_first_ten_customers(cdnow, calibration, spend_fit):
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]  # note 025
    spend = spend_fit.expected_spend(calibration.set_index("customer_id"))
    first_ten = cdnow["customer_id"].drop_duplicates().head(10)  # as in the file, not by id
    assert spend[first_ten].tolist() == approx(published, abs=6e-3)


# --- discounted ----------------------------------------------------------------------------------------------------


def annual(delta):
    """The annual rate that makes delta a week."""
    return math.expm1(delta * 365.25 / 7)


@pytest.mark.parametrize(
    ("x", "t_x", "expected"),
    [
        (7, 35, 1.864183), (1, 30, 2.199155), (2, 30, 2.843534), (3, 30, 2.867128), (4, 30, 2.445410),
        (5, 30, 1.840502), (6, 30, 1.262416), (7, 30, 0.809618), (8, 30, 0.494804), (9, 30, 0.292025),
        (10, 30, 0.167928), (0, 0, 0.364756), (1, 20, 1.5789585), (1, 77.86, 3.824050), (4, 77.86, 11.163894),
        (29, 77.86, 72.329261),
    ],
)  # fmt: skip
def test_pareto_nbd_dert(x, t_x, expected):
    """At the estimates of RFM and CLV, delta .0027 a week, T = 77.86 (calc)."""
    model = clv.PurchaseModel.from_parameters("pareto_nbd", PARETO_WHOLE, time_unit="week")
    customer = pd.DataFrame({"frequency": [x], "recency": [t_x], "T": [77.86]})
    found = model.discounted_expected_purchases(customer, annual_discount_rate=annual(0.0027))
    assert found[0] == approx(expected, abs=6e-7)


@pytest.mark.parametrize(
    ("rate", "expected"), [(annual(0.0027), 5.156462), (annual(math.log(1.1) / 52), 6.360562), (0.10, 6.371984)]
)
def test_bg_nbd_dert(rate, expected):
    """At the fit of the rounded summary (calc)."""
    estimates = {"r": 0.2425929, "alpha": 4.4135319, "a": 0.7928863, "b": 2.4257539}
    model = clv.PurchaseModel.from_parameters("bg_nbd", estimates, time_unit="week")
    customer = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    assert model.discounted_expected_purchases(customer, annual_discount_rate=rate)[0] == approx(expected, rel=1e-6)


def test_nbd_dert():
    """(r + x)/(alpha + T)/delta."""
    found = nbd.discounted_purchases_alive(math.inf, 0.0027, 3, 20, 39, 0.385, 12.072)
    assert found == approx((0.385 + 3) / (12.072 + 39) / 0.0027, rel=1e-14)


# --- donations, in whole years -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def donations():
    return clv.load_donations()


@pytest.fixture(scope="module")
def supporters(donations):
    return clv.PurchaseModel("bg_bb").fit(donations, weights="weights")


def test_donations_are_the_published_ones(donations):
    assert (donations["weights"].sum(), len(donations)) == (11_104, 22)  # FHS 2010, table 1
    assert (donations["frequency"] * donations["weights"]).sum() == 24_615  # calc
    assert (donations["recency"] <= donations["T"]).all()


def test_bg_bb_on_donations(supporters):
    """FHS 2010, table 2."""
    assert supporters.parameters == approx({"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}, abs=5e-4)
    assert supporters.fit_report.log_likelihood == approx(-33225.6, abs=0.05)
    assert supporters.fit_report.log_likelihood == approx(-33225.58, abs=5e-3)  # BTYD
    assert supporters.fit_report.converged
    assert supporters.fit_report.n_customers == 11_104
    assert supporters.fit_report.n_repeaters == 7_640
    assert supporters.time_unit == "year"


def test_bg_bb_forecast_of_the_donations(supporters, donations):
    """12,884.2 donations expected in the next five years (calc; 13,260 were made)."""
    expected = supporters.expected_purchases(donations, horizon=5)
    assert (expected * donations["weights"]).sum() == approx(12_884.2, abs=0.05)


def test_bg_bb_supporters(supporters):
    """BTYD's vignette, which prints .1302169, 3.627858 and 3.179895 at its own estimates."""
    two = pd.DataFrame({"frequency": [0, 4], "recency": [0, 5], "T": [6, 6]})
    assert supporters.expected_purchases(two, horizon=10).tolist() == approx([0.1302169, 3.627858], rel=1e-4)
    assert supporters.new_customer().expected_purchases(10) == approx(3.179895, rel=1e-4)


def test_bg_bb_against_lifetimes(supporters, donations):
    """The same estimates from another implementation, with its own P(alive) and expectations."""
    lifetimes = pytest.importorskip("lifetimes")
    columns = [donations[name].to_numpy() for name in ("frequency", "recency", "T")]
    theirs = lifetimes.BetaGeoBetaBinomFitter()
    theirs.fit(*columns, donations["weights"].to_numpy())
    assert dict(theirs.params_) == approx(supporters.parameters, rel=1e-4)
    values = tuple(theirs.params_)
    alive = theirs.conditional_probability_alive(0, *columns)
    assert np.exp(bg_bb.log_p_alive(*columns, *values)) == approx(alive, rel=1e-9)
    ahead = theirs.conditional_expected_number_of_purchases_up_to_time(5, *columns)
    found = alive * bg_bb.expected_purchases_alive(5, 0, *columns, *values)
    assert found == approx(ahead, rel=1e-9)


def test_whole_periods_are_discounted_as_a_sum(supporters, donations):
    rate = 0.15
    first = [supporters.expected_purchases(donations, 1, start=k) for k in range(5)]
    by_hand = sum(e / (1 + rate) ** (k + 1) for k, e in enumerate(first))
    found = supporters.discounted_expected_purchases(donations, 5, rate)
    assert found.to_numpy() == approx(by_hand.to_numpy(), rel=1e-12)
    # Half a period more holds no further opportunity.
    later = supporters.discounted_expected_purchases(donations, 5.5, rate)
    assert later.to_numpy() == approx(found.to_numpy(), rel=1e-15)


def test_half_a_period_is_none(supporters, donations):
    """Lengths are cut to whole periods, in every question."""
    ask = supporters
    for found, whole in (
        (ask.p_alive(donations, after=2.9), ask.p_alive(donations, after=2)),
        (ask.p_alive_if_no_purchase(donations, until=2.9), ask.p_alive_if_no_purchase(donations, until=2)),
        (ask.expected_purchases(donations, 2.9), ask.expected_purchases(donations, 2)),
        (ask.expected_purchases(donations, 2.9, start=0.5), ask.expected_purchases(donations, 3)),
        (ask.purchase_pmf(donations, 1, 2.9), ask.purchase_pmf(donations, 1, 2)),
        (ask.probability_of_purchase(donations, 2.9), ask.probability_of_purchase(donations, 2)),
    ):
        assert found.tolist() == whole.tolist()
