"""docs/coming-from-lifetimes.md names all that lifetimes has, and nothing that clvmodels has not."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot as plt

import clvmodels as clv

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "coming-from-lifetimes.md").read_text(encoding="utf-8")


def rows() -> list[tuple[str, str]]:
    """Both cells of each row of the tables of names."""
    part = PAGE[PAGE.index("## What each name is here") : PAGE.index("## Where they differ")]
    return [(left, right) for left, right in re.findall(r"^\| (`.*?`) \| (.*) \|$", part, re.MULTILINE)]


def public_names() -> set[str]:
    """Names of modules, classes, methods and attributes that do not begin with an underscore or end in one."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    found: set[str] = set()
    for path in sorted(Path(spec.origin).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            found |= {node.name for node in owner.body if isinstance(node, ast.FunctionDef)}
            found |= {
                node.attr
                for node in ast.walk(owner)
                if isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
            }
    return {name for name in found if not name.startswith("_") or (name.endswith("_") and name[1] != "_")}


def test_every_public_name_is_in_the_tables() -> None:
    told = {name for left, _ in rows() for name in re.findall(r"`(\w+)`", left)}
    names = public_names()
    assert len(names) > 55
    assert {"BetaGeoFitter", "plot_history_alive", "params_", "load_donations", "pareto_nbd_model"} <= names
    assert not names - told, "each needs a row"
    assert not told - names - {"_negative_log_likelihood", "_scale"}, "no name of lifetimes 0.11.3"
    assert "`__version__`" in PAGE


def calls() -> list[str]:
    """What the right column says to write."""
    beginning = re.compile(r"^(?:PurchaseModel|SpendModel|CLVModel|model|clv)\.")
    return sorted({text for _, right in rows() for text in re.findall(r"`([^`]+)`", right) if beginning.match(text)})


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """What the names in these calls stand for, from every fourth customer of CDNOW's sample."""
    log = clv.load_cdnow(sample=True)
    log = log[log["customer_id"].isin(sorted(log["customer_id"].unique())[::4])]
    summary = clv.rfm_summary(log, observation_end="1997-09-30")
    whole = clv.CLVModel("bg_nbd", "gamma_gamma").fit(summary)
    return {
        "clv": clv,
        "log": log,
        "summary": summary,
        "model": whole.purchases,
        "PurchaseModel": whole.purchases,
        "SpendModel": whole.spend,
        "CLVModel": whole,
        "validation": clv.validate(log, calibration_end="1997-09-30", models=["bg_nbd"], n_resamples=20),
    }


def test_there_are_calls() -> None:
    assert len(calls()) > 35


@pytest.mark.parametrize("text", calls())
def test_what_is_said_to_be_written_runs(
    text: str, known: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clv.PurchaseModel.from_parameters("bg_nbd", known["model"].parameters, "week").save("model.json")
    try:
        given = eval(text, dict(known))
    finally:
        plt.close("all")
    assert given is not None or ".save(" in text or ".plot_" in text
