"""The verdict on a fit, from made-up optima: converged or not, and why."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from clvmodels.families import PURCHASE_FAMILIES, purchase_family, spend_family
from clvmodels.families.contract import Limit
from clvmodels.inference.fit_report import few_repeaters, judge
from clvmodels.inference.independence import spend_frequency_correlation
from clvmodels.inference.maximum_likelihood import Optimum

approx = pytest.approx

NAMES = ("r", "alpha", "a", "b")
CENTRE = np.array([0.0, 3.0, 0.0, 0.0])
GOOD = Optimum(
    log_parameters=CENTRE + np.array([-1.4, -1.5, -0.2, 0.9]),
    log_likelihood=-9582.4,
    gradient=np.array([1e-6, -2e-6, 0.0, 0.0]),
    hessian=np.diag([500.0, 200.0, 50.0, 20.0]),
    decrement=1e-15,
    step=np.full(4, 1e-9),
    walled=(False,) * 4,
    passes=17,
)


def report_of(optimum=GOOD, names=NAMES, limits=None, centre=CENTRE, **more):
    limits = purchase_family("bg_nbd").limits if limits is None else limits
    known = {"n_customers": 2357.0, "n_repeaters": 946.0, "n_patterns": 1500} | more
    return judge(optimum, names, limits, centre, **known)


def test_a_good_optimum_is_trusted():
    report, covariance = report_of()
    assert report.converged is True
    assert report.verdict == "The fit has converged."
    assert report.warnings == ()
    assert report.aic == approx(2 * 4 + 2 * 9582.4)
    assert report.bic == approx(4 * math.log(2357) + 2 * 9582.4)
    assert report.gradient_norm == approx(2e-6 / 2357)
    assert report.hessian_condition == approx(25)
    assert (report.n_customers, report.n_repeaters, report.n_patterns, report.passes) == (2357, 946, 1500, 17)
    assert_allclose(covariance, np.diag([1 / 500, 1 / 200, 1 / 50, 1 / 20]), rtol=1e-12)


def test_covariance_inverts_the_hessian():
    root = np.random.default_rng(111).normal(size=(4, 4))
    hessian = root @ root.T + 3 * np.eye(4)
    _, covariance = report_of(replace(GOOD, hessian=hessian))
    assert_allclose(covariance @ hessian, np.eye(4), atol=1e-12)


@pytest.mark.parametrize(
    "far", [{"decrement": 1e-3}, {"step": np.array([0.0, 0.01, 0.0, 0.0])}], ids=["decrement", "step"]
)
def test_a_search_that_did_not_arrive(far):
    report, _ = report_of(replace(GOOD, **far))
    assert report.converged is False
    assert report.verdict.startswith("Do not trust this fit as it is: the search stopped ")
    assert "standard errors from the optimum" in report.warnings[0]


def ridge(direction, softness=1e-13):
    """A Hessian that is flat along a direction."""
    direction = np.array(direction, dtype=float) / np.linalg.norm(direction)
    return 100.0 * (np.eye(len(direction)) - (1 - softness) * np.outer(direction, direction))


@pytest.mark.parametrize(
    ("direction", "moved", "meaning"),
    [
        ((0, 0, 1, 1), (0, 0, 7, 8), "a and b grow without bound: dropout looks homogeneous"),
        ((1, 1, 0, 0), (8, 8, 0, 0), "r and alpha grow without bound: everybody seems to buy at the same rate"),
        ((0, 0, 1, 0), (0, 0, -9, 0), "a shrinks to 0: nobody seems to leave"),
        ((0, 0, 0, 1), (0, 0, 0, 9), "b grows without bound: nobody seems to leave"),
    ],
)
def test_ridges_are_named_with_what_they_mean(direction, moved, meaning):
    """Whichever way the eigenvector happens to point."""
    for sign in (1, -1):
        optimum = replace(GOOD, log_parameters=CENTRE + moved, hessian=ridge(sign * np.array(direction)))
        report, _ = report_of(optimum)
        assert report.converged is False
        assert meaning in report.verdict
        assert report.hessian_condition > 1e9


def test_a_ridge_leaves_the_others_their_errors():
    optimum = replace(GOOD, log_parameters=CENTRE + np.array([0, 0, 9, 9]), hessian=ridge((0, 0, 1, 1)))
    _, covariance = report_of(optimum)
    assert_allclose(np.diag(covariance)[:2], 1 / 100, rtol=1e-9)
    assert np.isnan(np.diag(covariance)[2:]).all()


@pytest.mark.parametrize(("which", "word"), [(0, "r "), (1, "alpha "), (2, "a "), (3, "b ")])
@pytest.mark.parametrize(("sign", "words"), [(1, "grows without bound"), (-1, "shrinks to 0")])
def test_directions_no_family_names_are_spelled_out(which, word, sign, words):
    far = np.eye(4)[which] * sign * 14.1
    optimum = replace(GOOD, log_parameters=CENTRE + far, walled=tuple(np.eye(4)[which] > 0))
    report, _ = report_of(optimum, limits=())
    assert f"{word}{words}: the data do not determine them" in report.verdict


def test_a_loose_direction_is_not_trusted():
    """A log-parameter open by more than a factor of twenty."""
    tight, _ = report_of(replace(GOOD, hessian=np.diag([500.0, 200.0, 50.0, 1 / 2.9**2])))
    loose, _ = report_of(replace(GOOD, hessian=np.diag([500.0, 200.0, 50.0, 1 / 3.1**2])))
    assert tight.converged
    assert not loose.converged


def test_a_saddle_is_not_trusted():
    report, covariance = report_of(replace(GOOD, hessian=np.diag([500.0, 200.0, 50.0, -1.0])))
    assert report.converged is False
    assert report.hessian_condition == math.inf
    assert np.isnan(covariance[3, 3])


def test_reasons_come_first_and_remarks_do_not_condemn():
    remarked, _ = report_of(remarks=["all customers have the same T"])
    assert remarked.converged
    assert remarked.warnings == ("all customers have the same T",)
    condemned, _ = report_of(reasons=["only 3 customers ever came back"], remarks=["all customers have the same T"])
    assert not condemned.converged
    assert condemned.verdict == "Do not trust this fit as it is: only 3 customers ever came back."
    assert condemned.warnings == ("only 3 customers ever came back", "all customers have the same T")


def test_printed_report():
    report, _ = report_of(remarks=["all customers have the same T"])
    assert str(report).splitlines() == [
        "The fit has converged.",
        "log-likelihood -9582.400, AIC 19172.80, BIC 19195.86; 2357 customers, 946 of them repeaters",
        "- all customers have the same T",
    ]


@pytest.mark.parametrize(("n", "reasons"), [(0, 1), (1, 1), (9, 1), (9.5, 1), (10, 0), (946, 0)])
def test_ten_repeaters_are_enough(n, reasons):
    assert len(few_repeaters(n)) == reasons


@pytest.mark.parametrize(
    "family", [*map(purchase_family, PURCHASE_FAMILIES), spend_family("gamma_gamma")], ids=lambda f: f.name
)
def test_limits_speak_of_parameters_that_exist(family):
    assert family.limits
    for limit in family.limits:
        assert isinstance(limit, Limit)
        assert set(limit.towards) <= set(family.parameters)
        assert set(limit.towards.values()) <= {-1, 1}
        assert limit.meaning
        assert limit.advice
        # A parameter that runs off exactly so is recognised.
        k = len(family.parameters)
        far = np.array([9.0 * limit.towards.get(name, 0) for name in family.parameters])
        optimum = replace(
            GOOD, log_parameters=far, gradient=np.zeros(k), hessian=ridge(far), step=np.zeros(k), walled=(False,) * k
        )
        report, _ = report_of(optimum, family.parameters, family.limits, np.zeros(k))
        assert limit.meaning in report.verdict
        assert limit.advice in report.verdict


# --- does spend go along with frequency ----------------------------------------------------------------------------


def test_correlation_and_its_test():
    from scipy import stats

    generator = np.random.default_rng(112)
    x = generator.poisson(3, 200) + 1.0
    m = 20 + 2 * x + generator.normal(0, 10, 200)
    expected = stats.pearsonr(x, m)
    assert spend_frequency_correlation(x, m, np.ones(200)) == approx((expected.statistic, expected.pvalue), rel=1e-9)
    copies = generator.integers(0, 4, 200)
    repeated = stats.pearsonr(np.repeat(x, copies), np.repeat(m, copies))
    found = spend_frequency_correlation(x, m, copies.astype(float))
    assert found == approx((repeated.statistic, repeated.pvalue), rel=1e-9)


def test_correlation_where_there_is_none_to_have():
    one = np.ones(5)
    assert spend_frequency_correlation(one, np.arange(5.0), one) == (0.0, 1.0)
    assert spend_frequency_correlation(np.arange(5.0), one, one) == (0.0, 1.0)
    assert spend_frequency_correlation(np.arange(2.0), np.arange(2.0), np.ones(2)) == (0.0, 1.0)
    assert spend_frequency_correlation(np.arange(5.0), np.arange(5.0), one) == approx((1.0, 0.0))
