"""How to do a validation again: the call in Python, and the versions it was made with."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from ..economics.customer_base import Overview
from ..families import PURCHASE_FAMILIES
from ..validation.result import Validation
from ..versions import version_of

_PACKAGES = ("clvmodels", "numpy", "scipy", "pandas", "duckdb", "pyarrow", "matplotlib", "jinja2")
# Settings that are keywords of validate, in the order of its call; the others only tell what was found.
_KEYWORDS = (
    *("calibration_end", "holdout_end", "customer_id", "date", "amount", "order_id", "currency", "date_format", "tz"),
    *("observation_start", "event_grain", "refunds", "strict", "time_unit", "n_resamples", "seed"),
)
_PLAIN = ("n_resamples", "seed", "strict")  # no text


def call(found: Validation, source: str | None, overview: Overview | None = None) -> str:
    """The lines of Python that make this report once more."""
    asked = [f"    {name}={_written(name, found.settings[name])}," for name in _KEYWORDS if name in found.settings]
    if found.actual_spend is None and "amount" not in found.settings:
        asked.append("    amount=None,")
    lines = [
        "import clvmodels as clv",
        "",
        f"log = {source!r}" if source is not None else "log = ...  # the transaction log",
        "found = clv.validate(",
        "    log,",
        *asked,
        f"    models={_models(found.models)},",
        ")",
        *_overview(found, overview),
        f'clv.report(found, "report.html"{", source=log" if source is not None else ""}'
        f"{', overview=worth' if overview is not None else ''})",
    ]
    return "\n".join(lines)


def _overview(found: Validation, overview: Overview | None) -> list[str]:
    """The line of the section for managers."""
    if overview is None:
        return []
    terms = {
        "annual_discount_rate": overview.equity.annual_discount_rate,
        "margin": overview.equity.margin,
        "acquisition_cost": overview.acquisition_cost,
        "interval": overview.equity.interval,
    }
    own = [name for name in _KEYWORDS[2:] if name in found.settings and name not in (*_PLAIN, "time_unit")]
    asked = [*(f"{name}={value!r}" for name, value in terms.items()), *(f"{n}={found.settings[n]!r}" for n in own)]
    return ["worth = clv.economics.overview_after(", "    found,", "    log,", *(f"    {one}," for one in asked), ")"]


def _written(name: str, value: str) -> str:
    return value if name in _PLAIN else repr(value)


def _models(models: Mapping[str, Any]) -> str:
    names = {label: model.family.name for label, model in models.items()}
    if all(label == name for label, name in names.items()):
        return repr(list(names))
    known = {label: repr(name) if name in PURCHASE_FAMILIES else name for label, name in names.items()}
    return "{" + ", ".join(f"{label!r}: {name}" for label, name in known.items()) + "}"


def versions() -> str:
    """Python and the packages whose version may change a number or a picture."""
    told = [f"Python {platform.python_version()}", *(f"{name} {version_of(name)}" for name in _PACKAGES)]
    return ", ".join(told)
