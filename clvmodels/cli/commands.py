"""The commands: each calls one library function and writes what it gives."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from ..files import written_whole
from . import scoring, told
from .terminal import STDERR, bar, counted, say
from .writing import check_targets, page_target, table_target, write_table


def forecast(words: argparse.Namespace) -> None:
    """``clvmodels forecast``: from a log to every customer's value."""
    from ..scoring.forecast import STEPS
    from ..scoring.forecast import forecast as whole_way

    out = table_target(words.out)
    model = Path(words.model) if words.model else out.with_suffix(".model.json")
    check_targets({"--out": out, "--model": model}, {"the log": words.log})
    with bar(STEPS) as progress:
        result = whole_way(
            words.source,
            **_reading(words),
            time_unit=words.time_unit,
            purchases=words.purchases,
            spend=words.spend,
            horizon=words.horizon,
            annual_discount_rate=words.annual_discount_rate,
            margin=words.margin,
            interval=words.interval,
            draws=words.draws,
            progress=progress,
        )
    text = told.forecast_told(words, result)
    with written_whole(model) as new_model, written_whole(out) as new_table:
        result.model.save(new_model)
        write_table(result.scored, new_table, out.suffix.lower())
    _tell(words, f"{text}\n\nWrote {len(result.scored):,} customers to {out}\nWrote the model to {model}")


def validate(words: argparse.Namespace) -> None:
    """``clvmodels validate``: from a log to a page that says whether a forecast of it is to be trusted."""
    from ..reports.report import refuse_without_jinja2, report
    from ..validation.validate import validate as hold_against

    refuse_without_jinja2()
    out = page_target(words.out)
    scored = table_target(words.scored, "--scored") if words.scored else None
    check_targets({"--out": out} | ({"--scored": scored} if scored else {}), {"the log": words.log})
    names = _reading(words)
    del names["observation_end"]
    drawing = "drawing the page"
    each = [f"{what} {name}" for name in words.models for what in ("fitting", "forecasting with")]
    steps = ("reading the log", *each, "baselines", "scores and comparisons", drawing)
    with bar(steps) as progress:
        found = hold_against(
            words.source,
            **names,
            calibration_end=words.calibration_end,
            holdout_end=words.holdout_end,
            models=words.models,
            spend=words.spend,
            time_unit=words.time_unit,
            progress=progress,
        )
        progress(drawing)
        with ExitStack() as written:
            report(found, written.enter_context(written_whole(out)), source=words.log)
            if scored:
                write_table(found.scored, written.enter_context(written_whole(scored)), scored.suffix.lower())
    text = f"{told.validation_told(words, found)}\n\nWrote the page to {out}: open it in a browser"
    _tell(words, text + (f"\nWrote {len(found.scored):,} customers to {scored}" if scored else ""))


def summarize(words: argparse.Namespace) -> None:
    """``clvmodels summarize``: from a log to one row a customer."""
    from .. import frames
    from ..transactions.discrete import discrete_summary
    from ..transactions.summarize import summarize as log_to_summary

    out = table_target(words.out)
    check_targets({"--out": out}, {"the log": words.log})
    reading = _reading(words)
    with bar(("reading the log",)) as progress:
        progress("reading the log")
        if words.periods:
            found = None
            own = {name: value for name, value in reading.items() if name not in ("event_grain", "currency")}
            summary = discrete_summary(words.source, words.periods, **own)
        else:
            found = log_to_summary(words.source, **reading, time_unit=words.time_unit)
            summary = found.summary
    facts = frames.read_facts(summary)
    with written_whole(out) as new_table:
        write_table(summary, new_table, out.suffix.lower())
    lines = [f"THE LOG {words.log}", *(told.quality_told(found.quality) if found else []), ""]
    text = "\n".join([*lines, *told.summary_told(summary, str(facts["time_unit"]))])
    text += f"\n\nWrote {len(summary):,} customers to {out}"
    if out.suffix.lower() == ".csv":
        text += f"\nCSV keeps no facts: fit it with --time-unit {facts['time_unit']}, score it with --observation-end "
        text += str(facts["observation_end"])
    _tell(words, text)


def fit(words: argparse.Namespace) -> None:
    """``clvmodels fit``: from a summary to a model file."""
    from .. import frames
    from ..models.clv import FIT_STEPS, CLVModel

    out = Path(words.out)
    if out.suffix.lower() != ".json":
        raise InvalidInput(f"--out must end in .json; found {words.out}")
    check_targets({"--out": out}, {"the summary": words.summary})
    summary = frames.load(words.source)
    model = CLVModel(words.purchases, words.spend, words.annual_discount_rate, words.margin, words.time_unit)
    fitted: Any = model
    with bar(FIT_STEPS) as progress:
        if "monetary_value" in frames.column_names(summary):
            model.fit(summary, words.weights, progress=progress)
        else:
            progress(FIT_STEPS[0])
            fitted = model.purchases.fit(summary, words.weights)
    with written_whole(out) as new_model:
        fitted.save(new_model)
    note = "" if fitted is model else "\n\nThe summary has no monetary_value: purchases were fitted, spend was not"
    _tell(words, "\n".join(told.models_told(fitted)) + f"{note}\n\nWrote the model to {out}")


def score(words: argparse.Namespace) -> None:
    """``clvmodels score``: from a model and a log or a summary to every customer's value."""
    from ..models.saved import load_model
    from ..models.spend import SpendModel
    from ..scoring.databases import is_place
    from ..scoring.score import is_folder
    from ..scoring.score import score as score_all
    from ..scoring.single_file import rejects_beside

    out = words.out if is_place(words.out) else Path(words.out)
    if isinstance(out, Path) and not is_folder(out):
        sources = {f"the input {name}": name for name in words.log} | {"the model": words.model}
        check_targets({"--out": out, "the rejects of --out": rejects_beside(out)}, sources)
    model = load_model(words.model)
    if isinstance(model, SpendModel):
        raise InvalidInput(f"{words.model} is a spend model alone, which cannot say who buys: expected what fit writes")
    reading = _reading(words)
    del reading["currency"]
    with counted(words.log_json) as told_rows:
        report = score_all(
            model,
            words.source,
            out,
            horizon=words.horizon,
            annual_discount_rate=words.annual_discount_rate,
            margin=words.margin,
            interval=words.interval,
            draws=words.draws,
            columns=words.columns,
            memory_limit=words.memory_limit,
            threads=words.threads,
            partitions=words.partitions,
            overwrite=words.overwrite,
            **told_rows,
            **reading,
        )
    if words.log_json:
        say(json.dumps(scoring.as_json(report)), STDERR)
    _tell(words, scoring.told(words, report))


def _tell(words: argparse.Namespace, text: str) -> None:
    say(text if words.settings_file is None else f"SETTINGS FILE {words.settings_file}\n\n{text}")


def _reading(words: argparse.Namespace) -> dict[str, Any]:
    """How the log is to be read, as the library's keywords."""
    names = (
        *("customer_id", "date", "order_id", "currency", "date_format", "tz", "strict"),
        *("observation_start", "observation_end", "event_grain", "refunds"),
    )
    return {name: getattr(words, name, None) for name in names} | {"amount": None if words.no_amount else words.amount}
