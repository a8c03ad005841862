"""The commands: each calls one library function and writes what it gives."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from ..files import written_whole
from . import scoring, sources, told
from .defaults import DEFAULTS
from .terminal import STDERR, bar, counted, say
from .writing import check_targets, page_target, table_target, write_table

_MERGING = "merging customers"


def forecast(words: argparse.Namespace) -> None:
    """``clvmodels forecast``: from a log to every customer's value."""
    from ..scoring.forecast import STEPS
    from ..scoring.forecast import forecast as whole_way

    out = table_target(words.out)
    model = Path(words.model) if words.model else out.with_suffix(".model.json")
    check_targets({"--out": out, "--model": model}, {"the log": words.log} | sources.beside(words))
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
    from ..economics.after_validation import overview_after
    from ..models.clv import FIT_STEPS
    from ..reports.report import refuse_without_jinja2, report
    from ..validation.validate import validate as hold_against

    refuse_without_jinja2()
    out = page_target(words.out)
    scored = table_target(words.scored, "--scored") if words.scored else None
    check_targets(
        {"--out": out} | ({"--scored": scored} if scored else {}), {"the log": words.log} | sources.beside(words)
    )
    names = _reading(words)
    del names["observation_end"]
    drawing, ahead = "drawing the page", ("summarising the whole log", *FIT_STEPS, "looking ahead")
    each = [f"{what} {name}" for name in words.models for what in ("fitting", "forecasting with")]
    steps = ("reading the log", *each, "baselines", "scores and comparisons", *ahead, drawing)
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
        worth = None
        if not words.no_overview and found.actual_spend is not None:
            terms = {name: getattr(words, name) for name in ("annual_discount_rate", "margin", "acquisition_cost")}
            worth = overview_after(found, words.source, **terms, progress=progress, **names)
        progress(drawing)
        with ExitStack() as written:
            report(found, written.enter_context(written_whole(out)), source=words.log, overview=worth)
            if scored:
                write_table(found.scored, written.enter_context(written_whole(scored)), scored.suffix.lower())
    text = told.validation_told(words, found) + told.overview_told(worth)
    text += f"\n\nWrote the page to {out}: open it in a browser"
    _tell(words, text + (f"\nWrote {len(found.scored):,} customers to {scored}" if scored else ""))


def summarize(words: argparse.Namespace) -> None:
    """``clvmodels summarize``: from a log to one row a customer."""
    from .. import frames
    from ..transactions.discrete import discrete_summary
    from ..transactions.summarize import summarize as log_to_summary

    out = table_target(words.out)
    read = {"the log": words.log, "the summary": words.update, "the whole log": words.full_log}
    check_targets({"--out": out}, {what: source for what, source in read.items() if source} | sources.beside(words))
    if words.update or words.keep_state:
        _refuse_without_state(words, out)
    if not words.update and words.given & {"late", "full_log"}:
        raise InvalidInput("--late and --full-log are for --update: leave them out, or name the summary with --update")
    reading = _reading(words)
    with bar(("reading the log",)) as progress:
        progress("reading the log")
        if words.update:
            update = _updated(words)
            summary, found_told = update.summary, told.update_told(update)
        elif words.periods:
            own = {name: value for name, value in reading.items() if name not in ("event_grain", "currency")}
            summary, found_told = discrete_summary(words.source, words.periods, **own), []
        else:
            found = log_to_summary(words.source, **reading, time_unit=words.time_unit, keep_state=words.keep_state)
            summary, found_told = found.summary, told.quality_told(found.quality)
    facts = frames.read_facts(summary)
    with written_whole(out) as new_table:
        write_table(summary, new_table, out.suffix.lower())
    until = f", and the lines of {words.log} until {facts['observation_end']}"
    title = f"THE SUMMARY {words.update}{until}" if words.update else f"THE LOG {words.log}"
    lines = [title, *told.export_told(words), *found_told, ""]
    text = "\n".join([*lines, *told.summary_told(summary, str(facts["time_unit"]))])
    text += f"\n\nWrote {len(summary):,} customers to {out}"
    if out.suffix.lower() == ".csv":
        text += f"\nCSV keeps no facts: fit it with --time-unit {facts['time_unit']}, score it with --observation-end "
        text += str(facts["observation_end"])
    _tell(words, text)


def _updated(words: argparse.Namespace) -> Any:
    """An earlier summary with the lines of the log added, which are read as that summary was."""
    from .. import frames
    from ..transactions.known_state import SETTINGS, read_known
    from ..transactions.update import updated

    facts = read_known(words.update).settings
    for name in SETTINGS:
        given = getattr(words, name)
        if name != "observation_end" and given not in (None, DEFAULTS.get(name), facts[name]):
            option = f"--{name.replace('_', '-')}"
            raise InvalidInput(f"{option} {given} differs from the summary's {facts[name]}: leave it out with --update")
    names = {"customer_id": words.customer_id, "date": words.date, "date_format": words.date_format}
    amount = "last_event_amount" in frames.names_of(words.update)
    if not amount and words.amount != DEFAULTS["amount"]:
        raise InvalidInput(f"--amount {words.amount}: the summary {words.update} has no amounts")
    if amount:
        names["amount"] = None if words.no_amount else words.amount
    return updated(
        words.update,
        words.source,
        observation_end=words.observation_end,
        late=words.late,
        full_log=sources.like(words, words.full_log),
        **names,
    )


def _refuse_without_state(words: argparse.Namespace, out: Path) -> None:
    """Refuse what does not go with state, or with an update."""
    option = "--update" if words.update else "--keep-state"
    unfit = {"--periods": words.periods, "--order-id": words.order_id}
    if words.update:
        unfit |= {"--currency": words.currency, "--strict": words.strict}
    for other, given in unfit.items():
        if given:
            raise InvalidInput(f"{option} does not go with {other}: leave one of them out")
    if out.suffix.lower() == ".csv":
        raise InvalidInput(f"--out must end in .parquet with {option}, for CSV keeps no facts; found {words.out}")


def fit(words: argparse.Namespace) -> None:
    """``clvmodels fit``: from a summary or a log to a model file."""
    from ..models.clv import FIT_STEPS, CLVModel
    from ..transactions.given_summary import columns_of
    from ..transactions.patterns import is_summary, patterns

    out = Path(words.out)
    if out.suffix.lower() != ".json":
        raise InvalidInput(f"--out must end in .json; found {words.out}")
    check_targets({"--out": out}, {f"the source {name}": name for name in words.log})
    model = CLVModel(words.purchases, words.spend, words.annual_discount_rate, words.margin, words.time_unit)
    fitted: Any = model
    with bar((_MERGING, *FIT_STEPS)) as progress:
        progress(_MERGING)
        reading = _reading(words)
        if is_summary(columns_of(words.source)):
            _refuse_given(words, reading)
            reading = {}
        else:
            reading["time_unit"] = words.time_unit or DEFAULTS["time_unit"]
        limits = {"memory_limit": words.memory_limit, "threads": words.threads}
        found = patterns(words.source, weights=words.weights, **limits, **reading)
        if found.spend is not None:
            model.fit(found, progress=progress)
        else:
            progress(FIT_STEPS[0])
            fitted = model.purchases.fit(found)
    with written_whole(out) as new_model:
        fitted.save(new_model)
    note = "" if fitted is model else "\n\nThere is no money in the source: purchases were fitted, spend was not"
    lines = [*told.patterns_told(words, found), "", *told.models_told(fitted)]
    _tell(words, "\n".join(lines) + f"{note}\n\nWrote the model to {out}")


def score(words: argparse.Namespace) -> None:
    """``clvmodels score``: from a model and a log or a summary to every customer's value."""
    from ..models.saved import load_model
    from ..models.spend import SpendModel
    from ..scoring.databases import is_place
    from ..scoring.score import is_folder
    from ..scoring.score import score as score_all
    from ..scoring.single_file import rejects_beside
    from ..transactions.given_summary import columns_of
    from ..transactions.patterns import is_summary

    if not is_place(words.out) and not is_folder(words.out):
        out = Path(words.out)
        read = {f"the input {name}": name for name in words.log} | {"the model": words.model}
        check_targets({"--out": out, "the rejects of --out": rejects_beside(out)}, read | sources.beside(words))
    model = load_model(words.model)
    if isinstance(model, SpendModel):
        raise InvalidInput(f"{words.model} is a spend model alone, which cannot say who buys: expected what fit writes")
    reading = _reading(words)
    del reading["currency"]
    if is_summary(columns_of(words.source)):
        _refuse_given(words, [name for name in reading if name not in ("customer_id", "observation_end")])
    with counted(words.log_json) as told_rows:
        report = score_all(
            model,
            words.source,
            words.out,
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
    _tell(words, scoring.told(words, report, model))


def cross_check(words: argparse.Namespace) -> None:
    """``clvmodels cross-check``: the same customers with another package, and where the two part."""
    from ..compat.cross_checks import cross_check as hold_beside
    from ..models.clv import CLVModel
    from ..models.saved import load_model
    from ..models.spend import SpendModel
    from ..scoring.score import read_like
    from ..transactions.given_summary import columns_of
    from ..transactions.patterns import is_summary
    from ..transactions.summarize import rfm_summary

    out = table_target(words.out) if words.out else None
    if out:
        check_targets({"--out": out}, {"the model": words.model, "the summary": words.log} | sources.beside(words))
    model = load_model(words.model)
    if words.no_amount and isinstance(model, CLVModel):
        model = model.purchases
    summary, reading = words.source, _reading(words)
    parts = ("purchases", "spend") if isinstance(model, CLVModel) else ("one model",)
    fitting = [f"fitting {part} {where}" for part in parts for where in ("here", f"with {words.against}")]
    with bar(("reading", *fitting, "predicting with both")) as progress:
        progress("reading")
        if is_summary(columns_of(words.source)):
            _refuse_given(words, reading)
        elif isinstance(model, SpendModel):
            raise InvalidInput(f"{words.model} is a spend model alone, which goes with a summary; {words.log} is a log")
        else:
            buying = model.purchases if isinstance(model, CLVModel) else model
            summary = rfm_summary(words.source, **read_like(buying, reading), time_unit=str(buying.time_unit))
        found = hold_beside(
            model,
            summary,
            against=words.against,
            horizon=words.horizon,
            customers=words.customers,
            seed=words.seed,
            progress=progress,
        )
    text = told.cross_check_told(words, found)
    if out:
        with written_whole(out) as new_table:
            write_table(found.customers, new_table, out.suffix.lower())
        text += f"\n\nWrote the numbers of {len(found.customers):,} customers by both packages to {out}"
    _tell(words, text)


def _refuse_given(words: argparse.Namespace, reading: Iterable[str]) -> None:
    """Refuse options of how a log is read, where they are written on the command line beside a summary."""
    given = [f"--{name.replace('_', '-')}" for name in ("no_amount", *reading) if name in words.given]
    if given:
        raise InvalidInput(
            f"{' '.join(words.log)} is a summary (it has frequency, recency and T), which has been read already: "
            f"leave {', '.join(given)} out, or give the log itself"
        )


def _tell(words: argparse.Namespace, text: str) -> None:
    say(text if words.settings_file is None else f"SETTINGS FILE {words.settings_file}\n\n{text}")


def _reading(words: argparse.Namespace) -> dict[str, Any]:
    """How the log is to be read, as the library's keywords."""
    names = (
        *("customer_id", "date", "order_id", "currency", "date_format", "tz", "strict"),
        *("observation_start", "observation_end", "event_grain", "refunds"),
    )
    return {name: getattr(words, name, None) for name in names} | {"amount": None if words.no_amount else words.amount}
