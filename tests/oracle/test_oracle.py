"""Every family against the 30-digit values of cases.json, and a seeded part of that file recomputed."""

from __future__ import annotations

import importlib.util
import json
import math
import random
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from clvmodels.families import PURCHASE_FAMILIES, purchase_family, spend_family
from clvmodels.models import quantiles, questions

HERE = Path(__file__).resolve().parent
CASES = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))["cases"]
GROUPS: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
for _case in CASES:
    GROUPS[_case["family"], _case["quantity"]].append(_case)

RELATIVE = 1e-9
FLUSHED = 1e-280  # smaller values may come out as 0


def answer(case: dict[str, Any]) -> float:
    """What the package says."""
    values = tuple(float(v) for v in case["parameters"].values())
    if case["family"] == "gamma_gamma":
        spend = spend_family("gamma_gamma")
        statistics = float(case["frequency"]), float(case["monetary_value"] or 0.0)
        if case["quantity"] == "expected_spend":
            return float(spend.expected_spend(*statistics, *values))
        return float(spend.log_likelihood(*statistics, *values)[0])
    family = purchase_family(case["family"])
    history = [np.array([float(case[name])]) for name in ("frequency", "recency", "T")]
    given = {k: float(v) for k, v in case["arguments"].items()}
    ask = {
        "log_likelihood": lambda: family.log_likelihood(*history, *values)[0],
        "p_alive": lambda: questions.p_alive(family, given["after"], history, values),
        "expected_purchases": lambda: questions.expected_purchases(
            family, given["horizon"], given["start"], history, values
        ),
        "discounted_expected_purchases": lambda: questions.discounted(
            family, given["horizon"], given["delta"], history, values
        ),
        "purchase_pmf": lambda: questions.purchase_pmf(family, given["n"], given["horizon"], history, values),
        "probability_of_purchase": lambda: questions.probability_of_purchase(family, given["horizon"], history, values),
        "expected_purchase_rate": lambda: questions.latent_means(family, history, values)["purchase_rate"],
        "expected_dropout": lambda: list(questions.latent_means(family, history, values).values())[1],
        "time_to_next_purchase": lambda: quantiles.time_to_next_purchase(family, given["q"], history, values),
        "residual_lifetime": lambda: quantiles.residual_lifetime(family, given["q"], history, values),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # infinite expectations warn, as they should
        return float(ask[case["quantity"]]()[0])


def excess(case: dict[str, Any], found: float) -> float:
    """Error in units of what is allowed; at most 1 is right."""
    with mpmath.workdps(40):
        true = mpmath.mpf(case["value"])
        if math.isinf(true):
            return 0.0 if math.isinf(found) else math.inf
        if not math.isfinite(found):
            return math.inf
        if case["quantity"] in ("log_likelihood", "log_density"):
            allowed = max(RELATIVE * abs(true), 1e-12 * (1 + case["frequency"]))
        elif abs(true) < FLUSHED and found == 0:
            return 0.0
        else:
            allowed = RELATIVE * abs(true)
        error = abs(mpmath.mpf(found) - true)
        return 0.0 if error == 0 else float(error / allowed) if allowed else math.inf


@pytest.mark.parametrize(("family", "quantity"), sorted(GROUPS), ids="-".join)
def test_digits(family: str, quantity: str) -> None:
    errors = [(excess(case, answer(case)), case["id"], case["value"][:20]) for case in GROUPS[family, quantity]]
    wrong = sorted((e for e in errors if not e[0] <= 1), reverse=True)
    assert not wrong, f"{len(wrong)} of {len(errors)} cases: {wrong[:5]}"


def test_every_family_is_covered() -> None:
    quantities = {
        "log_likelihood",
        "p_alive",
        "expected_purchases",
        "discounted_expected_purchases",
        "purchase_pmf",
        "probability_of_purchase",
        "expected_purchase_rate",
        "time_to_next_purchase",
    }
    expected = {(family, quantity) for family in PURCHASE_FAMILIES for quantity in quantities}
    leaving = [family for family in PURCHASE_FAMILIES if purchase_family(family).finite_total]
    expected |= {(family, quantity) for family in leaving for quantity in ("expected_dropout", "residual_lifetime")}
    assert expected <= set(GROUPS)
    assert ("gamma_gamma", "expected_spend") in GROUPS


def _oracle() -> Any:
    spec = importlib.util.spec_from_file_location("make_oracle", HERE / "make_oracle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


QUICK = sorted(case["id"] for case in CASES if not case.get("slow"))


@pytest.mark.parametrize("name", random.Random(2005).sample(QUICK, min(40, len(QUICK))))
def test_file_is_what_the_definitions_give(name: str) -> None:
    case = next(case for case in CASES if case["id"] == name)
    with mpmath.workdps(40):
        again, stored = mpmath.mpf(_oracle().compute(case)), mpmath.mpf(case["value"])
        least = mpmath.mpf("1e-4" if case["quantity"].startswith("log") else 0)
        assert again == stored or abs(again - stored) <= 1e-20 * max(abs(stored), least)
