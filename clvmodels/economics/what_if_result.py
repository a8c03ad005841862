"""What if customers left less, bought more often, spent more: what that would change about what they are worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import warn
from ..inference import looks
from ..models.clv import CLVModel
from ..numerics.arrays import Array
from ..validation.words import counted
from .groups import ALL, Groups, groups_of
from .levers import Worth, checked_factors, refuse_infinite, worth_of
from .shown_tables import html_table, plain_table, signed

if TYPE_CHECKING:
    import pandas as pd

NOW, TOGETHER = "now", "together"


@dataclass(frozen=True)
class WhatIf:
    """What levers would change about the value of customers; made by `what_if`.

    Attributes
    ----------
    table
        All customers: a row "now", one for each lever that was moved, and "together": lever, factor (NaN where it is
        not one number), value, change (against now) and relative_change (NaN unless the value now is above 0).
    segments
        The same for each group of ``by``, with a first column group; None without groups.
    elasticities
        A row for each lever that there is, moved or not: group ("all" and those of ``by``), lever, elasticity: by how
        many per cent the value changes where the lever changes by one, d ln value / d ln factor at 1. NaN unless the
        value now is above 0.
    customers
        A row a customer, of the caller's kind: customer_id (if there is one), p_alive (which no lever moves),
        value_now, ``value_LEVER`` for each lever that was moved, value_together.
    ahead
        How far is looked, in words.
    notes
        What to know of the groups.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
    >>> found = clv.what_if(model, summary, dropout=0.9, spend=1.05)
    >>> found
    WhatIf: dropout × 0.9, spend × 1.05: 21,808 becomes 23,376 (+7.2 %), 2,357 customers, in the year ahead
    >>> list(found.customers.columns)
    ['customer_id', 'p_alive', 'value_now', 'value_dropout', 'value_spend', 'value_together']
    >>> round(found.interaction, 1)
    22.7
    """

    table: pd.DataFrame
    segments: pd.DataFrame | None
    elasticities: pd.DataFrame
    customers: Any
    ahead: str
    notes: tuple[str, ...] = ()

    @property
    def interaction(self) -> float:
        """What the levers change together beyond the sum of what each changes alone."""
        change = self.table["change"].to_numpy()
        return float(change[-1] - change[1:-1].sum())

    def told(self) -> list[str]:
        """What it says, in sentences.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
        >>> print(*clv.what_if(model, summary, dropout=0.9, spend=1.05).told()[:2], sep="\\n")
        2,357 customers are worth 21,808 in the year ahead.
        dropout × 0.9 would make it 22,263, a change of +454.7 (+2.1 %).
        """
        rows = self._rows()
        n = frames.n_rows(self.customers)
        were = "is" if n == 1 else "are"
        sentences = [f"{counted(n, 'customer')} {were} worth {looks.figure(rows[0][2])} {self.ahead}."]
        sentences += [
            f"{lever} × {factor:g} would make it {looks.figure(value)}, a change of {signed(change)}{_per_cent(share)}."
            for lever, factor, value, change, share in rows[1:-1]
        ]
        if len(rows) > 3:
            _, _, value, change, share = rows[-1]
            sentences.append(
                f"Together they would make it {looks.figure(value)}, a change of {signed(change)}{_per_cent(share)}: "
                f"{signed(self.interaction)} beside the sum of what each does alone."
            )
        if len(rows) == 2:
            sentences.append("No lever was moved; elasticities tell what one per cent of each would do.")
        sentences.append("Levers act on what comes after the end of observation; nobody's P(alive) is moved by them.")
        return [*sentences, *self.notes]

    def _rows(self) -> list[tuple[str, float, float, float, float]]:
        numbers = self.table[["factor", "value", "change", "relative_change"]].to_numpy(dtype=np.float64)
        return [
            (str(lever), float(row[0]), float(row[1]), float(row[2]), float(row[3]))
            for lever, row in zip(self.table["lever"], numbers, strict=True)
        ]

    def __repr__(self) -> str:
        rows = self._rows()
        moved = ", ".join(f"{lever} × {factor:g}" for lever, factor, *_ in rows[1:-1])
        now = f"{looks.figure(rows[0][2])} becomes {looks.figure(rows[-1][2])}{_per_cent(rows[-1][4])}"
        n = counted(frames.n_rows(self.customers), "customer")
        return f"WhatIf: {moved or 'nothing moved'}: {now}, {n}, {self.ahead}"

    def __str__(self) -> str:
        parts = [*self.told(), "", plain_table(self.table if self.segments is None else self.segments)]
        return "\n".join([*parts, "", plain_table(self._wide())])

    def _repr_html_(self) -> str:
        shown = [self.table] if self.segments is None else [self.table, self.segments]
        parts = [html_table(table) for table in shown]
        heading = looks.line("Elasticities: per cent of value for one per cent of the lever.")
        return looks.card("What if", *map(looks.line, self.told()), *parts, heading, html_table(self._wide()))

    def _wide(self) -> pd.DataFrame:
        """Elasticities with a column for each lever."""
        import pandas as pd

        each = self.elasticities
        levers = list(dict.fromkeys(each["lever"]))
        values = each["elasticity"].to_numpy().reshape(-1, len(levers))
        wide = pd.DataFrame(values, columns=[f"elasticity of {name}" for name in levers])
        wide.insert(0, "group", each["group"].to_numpy()[:: len(levers)])
        return wide


def what_if(
    model: CLVModel,
    summary: Any,
    *,
    dropout: float = 1.0,
    purchase_rate: float = 1.0,
    spend: float = 1.0,
    margin: float = 1.0,
    acquisition_cost: float = 1.0,
    costs: Any = None,
    by: Any = None,
    horizon: Any = None,
    annual_discount_rate: float | None = None,
) -> WhatIf:
    """Change the future of customers by factors, and tell what that does to their value.

    value = margin · E[M | m_x, x] · E[∫ over (0, horizon] of e^(-delta·u) dX(T + u) | history] − costs. Each lever is a
    factor on what would be, 1 leaving it as it is, and acts from T on only. What history says of the customer stays:
    the posterior of his own purchase rate λ and dropout (rate μ or probability p), and P(alive at T). Then λ is
    multiplied by ``purchase_rate``, μ or p by ``dropout`` (probabilities to 1 at most), and the expectation is that
    over the posterior, exactly, at the model's estimates.

    Parameters
    ----------
    model
        A `CLVModel` with parameters. A posterior that it carries is not used.
    summary
        One row a customer, as for `CLVModel.predict`.
    dropout
        0.95 for 5 % less of it: of the rate at which each customer leaves (Pareto/NBD), or of the probability of
        leaving after a purchase (BG/NBD, MBG/NBD) or before a period (BG/BB). Retention that is 5 % higher is another
        thing: see the notes.
    purchase_rate
        1.1 for purchases a tenth more often while customers stay. Where they leave after purchases (BG/NBD, MBG/NBD)
        they then also leave sooner, so that value grows by less than a tenth.
    spend
        1.05 for 5 % more money per purchase, as by cross-selling or higher prices.
    margin
        A factor on the model's margin, not a margin: with 0.30, ``margin=1.1`` means 0.33.
    acquisition_cost
        A factor on ``costs``, and needed only there.
    costs
        What acquiring each customer cost or costs, taken off his value: a number, the name of a column, or one a row.
        None: nothing is taken off.
    by
        Groups, as for `economics.customer_equity`: a column's name, one value a row, or a group for each customer_id.
    horizon
        As for `CLVModel.predict`: one year if None; inf for the whole residual lifetime; a column name or array gives
        one a row.
    annual_discount_rate
        Instead of the model's.

    Returns
    -------
    WhatIf
        ``table``, ``segments``, ``elasticities``, ``customers`` and ``interaction``.

    Raises
    ------
    NotFitted
        If a part of the model has no parameters yet.
    UnitMismatch, InvalidInput
        If the summary is in another unit, or the summary, a factor, costs, groups, horizon or rate cannot be used, or
        values are infinite.
    NotAvailable
        If the family has no dropout to change (NBD), or cannot tell the future of changed rates.

    Warns
    -----
    ClvWarning
        If the margin is raised above 1.

    Notes
    -----
    "Retention up 5 %" means less dropout: to raise the share R that stays over a period to R' its rate has to be
    ln R' / ln R of what it was, 0.863 for 0.735 instead of 0.70. That is exact for a customer of a rate of his own.

    Elasticities are those of the sum of values. Of spend, margin and costs they are exact; of purchase_rate and dropout
    central differences of 0.1 % up and down.

    Source: Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004), Valuing Customers, Journal of Marketing Research 41(1),
    7-18, where the elasticities of customer value to retention, margin and acquisition cost are compared.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
    >>> found = clv.what_if(model, summary, dropout=0.9, spend=1.05)
    >>> print(found.table.round(3).to_string(index=False))
       lever  factor     value   change  relative_change
         now     NaN 21808.115    0.000            0.000
     dropout    0.90 22262.819  454.704            0.021
       spend    1.05 22898.521 1090.406            0.050
    together     NaN 23375.960 1567.845            0.072
    >>> found.elasticities.round(3)["elasticity"].tolist()
    [-0.202, 0.798, 1.0, 1.0]
    """
    worth = worth_of(model, summary, horizon, annual_discount_rate, costs)
    given = {
        "dropout": dropout, "purchase_rate": purchase_rate, "spend": spend, "margin": margin,
        "acquisition_cost": acquisition_cost,
    }  # fmt: skip
    moved = checked_factors(worth, given)
    _warn_of_margin(worth, moved.get("margin", 1.0))
    groups = groups_of(worth.frame, by)
    values = {NOW: worth.value()}
    refuse_infinite(worth, values[NOW])
    values |= {name: worth.value({name: factor}) for name, factor in moved.items()}
    values[TOGETHER] = values[next(iter(moved))] if len(moved) == 1 else worth.value(moved) if moved else values[NOW]

    sums = {name: _sums(each, groups) for name, each in values.items()}
    named = [*groups.names, ALL]
    segments = _table(moved, sums, named)
    columns: dict[str, Any] = {}
    ids = frames.identifiers(worth.frame)
    if ids is not None:
        columns["customer_id"] = ids
    columns |= {"p_alive": worth.alive} | {f"value_{name}": each for name, each in values.items()}
    return WhatIf(
        table=segments[-len(sums) :].drop(columns="group").reset_index(drop=True),
        segments=None if by is None else segments,
        elasticities=_elasticities(worth, sums[NOW], groups, named),
        customers=frames.table(columns, worth.frame),
        ahead=worth.ahead,
        notes=groups.notes,
    )


def _warn_of_margin(worth: Worth, factor: float) -> None:
    above = np.asarray(worth.margin) * factor > 1
    if factor > 1 and above.any():
        who = f"for {above.sum():,} of {len(worth.spend):,} customers" if above.ndim else f"({worth.margin:g})"
        warn(
            f"margin={factor:g} raises the margin {who} above 1: profit would be more than what is spent. A margin of "
            "30 % is written margin=0.30 in CLVModel, and the lever is a factor on it"
        )


def _sums(values: Array, groups: Groups) -> Array:
    """Of each group, and of all."""
    return np.append(groups.sums(values), np.sum(values))


def _table(moved: dict[str, float], sums: dict[str, Array], named: list[Any]) -> pd.DataFrame:
    """A row for each group and lever, the rows of a group together."""
    import pandas as pd

    value = np.stack(list(sums.values()), axis=1)
    now = value[:, :1]
    change = value - now
    relative = np.divide(change, now, out=np.full(value.shape, np.nan), where=now > 0)
    return pd.DataFrame(
        {
            "group": pd.Series(np.array(named, dtype=object).repeat(len(sums)), dtype=object),
            "lever": list(sums) * len(named),
            "factor": [math.nan, *moved.values(), math.nan] * len(named),
            "value": value.ravel(),
            "change": change.ravel(),
            "relative_change": relative.ravel(),
        }
    )


def _elasticities(worth: Worth, now: Array, groups: Groups, named: list[Any]) -> pd.DataFrame:
    import pandas as pd

    levers = worth.movable
    slopes = np.stack([_sums(worth.slope(name), groups) for name in levers], axis=1)
    positive = now > 0
    found = np.where(positive[:, None], slopes / np.where(positive, now, 1.0)[:, None], np.nan)
    return pd.DataFrame(
        {
            "group": pd.Series(np.repeat(np.array(named, dtype=object), len(levers)), dtype=object),
            "lever": levers * len(named),
            "elasticity": found.ravel(),
        }
    )


def _per_cent(share: float) -> str:
    return "" if math.isnan(share) else f" ({'-' if share < 0 else '+'}{abs(100 * share):.1f} %)"
