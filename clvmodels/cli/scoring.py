"""What `clvmodels score` says when it has written everything."""

from __future__ import annotations

from typing import Any

from .told import age_told, best_told, export_told, files_told, source_told, totals_told


def told(words: Any, report: Any, model: Any) -> str:
    """What was read, what was left out and why, all customers together, the best, what is stale, and where they are."""
    lines = [*_read_told(words, report), "", *_totals(report), *_best(words, report)]
    lines += age_told(model, report.horizon, report.observation_end)
    return "\n".join([*lines, "", *_written(report)])


def as_json(report: Any) -> dict[str, Any]:
    """The last line of ``--log-json``."""
    counts = report.counts
    fresh = 0 if report.nothing_to_do else report.totals.customers
    return {
        "event": "end",
        "out": report.out,
        "rows": report.totals.customers,
        "rejected": counts.lines_rejected + counts.customers_rejected,
        "parts": len(report.files),
        "parts_before": report.parts_before,
        "seconds": round(report.seconds, 3),
        "rows_per_second": round(fresh / report.seconds) if report.seconds > 0 else 0,
    }


def _read_told(words: Any, report: Any) -> list[str]:
    counts = report.counts
    what = "LOG" if report.kind == "log" else "SUMMARY"
    lines = [f"THE {what} {files_told(words.log)}", *export_told(words)]
    if report.kind == "log":
        lines += [
            f"  lines read           {counts.lines:>16,}",
            f"  used                 {counts.lines_used:>16,}",
            f"  after {report.observation_end:<14} {counts.lines_after_end:>16,}",
            f"  rejected             {counts.lines_rejected:>16,}",
        ]
    lines += [
        f"  customers met        {counts.customers:>16,}",
        f"  scored               {counts.customers_scored:>16,}",
        f"  rejected             {counts.customers_rejected:>16,}",
    ]
    if counts.reasons:
        lines += [f"REJECTED, in {report.rejects}"]
        width = max(50, *map(len, counts.reasons))
        lines += [f"  {reason:<{width}} {count:>16,}" for reason, count in counts.reasons.items()]
    return lines


def _totals(report: Any) -> list[str]:
    totals, level = report.totals, report.interval
    between = {}
    if level is not None:
        between = {name: totals.interval(name, level) for name in ("expected_purchases", "clv")}
    lines = totals_told(
        report.horizon,
        report.time_unit,
        totals.customers,
        totals.p_alive,
        totals.expected_purchases,
        totals.revenue,
        totals.clv,
        {name: (level, *ends) for name, ends in between.items() if ends is not None},
    )
    return [*lines, *source_told(report.interval_source)]


def _best(words: Any, report: Any) -> list[str]:
    if report.best is None:
        return []
    return best_told(report.best.to_pandas(), words.top)


def _written(report: Any) -> list[str]:
    n, seconds = report.totals.customers, report.seconds
    if report.nothing_to_do:
        return [f"Nothing to do: an earlier run of the same work has written all {n:,} customers to {report.out}"]
    parts = ""
    if report.parts_before:
        parts = f" ({report.parts_before:,} of {len(report.files):,} parts were there from an earlier run)"
    elif report.files and report.files[0].parent.name and len(report.files) > 1:
        parts = f" in {len(report.files):,} parts"
    rate = f", {n / seconds:,.0f} customers a second" if seconds > 0 and not report.parts_before else ""
    return [f"Wrote {n:,} customers to {report.out}{parts}", f"It took {seconds:,.1f} seconds{rate}"]
