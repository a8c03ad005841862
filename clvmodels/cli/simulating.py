"""``clvmodels simulate``: writes a log, and says what stands in it."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import InvalidInput
from .terminal import bar, say
from .writing import check_targets, table_target


def simulate(words: argparse.Namespace) -> None:
    """From a model, or published parameters, to a log."""
    from ..scoring.simulated_log import STEPS, simulate_log

    out = table_target(words.out)
    check_targets({"--out": out}, {"the model": words.model} if words.model else {})
    model = _model(words)
    with bar(STEPS) as progress:
        made = simulate_log(
            model,
            out,
            words.customers,
            observation=words.observation,
            spread=words.spread,
            observation_end=words.observation_end,
            seed=words.seed,
            dates=words.dates,
            order=words.order,
            memory_limit=words.memory_limit,
            progress=progress,
        )
    text = "\n".join([*_model_told(model), "", *_log_told(made)])
    settings = "" if words.settings_file is None else f"SETTINGS FILE {words.settings_file}\n\n"
    say(f"{settings}{text}\n\nWrote {made.lines:,} lines to {out}")


def _model(words: argparse.Namespace) -> Any:
    from ..models.clv import CLVModel
    from ..models.saved import load_model
    from ..models.spend import SpendModel
    from ..scoring.simulated_log import published_model

    if words.model is None:
        spend = None if words.no_amount else words.spend
        return published_model(words.purchases, spend, words.time_unit, words.parameters or {})
    if words.parameters:
        raise InvalidInput(f"--parameters are those of {words.model}: leave one of the two out")
    model = load_model(words.model)
    if isinstance(model, SpendModel):
        raise InvalidInput(f"{words.model} is a spend model alone, which cannot say who buys: expected what fit writes")
    return model.purchases if words.no_amount and isinstance(model, CLVModel) else model


def _model_told(model: Any) -> list[str]:
    parts = (model.purchases, model.spend) if hasattr(model, "spend") else (model,)
    lines = [f"SIMULATED (times in {parts[0].time_unit}s)"]
    for part in parts:
        values = ", ".join(f"{name} {value:.6g}" for name, value in part.parameters.items())
        lines.append(f"  {part.family.title:<21}{values}")
    return lines


def _log_told(made: Any) -> list[str]:
    lines = [
        "THE LOG",
        f"  customers            {made.customers:>16,}",
        f"  lines                {made.lines:>16,}  ({made.lines / made.customers:.2f} a customer)",
        f"  dates                {made.first_date:>16}  to {made.last_date}, observed until {made.observation_end}",
    ]
    if made.money is not None:
        lines.append(f"  money                {made.money:>16,.2f}  ({made.money / made.lines:,.2f} a purchase)")
    lines.append(f"  seconds              {made.seconds:>16.1f}  ({made.lines / made.seconds:,.0f} lines a second)")
    return lines
