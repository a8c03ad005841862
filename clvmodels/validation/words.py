"""What a validation says in words: how far off the total was, and which baselines a model beats or loses to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ..models.purchase import PurchaseModel
from ..units import length

# What the leading metrics are about, as one would say it.
ABOUT = {
    "bias_ratio": "the total",
    "log_score": "the odds it gives to what each customer did (log score)",
    "poisson_deviance": "how much each customer buys (Poisson deviance)",
    "spearman": "the order of customers (rank correlation)",
    "top_decile_capture": "finding the best tenth of customers",
}
_OF_MONEY = {
    "spend_bias_ratio": "the total of money",
    "spend_spearman": "the order of customers by money",
    "spend_top_decile_capture": "finding the tenth who spend most",
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in any locale


def about(metric: str) -> str:
    """What a leading metric is about.

    >>> about("bias_ratio"), about("spend_bias_ratio")
    ('the total', 'the total of money')
    """
    return ABOUT.get(metric) or _OF_MONEY.get(metric, metric)


def day(moment: str | date) -> str:
    """A day as people write it.

    >>> day("1997-09-30")
    '30 Sep 1997'
    """
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    clock = f", {found:%H:%M}" if isinstance(found, datetime) and isinstance(moment, str) and len(moment) > 10 else ""
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}{clock}"


def counted(number: float, noun: str) -> str:
    """A number of things, rounded.

    >>> counted(1665.5, "purchase"), counted(0.98, "purchase")
    ('1,666 purchases', '1 purchase')
    """
    rounded = f"{number:,.0f}"
    return f"{rounded} {noun}{'' if rounded == '1' else 's'}"


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def told_apart(titles: Mapping[str, str]) -> dict[str, str]:
    """Titles of forecasters by name, with the name where two have the same title.

    >>> told_apart({"ours": "BG/NBD", "theirs": "BG/NBD", "nbd": "NBD"})
    {'ours': 'BG/NBD (ours)', 'theirs': 'BG/NBD (theirs)', 'nbd': 'NBD'}
    """
    times = Counter(titles.values())
    return {name: f"{title} ({name})" if times[title] > 1 else title for name, title in titles.items()}


def off_by(expected: float, actual: float) -> str:
    """How far a forecast is from what came, in per cent.

    >>> off_by(1665.5, 1882)
    '-11.5 %'
    """
    return f"{100 * (expected / actual - 1):+.1f} %" if actual else "nothing was bought"


def of_total(title: str, expected: float, actual: float, duration: float, unit: str, cut: str) -> str:
    """The first sentence: forecast, outcome and their difference.

    >>> of_total("Pareto/NBD", 1665.5, 1882, 39.0, "week", "1997-09-30")
    'Pareto/NBD forecast 1,666 purchases for the 39 weeks after 30 Sep 1997; customers made 1,882 (-11.5 %).'
    """
    return (
        f"{title} forecast {counted(expected, 'purchase')} for the {length(duration, unit)} after {day(cut)}; "
        f"customers made {actual:,.0f} ({off_by(expected, actual)})."
    )


def of_new_customers(customers: int, purchases: int, spend: Any) -> str:
    """The sentence about those whom nobody could forecast.

    >>> of_new_customers(719, 1050, None)
    'Not forecast: 1,050 purchases by 719 customers who first bought in the holdout.'
    >>> of_new_customers(0, 0, None)
    'Nobody was new in the holdout: all its purchases are by customers who were known before it.'
    """
    if not customers:
        return "Nobody was new in the holdout: all its purchases are by customers who were known before it."
    spent = "" if spend is None else f" for {spend:,.2f}"
    return (
        f"Not forecast: {counted(purchases, 'purchase')}{spent} by {counted(customers, 'customer')} who first bought "
        "in the holdout."
    )


def of_baselines(comparisons: Any, name: str, titles: dict[str, str]) -> list[str]:
    """One sentence about whom a model beats, one about whom it loses to, one about what is left open.

    ``comparisons`` as in `Validation`; a baseline that is better beyond chance on any leading metric is a loss.
    Metrics that say the same of the same baselines share a clause.
    """
    rows = comparisons[(comparisons["model"] == name) & (comparisons["against_kind"] == "baseline")]
    everybody = set(rows["against"])
    sentences = []
    for outcome, verb in (("better", "beats"), ("worse", "LOSES to"), ("no difference", "is level with")):
        clauses: dict[tuple[str, ...], list[str]] = {}
        for metric, what in ABOUT.items():
            others = tuple(rows.loc[(rows["metric"] == metric) & (rows["outcome"] == outcome), "against"])
            if others:
                clauses.setdefault(others, []).append(what)
        whole = sorted(clauses.items(), key=lambda clause: -len(clause[0]))
        parts = [f"{_whom(others, everybody, titles)} in {listed(what)}" for others, what in whole]
        if parts:
            sentences.append(f"It {verb} {'; '.join(parts)}.")
    return sentences


def _whom(others: Sequence[str], everybody: set[str], titles: dict[str, str]) -> str:
    if len(everybody) > 1 and set(others) == everybody:
        return f"all {len(everybody)} simple rules"
    return listed([f'"{titles[other]}"' for other in others])


def of_intervals(coverage: Any, name: str, customers: int) -> list[str]:
    """How many customers were within their intervals, and was the total? One sentence or two a quantity.

    ``coverage`` as in `Validation`; nothing is said of a quantity without intervals.
    """
    sentences: list[str] = []
    for row in coverage[(coverage["model"] == name) & (coverage["n"] > 0)].itertuples(index=False):
        level, did = f"{100 * row.level:g} %", "bought as often" if row.quantity == "purchases" else "spent as much"
        whom = f"{row.n:,} customers" + (f" drawn from {customers:,}" if row.n < customers else "")
        sentences.append(
            f"Of {whom} {round(row.held * row.n):,} ({100 * row.held:.1f} %) {did} as their {level} interval "
            f"said; the intervals themselves expected {100 * row.expected:.1f} %."
        )
        if row.total_held is not None:
            what, made = ("purchases", "made") if row.quantity == "purchases" else ("spend", "spent")
            sentences.append(
                f"The {level} interval of all {what} was {row.total_low:,.0f} to {row.total_high:,.0f}; "
                f"{row.total_actual:,.0f} were {made}: {'within' if row.total_held else 'outside'}."
            )
    return sentences


def of_fit(model: PurchaseModel) -> list[str]:
    """A sentence where a model's parameters are not to be trusted."""
    report = model._state.report
    return [] if report is None or report.converged else [f"Its fit: {report.verdict}"]
