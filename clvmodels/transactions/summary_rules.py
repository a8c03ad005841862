"""What must be true of every row of a summary, in the SQL that the embedded engine and Spark share: one list for all.

`clvmodels.patterns` and Spark refuse a summary that breaks a rule, `clvmodels.score` rejects the rows that do; models
check arrays by the same rules, in the same order and words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .columns import quoted

MONEY = "monetary_value"
WEIGHT = "customers"
_SAID = {WEIGHT: "weights"}
# days/7 and the like are correctly rounded, but other people's summaries carry sums of such numbers
TOLERANCE = 1e-9
LARGEST_WEIGHT = 1e15
_INFINITE = "ABS({}) = CAST('Infinity' AS DOUBLE)"
PERIODS = (
    "in discrete time. Make the summary with discrete_summary(log, period=...), which counts the periods with a "
    "purchase, or choose a family in continuous time"
)


class Rule(NamedTuple):
    """What must not be, as a condition on the doubles of a row, and what is said of it."""

    wrong: str
    columns: tuple[str, ...]
    says: str
    reason: str  # of a row that is left out
    advice: str = ""

    def refusal(self, wrong: int, rows: int, first: str, row: Mapping[str, Any]) -> str:
        """How many rows break it, and which first."""
        values = {_SAID.get(name, name): _shown(row[name]) for name in self.columns}
        told = ", ".join(f"{name}={value}" for name, value in values.items())
        shown = f" ({told})" if told else ""
        return f"{self.says}: {wrong} of {rows} customers violate it, first {first}{shown}{self.advice}"


def rules_of(
    statistics: Sequence[str],
    *,
    time: str = "continuous",
    margin: str | None = None,
    quote: Callable[[str], str] = quoted,
) -> list[Rule]:
    """The rules that these columns must keep, in the order in which they are checked, for a family in that ``time``."""
    rules: list[Rule] = []
    for name in statistics:
        if name != MONEY:
            rules.append(_finite(name, quote(name)))
        if name in ("frequency", "recency", "T"):
            rules.append(Rule(f"{quote(name)} < 0", (name,), f"{name} must not be negative", f"{name} is negative"))
    x, recency, T = (quote(name) if name in statistics else "" for name in ("frequency", "recency", "T"))
    if x:
        says, reason = "frequency must be a whole number of repeat purchases", "frequency is not whole"
        rules.append(Rule(f"{x} <> FLOOR({x})", ("frequency",), says, reason))
    if x and MONEY in statistics:
        rules += _of_money(x, quote(MONEY))
    if recency and T:
        rules.append(
            Rule(
                f"{recency} > {T} + {TOLERANCE} * GREATEST({T}, 1)",
                ("recency", "T"),
                "recency must not exceed T",
                "recency exceeds T",
                ". Is observation_end earlier than the last purchase?",
            )
        )
    if x and recency:
        says = "recency must be 0 where frequency is 0 (it ends at the last repeat)"
        rules.append(Rule(f"{x} = 0 AND {recency} > 0", ("recency",), says, "recency is not 0 though frequency is"))
    if time == "discrete":
        rules += _of_periods(x, recency, T)
    if margin is not None:
        finite = _finite(margin, quote(margin))
        says, reason = f"{margin} is the margin and must be finite", "the margin is missing, infinite or no number"
        rules.append(finite._replace(says=says, reason=reason))
    return rules


def weight_rule() -> Rule:
    """How many customers a row stands for."""
    says = f"weights must be numbers of customers, from 0 to {LARGEST_WEIGHT:g}"
    wrong = f"NOT ({WEIGHT} >= 0 AND {WEIGHT} <= {LARGEST_WEIGHT})"
    return Rule(wrong, (WEIGHT,), says, "the weight is no number of customers")


def _finite(name: str, value: str) -> Rule:
    wrong = f"{value} IS NULL OR ISNAN({value}) OR {_INFINITE.format(value)}"
    return Rule(wrong, (name,), f"{name} must be a finite number", f"{name} is missing, infinite or no number")


def _of_money(x: str, money: str) -> list[Rule]:
    """Of those who never came back it does not matter, as long as it is a number or missing."""
    negative = f"{MONEY} must not be negative (net refunds into their purchases: see refunds= of rfm_summary)"
    return [
        Rule(
            f"{x} > 0 AND ({money} IS NULL OR ISNAN({money}))",
            (MONEY,),
            f"{MONEY} must be there for customers with frequency > 0",
            f"{MONEY} is missing or no number",
        ),
        Rule(_INFINITE.format(money), (MONEY,), f"{MONEY} must be finite", f"{MONEY} is infinite"),
        Rule(f"{x} > 0 AND {money} < 0", (MONEY,), negative, f"{MONEY} is negative"),
    ]


def _of_periods(x: str, recency: str, T: str) -> list[Rule]:
    rules = [
        Rule(
            f"{value} <> FLOOR({value})",
            (name,),
            f"{name} must be a whole number of periods {PERIODS}",
            f"{name} is no whole number of periods",
        )
        for name, value in (("T", T), ("recency", recency))
        if value
    ]
    if x and recency:
        says = f"frequency must not exceed recency (one purchase a period) {PERIODS}"
        reason = "frequency exceeds recency: two purchases a period"
        rules.append(Rule(f"{x} > {recency}", ("frequency",), says, reason))
    return rules


def _shown(value: Any) -> str:
    return "nan" if value is None else f"{value:.10g}"
