"""What a command says: what was read, assumed, learnt and forecast, for somebody who sees it for the first time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import fill, wrap
from typing import Any

from .. import frames
from ..units import length
from .defaults import DEFAULTS
from .wording import in_options

_WIDTH = 98
_COLUMN = 14
_NAMED = 3  # files whose names all stand in a heading
_SOURCES = {
    "covariance": "by the standard errors of the fit",
    "posterior": "by the posterior that the model carries",
    "parameters as given": "taken as known, for they were given",
}


def forecast_told(words: Any, result: Any) -> str:
    """The whole of a forecast."""
    lines = [
        f"THE LOG {words.log}",
        *export_told(words),
        *quality_told(result.quality),
        "",
        *_settings_told(words, result.model, result.horizon),
        "",
        *models_told(result.model),
        "",
        *scored_told(result.scored, result.horizon, result.model),
    ]
    return "\n".join([*lines, *best_told(result.scored, words.top), *age_told(result.model, result.horizon)])


def age_told(model: Any, horizon: float, observation_end: Any = None) -> list[str]:
    """A note where the log has become stale or the model is older than what it is used for; no age, which changes."""
    from ..economics.data_freshness import GONE, age_of

    if not 0 < horizon < math.inf:
        return []
    found = age_of(model, horizon=horizon, observation_end=observation_end)
    notes = []
    if found.gone is not None and found.gone > GONE:
        passed = "all" if found.gone >= 1 else "more than a tenth"
        notes.append(
            f"Note: the log ends on {found.log_end}, and {passed} of the horizon has passed since. Score a newer log "
            "if this is to look ahead from today."
        )
    if found.model_age is not None and found.model_age > found.horizon and found.log_end != found.fitted_until:
        notes.append(
            f"Note: the model was fitted on data up to {found.fitted_until}, longer ago than the horizon. Fit it again."
        )
    return ["", *(line for note in notes for line in _filled(note, 0, 2))] if notes else []


def files_told(names: Sequence[str]) -> str:
    """What was named to be read; of many files the first and the last.

    >>> files_told(["a.csv", "b.csv"]), files_told(["a.csv", "b.csv", "c.csv", "d.csv"])
    ('a.csv b.csv', 'a.csv ... d.csv (4 named)')
    """
    return " ".join(names) if len(names) <= _NAMED else f"{names[0]} ... {names[-1]} ({len(names):,} named)"


def quality_told(quality: Any) -> list[str]:
    """The quality report in the words of the options."""
    return [f"  {line}".rstrip() for line in quality.report(in_options)]


def export_told(words: Any) -> list[str]:
    """What was read of another system's export; nothing of other logs, and of one that did not need to be read."""
    from ..transactions.systems.export_report import lines_of
    from ..transactions.systems.system_log import SystemLog

    if not (isinstance(words.source, SystemLog) and words.source.reports):
        return []
    found = replace(words.source.reports[0], chosen=words.chosen)
    return [line for told in lines_of(found, in_options) for line in _filled(told, 2, 4)]


def summary_told(summary: Any, unit: str) -> list[str]:
    """What a summary looks like."""
    repeaters = int((summary["frequency"] > 0).sum())
    lines = [
        f"THE SUMMARY, one row a customer, times in {unit}s",
        f"  customers            {len(summary):>16,}",
        f"  came back            {repeaters:>16,}  ({repeaters / len(summary):.1%})",
        f"  repeat purchases     {int(summary['frequency'].sum()):>16,}",
        f"  T                    {summary['T'].min():>16.4g}  to {summary['T'].max():.4g} {unit}s",
    ]
    if "monetary_value" in summary and repeaters:
        mean = summary["monetary_value"].mean()
        lines.append(f"  mean spend           {mean:>16,.2f}  (a purchase, mean of the repeaters' means)")
    return lines


def patterns_told(words: Any, found: Any) -> list[str]:
    """What a fit learns from: customers, and how many different histories they have."""
    counts, unit = found.counts, found.facts.get("time_unit")
    lines = [f"THE {'LOG' if 'lines' in counts else 'SUMMARY'} {files_told(words.log)}", *export_told(words)]
    if "lines" in counts:
        lines += _lines_told(counts)
        none = {
            "who never bought anything, refunds only": counts["customers_without_purchase"],
            "whose first purchase lies before the start": counts["customers_before_start"],
        }
        lines += [f"  customers left out   {n:>16,}  ({why})" for why, n in none.items() if n]
    customers, repeaters = counts["customers"], counts["repeaters"]
    lines += [
        f"  customers            {customers:>16,}",
        f"  came back            {repeaters:>16,}  ({repeaters / customers:.1%})",
        f"  different histories  {len(found.purchases):>16,}  (frequency, recency, T"
        + (f"; times in {unit}s)" if unit else ")"),
    ]
    if found.spend is not None:
        lines.append(f"  different spend      {len(found.spend):>16,}  (frequency, mean spend; of those who came back)")
    return lines


def update_told(found: Any) -> list[str]:
    """What became of the new lines that a summary was updated with."""
    lines = [*_lines_told(found.counts), f"  used                 {found.counts['lines_used']:>16,}"]
    if found.rebuilt:
        lines.append(f"  customers rebuilt    {found.rebuilt:>16,}  (from the full log)")
    return lines


def _lines_told(counts: Mapping[str, Any]) -> list[str]:
    left = {
        "after the observation end": counts["lines_after_end"],
        "without a customer": counts["lines_without_customer"],
        "without a date": counts["lines_without_date"],
        "with a date that cannot be read": counts["lines_unreadable_date"],
    }
    return [
        f"  lines                {counts['lines']:>16,}",
        *(f"  left out             {n:>16,}  ({why})" for why, n in left.items() if n),
    ]


def _settings_told(words: Any, model: Any, horizon: float) -> list[str]:
    unit = words.time_unit
    settings = [("time unit", unit, "time_unit"), ("horizon", _ahead(horizon, unit), "horizon")]
    if words.no_amount:
        settings = [("purchase model", model.family.title, "purchases"), *settings, *_interval_told(words)]
    else:
        share = f"{model.margin:g}" + (", so value means revenue" if model.margin == 1 else " of spend")
        settings = [
            ("purchase model", model.purchases.family.title, "purchases"),
            ("spend model", model.spend.family.title, "spend"),
            *settings,
            ("discount rate", f"{100 * model.annual_discount_rate:.6g}% a year", "annual_discount_rate"),
            ("margin", share, "margin"),
            ("refunds", words.refunds, "refunds"),
            *_interval_told(words),
        ]
    return [
        "SETTINGS",
        *(
            f"  {title:<16}{value}{'  (default)' if getattr(words, name) == DEFAULTS.get(name) else ''}"
            for title, value, name in settings
        ),
    ]


def _interval_told(words: Any) -> list[tuple[str, str, str]]:
    if words.interval is None:
        return []
    return [("intervals", f"{100 * words.interval:g} %, from {words.draws:,} simulated futures", "interval")]


def _ahead(horizon: float, unit: str) -> str:
    return "the rest of their lives" if math.isinf(horizon) else f"the next {length(horizon, unit)}"


def validation_told(words: Any, found: Any) -> str:
    """What a validation found, as the page has it: the log, the verdict, and the leading measures of everybody."""
    from ..reports.in_short import in_short
    from ..reports.judging import by_log_score, verdict
    from ..reports.sections import facts

    lines = [f"THE LOG {words.log}", *export_told(words)]
    for name, value in facts(found, None):
        lines += _filled(f"{name:<15}{value}", 2, 17)
    names = by_log_score(found)
    lines += ["", "THE VERDICT", *_filled(in_short(found, names[0]), 2, 2)]
    for name in names:
        said = verdict(found, name)
        lines += _filled(said.first, 2, 4)
        for sentence in said.rest:
            lines += _filled(f"- {sentence}", 4, 6)
    return "\n".join([*lines, "", *_measures_told(found)])


def overview_told(worth: Any) -> str:
    """What the customers are worth, as the page says it to managers; nothing where that was not asked for."""
    if worth is None:
        return ""
    lines = ["", "", "WHAT THE CUSTOMERS ARE WORTH, from the end of the holdout on"]
    for sentence in worth.told():
        lines += _filled(f"- {sentence}", 2, 4)
    return "\n".join(lines)


def cross_check_told(words: Any, found: Any) -> str:
    """What a cross-check found: the verdict, where the two part and why, and the tables."""
    from ..compat.cross_check_result import table_lines

    of = "" if found.n_customers == found.of_customers else f" of {found.of_customers:,}"
    ahead = "" if found.horizon is None else f", {length(found.horizon, found.time_unit)} ahead"
    lines = [
        f"THE MODEL {words.model}: {' and '.join(found.titles)}, against {found.package} {found.version}",
        f"THE CUSTOMERS {words.log}: {found.n_customers:,}{of}{ahead}",
        *export_told(words),
        "",
        *_filled(found.verdict, 0, 2),
    ]
    for sentence in found.sentences:
        lines += _filled(f"- {sentence}", 2, 4)
    for line in table_lines(found):
        head, colon, rest = line.partition(":")
        lines.append(f"{head.upper()}{colon}{rest}" if line[:1].isalpha() else line)
    return "\n".join(lines)


def _filled(text: str, first: int, rest: int) -> list[str]:
    """In lines; a number and its per cent sign are not parted."""
    kept = fill(text.replace(" %", "\u00a0%"), _WIDTH, initial_indent=" " * first, subsequent_indent=" " * rest)
    return kept.replace("\u00a0%", " %").splitlines()


def _measures_told(found: Any) -> list[str]:
    from ..reports.judging import titles_of
    from ..validation.metrics.catalogue import METRICS

    best = {"lower": "low", "higher": "high", "near 1": "near 1", "near nominal": "near nominal", "none": ""}
    table = found.table()
    heads = [wrap(METRICS[name].title, _COLUMN - 2) for name in table.columns]
    deepest = max(map(len, heads))
    rows = [("", *line) for line in zip(*([""] * (deepest - len(head)) + head for head in heads), strict=True)]
    rows += [
        (titles_of(found)[name], *("—" if value != value else f"{value:,.3f}" for value in values))
        for name, values in zip(table.index, table.to_numpy(), strict=True)
    ]
    rows.append(("good is", *(best[METRICS[name].better] for name in table.columns)))
    width = max(len(row[0]) for row in rows)
    return [
        "THE LEADING MEASURES, of the models and of simple rules; the page says what they mean",
        *(f"  {row[0]:<{width}}{''.join(f'{cell:>{_COLUMN}}' for cell in row[1:])}".rstrip() for row in rows),
    ]


def models_told(model: Any) -> list[str]:
    """Parameters, errors and verdict of what was fitted."""
    purchases = getattr(model, "purchases", model)
    lines = _fit_told(f"PURCHASES: {purchases.family.title}", purchases, f"times in {purchases.time_unit}s")
    if purchases is model:
        return lines
    spend = model.spend
    title = f"SPEND: {spend.family.title}, from customers who came back"
    lines += ["", *_fit_told(title, spend, "money as in the log")]
    correlation = spend.fit_report.frequency_correlation
    if correlation is not None:
        lines.append(f"  correlation of spend with frequency {correlation:.3f} (the model assumes none)")
    return lines


def _fit_told(title: str, model: Any, units: str) -> list[str]:
    report, errors, intervals = model.fit_report, model.standard_errors, model.confidence_intervals()
    lines = [f"{title} ({units})", "             estimate   std. error   95 % interval"]
    for name, value in model.parameters.items():
        low, high = intervals[name]
        known = (
            f"{errors[name]:>13.4g}   {low:.4g} to {high:.4g}" if errors[name] == errors[name] else "  not determined"
        )
        lines.append(f"  {name:<7}{value:>12.5g}{known}")
    lines += [
        f"  log-likelihood {report.log_likelihood:,.2f} from {report.n_customers:,.0f} customers",
        f"  {report.verdict}",
        *(f"  Note: {note}" for note in report.warnings if note not in report.verdict),
    ]
    return lines


def scored_told(scored: Any, horizon: float, model: Any) -> list[str]:
    """All customers of a scored table together."""
    facts = frames.read_facts(scored)
    ends = {}
    for name in ("expected_purchases", "clv"):
        if f"total_{name}_low" in facts:
            low, high = (float(str(facts[f"total_{name}_{end}"])) for end in ("low", "high"))
            ends[name] = (float(str(facts["interval"])), low, high)
    money = "clv" in scored
    lines = totals_told(
        horizon,
        getattr(model, "purchases", model).time_unit,
        len(scored),
        float(scored["p_alive"].sum()),
        float(scored["expected_purchases"].sum()),
        float((scored["expected_purchases"] * scored["expected_spend"]).sum()) if money else None,
        float(scored["clv"].sum()) if money else None,
        ends,
    )
    return [*lines, *source_told(facts.get("interval_source"))]


def source_told(source: str | None) -> list[str]:
    """What is in the intervals, if there are any."""
    if source is None:
        return []
    return [f"  in the intervals: chance, what customers are like, parameters ({_SOURCES.get(source, source)})"]


def totals_told(
    horizon: float,
    unit: str,
    n: int,
    alive: float,
    purchases: float,
    revenue: float | None,
    value: float | None,
    ends: Mapping[str, tuple[float, float, float]],
) -> list[str]:
    """All customers together; ``ends`` are levels and ends of the intervals of totals."""
    lines = [
        f"FORECAST for {_ahead(horizon, unit)}, all {n:,} customers together",
        f"  still customers      {alive:>16,.0f}  ({alive / max(n, 1):.1%} expected to be alive on the last day)",
        f"  expected purchases   {purchases:>16,.0f}" + _between(ends.get("expected_purchases"), ",.0f"),
    ]
    if revenue is not None and value is not None:
        lines += [
            f"  expected revenue     {revenue:>16,.2f}",
            f"  discounted value     {value:>16,.2f}  (after margin, worth today)",
        ]
        between = _between(ends.get("clv"), ",.2f")
        lines += [f"  {'':<20} {'':>16}{between}"] if between else []
    return lines


def _between(ends: tuple[float, float, float] | None, form: str) -> str:
    """Where the sum over all customers will lie."""
    if ends is None:
        return ""
    level, low, high = ends
    return f"  ({100 * level:g} % interval {low:{form}} to {high:{form}})"


def best_told(scored: Any, top: int) -> list[str]:
    """The most valuable customers; without money, those who will buy most."""
    money = "clv" in scored
    best = scored.nlargest(top, "clv" if money else "expected_purchases") if top else scored.head(0)
    if not len(best):
        return []
    ids = best["customer_id"].astype(str) if "customer_id" in best else best.index.astype(str)
    width = max(11, *map(len, ids))
    head = "THE {} MOST VALUABLE CUSTOMERS" if money else "THE {} CUSTOMERS WHO WILL BUY MOST"
    lines = [
        "",
        head.format(len(best)),
        f"  {'customer_id':<{width}}  P(alive)  purchases" + ("  spend each      value" if money else ""),
    ]
    for name, row in zip(ids, best.itertuples(index=False), strict=True):
        line = f"  {name:<{width}}{row.p_alive:>10.3f}{row.expected_purchases:>11.2f}"
        lines.append(line + (f" {row.expected_spend:>11,.2f} {row.clv:>10,.2f}" if money else ""))
    return lines
