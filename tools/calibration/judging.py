"""What a page of calibration must show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scipy import stats

from .coverage import LEVELS, STUDIES
from .page import Table, sections, tables
from .posteriors import LIKELIHOOD, derived
from .worlds import CENTRES, family_of

FEWEST_WORLDS, FEWEST_COVERAGE_WORLDS = 500, 200
# 33 quantities are tested: right posteriors fail once in 300 runs.
SMALLEST_P = 1e-4
FARTHEST_MEAN = 4.5  # standard errors from 1/2
MOST_FAILURES = 0.05
FARTHEST_COVERAGE = 2.0  # points from the level, of each customer's purchases and spend
BAR = ("purchases", "spend")
BINS = re.compile(r"\d+(?: \d+){19}")


def complaints(page: str) -> list[str]:
    """What speaks against a page, a sentence each; empty if nothing does."""
    found, texts = tables(page), sections(page)
    wrong = [f"{heading}: no clean commit is named" for heading, text in texts.items() if not _commit(text)]
    for name in CENTRES:
        heading = f"Posterior of {family_of(name).title}"
        wrong += [f"{heading}: {what}" for what in _of_posterior(name, found.get(heading, []))]
    for study in STUDIES.values():
        heading = f"Coverage: {study.title}"
        wrong += [f"{heading}: {what}" for what in _of_coverage(found.get(heading, []), study.fixed is None)]
    return wrong


def _commit(text: str) -> bool:
    return (
        re.search(r"`python tools/calibrate\.py[^`]*` at commit `[0-9a-f]{7,40}`, \d{4}-\d\d-\d\d; ", text) is not None
    )


def _of_posterior(name: str, found: list[Table]) -> Iterator[str]:
    if len(found) != 2 or len(found[0]) != 1:
        yield "expected a table of worlds and one of ranks"
        return
    worlds = found[0][0]
    n, failures, without = (int(worlds[column]) for column in ("worlds", "failures", "no posterior"))
    if n < FEWEST_WORLDS:
        yield f"{n} worlds, expected at least {FEWEST_WORLDS}"
    if failures > MOST_FAILURES * n:
        yield f"{failures} of {n} worlds failed, expected at most {MOST_FAILURES:.0%}"
    expected = [*family_of(name).parameters, derived(name), LIKELIHOOD]
    if [row["quantity"] for row in found[1]] != expected:
        yield f"expected ranks of {', '.join(expected)}"
    for row in found[1]:
        yield from (f"{row['quantity']}: {what}" for what in _of_ranks(row, n - without))


def _of_ranks(row: dict[str, str], worlds: int) -> Iterator[str]:
    if not BINS.fullmatch(row["ranks in 20 bins"]):
        yield "expected the ranks in 20 bins"
        return
    counts = [int(count) for count in row["ranks in 20 bins"].split()]
    if sum(counts) != worlds:
        yield f"{sum(counts)} ranks of {worlds} worlds"
    p = float(stats.chisquare(counts).pvalue)
    if f"{p:.2g}" != row["chi-square p"]:
        yield f"p = {row['chi-square p']} is not that of the counts, {p:.2g}"
    if not p >= SMALLEST_P:
        yield f"p = {p:.2g}: ranks are not uniform"
    mean, error = (float(part) for part in row["mean rank"].split("±"))
    if not abs(mean - 0.5) <= FARTHEST_MEAN * error:
        yield f"the mean rank is {mean} ± {error}, not 1/2"


def _of_coverage(found: list[Table], bar: bool) -> Iterator[str]:
    if len(found) != 2 or len(found[0]) != 1:
        yield "expected a table of worlds and one of coverage"
        return
    n, failures = (int(found[0][0][column]) for column in ("worlds", "failures"))
    if n < FEWEST_COVERAGE_WORLDS:
        yield f"{n} worlds, expected at least {FEWEST_COVERAGE_WORLDS}"
    if not bar:  # with fixed parameters nothing is promised
        return
    if failures > MOST_FAILURES * n:
        yield f"{failures} of {n} worlds failed, expected at most {MOST_FAILURES:.0%}"
    shown = {(row["quantity"], row["level"]): row["posterior"] for row in found[1]}
    for quantity in BAR:
        for level in LEVELS:
            cell = shown.get((quantity, f"{level:.0%}"))
            if cell is None:
                yield f"{quantity}: the level {level:.0%} is missing"
            elif not abs(float(cell.split("±")[0]) - 100 * level) <= FARTHEST_COVERAGE:
                yield f"{quantity}: {cell} % held at {level:.0%}"
