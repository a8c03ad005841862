"""Models that pymc-marketing 0.19.2 fitted and saved, taken over: the same answers as its own, draw by draw.

What is read was written by tools/pymc_marketing_fixtures.py with the package itself.
"""

from __future__ import annotations

import importlib.util
import json
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray

import clvmodels as clv
from clvmodels.compat import pymc_marketing_models as module

DATA = Path(__file__).parent / "pymc_marketing"
SAVED = json.loads((DATA / "predictions.json").read_text(encoding="utf-8"))
NAMES = json.loads((DATA / "names.json").read_text(encoding="utf-8"))
ASKED, ANSWERS, EVERY = SAVED["asked"], SAVED["predictions"], SAVED["every"]
CUSTOMERS, PERIODS = pd.DataFrame(SAVED["customers"]), pd.DataFrame(SAVED["customers_in_periods"])
PAGE = Path(__file__).resolve().parents[2] / "docs" / "coming-from-pymc-marketing.md"
PURCHASES = {
    "bg_nbd_map": "bg_nbd",
    "bg_nbd_mcmc": "bg_nbd",
    "bg_nbd_advi": "bg_nbd",
    "mbg_nbd_map": "mbg_nbd",
    "mbg_nbd_mcmc": "mbg_nbd",
    "pareto_nbd_map": "pareto_nbd",
    "pareto_nbd_demz": "pareto_nbd",
    "bg_bb_map": "bg_bb",
    "bg_bb_mcmc": "bg_bb",
}
SPEND = ("gamma_gamma_map", "gamma_gamma_mcmc", "gamma_gamma_individual_mcmc")


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The path of a file as pymc-marketing saved it."""
    folder = tmp_path_factory.mktemp("saved")
    with zipfile.ZipFile(DATA / "saved_models.zip") as archive:
        archive.extractall(folder)
    return lambda name: folder / f"{name}.nc"


def unit(name: str) -> str:
    return "year" if name.startswith("bg_bb") else "week"


def each_draw(model: Any) -> list[Any]:
    """A model of each of the draws whose answers are kept, and the model itself if it has one point only."""
    if model.posterior is None:
        return [model]
    kept = model.posterior.draws[:, ::EVERY].reshape(-1, len(model.family.parameters))
    rest = (model.time_unit,) if isinstance(model, clv.PurchaseModel) else ()
    named = [dict(zip(model.family.parameters, map(float, values), strict=True)) for values in kept]
    return [type(model).from_parameters(model.family, each, *rest) for each in named]


def answers(question: str, models: list[Any], asked: pd.DataFrame) -> Any:
    """What our models say to one of the questions, a row a draw."""
    horizon, after = ASKED["horizon"], ASKED["after"]
    if models[0].family.name == "bg_bb":
        horizon = after = ASKED["periods"]
    new = ASKED["periods"] if models[0].family.name == "bg_bb" else ASKED["new"]
    ask: dict[str, Callable[[Any], Any]] = {
        "expected_purchases": lambda m: m.expected_purchases(asked, horizon),
        "p_alive": lambda m: m.p_alive(asked),
        "p_alive_after": lambda m: m.p_alive(asked, after=after),
        "two_purchases": lambda m: m.purchase_pmf(asked, 2, horizon),
        "no_purchase": lambda m: m.purchase_pmf(asked, 0, after),
        "new_customer": lambda m: [m.new_customer().expected_purchases(horizon=new)],
        "expected_spend": lambda m: m.expected_spend(asked),
        "new_customer_spend": lambda m: m.population_mean,
    }
    return np.array([np.asarray(ask[question](each)) for each in models])


@pytest.mark.parametrize("name", [*PURCHASES, *SPEND])
def test_answers_are_those_of_the_original(name: str, saved: Callable[[str], Path]) -> None:
    model = clv.from_pymc_marketing(saved(name), None if name in SPEND else unit(name))
    asked = PERIODS if name.startswith("bg_bb") else CUSTOMERS
    models = each_draw(model)
    assert len(models) == (1 if name.endswith("map") else 5 if name.endswith("advi") else 10)
    for question, theirs in ANSWERS[name].items():
        if question == "expected_purchases_at_once":  # wrong there: see below
            continue
        ours, expected = answers(question, models, asked), np.array(theirs)
        if question == "no_purchase":  # wrong there for those who never came back: see below
            again = asked["frequency"].to_numpy() > 0
            ours, expected = ours[:, again], expected[:, again]
        np.testing.assert_allclose(ours, expected, rtol=1e-6, err_msg=question)
