"""What a comparison of campaign arms found: tables, and sentences that say what they mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..economics.shown_tables import html_table, plain_table
from ..inference import looks
from ..units import a_span, length
from ..validation.words import counted, day, listed
from .projected_value import ONLY_IN_PART

if TYPE_CHECKING:
    import pandas as pd

_INTERVALS = ("observed", "projected")


@dataclass(frozen=True, eq=False)
class ArmComparison:
    """Campaign arms held against each other; made by `compare_arms`.

    Attributes
    ----------
    arms
        A row an arm, the control first: ``arm``, ``customers``, ``complete`` (how many have lived through the window),
        ``age_mean``, ``bought_share`` (of the complete: bought within the window; where everybody's start is his first
        purchase, bought again), then ``observed`` (mean value within the window) with the ends of its interval,
        ``observed_low`` and ``observed_high``, and ``observed_best``, the probability that the arm's true mean is the
        largest; and the same of ``projected``, missing where there is no projection.
    differences
        A row for each measure and arm but the control: ``measure``, ``arm``, ``against``, ``difference``, ``low``,
        ``high``, ``standard_error``, ``p_value`` and ``probability_better``.
    level, level_each
        What all intervals of a measure's differences hold together, over all looks; and what each is made at for that.
        The intervals of arms allow for looks alone.
    window, horizon, time_unit
        How long after the start value was observed, and how far it is projected; 0 where it is not.
    kind
        "acquisition": everybody's start is his first purchase; "campaign": everybody's is ``start``.
    start, observation_end
        As text; ``start`` is None for an acquisition.
    margin, annual_discount_rate
        Value is margin × spend; what is projected is discounted to the start.
    model_name
        Of the projection; None without one.
    look, looks
        Which look this is, of how many planned.
    adjusted_for
        What means were adjusted for, as observed.
    notes
        What else to know, in sentences.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> arms = {i: "even" if int(i) % 2 == 0 else "odd" for i in log["customer_id"].unique()}
    >>> found = clv.compare_arms(log, arms, window=26, horizon=0, planned_end="1998-06-30")
    >>> found
    ArmComparison of even and odd: 2,357 customers, observed for 26 weeks
    >>> print(found.told()[1])
    No difference beyond chance between odd and even: +5.273 per customer, 95 % interval -7.991 to 18.54.
    """

    arms: pd.DataFrame
    differences: pd.DataFrame
    level: float
    level_each: float
    window: float
    horizon: float
    time_unit: str
    kind: str
    start: str | None
    observation_end: str
    margin: float
    annual_discount_rate: float
    model_name: str | None
    look: int
    looks: int
    adjusted_for: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def told(self) -> list[str]:
        """What was found, in sentences.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> arms = {i: "even" if int(i) % 2 == 0 else "odd" for i in log["customer_id"].unique()}
        >>> found = clv.compare_arms(log, arms, start="1998-01-01", horizon=0, planned_end="1998-06-30", margin=0.3)
        >>> found.told()[-1]
        'This is the one look, at the planned end.'
        """
        money = (
            "revenue (margin 1), no profit" if self.margin == 1 else f"profit at a margin of {100 * self.margin:g} %"
        )
        begin = "their first purchase" if self.start is None else day(self.start)
        since = f"{a_span(self.window, self.time_unit)} from {begin} on"
        partly = [note for note in self.notes if note == ONLY_IN_PART]
        sentences = [
            f"Observed within {since}, {money}, per customer: {self._means('observed')}.",
            *self._differences("observed"),
            self._best("observed"),
        ]
        if self.adjusted_for:
            sentences.append(
                f"The observed means are adjusted for what was known before ({listed(self.adjusted_for)}): as "
                "they would be if all arms had had the same customers."
            )
        if self.model_name is not None:
            ahead = (
                "for ever" if math.isinf(self.horizon) else f"to {a_span(self.horizon, self.time_unit)} after the start"
            )
            sentences += [
                f"Projected {ahead} by {self.model_name}, discounted at {100 * self.annual_discount_rate:g} % a year: "
                f"{self._means('projected')}.",
                *partly,
                *self._differences("projected"),
                self._best("projected"),
                "Projections hold as far as the model is right: the interval allows for who came into the sample and "
                "for the parameters, not for another model.",
            ]
        if len(self.arms) > 2:
            both = "both" if len(self.arms) == 3 else f"all {len(self.arms) - 1}"
            sentences.append(
                f"The {100 * self.level:g} % are those of {both} differences together"
                f"{' and of all looks' if self.looks > 1 else ''}: each by itself is judged at "
                f"{100 * self.level_each:.4g} %."
            )
        return [sentence for sentence in [*sentences, *(note for note in self.notes if note not in partly)] if sentence]

    def _means(self, measure: str) -> str:
        rows = zip(self.arms["arm"], self.arms[measure], strict=True)
        return ", ".join(f"{arm} {_money(mean)}" for arm, mean in rows)

    def _differences(self, measure: str) -> list[str]:
        rows = self.differences[self.differences["measure"] == measure]
        return [self._difference(row) for row in rows.to_dict("records")]

    def _difference(self, row: dict[Any, Any]) -> str:
        level, both = f"{100 * self.level:g} % interval", f"{row['arm']} and {row['against']}"
        interval = f"{level} {_money(row['low'])} to {_money(row['high'])}"
        if not row["standard_error"] > 0:
            return (
                f"Between {both} chance cannot be judged, as no customer differs from another of his arm: the "
                f"difference is {_money(row['difference'])}."
            )
        if not math.isfinite(row["standard_error"]):
            return f"Between {both} the difference is {_money(row['difference'])}, and its interval has no end."
        if row["low"] > 0 or row["high"] < 0:
            more = "more" if row["difference"] > 0 else "less"
            near, far = sorted((abs(row["low"]), abs(row["high"])))
            return (
                f"{row['arm']} is worth {_money(abs(row['difference']))} {more} than {row['against']}, {level} "
                f"{_money(near)} to {_money(far)} {more}."
            )
        return (
            f"No difference beyond chance between {row['arm']} and {row['against']}: {row['difference']:+.4g} per "
            f"customer, {interval}."
        )

    def _best(self, measure: str) -> str:
        chances = self.arms[f"{measure}_best"]
        errors = self.differences.loc[self.differences["measure"] == measure, "standard_error"]
        if chances.isna().any() or not (errors > 0).any():
            return ""
        i = int(chances.to_numpy().argmax())
        return (
            f"By what was {measure} {self.arms['arm'].iloc[i]} is the best arm with a probability of "
            f"{_chance(chances.iloc[i])}, if nothing else is known of the arms."
        )

    def __repr__(self) -> str:
        names = listed([str(name) for name in self.arms["arm"]])
        ahead = "" if self.model_name is None else f", projected to {length(self.horizon, self.time_unit)}"
        return (
            f"ArmComparison of {names}: {counted(int(self.arms['customers'].sum()), 'customer')}, observed for "
            f"{length(self.window, self.time_unit)}{ahead}"
        )

    def __str__(self) -> str:
        tables = [*self._shown_arms(), self.differences]
        return "\n".join([*self.told(), *(f"\n{plain_table(table)}" for table in tables)])

    def _repr_html_(self) -> str:
        tables = [html_table(table) for table in [*self._shown_arms(), self.differences]]
        return looks.card("Arms", *map(looks.line, self.told()), *tables)

    def _shown_arms(self) -> list[pd.DataFrame]:
        """The arms, and what each was worth by each measure: narrower than one table."""
        counts = self.arms[["arm", "customers", "complete", "age_mean", "bought_share"]]
        # chances are shares, and written as such
        counts = counts.rename(columns={"bought_share": "share_bought"})
        worth = [
            self.arms[["arm", name, f"{name}_low", f"{name}_high"]].assign(share_best=self.arms[f"{name}_best"])
            for name in _INTERVALS
            if self.arms[name].notna().any()
        ]
        return [counts, *worth]


def _chance(share: float) -> str:
    """A probability of being best, which is never told as certain.

    >>> _chance(0.6644), _chance(0.9999)
    ('66 %', 'over 99.9 %')
    """
    if share > 0.999:
        return "over 99.9 %"
    return f"{100 * share:.1f} %" if share > 0.985 else f"{100 * share:.0f} %"


def _money(amount: float) -> str:
    return looks.figure(float(amount)) if math.isfinite(amount) else f"{amount:g}"
