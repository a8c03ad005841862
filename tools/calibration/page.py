"""docs/calibration.md: a section for each family and each study of coverage, each with the command that made it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scipy import stats

from .coverage import LEVELS, QUANTITIES, Study
from .posteriors import Outcome
from .ranks import uniformity
from .worlds import (
    CENTRES,
    CUSTOMERS,
    FEWEST_PERIODS,
    LONGEST,
    MONEY_SCALE,
    MOST_PERIODS,
    SHORTEST,
    SPREAD,
    family_of,
    scale_of,
)

WORST_K_HAT = 0.7
HEAD = f"""# Are the posteriors and the intervals right?

`make calibrate` makes this page; every section says which commit made it and how. It is not written by hand.

**Worlds.** Parameters are drawn from a prior, customers behave as the family with these parameters says, and the
posterior is computed with the same prior: normal for ln(θ / scale) with the standard deviation {SPREAD:g}, θ having the
median that the section gives; the scale of times is {LONGEST} weeks, that of money {MONEY_SCALE:g}. It is narrower than
the default prior, under which many worlds have nobody who comes back. A world has {CUSTOMERS} customers, each watched
for {SHORTEST} to {LONGEST} weeks, uniformly, those of the BG/BB for {FEWEST_PERIODS} to {MOST_PERIODS} months.

**Ranks.** The truth is ranked among the draws of the posterior, which are resampled by their importance weights and so
count alike. If the posterior is right, ranks are uniform: the chi-square test has 20 bins of equal width, the mean rank
is 1/2. A posterior that is too narrow fills the bins at both ends, one that is too wide those in the middle. Ranks of
ln θ are those of θ. Two quantities stand beside the parameters: one that they are there for, and the log-likelihood of
the world's own customers, without which the prior in place of the posterior would pass. A world counts as a failure if
there is no posterior or its verdict is not to trust it; its ranks are kept where there are draws.

Sources: Talts, Betancourt, Simpson, Vehtari & Gelman (2018), arXiv:1804.06788; Modrák et al. (2023), Bayesian Analysis,
doi 10.1214/23-BA1404.

**Coverage.** Of a count X, the interval of a level holds what happened if u = P(X < x) + V P(X = x), with V uniform on
(0, 1), lies in the middle: that is exact for counts and for money, which has an atom at 0, and its average over V is
taken. Plug-in intervals take the estimates of maximum likelihood for the truth. Errors are those of the mean over
worlds.
"""


class Made(NamedTuple):
    """Where a section comes from: the command, the commit and the versions."""

    command: str
    commit: str
    day: str
    versions: str

    def __str__(self) -> str:
        return f"`{self.command}` at commit `{self.commit}`, {self.day}; {self.versions}."


def posterior_section(name: str, outcomes: Sequence[Outcome], made: Made) -> str:
    """The worlds of one family, and the ranks of each quantity."""
    family = family_of(name)
    prior = ", ".join(
        f"{parameter} {centre:g} ({scale_of(name, parameter):g})" for parameter, centre in CENTRES[name].items()
    )
    none = [o for o in outcomes if not o.ranks]
    doubted = [o for o in outcomes if o.ranks and o.failure]
    drawn = [o for o in outcomes if o.method]
    # Hamiltonian Monte Carlo is taken where the weights' k-hat was too high
    high = sum(o.k_hat > WORST_K_HAT or o.method == "hmc" for o in drawn)
    methods: dict[str, int] = {}
    for outcome in outcomes:
        if outcome.method:
            methods[outcome.method] = methods.get(outcome.method, 0) + 1
    how = ", ".join(f"{method} {count}" for method, count in sorted(methods.items()))
    lines = [
        f"## Posterior of {family.title}",
        "",
        f"{made} Medians of the prior (scale): {prior}.",
        "",
        "| worlds | failures | no posterior | not trusted | k-hat > 0.7 | made by |",
        "|---:|---:|---:|---:|---:|---|",
        f"| {len(outcomes)} | {len(none) + len(doubted)} | {len(none)} | {len(doubted)} | "
        f"{high} of {len(drawn)} ({high / max(len(drawn), 1):.1%}) | {how} |",
        "",
    ]
    lines += _first(without=[o.failure for o in none], **{"in doubt": [o.failure for o in doubted]})
    lines += ["| quantity | chi-square p | mean rank | ranks in 20 bins |", "|---|---:|---:|---|"]
    # in the order of the parameters; the derived quantity and the likelihood follow
    for quantity in next((o.ranks for o in outcomes if o.ranks), {}):
        found = uniformity([o.ranks[quantity] for o in outcomes if o.ranks])
        counts = " ".join(map(str, found.counts))
        lines.append(f"| {quantity} | {found.p_value:.2g} | {found.mean:.3f} ± {found.error:.3f} | {counts} |")
    return "\n".join(lines) + "\n"


def coverage_section(study: Study, results: Sequence[Mapping[str, Any]], made: Made) -> str:
    """Coverage of counts and of money, beside plug-in, averaged over worlds."""
    good = [result for result in results if "failure" not in result]
    failed = [result for result in results if "failure" in result]
    doubted = [result for result in good if "doubt" in result]
    repeaters = sum(result["repeaters"] for result in good) / max(len(good), 1)
    lines = [
        f"## Coverage: {study.title}",
        "",
        f"{made} {study.told}",
        "",
        "| worlds | failures | no posterior | not trusted | customers | repeaters |",
        "|---:|---:|---:|---:|---:|---:|",
        f"| {len(results)} | {len(failed) + len(doubted)} | {len(failed)} | {len(doubted)} | {study.customers} | "
        f"{repeaters:.0f} |",
        "",
        *_first(without=[each["failure"] for each in failed], **{"in doubt": [each["doubt"] for each in doubted]}),
    ]
    lines += ["| quantity | level | posterior | plug-in |", "|---|---:|---:|---:|"]
    for quantity in QUANTITIES if good else ():
        for level in LEVELS:
            cells = [
                _mean([result[f"{quantity} {way} {level:g}"] for result in good]) for way in ("posterior", "plug-in")
            ]
            lines.append(f"| {quantity} | {level:.0%} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def _first(**reasons: list[Any]) -> list[str]:
    """The first reason of each kind, if there is one."""
    return [f"First {kind}: {found[0]}.\n" for kind, found in reasons.items() if found]


def _mean(shares: Sequence[float]) -> str:
    """A share in percent, with its error over worlds."""
    error = float(stats.sem(shares)) if len(shares) > 1 else math.nan
    return f"{100 * sum(shares) / len(shares):.2f} ± {100 * error:.2f}"


Table = list[dict[str, str]]


def with_section(page: str, section: str, order: Sequence[str]) -> str:
    """The page with one section put in or replaced; ``order`` are the headings of all there may be."""
    found = sections(page) | sections(section)
    return HEAD + "".join(f"\n{found[heading]}" for heading in order if heading in found)


def sections(page: str) -> dict[str, str]:
    """Heading -> section."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    return {part.splitlines()[0][3:]: part.rstrip("\n") + "\n" for part in parts if part.startswith("## ")}


def tables(page: str) -> dict[str, list[Table]]:
    """Heading -> the tables under it, each a list of rows, column -> cell."""
    return {heading: list(_tables(text)) for heading, text in sections(page).items()}


def _tables(text: str) -> Iterator[Table]:
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        names, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines())
        yield [dict(zip(names, row, strict=True)) for row in rows]
