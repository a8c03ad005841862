"""Write cases.json: hard inputs with values from the defining integrals (definitions.py).

    python tests/oracle/make_oracle.py             compute what is new, keep what is there with the same inputs
    python tests/oracle/make_oracle.py --all       compute everything again
    python tests/oracle/make_oracle.py --checks    only the published values and the two-dimensional integrals

`compute(case)` recomputes one case; tests call it on a part of the file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray
from scipy import special

sys.path.insert(0, str(Path(__file__).resolve().parent))
from definitions import RULES, NoConvergence, evaluate

FILE = Path(__file__).resolve().parent / "cases.json"
DIGITS = 30
LOGARITHMS = ("log_likelihood", "log_density")

Case = dict[str, Any]
World = tuple[str, str, dict[str, float], tuple[int, float, float]]


# ------------------------------------------------------------------------------------------------- one case


class Disagreement(ArithmeticError):
    """The two computations of a value differ."""


def compute_with_agreement(case: Case) -> tuple[str, float]:
    """The value as a decimal string, and log10 of the relative difference of the two computations."""
    rough, fine = (evaluate(case, rule) for rule in RULES)
    with mp.workdps(60):
        if mp.isinf(fine) and rough == fine:
            return "inf", -math.inf
        difference = abs(rough - fine)
        if case["quantity"] in LOGARITHMS:
            scale = max(abs(fine), mpf(10) ** -4)  # a logarithm near 0 is right to an absolute 1e-24
            if difference < scale * mpf(10) ** -20 and abs(fine) < mpf(10) ** -22:  # the logarithm of 1
                fine = mpf(0)
        else:
            scale = abs(fine)
        if not mp.isfinite(fine) or difference > scale * mpf(10) ** -20:
            raise Disagreement(f"{mp.nstr(rough, 25)} and {mp.nstr(fine, 25)}")
        if fine == 0:
            return "0", -math.inf
        return mp.nstr(fine, DIGITS), float(mp.log10(max(difference / scale, mpf(10) ** -60)))


def compute(case: Case) -> str:
    """The value of a case, as a decimal string, from its inputs; raises if the two computations do not agree."""
    return compute_with_agreement(case)[0]


# ----------------------------------------------------------------------------------------------- hard inputs

DROPOUT = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
MANY = {
    "bg_nbd": [
        {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881},
        {"r": 1.7, "alpha": 9.5, "a": 1.3, "b": 7.25},
    ],
    "mbg_nbd": [
        {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
        {"r": 1.7, "alpha": 9.5, "a": 1.3, "b": 7.25},
    ],
    "pareto_nbd": [
        {"r": 0.55328, "alpha": 10.5777, "s": 0.60624, "beta": 11.6687},
        {"r": 1.7, "alpha": 9.5, "s": 2.25, "beta": 40.0},
    ],
    "nbd": [{"r": 0.385, "alpha": 12.072}, {"r": 3.5, "alpha": 2.0}],
}
TIMES = ("alpha", "beta")  # parameters measured in time units
BESIDE = (0.0, 1e-4, -1e-4, 1e-8, -1e-8, 1e-12, -1e-12)


def rounded(value: float, digits: int = 5) -> float:
    """A float that is short to write; the oracle uses its exact binary value."""
    return float(f"{value:.{digits - 1}e}")


def log_uniform(random_: random.Random, low: float, high: float) -> float:
    return rounded(math.exp(random_.uniform(math.log(low), math.log(high))))


def in_unit(parameters: dict[str, float], factor: float) -> dict[str, float]:
    """Parameters for a time unit that is `factor` times shorter."""
    return {name: rounded(value * factor, 7) if name in TIMES else value for name, value in parameters.items()}


def worlds(family: str) -> Iterator[World]:
    """Parameters with a history, each with the reason it is here."""
    first, second = MANY[family]
    names = list(first)
    ordinary = [(0, 0.0, 38.86), (1, 1.5, 12.0), (2, 30.43, 38.86), (7, 35.0, 77.86), (26, 30.857, 31.0)]
    ordinary += [(10, 20.0, 39.0), (25, 20.0, 39.0)]
    for history in ordinary:
        yield "ordinary", "ordinary customer, weeks", first, history
    for history in [(0, 0.0, 27.0), (3, 11.25, 30.5), (29, 77.0, 77.86)]:
        yield "ordinary", "ordinary customer, weeks", second, history
    yield "new", "customer not yet seen: x = 0, T = 0", first, (0, 0.0, 0.0)
    yield "new", "customer not yet seen: x = 0, T = 0", second, (0, 0.0, 0.0)

    yield "edge", "several purchases at time 0, nothing observed: t_x = T = 0", first, (3, 0.0, 0.0)
    yield "edge", "t_x = T: just bought", first, (5, 38.0, 38.0)
    yield "edge", "t_x = T: just bought", second, (1, 7.0, 7.0)
    yield "edge", "t_x = 0 with x >= 1", first, (2, 0.0, 38.86)
    yield "edge", "t_x just below T", first, (4, 38.0, math.nextafter(38.0, math.inf))
    yield "edge", "t_x below T by rounding of days / 7", second, (4, 271.9999 / 7, 272 / 7)
    yield "edge", "tiny T", second, (0, 0.0, 1e-9)

    for x, t_x, T in [(300, 38.0, 38.86), (3000, 250.0, 259.0), (30000, 1000.0, 1000.125)]:
        yield "many", "many purchases", first, (x, t_x, T)
    yield "many", "30,000 purchases and a long silence", second, (30000, 900.0, 901.5)
    yield "many", "20,000 purchases, heavy buyers", {**first, names[1]: 0.01}, (20000, 1560.0, 1565.0)

    hours, years = in_unit(first, 168.0), in_unit(second, 7 / 365.25)
    yield "hours", "decades in hours", hours, (40, 200000.0, 260000.0)
    yield "hours", "decades in hours, hourly buyer", hours, (29000, 259990.5, 260000.0)
    yield "hours", "decades in hours", in_unit(second, 168.0), (0, 0.0, 260000.0)
    yield "years", "time in years", years, (2, 0.0136, 0.02)
    yield "years", "time in years", in_unit(first, 7 / 365.25), (12, 21.5, 30.0)

    if family != "nbd":
        yield "dead", "P(alive) tiny", first, (200, 1.0, 40.0)
        yield "dead", "P(alive) tiny, expectation beneath it", {**second, "alpha": 0.5}, (60, 0.01, 1000.0)
        yield "dead", "P(alive) tiny", first, (1000, 20.0, 39.0)

    if family in ("bg_nbd", "mbg_nbd"):
        for step in BESIDE:
            a = 1.0 + step
            yield "a_at_1", f"a = 1 {step:+g}", {**first, "a": a}, (2, 30.43, 38.86)
        for step in (0.0, 1e-8, 1e-12, -1e-12):
            yield "a_at_1", f"a = 1 {step:+g}, new customer", {**second, "a": 1.0 + step}, (0, 0.0, 0.0)
        yield "b_small", "b near 0, x = 1", {**first, "b": 1e-3}, (1, 5.0, 12.0)
        yield "b_small", "b near 0, x = 0", {**first, "b": 1e-3}, (0, 0.0, 12.0)
        yield "b_small", "a and b near 0", {**first, "a": 1e-3, "b": 1e-3}, (1, 5.0, 12.0)
        yield "b_small", "a and b near 0, many purchases", {**first, "a": 1e-3, "b": 1e-3}, (5000, 95.0, 100.0)
        yield "peaked", "drop-out nearly the same for all", {**first, "a": 2000.0, "b": 9000.0}, (6, 10.0, 39.0)
        yield "peaked", "drop-out nearly certain", {**first, "a": 10000.0, "b": 0.01}, (1, 3.0, 39.0)
        yield "peaked", "drop-out nearly never", {**first, "a": 0.001, "b": 10000.0}, (9, 3.0, 39.0)
        yield "peaked", "everything large", {"r": 1e4, "alpha": 1e4, "a": 1e4, "b": 1e4}, (20, 20.0, 39.0)
        yield "peaked", "everything small", dict.fromkeys(names, 1e-3), (20, 20.0, 39.0)
        row = {"r": 0.25, "alpha": 4.0, "a": 0.8, "b": 2.5}
        for history in [(0, 0.0, 40.0), (200, 38.0, 40.0)]:
            yield "published", "row of the published checks", row, history

    if family == "pareto_nbd":
        for step in BESIDE:
            yield "s_at_1", f"s = 1 {step:+g}", {**first, "s": 1.0 + step}, (2, 30.43, 38.86)
        for step in (0.0, 1e-8, 1e-12, -1e-12):
            both = {**first, "s": 1.0 + step, "beta": first["alpha"]}
            yield "s_at_1", f"s = 1 {step:+g} and alpha = beta, new customer", both, (0, 0.0, 0.0)
        for step in BESIDE:
            beta = first["alpha"] * (1.0 + step)
            yield "alpha_at_beta", f"beta / alpha = 1 {step:+g}", {**first, "beta": beta}, (7, 12.0, 38.86)
        yield "peaked", "lifetimes nearly the same for all", {**first, "s": 9000.0, "beta": 1e4}, (6, 30.0, 39.0)
        yield "peaked", "lifetimes nearly the same, leaving at once", {**first, "s": 1e4, "beta": 1e-3}, (1, 0.5, 39.0)
        yield "peaked", "nobody leaves", {**first, "s": 1e-3, "beta": 1e4}, (9, 3.0, 39.0)
        yield "peaked", "everything large", dict.fromkeys(names, 1e4), (20, 20.0, 39.0)
        yield "peaked", "everything small", dict.fromkeys(names, 1e-3), (20, 20.0, 39.0)
        finite = {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}
        for x in (132, 133):
            yield "finite", "known overflow of 2F1", finite, (x, 200.0, 200.0)
        finite = {"r": 0.5143, "alpha": 2.8845, "s": 0.2856, "beta": 14.1087}
        for history in [(221, 103.42857, 103.57143), (254, 97.14286, 97.28571), (161, 94.71429, 98.0)]:
            yield "finite", "known overflow of 2F1", finite, history
        yield "finite", "known overflow of 2F1", finite, (204, 98.57143, 99.42857)
        finite = {"r": 10.465, "alpha": 0.00798565, "s": 3.0516, "beta": 2.82}
        for history in [(40, 5.0, 6.0), (50, 1.0, 37.0), (50, 4.0, 37.0), (400, 5.0, 6.0), (500, 1.0, 37.0)]:
            yield "finite", "known overflow of 2F1, alpha tiny", finite, history
        yield "finite", "known overflow of 2F1, alpha tiny", finite, (500, 4.0, 37.0)
        row = {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}
        yield "published", "row of the published checks", row, (1, 1.5, 12.0)

    random_ = random.Random(f"{family} plausible")  # the seed: each group draws its own numbers
    for _ in range(12 if family != "nbd" else 8):
        parameters = {name: log_uniform(random_, 1e-3, 1e4) for name in names}
        x = random_.choice([0, 0, 1, 2, 5, 20, 100, 1000, 10000])
        T = rounded((x + 1) * parameters["alpha"] / (parameters["r"] + x) * log_uniform(random_, 0.1, 10))
        T = min(max(T, 1e-6), 1e6)
        t_x = min(rounded(T * random_.choice([0.01, 0.3, 0.8, 0.99, 1.0])), T) if x else 0.0
        yield "random", "parameters log-uniform, plausible history", parameters, (x, t_x, T)
    random_ = random.Random(f"{family} implausible")
    for _ in range(12 if family != "nbd" else 8):
        parameters = {name: log_uniform(random_, 1e-3, 1e4) for name in names}
        x = random_.choice([0, 1, 3, 10, 50, 300, 2000, 30000])
        T = log_uniform(random_, 1e-2, 2.6e5)
        t_x = min(rounded(T * random_.random() ** 3), T) if x else 0.0
        yield "wild", "parameters log-uniform, implausible history", parameters, (x, t_x, T)


# (start, length) of the window, in multiples of the world's own time
WINDOWS = [(0, 1), (1, 0.5), (0, 0.01), (1000, 1e-3), (0, 1e4), (10, 1), (0, 1e-9), (1e5, 1e-4), (0, 30), (0.1, 3)]
# horizon in multiples of the world's own time, and the discount rate per that time or per time unit
DISCOUNTS = [
    ("inf", "per", 0.1), ("inf", "at", 0.0027), (1, "per", 0.1), ("inf", "at", 0.0), ("inf", "at", 1e-8),
    (30, "per", 0.03), (1, "at", 0.0), ("inf", "at", 10.0), (1e4, "per", 1.0), ("inf", "at", 1e-5), (0.01, "at", 0.5),
]  # fmt: skip
# number of purchases, and the horizon in multiples of the world's own time
COUNTS = [
    (0, 1), (1, 1), (3, 1), (10, 0.3), (2, 1e-4), (1, 30), (40, 10), (0, 100), (300, 30), (3000, 300), (1, 1e-8),
    (5, 3),
    (20, 1),
]  # fmt: skip


def purchase_cases() -> Iterator[Case]:
    """Every world with some of each quantity's arguments in turn, at the scale of the world's own time."""
    for family in MANY:
        turn = {
            "after": cycle([1.0, 0.01, 30.0, 1e4]),
            "window": cycle(WINDOWS),
            "discount": cycle(DISCOUNTS),
            "pmf": cycle(COUNTS),
        }
        for index, (group, note, parameters, (x, t_x, T)) in enumerate(worlds(family)):
            scale = T if T > 1e-3 else parameters["alpha"]
            common = {
                "family": family, "parameters": parameters, "frequency": x, "recency": t_x, "T": T,
                "group": group, "note": note,
            }  # fmt: skip

            def case(quantity: str, common: Case = common, **arguments: float | str) -> Case:
                return {**common, "quantity": quantity, "arguments": arguments}

            yield case("log_likelihood")
            if family != "nbd" or index < 3:
                yield case("p_alive", after=0.0)
                if index % 2 or group == "dead":
                    yield case("p_alive", after=rounded(scale * next(turn["after"])))
            several = 2 if group in ("ordinary", "new", "edge", "dead", "random", "wild") else 1
            for start, length in islice(turn["window"], several):
                yield case(
                    "expected_purchases", start=rounded(scale * start), horizon=rounded(max(scale * length, 1e-12))
                )
            if index < 2:
                yield case("expected_purchases", start=float(index), horizon=0.0)
                yield case("discounted_expected_purchases", horizon=0.0, delta=0.0027)
            singular = group in ("a_at_1", "s_at_1")
            if singular:  # the infinite sum is finite only above 1, and the finite one nearly singular at it
                yield case("discounted_expected_purchases", horizon="inf", delta=0.0)
                yield case("discounted_expected_purchases", horizon=39.0, delta=0.0)
            for length, how, rate in islice(turn["discount"], several if family == "pareto_nbd" else 1):
                delta = rounded(min(max(rate / scale, 1e-8), 10.0)) if how == "per" else rate
                horizon = "inf" if length == "inf" else rounded(scale * float(length))
                yield case("discounted_expected_purchases", horizon=horizon, delta=delta)
            if group == "ordinary":
                yield case("discounted_expected_purchases", horizon="inf", delta=0.0027)
            for n, length in islice(turn["pmf"], several):
                yield case("purchase_pmf", n=n, horizon=rounded(scale * length))
            if group == "many":  # near the expected number, and far from it
                for n in (round(x / 100), round(x / 10)):
                    yield case("purchase_pmf", n=n, horizon=rounded(T / 50))
            if group == "new":
                for n in (0, 1, 2, 10, 100, 1000):
                    yield case("purchase_pmf", n=n, horizon=39.0)


PERIOD_WINDOWS = [(0, 1), (0, 5), (3, 10), (0, 52), (100, 1), (0, 1000), (1000, 3000), (0, 1), (10000, 1), (0, 100000)]
PERIOD_DISCOUNTS = [("inf", 0.1), (5, 0.1), ("inf", 0.0), ("inf", 1e-8), (52, 1e-3), ("inf", 1e-5), (1000, 1e-6),
                    ("inf", 10.0), (30, 0.0), (5000, 0.0027), (40, -0.05), (3000, -1e-3)]  # fmt: skip
PERIOD_COUNTS = [(0, 5), (1, 5), (3, 5), (10, 12), (2, 60), (0, 100), (100, 100), (40, 300), (7, 7), (1, 1), (0, 1),
                 (250, 400)]  # fmt: skip


def period_worlds() -> Iterator[World]:
    """BG/BB: whole periods, and at most one purchase in each."""
    donations = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
    peaked = {"alpha": 5.0, "beta": 95.0, "gamma": 2.25, "delta": 300.0}
    for history in [(0, 0, 6), (6, 6, 6), (3, 4, 6), (1, 1, 6), (4, 5, 6), (1, 6, 6)]:
        yield "ordinary", "supporter of a charity, years", donations, history
    for history in [(4, 50, 104), (0, 0, 52), (11, 104, 104)]:
        yield "ordinary", "weekly shopper", peaked, history
    for parameters in (donations, peaked):
        yield "new", "customer not yet seen: x = 0, T = 0", parameters, (0, 0, 0)
    for history in [(30, 100, 400), (900, 1000, 1000), (1, 1, 1500), (1200, 1600, 1700), (3000, 3000, 3000)]:
        yield "long", "long observation, days", peaked, history
        yield "long", "long observation, days", donations, history
    for step in BESIDE:
        yield "gamma_at_1", f"gamma = 1 {step:+g}", {**donations, "gamma": 1.0 + step}, (3, 4, 6)
    for step in (0.24999, 0.25001, -0.24999, -0.25001):
        yield "gamma_at_1", f"gamma = 1 {step:+g}, where the package changes its way", {
            **peaked, "gamma": 1.0 + step
        }, (3, 40, 60)  # fmt: skip
    for value in (1e-3, 1e4):
        yield "extreme", "all parameters alike", dict.fromkeys(donations, value), (3, 4, 60)
        yield "extreme", "all parameters alike, new customer", dict.fromkeys(donations, value), (0, 0, 0)
        yield "extreme", "p and theta at opposite ends", {
            "alpha": value, "beta": 1 / value, "gamma": 1 / value, "delta": value
        }, (2, 7, 90)  # fmt: skip
        yield "extreme", "p and theta at the same end", {
            "alpha": value, "beta": 1 / value, "gamma": value, "delta": 1 / value
        }, (2, 7, 90)  # fmt: skip
    yield "extreme", "theta nearly certain, new customer", {**donations, "gamma": 1e4, "delta": 1e-3}, (0, 0, 0)
    yield "dead", "P(alive) tiny", {**peaked, "alpha": 80.0, "beta": 20.0}, (40, 50, 400)
    yield "dead", "P(alive) tiny", {**donations, "alpha": 50.0, "beta": 0.01}, (100, 100, 160)
    random_ = random.Random("bg_bb")
    for _ in range(24):
        parameters = {name: log_uniform(random_, 1e-3, 1e4) for name in donations}
        T = random_.choice([1, 5, 12, 60, 365, 900])
        t_x = min(T, round(T * random_.choice([0.0, 0.05, 0.3, 0.9, 1.0])))
        x = max(1, round(t_x * random_.choice([0.01, 0.2, 0.7, 1.0]))) if t_x else 0
        yield "random", "parameters log-uniform", parameters, (x, t_x, T)


def period_cases() -> Iterator[Case]:
    """Every world of BG/BB with some of each quantity's arguments in turn."""
    after, window = cycle([1.0, 30.0, 1000.0]), cycle(PERIOD_WINDOWS)
    discount, counts = cycle(PERIOD_DISCOUNTS), cycle(PERIOD_COUNTS)
    for group, note, parameters, (x, t_x, T) in period_worlds():
        common = {
            "family": "bg_bb", "parameters": parameters, "frequency": x, "recency": float(t_x), "T": float(T),
            "group": group, "note": note,
        }  # fmt: skip

        def case(quantity: str, common: Case = common, **arguments: float | str) -> Case:
            return {**common, "quantity": quantity, "arguments": arguments}

        yield case("log_likelihood")
        yield case("p_alive", after=0.0)
        yield case("p_alive", after=next(after))
        for start, length in islice(window, 2):
            yield case("expected_purchases", start=float(start), horizon=float(length))
        for length, rate in islice(discount, 2):
            yield case(
                "discounted_expected_purchases", horizon=length if length == "inf" else float(length), delta=rate
            )
        if group == "gamma_at_1":
            yield case("expected_purchases", start=2.0, horizon=20.0)
            yield case("discounted_expected_purchases", horizon="inf", delta=0.0)
        for n, length in islice(counts, 2):
            yield case("purchase_pmf", n=n, horizon=float(length))


SHARES = [0.5, 0.1, 0.9, 1e-6, 0.999, 0.25]


def further_cases() -> Iterator[Case]:
    """Every world with what else is asked: a purchase ever, the customer's own rates, and times as quantiles."""
    for family in MANY:
        horizons, shares = cycle(["inf", 1.0, 1e-6, "inf", 30.0, 1e4]), cycle(SHARES)
        for index, (group, note, parameters, (x, t_x, T)) in enumerate(worlds(family)):
            scale = T if T > 1e-3 else parameters["alpha"]
            common = {
                "family": family, "parameters": parameters, "frequency": x, "recency": t_x, "T": T,
                "group": group, "note": note,
            }  # fmt: skip

            def case(quantity: str, common: Case = common, **arguments: float | str) -> Case:
                return {**common, "quantity": quantity, "arguments": arguments}

            length = next(horizons)
            yield case(
                "probability_of_purchase", horizon=length if isinstance(length, str) else rounded(scale * length)
            )
            yield case("expected_purchase_rate")
            if family != "nbd":
                yield case("expected_dropout")
            if index % 4 == 0 or group in ("peaked", "b_small"):
                q = next(shares)
                yield case("time_to_next_purchase", q=q)
                if family != "nbd":
                    yield case("residual_lifetime", q=q)


def further_period_cases() -> Iterator[Case]:
    """The same questions of every world of BG/BB; quantiles are whole periods."""
    horizons, shares = cycle(["inf", 1.0, 30.0, "inf", 129.0, 1e4]), cycle([*SHARES, 0.6])
    for index, (group, note, parameters, (x, t_x, T)) in enumerate(period_worlds()):
        common = {
            "family": "bg_bb", "parameters": parameters, "frequency": x, "recency": float(t_x), "T": float(T),
            "group": group, "note": note,
        }  # fmt: skip

        def case(quantity: str, common: Case = common, **arguments: float | str) -> Case:
            return {**common, "quantity": quantity, "arguments": arguments}

        yield case("probability_of_purchase", horizon=next(horizons))
        yield case("expected_purchase_rate")
        yield case("expected_dropout")
        for q in islice(shares, 1 + index % 2):
            yield case("time_to_next_purchase", q=q)
            yield case("residual_lifetime", q=q)


def spend_cases() -> Iterator[Case]:
    """Gamma-Gamma: the density of the mean of x amounts, and the expected amount."""
    published = {"p": 6.25, "q": 3.74, "v": 15.44}
    inputs: list[tuple[str, str, dict[str, float], int, float | None]] = [
        ("ordinary", "ordinary customer", published, x, m)
        for x, m in [(1, 22.35), (2, 23.155), (7, 73.74), (29, 35.09), (1, 0.01), (3, 1e6), (200, 12.5)]
    ]
    for q in (3.74, 1.0, 1 + 1e-8, 1 + 1e-12, 1 - 1e-12, 0.5, 1.0001):
        note = "no repeat purchase: the population's mean, inf for q <= 1"
        inputs.append(("one_timer", note, {**published, "q": q}, 0, None))
    for q in (0.4375, 0.4375 + 1e-12, 0.4375 - 1e-12, 0.4376, 0.2):
        few = {"p": 0.1875, "q": q, "v": 15.0}
        inputs.append(("beside", "p x + q at and beside 1", few, 3, 20.0))
    for x in (1000, 30000):
        inputs.append(("many", "many purchases", published, x, 36.25))
        inputs.append(("many", "many purchases, p large", {**published, "p": 8000.0}, x, 36.25))
        inputs.append(("many", "many purchases, far from the population", {**published, "p": 0.01}, x, 4000.0))
    for value in (1e-3, 1e4):
        inputs.append(("extreme", "everything small or large", dict.fromkeys(published, value), 4, 5.0))
        inputs.append(("extreme", "everything small or large", {"p": 1 / value, "q": value, "v": 1.0}, 4, 5.0))
    random_ = random.Random("gamma_gamma")
    for _ in range(24):
        parameters = {name: log_uniform(random_, 1e-3, 1e4) for name in published}
        x = random_.choice([1, 1, 2, 5, 30, 400, 10000])
        inputs.append(("random", "parameters log-uniform", parameters, x, log_uniform(random_, 1e-3, 1e6)))
    for group, note, parameters, x, m in inputs:
        for quantity in ("expected_spend", "log_density"):
            if x or quantity == "expected_spend":
                yield {
                    "family": "gamma_gamma", "quantity": quantity, "parameters": parameters, "frequency": x,
                    "monetary_value": m, "arguments": {}, "group": group, "note": note,
                }  # fmt: skip


def is_slow(case: Case) -> bool:
    """Whether `compute` needs a second or more: the integral is over two variables, or the sum is long."""
    arguments = case["arguments"]
    if case["quantity"] in ("time_to_next_purchase", "residual_lifetime"):  # a root, of many integrals
        return True
    if case["family"] == "bg_bb" and (case["T"] >= 365 or arguments.get("horizon", 0) == 400.0):
        return True
    return case["family"] in ("bg_nbd", "mbg_nbd") and bool(arguments.get("delta")) and arguments["horizon"] != 0.0


def inputs_of(case: Case) -> str:
    """What a value depends on; two cases with the same text are the same case."""
    keys = ("family", "quantity", "parameters", "frequency", "recency", "T", "monetary_value", "arguments")
    return json.dumps({key: case[key] for key in keys if key in case})


def planned() -> list[Case]:
    """All cases with their names, without values."""
    counted: Counter[str] = Counter()
    seen: set[str] = set()
    cases = []
    for case in [*purchase_cases(), *period_cases(), *spend_cases(), *further_cases(), *further_period_cases()]:
        key = inputs_of(case)
        if key in seen:
            continue
        seen.add(key)
        stem = f"{case['family']}-{case['quantity']}-{case.pop('group')}"
        counted[stem] += 1
        case = {"id": f"{stem}-{counted[stem]}", **case}
        if is_slow(case):
            case["slow"] = True
        cases.append(case)
    return cases


# ------------------------------------------------------------------------------------- published values

PARETO = {"r": 0.55328, "alpha": 10.5777, "s": 0.60624, "beta": 11.6687}
PARETO_78 = {"r": 0.5629966, "alpha": 12.5590370, "s": 0.4081095, "beta": 10.5148048}
ROW = {"r": 0.25, "alpha": 4.0, "a": 0.8, "b": 2.5}
BG_FULL = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
BG_LIFETIMES = {"r": 0.2425929, "alpha": 4.4135319, "a": 0.7928863, "b": 2.4257539}
DONATIONS = {"alpha": 1.203522, "beta": 0.749712, "gamma": 0.656784, "delta": 2.783442}
NEW = (0, 0.0, 0.0)

# family, quantity, parameters, history, arguments, published, relative tolerance (what was printed, and the digits of
# the parameters it was printed for)
PUBLISHED: list[tuple[str, str, dict[str, float], tuple[int, float, float], dict[str, Any], float, float]] = [
    # Fader, Hardie and Lee 2005, BG/NBD; the spreadsheet beside it
    ("bg_nbd", "expected_purchases", DROPOUT, (2, 30.43, 38.86), {"start": 0.0, "horizon": 39.0}, 1.226, 4e-4),
    *[
        ("bg_nbd", "expected_purchases", BG_FULL, NEW, {"start": 0.0, "horizon": t}, value, 1e-4)
        for t, value in [(1 / 7, 0.007814), (1.0, 0.053184), (3.0, 0.150631), (32.0, 1.043731), (78.0, 1.857956)]
    ],
    *[
        ("bg_nbd", "expected_purchases", DROPOUT, (x, 20.0, 39.0), {"start": 0.0, "horizon": 52.0}, value, 2e-6)
        for x, value in [(10, 0.347400), (15, 0.0428272), (20, 0.00415843), (25, 0.000358332)]
    ],
    ("bg_nbd", "expected_purchases", DROPOUT, (26, 216 / 7, 31.0), {"start": 0.0, "horizon": 52.0}, 25.756492, 1e-7),
    ("bg_nbd", "p_alive", DROPOUT, (26, 216 / 7, 31.0), {"after": 0.0}, 0.9688523, 2e-6),
    ("bg_nbd", "purchase_pmf", DROPOUT, NEW, {"n": 0, "horizon": 39.0}, 0.5737864, 1e-6),
    ("bg_nbd", "purchase_pmf", DROPOUT, NEW, {"n": 10, "horizon": 2.0}, 1.07869e-07, 1e-5),
    *[
        ("bg_nbd", "purchase_pmf", DROPOUT, NEW, {"n": n, "horizon": 30.0}, value, 1e-6)
        for n, value in [(11, 0.0019995214), (12, 0.0015170236), (16, 0.0005517902), (20, 0.0002222260)]
    ],
    ("bg_nbd", "discounted_expected_purchases", BG_LIFETIMES, (2, 30.43, 38.86), {"horizon": "inf", "delta": 0.0027},
     5.156462, 1e-6),
    ("bg_nbd", "discounted_expected_purchases", BG_LIFETIMES, (2, 30.43, 38.86),
     {"horizon": "inf", "delta": math.log(1.1) / 52}, 6.360562, 1e-6),
    # log-likelihood rows of both drop-out models
    ("bg_nbd", "log_likelihood", ROW, (0, 0.0, 40.0), {}, -0.59947382, 1e-7),
    ("bg_nbd", "log_likelihood", ROW, (200, 38.0, 40.0), {}, 100.7957, 1e-6),
    # Fader, Hardie and Shang 2010, a supporter of the charity: BTYD's vignette, at its own estimates
    ("bg_bb", "expected_purchases", DONATIONS, (0, 0.0, 6.0), {"start": 0.0, "horizon": 10.0}, 0.1302169, 1e-3),
    ("bg_bb", "expected_purchases", DONATIONS, (4, 5.0, 6.0), {"start": 0.0, "horizon": 10.0}, 3.627858, 1e-3),
    ("bg_bb", "expected_purchases", DONATIONS, NEW, {"start": 0.0, "horizon": 10.0}, 3.179895, 1e-3),
    ("mbg_nbd", "log_likelihood", ROW, (0, 0.0, 40.0), {}, -0.41792826, 1e-7),
    ("mbg_nbd", "log_likelihood", ROW, (200, 38.0, 40.0), {}, 100.7869, 1e-6),
    # Pareto/NBD on CDNOW
    ("pareto_nbd", "log_likelihood", {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}, (1, 1.5, 12.0), {},
     -4.00694866, 1e-8),
    ("pareto_nbd", "expected_purchases", PARETO, NEW, {"start": 0.0, "horizon": 52.0}, 1.47343, 1e-5),
    ("pareto_nbd", "expected_purchases", PARETO, (26, 216 / 7, 31.0), {"start": 0.0, "horizon": 52.0}, 25.45518, 1e-6),
    *[
        ("pareto_nbd", "expected_purchases", PARETO, (x, 20.0, 39.0), {"start": 0.0, "horizon": 52.0}, value, 2e-5)
        for x, value in [(10, 0.70589), (15, 0.144151), (20, 0.0224901), (25, 0.00309006)]
    ],
    ("pareto_nbd", "p_alive", PARETO, (0, 0.0, 39.0), {"after": 0.0}, 0.294276, 5e-6),
    *[
        ("pareto_nbd", "expected_purchases", {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}, (x, 200.0, 200.0),
         {"start": 0.0, "horizon": 10.0}, value, 1e-7)
        for x, value in [(132, 6.2060518), (133, 6.2528722)]
    ],
    # Fader, Hardie and Lee 2005, RFM and CLV: discounted expected residual transactions
    *[
        ("pareto_nbd", "discounted_expected_purchases", PARETO_78, (x, t_x, 77.86), {"horizon": "inf", "delta": 0.0027},
         value, 4e-6)
        for x, t_x, value in [
            (7, 35.0, 1.864183), (1, 30.0, 2.199155), (4, 30.0, 2.445410), (10, 30.0, 0.167928), (0, 0.0, 0.364756),
            (1, 20.0, 1.5789585), (1, 77.86, 3.824050), (4, 77.86, 11.163894), (29, 77.86, 72.329261),
        ]
    ],
]  # fmt: skip


def check_published() -> None:
    """The definitions meet the values that were printed elsewhere."""
    worst = 0.0
    for family, quantity, parameters, (x, t_x, T), arguments, published, tolerance in PUBLISHED:
        case = {
            "family": family, "quantity": quantity, "parameters": parameters, "frequency": x, "recency": t_x, "T": T,
            "arguments": arguments,
        }  # fmt: skip
        error = abs(float(compute(case)) / published - 1)
        worst = max(worst, error / tolerance)
        assert error <= tolerance, f"{inputs_of(case)}: {compute(case)}, published {published}"
    # Fader and Hardie 2013, note 025: the first ten customers' expected spend
    gamma_gamma = {"p": 6.25, "q": 3.74, "v": 15.44}
    for x, m, published in [(2, 22.35, 24.65), (1, 11.77, 18.91), (0, None, 35.17)]:
        case = {"family": "gamma_gamma", "quantity": "expected_spend", "parameters": gamma_gamma, "frequency": x,
                "monetary_value": m, "arguments": {}}  # fmt: skip
        value = float(compute(case))
        assert abs(value - published) <= 0.06, f"{inputs_of(case)}: {value}, published {published}"
    print(f"published values: {len(PUBLISHED) + 3} met, the worst at {worst:.0%} of its tolerance")


# --------------------------------------------------------------------- the whole story, in two dimensions

Array = NDArray[np.float64]


def _plane(density: Callable[[Array, Array], Array], left: float, step: float) -> Callable[[Array], float]:
    """Trapezoid sums over a plane (w1, w2): analytic integrands that die off at the edges converge geometrically."""
    axis = np.arange(left, 60.0, step)
    w1, w2 = np.meshgrid(axis, axis, indexing="ij")
    weight = density(w1, w2) * step * step
    return lambda values: float(np.sum(weight * values))


def check_reductions() -> None:
    """Ordinary cases from the likelihood given both hidden variables, integrated over both of them numerically.

    lambda = exp(w1) and p = logistic(w2) or mu = exp(w2), in double precision: agreement to 1e-10 shows that the
    steps done by hand in definitions.py, and the story itself, are right.
    """
    worst = 0.0
    for family in ("bg_nbd", "mbg_nbd", "pareto_nbd"):
        histories = [(2, 30.43, 38.86), (0, 0.0, 0.0), (0, 0.0, 12.0), (5, 3.0, 20.0)]
        first, second = MANY[family]  # the first needs a larger plane, as its rates are spread more
        for parameters, some in [(first, histories[:2]), (second, histories)]:
            for x, t_x, T in some:
                for name, arguments, value in _story(family, parameters, x, t_x, T):
                    case = {
                        "family": family, "quantity": name, "parameters": parameters, "frequency": x, "recency": t_x,
                        "T": T, "arguments": arguments,
                    }  # fmt: skip
                    reference = float(compute(case))
                    error = abs(value - reference) / max(abs(reference), 1.0 if name == "log_likelihood" else 0.0)
                    worst = max(worst, error)
                    assert error < 1e-10, f"{inputs_of(case)}: {value} over the plane, {reference} after reduction"
    print(f"integrals over both hidden variables: all agree, the worst to {worst:.1e}")

    # the mean of two amounts, from the two amounts themselves
    p, q, v, m = 6.25, 3.74, 15.44, 30.0
    nodes, weights = np.polynomial.legendre.leggauss(60)
    z = m * (nodes + 1)  # the first amount, in (0, 2 m); the second is 2 m - z
    w = np.arange(-40.0, 10.0, 0.01)[:, None]
    nu = np.exp(w)
    log_two = (p - 1) * np.log(z * (2 * m - z)) + 2 * p * w - 2 * m * nu - 2 * special.gammaln(p)
    log_prior = q * w + q * math.log(v) - v * nu - special.gammaln(q)
    joint = np.exp(log_two + log_prior) * weights * m * 2 * 0.01  # 2: from the sum to the mean
    case = {"family": "gamma_gamma", "parameters": {"p": p, "q": q, "v": v}, "frequency": 2, "monetary_value": m,
            "arguments": {}}  # fmt: skip
    density, spend = joint.sum(), (joint * (p / nu)).sum() / joint.sum()
    assert abs(math.log(density) - float(compute({**case, "quantity": "log_density"}))) < 1e-9
    assert abs(spend / float(compute({**case, "quantity": "expected_spend"})) - 1) < 1e-9
    print("gamma-gamma from the single amounts: agrees")


def check_periods() -> None:
    """BG/BB from the probability of a sequence given p and theta, over the plane of their logits, period by period."""
    worst = 0.0
    alpha, beta, gamma, delta = parameters = (1.204, 0.750, 0.657, 2.783)
    with np.errstate(over="ignore", under="ignore"):

        def prior(w1: Array, w2: Array) -> Array:
            log_p = -alpha * np.logaddexp(0, -w1) - beta * np.logaddexp(0, w1) - special.betaln(alpha, beta)
            log_theta = -gamma * np.logaddexp(0, -w2) - delta * np.logaddexp(0, w2) - special.betaln(gamma, delta)
            return np.exp(log_p + log_theta)

        mean = _plane(prior, -70.0, 0.2)
        axis = np.arange(-70.0, 60.0, 0.2)
        w1, w2 = np.meshgrid(axis, axis, indexing="ij")
        p, miss, theta, stay = special.expit(w1), special.expit(-w1), special.expit(w2), special.expit(-w2)
        for bought in ([], [1], [0, 1, 0, 0], [1, 0, 1, 0, 0, 0]):
            alive, gone = np.ones_like(p), np.zeros_like(p)
            for one in bought:  # somebody gone buys nothing
                alive, gone = alive * stay * (p if one else miss), 0 * gone if one else gone + alive * theta
            seen = mean(alive + gone)
            x, T = sum(bought), float(len(bought))
            t_x = float(max((i + 1 for i, one in enumerate(bought) if one), default=0))
            each = [mean(alive * stay**j * p) / seen for j in range(1, 9)]
            worth = sum(math.exp(-0.1 * j) * value for j, value in enumerate(each, 1))
            stays, idle = alive.copy(), gone.copy()
            for _ in range(8):  # eight periods without a purchase, whether he left or not
                stays, idle = stays * stay * miss, idle + stays * theta
            found = [
                ("log_likelihood", {}, math.log(seen)),
                ("p_alive", {"after": 3.0}, mean(alive * stay**3) / seen),
                ("expected_purchases", {"start": 0.0, "horizon": 8.0}, sum(each)),
                ("discounted_expected_purchases", {"horizon": 8.0, "delta": 0.1}, worth),
                ("purchase_pmf", {"n": 0, "horizon": 8.0}, mean(stays + idle) / seen),
                ("purchase_pmf", {"n": 8, "horizon": 8.0}, mean(alive * (stay * p) ** 8) / seen),
                ("probability_of_purchase", {"horizon": 8.0}, 1 - mean(stays + idle) / seen),
                ("probability_of_purchase", {"horizon": "inf"}, mean(alive * stay * p / (theta + stay * p)) / seen),
                ("expected_purchase_rate", {}, mean((alive + gone) * p) / seen),
                ("expected_dropout", {}, mean((alive + gone) * theta) / seen),
            ]
            names = ("alpha", "beta", "gamma", "delta")
            for name, arguments, value in found:
                case = {
                    "family": "bg_bb", "quantity": name, "parameters": dict(zip(names, parameters, strict=True)),
                    "frequency": x, "recency": t_x, "T": T, "arguments": arguments,
                }  # fmt: skip
                reference = float(compute(case))
                error = abs(value - reference) / max(abs(reference), 1.0 if name == "log_likelihood" else 0.0)
                worst = max(worst, error)
                assert error < 1e-10, f"{inputs_of(case)}: {value} over the plane, {reference} after reduction"
    print(f"whole periods one by one: all agree, the worst to {worst:.1e}")


def _story(
    family: str, parameters: dict[str, float], x: int, t_x: float, T: float
) -> Iterator[tuple[str, dict[str, Any], float]]:
    """Each quantity with its arguments and its value over the plane of the two hidden variables."""
    r, alpha, third, fourth = parameters.values()

    def prior(w1: Array, w2: Array) -> Array:
        log_rate = r * math.log(alpha) + r * w1 - alpha * np.exp(w1) - special.gammaln(r)
        if family == "pareto_nbd":
            s, beta = third, fourth
            log_other = s * math.log(beta) + s * w2 - beta * np.exp(w2) - special.gammaln(s)
        else:
            a, b = third, fourth
            log_other = a * -np.logaddexp(0, -w2) + b * -np.logaddexp(0, w2) - special.betaln(a, b)
        return np.exp(log_rate + log_other)

    smallest = min(r, third)
    left, step = -36.0 / smallest, 0.2
    with np.errstate(over="ignore", under="ignore"):
        mean = _plane(prior, left, step)
        axis = np.arange(left, 60.0, step)
        w1, w2 = np.meshgrid(axis, axis, indexing="ij")
        lam = np.exp(w1)
        if family == "pareto_nbd":
            other = np.exp(w2)  # mu: the rate of leaving
            leaving = other
            alive = lam**x * np.exp(-(lam + other) * T)
            gone = other / (lam + other) * lam**x * np.exp(-(lam + other) * t_x) * -np.expm1(-(lam + other) * (T - t_x))
        else:
            other, stays = special.expit(w2), special.expit(-w2)
            leaving = lam * other
            chances = x + (family == "mbg_nbd")
            alive = stays**chances * lam**x * np.exp(-lam * T)
            gone = other * stays ** (chances - 1) * lam**x * np.exp(-lam * t_x) if chances else 0 * lam
        alive, gone = (np.nan_to_num(part, nan=0.0, posinf=0.0) for part in (alive, gone))
        seen = mean(alive + gone)

        def expect(given_alive: Array, given_gone: float | Array = 0.0) -> float:
            return mean(alive * np.nan_to_num(given_alive, posinf=0.0) + gone * given_gone) / seen

        yield "log_likelihood", {}, math.log(seen)
        yield "expected_purchase_rate", {}, expect(lam, lam)
        yield "expected_dropout", {}, expect(other, other)
        for horizon in (5.0, "inf"):
            h = math.inf if horizon == "inf" else float(horizon)
            ends = lam + other if family == "pareto_nbd" else lam  # a purchase, or leaving before there was one
            yield "probability_of_purchase", {"horizon": horizon}, expect(lam / ends * -np.expm1(-ends * h))
        for after in (0.0, 17.0):
            yield "p_alive", {"after": after}, expect(np.exp(-leaving * after))
        for start, h in [(0.0, 39.0), (8.0, 3.0)]:
            bought = lam * np.exp(-leaving * start) * -np.expm1(-leaving * h) / leaving
            yield "expected_purchases", {"start": start, "horizon": h}, expect(bought)
        for horizon, delta in [("inf", 0.05), (26.0, 0.05)]:
            h = math.inf if horizon == "inf" else float(horizon)
            bought = lam * -np.expm1(-(leaving + delta) * h) / (leaving + delta)
            yield "discounted_expected_purchases", {"horizon": horizon, "delta": delta}, expect(bought)
        h = 30.0
        for n in (0, 1, 4):
            poisson = np.exp(n * (w1 + math.log(h)) - lam * h - special.gammaln(n + 1))
            if family == "pareto_nbd":
                both = lam + other
                left_within = other / both * (lam / both) ** n * special.gammainc(n + 1, both * h)
                chance = poisson * np.exp(-other * h) + left_within
            else:
                chance = poisson * stays**n
                if n:
                    chance = chance + other * stays ** (n - 1) * special.gammainc(n, lam * h)
            yield "purchase_pmf", {"n": n, "horizon": h}, expect(chance, given_gone=float(n == 0))


# ------------------------------------------------------------------------------------------------ the file


def fingerprint(case: Case) -> str:
    """Short name of a case's inputs, for those that are planned and not stored."""
    return hashlib.sha256(inputs_of(case).encode()).hexdigest()[:12]


def load() -> tuple[dict[str, str], set[str]]:
    """Values already computed, by their inputs; and fingerprints of cases known to be outside a double's range."""
    if not FILE.exists():
        return {}, set()
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return {inputs_of(case): case["value"] for case in stored["cases"]}, set(stored["outside_double_range"])


def save(cases: list[Case], values: dict[str, str], outside: set[str]) -> list[Case]:
    """Write the cases that have a value, one a line, whole or not at all, and return them."""
    stored = []
    for case in cases:
        if inputs_of(case) in values:
            rest = {key: case[key] for key in case if key != "note"}
            stored.append({**rest, "value": values[inputs_of(case)], "note": case["note"]})
    skipped = [fingerprint(case) for case in cases if fingerprint(case) in outside]
    head = f'"version": 1, "digits": {DIGITS}, "outside_double_range": {json.dumps(skipped)}'
    lines = ",\n".join(json.dumps(case) for case in stored)
    part = FILE.with_suffix(".part")
    part.write_text(f'{{{head}, "cases": [\n{lines}\n]}}\n', encoding="utf-8")
    part.replace(FILE)
    return stored


def outside_double_range(case: Case, value: str) -> bool:
    """Double precision cannot hold it, or holds it with fewer digits."""
    if case["quantity"] in LOGARITHMS or value in ("0", "inf"):
        return False
    limit = mpf(10) ** (-290 if case["quantity"] == "purchase_pmf" else -300)
    return bool(abs(mpf(value)) < limit or abs(mpf(value)) > mpf(10) ** 300)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", action="store_true", help="compute everything again")
    parser.add_argument("--checks", action="store_true", help="only the published values and the reductions")
    options = parser.parse_args()

    check_published()
    check_reductions()
    check_periods()
    if options.checks:
        return
    values, outside = ({}, set()) if options.all else load()
    cases = planned()
    missing = [case for case in cases if inputs_of(case) not in values and fingerprint(case) not in outside]
    print(f"{len(cases)} cases, {len(missing)} to compute", flush=True)
    failed, agreements, seconds = 0, [], []
    for number, case in enumerate(missing, 1):
        began = time.perf_counter()
        try:
            value, agreement = compute_with_agreement(case)
        except (Disagreement, NoConvergence) as problem:
            failed += 1
            print(f"left out: {case['id']}: {problem}", flush=True)
            continue
        seconds.append((time.perf_counter() - began, case))
        agreements.append((agreement, case["id"]))
        if outside_double_range(case, value):
            outside.add(fingerprint(case))
        else:
            values[inputs_of(case)] = value
        if number % 50 == 0:
            print(f"{number} of {len(missing)}", flush=True)
            save(cases, values, outside)
    done = save(cases, values, outside)

    counted = Counter((case["family"], case["quantity"]) for case in done)
    for (family, quantity), count in counted.items():
        print(f"{family:12} {quantity:32} {count:5}")
    skipped = len(cases) - len(done) - failed
    print(f"{len(done)} cases; {skipped} outside the range of a double; {failed} left out without agreement")
    if seconds:
        for slow in (False, True):
            times = [spent for spent, case in seconds if bool(case.get("slow")) is slow]
            if times:
                label = f"{len(times)} {'slow' if slow else 'fast'} cases computed"
                print(f"{label}: median {statistics.median(times):.2f} s, max {max(times):.2f} s")
        print("slowest:", *(f"{spent:.1f} s {case['id']}" for spent, case in sorted(seconds, key=lambda s: -s[0])[:5]))
        agreement, name = max(agreements)
        print(f"worst agreement of the two computations: 1e{agreement:.1f} ({name})")


if __name__ == "__main__":
    main()
