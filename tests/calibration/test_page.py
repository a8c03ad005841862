"""The page is kept section by section, and a bad one is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from calibration.coverage import LEVELS, QUANTITIES, STUDIES
from calibration.judging import complaints
from calibration.page import HEAD, Made, coverage_section, posterior_section, tables, with_section
from calibration.posteriors import LIKELIHOOD, Outcome, derived
from calibration.worlds import CENTRES, family_of

MADE = Made("python tools/calibrate.py --family nbd", "0123abc", "2026-01-31", "Python 3.11.7, clvmodels 0.1.0")
ORDER = [f"Posterior of {family_of(name).title}" for name in CENTRES]
ORDER += [f"Coverage: {study.title}" for study in STUDIES.values()]


def outcomes(name, worlds=500, shape=1.0, failure=None):
    """Ranks that are uniform, or pile up at one end where the shape is not 1; the first world may fail."""
    u = (np.arange(worlds) + 0.5) / worlds
    what = [*family_of(name).parameters, derived(name), LIKELIHOOD]
    found = [Outcome(dict.fromkeys(what, float(v) ** shape), None, "laplace", 0.2) for v in u]
    if failure:
        found[0] = Outcome({}, failure, "", math.nan)
    return found


def covered(worlds=200, off=0.0):
    """Worlds that hold what they should, and ``off`` more."""
    shares = {f"{q} {way} {v:g}": v + off for q in QUANTITIES for way in ("posterior", "plug-in") for v in LEVELS}
    return [shares | {"repeaters": 250 + (i % 2)} for i in range(worlds)]


@pytest.fixture(scope="module")
def good():
    text = ""
    for name in reversed(CENTRES):
        text = with_section(text, posterior_section(name, outcomes(name), MADE), ORDER)
    for study in STUDIES.values():
        text = with_section(text, coverage_section(study, covered(), MADE), ORDER)
    return text


def test_sections_stand_in_order_and_are_replaced_one_by_one(good):
    assert good.startswith(HEAD)
    assert list(tables(good)) == ORDER
    assert complaints(good) == []
    other = with_section(good, posterior_section("nbd", outcomes("nbd", 600), MADE), ORDER)
    worlds = {heading: found[0][0]["worlds"] for heading, found in tables(other).items()}
    assert worlds.pop("Posterior of NBD") == "600"
    assert "600" not in worlds.values()
    assert list(tables(other)) == ORDER
    assert with_section(other, posterior_section("nbd", outcomes("nbd"), MADE), ORDER) == good


def test_failures_are_counted_and_told():
    two = [
        *outcomes("nbd", 20, failure="nobody came back"),
        outcomes("nbd", 1)[0]._replace(failure="k-hat is 0.9", k_hat=0.9),
    ]
    two.append(outcomes("nbd", 1)[0]._replace(method="hmc", k_hat=math.nan))
    section = posterior_section("nbd", two, MADE)
    row = tables(section)["Posterior of NBD"][0][0]
    assert (row["worlds"], row["failures"], row["no posterior"], row["not trusted"]) == ("22", "2", "1", "1")
    assert row["k-hat > 0.7"] == "2 of 21 (9.5%)"
    assert row["made by"] == "hmc 1, laplace 20"
    assert "nobody came back" in section
    assert "k-hat is 0.9" in section


def test_worlds_in_doubt_are_counted_and_kept():
    results = covered(3)
    results[1] |= {"doubt": "bg_nbd: k-hat is 0.9"}
    section = coverage_section(STUDIES["bg_nbd"], [*results, {"failure": "nobody came back"}], MADE)
    worlds, shares = tables(section)["Coverage: BG/NBD and Gamma-Gamma"]
    assert [worlds[0][name] for name in ("worlds", "failures", "no posterior", "not trusted")] == ["4", "2", "1", "1"]
    assert shares[0] == {
        "quantity": "purchases",
        "level": "50%",
        "posterior": "50.00 ± 0.00",
        "plug-in": "50.00 ± 0.00",
    }
    assert "k-hat is 0.9" in section
    assert "nobody came back" in section


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (lambda: posterior_section("nbd", outcomes("nbd", 499), MADE), "499 worlds, expected at least 500"),
        (lambda: posterior_section("nbd", outcomes("nbd", shape=1.6), MADE), "ranks are not uniform"),
        (lambda: posterior_section("nbd", outcomes("nbd"), MADE._replace(commit="0123abc+")), "no clean commit"),
        (lambda: posterior_section("nbd", outcomes("nbd")[:1] * 500, MADE), "the mean rank is"),
        (lambda: posterior_section("nbd", outcomes("nbd"), MADE).replace("| r | 1 |", "| r | 0.5 |"), "not that of"),
        (lambda: posterior_section("nbd", outcomes("nbd"), MADE).replace("| alpha |", "| beta |"), "expected ranks of"),
        (
            lambda: posterior_section("nbd", [*outcomes("nbd"), *[Outcome({}, "no", "", math.nan)] * 30], MADE),
            "30 of 530 worlds failed",
        ),
        (lambda: coverage_section(STUDIES["bg_nbd"], covered(199), MADE), "199 worlds, expected at least 200"),
        (lambda: coverage_section(STUDIES["bg_nbd"], covered(off=-0.021), MADE), "purchases: 47.90 ± 0.00 % held"),
        (lambda: coverage_section(STUDIES["bg_nbd"], [{"failure": "no"}] * 200, MADE), "200 of 200 worlds failed"),
    ],
)
def test_bad_tables_are_told(good, section, told):
    assert told in "\n".join(complaints(with_section(good, section(), ORDER)))


def test_a_missing_section_is_told(good):
    assert len(complaints(HEAD)) == len(ORDER)
    assert complaints(good.split("## Coverage")[0]) != []


def test_no_bar_where_parameters_are_fixed(good):
    section = coverage_section(STUDIES["bg_nbd_few"], covered(off=-0.1), MADE)
    assert complaints(with_section(good, section, ORDER)) == []
