"""The tables of a report, from the tables of a validation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..transactions.findings import LOOK, NOTHING
from ..transactions.quality import TOLD, Quality
from ..units import length
from ..validation import words
from ..validation.by_p_alive import compute_by_p_alive
from ..validation.metrics import catalogue
from ..validation.result import Validation
from . import cells
from .cells import Cell, Table
from .judging import by_log_score, silent, title, titles_of
from .meanings import meaning

_CUSTOMERS = 10
_WORDS = {"better": ("✓ better", True), "worse": ("✗ worse", False), "no difference": ("≈ level", None)}


class Part(NamedTuple):
    """What was found in one part of the log."""

    title: str
    lines: list[str]
    findings: list[dict[str, Any]]


def facts(found: Validation, source: str | None) -> list[tuple[str, str]]:
    """What was held against what."""
    split, unit = found.split, found.time_unit
    cut, end = str(split.facts["observation_end"]), str(split.facts["holdout_end"])
    bought_again = int((found.actual > 0).sum())
    told = [("Log", source)] if source is not None else []
    told += [
        (
            "Calibration",
            f"{words.day(split.quality.first_date)} to {words.day(cut)}: what the models learnt from "
            f"({split.quality.purchases:,} purchases)",
        ),
        (
            "Holdout",
            f"the {length(found.duration, unit)} after it, to {words.day(end)}: what they had to forecast, "
            "and did not see",
        ),
        ("Customers", f"{len(found.scored):,} known by the end of calibration; {bought_again:,} bought in the holdout"),
        ("Purchases", f"{found.actual.sum():,.0f} by these customers in the holdout"),
    ]
    if found.actual_spend is not None:
        told.append(("Money", f"{found.actual_spend.sum():,.2f} spent by these customers in the holdout"))
    new = new_customers(found)
    told.append(("New customers", f"{new} They are in nothing that follows." if split.new_customers else new))
    return [(name, str(value)) for name, value in told]


def new_customers(found: Validation) -> str:
    """The sentence about those whom nobody could forecast."""
    split = found.split
    return words.of_new_customers(split.new_customers, split.new_customers_purchases, split.new_customers_spend)


def quality(found: Validation) -> list[Part]:
    """What was found in the calibration part and in the holdout."""
    return [
        _part("In the calibration period", found.split.quality),
        _part("In the holdout", found.split.holdout),
    ]


def _part(heading: str, told: Quality) -> Part:
    report = told.report()
    counts = report[: report.index("") if "" in report else len(report)]
    later = f"not looked at: {told.lines_after_end:,} lines after that day, which are the holdout or come later"
    lines = [later if "after observation_end" in line else line.strip() for line in counts]
    findings = [
        {
            "headline": finding.headline.rstrip(".") + ".",
            "meaning": finding.meaning,
            "examples": list(map(cells.guarded, finding.examples)),
            "advice": "" if finding.advice == NOTHING else finding.advice,
        }
        for finding in told.findings
        if finding.level == LOOK or finding.name not in TOLD
    ]
    return Part(heading, lines, findings)


def leading(found: Validation) -> Table:
    """The few measures that matter most."""
    metrics = [metric for metric in catalogue.METRICS.values() if metric.leads]
    return _scores(found, "The leading measures", metrics)


def behind(found: Validation) -> list[Table]:
    """All other measures, those of money apart."""
    there = set(found.scores["metric"])
    rest = [metric for metric in catalogue.METRICS.values() if not metric.leads and metric.name in there]
    groups = {
        "Who buys, how much, in which order": lambda name: not _money(name) and not _interval(name),
        "Ranges and the whole distribution": lambda name: not _money(name) and _interval(name),
        "Money": _money,
    }
    chosen = {heading: [metric for metric in rest if belongs(metric.name)] for heading, belongs in groups.items()}
    return [_scores(found, heading, metrics) for heading, metrics in chosen.items() if metrics]


def _money(name: str) -> bool:
    return name.startswith("spend_")


def _interval(name: str) -> bool:
    return name.startswith(("coverage_", "mass_", "width_", "pit_"))


def _scores(found: Validation, caption: str, metrics: list[catalogue.Metric]) -> Table:
    rows: Any = found.scores.set_index(["model", "metric"])[["value", "standard_error"]]
    titles = titles_of(found)
    kinds = {"model": "model", "baseline": "rule"}
    table = [
        (
            cells.outside(titles[name]),
            cells.text(kinds[said.kind]),
            *(_score(*rows.loc[(name, metric.name)].astype(float)) for metric in metrics),
        )
        for name, said in found.predicted.items()
    ]
    header = ("Forecaster", "Kind", *(metric.title for metric in metrics))
    return Table(caption, header, table, [meaning(metric) for metric in metrics])


def _score(value: float, error: float) -> Cell:
    digits = ",.3f" if abs(value) < 100 else ",.1f"
    return cells.number(value, digits, f" ± {error:{digits}}" if np.isfinite(error) and np.isfinite(value) else "")


def sureness(found: Validation) -> dict[str, Any]:
    """Did 90 % intervals hold what happened: a table of everybody, and why some have none."""
    titles, rows = titles_of(found), list[Any](found.coverage.itertuples(index=False))
    without = [
        f"{titles[row.model]} has no intervals of {row.quantity} here: "
        f"{row.interval_source.removeprefix('none: ').rstrip('.')}."
        for row in rows
        if row.interval_source.startswith("none: ")
    ]
    table = [
        (
            cells.outside(titles[row.model]),
            cells.text(row.quantity),
            cells.number(row.held, ".1%", f" ± {100 * row.standard_error:.1f}"),
            cells.number(row.expected, ".1%"),
            cells.number(row.n, ",.0f"),
            _range(row.total_low, row.total_high),
            cells.number(row.total_actual, ",.0f"),
            _held(row.total_held),
            cells.text(row.interval_source),
        )
        for row in rows
        if row.n > 0
    ]
    header = (
        "Forecaster",
        "Of",
        "Customers within",
        "Expected within",
        "Customers asked",
        "Total, 90 % from",
        "Total, actual",
        "The total is",
        "Parameters from",
    )
    return {"paragraphs": without, "table": Table("90 % intervals and what happened", header, table)}


def _range(low: float, high: float) -> Cell:
    return (
        Cell(f"{low:,.0f} to {high:,.0f}", high, "number") if np.isfinite(low) else Cell(cells.MISSING, None, "missing")
    )


def _held(within: Any) -> Cell:
    if within is None or within != within:
        return Cell(cells.MISSING, None, "missing")
    return cells.text("✓ within" if within else "✗ outside")


def rules(found: Validation) -> list[tuple[str, str]]:
    """What the baselines assume."""
    return [(said.title, said.note) for said in found.predicted.values() if said.kind == "baseline"]


def duels(found: Validation) -> list[Table]:
    """For each model: is it better or worse than each other forecaster, beyond chance?"""
    titles = titles_of(found)
    made = []
    for name in found.names:
        rows = found.comparisons[found.comparisons["model"] == name]
        metrics = [metric for metric in catalogue.METRICS if metric in set(rows["metric"])]
        outcome = rows.set_index(["against", "metric"])["outcome"]
        table = [
            (cells.outside(titles[other]), *(_outcome(outcome.get((other, metric))) for metric in metrics))
            for other in dict.fromkeys(rows["against"])
        ]
        header = ("against", *(catalogue.METRICS[metric].title for metric in metrics))
        made.append(Table(f"Is {titles[name]} better or worse?", header, table))
    return made


def _outcome(said: Any) -> Cell:
    if said not in _WORDS:  # one of the two lacks the measure
        return Cell(cells.MISSING, None, "missing")
    shown, good = _WORDS[said]
    return cells.text(shown, good)


def differences(found: Validation) -> Table:
    """The comparisons in numbers."""
    titles = titles_of(found)
    rows: Any = found.comparisons
    table = [
        (
            cells.outside(titles[row.model]),
            cells.outside(titles[row.against]),
            cells.text(catalogue.METRICS[str(row.metric)].title),
            cells.number(float(row.difference), "+,.4f"),
            cells.number(float(row.standard_error), ",.4f"),
            cells.number(float(row.p_value), ".2g"),
            _outcome(row.outcome),
        )
        for row in rows.itertuples(index=False)
    ]
    header = ("Model", "Against", "Measure", "Difference", "Standard error", "p-value", "The model is")
    return Table("Model minus the other, in the units of the measure", header, table)


def weakness(found: Validation) -> dict[str, Any]:
    """Repeat buyers whom a model takes for gone."""
    paragraphs = [
        "These models take a long silence for a departure. On most real logs people also pause and come back, which "
        "no such model knows of: repeat buyers with a low probability of still being customers often buy two to three "
        "times more than forecast. Here is how it was in this holdout."
    ]
    with_alive = [name for name in found.names if found.predicted[name].p_alive is not None]
    tables = []
    for name in with_alive:
        group = silent(found, name)
        if group is not None and group.expected > 0:
            paragraphs.append(
                f"{title(found, name)}: {group.customers:,} repeat buyers had a probability below one half; "
                f"{group.expected:,.0f} purchases were forecast for them, and they made {group.actual:,.0f}, "
                f"{group.actual / group.expected:.1f} times as many."
            )
        elif group is None:
            paragraphs.append(
                f"{title(found, name)}: no repeat buyer had a probability below one half, so this holdout does not "
                "tell what becomes of such customers."
            )
        tables.append(_by_p_alive(found, name))
    if not with_alive:
        paragraphs.append("No model here says who is still a customer.")
    return {"paragraphs": paragraphs, "tables": tables}


def _by_p_alive(found: Validation, name: str) -> Table:
    rows: Any = compute_by_p_alive(found, [name])
    table = [
        (
            Cell(str(row.group), float(row.high)),
            cells.number(float(row.n), ",.0f"),
            cells.number(float(row.expected), ",.2f"),
            _with_error(float(row.actual), float(row.standard_error)),
            cells.number(float(row.ratio), ",.2f", " ×"),
        )
        for row in rows.itertuples(index=False)
    ]
    header = (
        "Probability of still being a customer",
        "Repeat buyers",
        "Forecast, each",
        "Bought, each",
        "Bought over forecast",
    )
    return Table(f"{title(found, name)}: repeat buyers by their probability of still being customers", header, table)


def _with_error(value: float, error: float) -> Cell:
    return cells.number(value, ",.2f", f" ± {error:,.2f}" if np.isfinite(error) else "")


def customers(found: Validation) -> list[Table]:
    """The largest misses and the best customers by the model that leads."""
    name = by_log_score(found)[0]
    said, actual = found.predicted[name], found.actual
    missed = np.argsort(-np.abs(actual - said.expected), kind="stable")[:_CUSTOMERS]
    best = np.argsort(-said.expected, kind="stable")[:_CUSTOMERS]
    return [
        _customers(found, name, missed, f"The largest misses of {title(found, name)}"),
        _customers(found, name, best, f"Whom {title(found, name)} forecast to buy most"),
    ]


def _customers(found: Validation, name: str, chosen: Any, caption: str) -> Table:
    said, unit = found.predicted[name], found.time_unit
    frame = found.scored.iloc[chosen]
    ids = frame["customer_id"] if "customer_id" in frame.columns else frame.index
    ranges = said.distribution.intervals.get(0.95) if said.distribution is not None else None
    columns: dict[str, list[Cell]] = {"Customer": [cells.outside(one) for one in ids]}
    columns["Repeat purchases before"] = [cells.number(one, ",.0f") for one in frame["frequency"].astype(float)]
    silence = (frame["T"] - frame["recency"]).astype(float)
    columns[f"Last purchase, {unit}s before"] = [cells.number(one, ",.1f") for one in silence]
    if said.p_alive is not None:
        columns["Still a customer"] = [cells.number(one, ".0%") for one in said.p_alive[chosen]]
    columns["Forecast"] = [cells.number(one, ",.1f") for one in said.expected[chosen]]
    if ranges is not None:
        low, high = ranges
        columns["95 % range"] = [
            Cell(f"{a:.0f} to {b:.0f}", float(b), "number") for a, b in zip(low[chosen], high[chosen], strict=True)
        ]
    columns["Bought"] = [cells.number(one, ",.0f") for one in found.actual[chosen]]
    return Table(caption, tuple(columns), cells.rows(columns.values()))


def parameters(found: Validation) -> list[Table]:
    """Parameters of every model with their errors."""
    made = []
    for name, model in found.models.items():
        made.append(_parameters(f"{title(found, name)}, {model.family.source}; times in {found.time_unit}s", model))
        if name in found.spends:
            spend = found.spends[name]
            made.append(_parameters(f"{spend.family.title}, {spend.family.source}; money as in the log", spend))
    return list({table.caption + str(table.rows): table for table in made}.values())


def _parameters(caption: str, model: Any) -> Table:
    errors, intervals = _errors(model)
    table = [
        (
            cells.text(name),
            cells.number(float(value), ",.5g"),
            cells.number(errors.get(name, float("nan")), ",.4g"),
            *(cells.number(end, ",.4g") for end in intervals.get(name, (float("nan"), float("nan")))),
        )
        for name, value in model.parameters.items()
    ]
    header = ("Parameter", "Estimate", "Standard error", "95 % from", "95 % to")
    return Table(caption, header, table, sortable=False)


def _errors(model: Any) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Nothing where parameters were given."""
    if model._fitted is None or model._fitted.covariance is None:
        return {}, {}
    return dict(model.standard_errors), dict(model.confidence_intervals())


def settings(found: Validation) -> Table:
    """Everything that was asked for and assumed."""
    rows = [(cells.text(name), cells.outside(value)) for name, value in sorted(found.settings.items())]
    return Table("Settings of this validation", ("Setting", "Value"), rows, sortable=False)
