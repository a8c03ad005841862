"""How unequal customers are: the distribution of their purchase rates and of their dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import special

from ..errors import InvalidInput, NotAvailable
from ..models import questions
from ..models.purchase import PurchaseModel
from ..numerics.arrays import Array
from . import canvas
from .model import common_unit, models_of, stacked

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

WHICH = ("purchase_rate", "dropout")
_DRAWS, _SEED = 200_000, 1
_QUARTILES = (0.25, 0.5, 0.75)
# From 1 in 1,000 to 999 in 1,000 customers, closer together at the ends, the quartiles among them.
_SHARES = np.concatenate(
    [np.geomspace(0.001, 0.05, 18)[:-1], np.arange(5, 96) / 100, 1 - np.geomspace(0.05, 0.001, 18)[1:]]
)
_DECADES = 7  # a log axis shows so many at most


def compute_heterogeneity(models: Any, which: str = "purchase_rate") -> pd.DataFrame:
    """Distribution of the purchase rate, or of what governs dropout, over new customers.

    For BG/NBD λ ~ Gamma(r, alpha) and p ~ Beta(a, b), for Pareto/NBD μ ~ Gamma(s, beta): quantiles, and the density at
    each. Of a family whose distribution is not known, 200,000 draws from a fixed seed.

    Parameters
    ----------
    models
        A `PurchaseModel` or `CLVModel` with parameters; or a list of them, or a mapping from labels to them.
    which
        ``"purchase_rate"`` (purchases per time unit while alive; in discrete time a probability per period) or
        ``"dropout"`` (a probability after a purchase or in a period, or a rate per time unit).

    Returns
    -------
    pandas.DataFrame
        ``share`` (of customers at or below the value, from 0.001 to 0.999, the quartiles among them), ``value`` and
        ``density``: of a probability per unit, of a rate per unit of its natural logarithm, λ·f(λ), which is finite
        though a gamma density with a shape below 1 is not. ``model``, a label, comes first if a list or a mapping was
        given.

    Raises
    ------
    NotFitted, NotAvailable, UnitMismatch, InvalidInput
        If a model has no parameters, a family does not say it or has no dropout, or the models measure different things
        or in different units.

    Examples
    --------
    A quarter of the customers buy less than once in 150 weeks while alive, another quarter more than once in 15:

    >>> import clvmodels as clv
    >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    >>> model = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
    >>> table = clv.plots.compute_heterogeneity(model)
    >>> table[table["share"].isin([0.25, 0.5, 0.75])].round(4).values.tolist()
    [[0.25, 0.0065, 0.1322], [0.5, 0.0259, 0.2311], [0.75, 0.0702, 0.2511]]
    """
    import pandas as pd

    labelled = models_of(models)
    tables, _ = _distributions(labelled, which)
    found: pd.DataFrame = stacked(models, tables, pd.DataFrame())
    return found


def plot_heterogeneity(models: Any, which: str = "purchase_rate", ax: Axes | None = None) -> Axes:
    """Draw how customers differ in their purchase rate, or in what governs dropout.

    `compute_heterogeneity` gives the numbers and explains ``models`` and ``which``; ``ax`` are matplotlib Axes to draw
    on, a new figure's if None. Returns the Axes drawn on. Raises what the table raises, and InvalidInput if ``ax`` is
    no Axes.

    Notes
    -----
    How to read it: equal areas are equal numbers of customers; the marker is the median customer and the ticks beside
    it the quartiles. Rates are on a log axis: the wider the hill, the more unequal customers are.

    Decision: whether it pays to treat customers differently at all; and in whom, as most purchases come from the right
    end.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    >>> model = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
    >>> ax = clv.plots.plot_heterogeneity(model, "dropout")
    >>> ax.get_xlabel(), ax.get_xscale()
    ('dropout rate per week', 'log')
    >>> plt.close(ax.figure)
    """
    labelled = models_of(models)
    tables, kind = _distributions(labelled, which)
    unit, on_log = common_unit(labelled), kind.is_rate
    ax = canvas.axes(ax, 7.0, 4.8)
    for i, (label, table) in enumerate(tables.items()):
        look = canvas.style(i)
        ax.plot(table["value"], table["density"], look.line, color=look.color, label=label)
        at = np.searchsorted(table["share"], _QUARTILES)
        for marker, size, places in (("|", 14, at[[0, 2]]), (look.marker, 7, at[1:2])):
            ax.plot(
                table["value"][places], table["density"][places], marker, markersize=size, markeredgewidth=1.5,
                color=look.color, markeredgecolor=look.color if marker == "|" else "black", zorder=3,
            )  # fmt: skip
    hidden = _cut(ax, tables, on_log)
    ax.set_xlabel(kind.named(unit))
    canvas.y_label(ax, "customers (density, per unit of ln)" if on_log else "customers (density)")
    canvas.title(ax, f"How customers differ: {kind.named(unit)} ({canvas.named(tables)})")
    canvas.legend(ax)
    drawn = [label for label, model in labelled.items() if not model.family.mixing]
    canvas.caption(
        ax,
        "How to read it: equal areas are equal numbers of customers; the marker is the median customer, the ticks are "
        "the quartiles. The wider apart, the more unequal customers are."
        + hidden
        + (f" From {_DRAWS:,} draws: {', '.join(drawn)}." if drawn else ""),
    )
    return ax


class _Kind(NamedTuple):
    """What is measured, the same for all models of a picture."""

    name: str  # purchase_rate, dropout_probability or dropout_rate
    time: str
    is_rate: bool  # else a probability

    def named(self, unit: str) -> str:
        if self.is_rate:
            return f"{self.name.replace('_', ' ')} per {unit}"
        each = unit if self.time == "discrete" else "purchase"
        return f"probability of {'a purchase' if self.name == 'purchase_rate' else 'leaving'} per {each}"


def _distributions(labelled: Mapping[str, PurchaseModel], which: Any) -> tuple[dict[str, dict[str, Array]], _Kind]:
    if which not in WHICH:
        raise InvalidInput(f"which must be 'purchase_rate' or 'dropout'; found {which!r}")
    common_unit(labelled)
    found = {label: _distribution(model, which) for label, model in labelled.items()}
    kinds = {label: kind for label, (_, kind) in found.items()}
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{label}: {kind.named(labelled[label]._unit)}" for label, kind in kinds.items())
        raise InvalidInput(f"what these models measure does not go on one axis ({told}): draw them apart")
    return {label: table for label, (table, _) in found.items()}, next(iter(kinds.values()))


def _distribution(model: PurchaseModel, which: str) -> tuple[dict[str, Array], _Kind]:
    family = model.family
    if family.mixing is not None:
        name = _named(family.title, list(family.mixing), which)
        mixing = family.mixing[name]
        shapes = [model.parameters[parameter] for parameter in mixing.parameters]
        value, density = (_gamma if mixing.shape == "gamma" else _beta)(_SHARES, *shapes)
        is_rate = mixing.shape == "gamma"
    else:
        drawn = _draws(model)
        name = _named(family.title, list(drawn), which)
        is_rate = name != "dropout_probability" and family.time == "continuous"
        value, density = _of_draws(drawn[name], is_rate)
    return {"share": _SHARES.copy(), "value": value, "density": density}, _Kind(name, family.time, is_rate)


def _named(title: str, names: list[str], which: str) -> str:
    found = [name for name in names if name.startswith(which)]
    if not found:
        raise NotAvailable(f"{title} has no {which.replace('_', ' ')} that differs over customers: leave it out")
    return found[0]


def _gamma(shares: Array, shape: float, rate: float) -> tuple[Array, Array]:
    """Quantiles, and λ f(λ) = (rate·λ)^shape e^(-rate·λ)/Γ(shape) there."""
    scaled = np.asarray(special.gammaincinv(shape, shares), dtype=np.float64)
    return scaled / rate, np.asarray(np.exp(special.xlogy(shape, scaled) - scaled - special.gammaln(shape)))


def _beta(shares: Array, a: float, b: float) -> tuple[Array, Array]:
    """Quantiles, and p^(a−1) (1−p)^(b−1)/B(a, b) there."""
    value = np.asarray(special.betaincinv(a, b, shares), dtype=np.float64)
    left, right = special.xlogy(a - 1, value), special.xlog1py(b - 1, -value)
    with np.errstate(over="ignore"):
        return value, np.asarray(np.exp(left + right - special.betaln(a, b)))


def _draws(model: PurchaseModel) -> dict[str, Array]:
    """Rates of new customers: those of an empty history."""
    family = model.family
    if family.draw_latent is None:
        raise questions.cannot(family, "the distribution of rates over customers")
    nothing = [np.zeros(_DRAWS) for _ in family.statistics]
    return family.draw_latent(np.random.default_rng(_SEED), *nothing, *model._state.values)


def _of_draws(drawn: Array, is_rate: bool) -> tuple[Array, Array]:
    """Quantiles, and the density between quantiles far enough apart, on the scale that is drawn."""
    value = np.quantile(drawn, _SHARES)
    coarse = np.concatenate([[0.001, 0.004], np.linspace(0.01, 0.99, 50), [0.996, 0.999]])
    edges = np.quantile(drawn, coarse)
    scale = np.log(np.maximum(edges, 1e-300)) if is_rate else edges
    at = np.log(np.maximum(value, 1e-300)) if is_rate else value
    with np.errstate(divide="ignore"):
        density = np.diff(coarse) / np.diff(scale)
    return value, np.interp(at, (scale[1:] + scale[:-1]) / 2, density)


def _cut(ax: Axes, tables: Mapping[str, Mapping[str, Array]], on_log: bool) -> str:
    """Leave out what would squeeze the rest, and say how much that is."""
    if not on_log:
        inside = [t["density"][(t["value"] > 0.02) & (t["value"] < 0.98)] for t in tables.values()]
        most = max((float(part.max()) for part in inside if part.size), default=0.0)
        ax.set_xlim(0, 1)
        tall = any(np.any(t["density"] > 1.5 * most) for t in tables.values()) and most > 0
        ax.set_ylim(0, 1.5 * most if tall else None)
        return " The curve rises beyond the picture where it is cut off." if tall else ""
    ax.set_xscale("log")
    high = max(float(t["value"][-1]) for t in tables.values())
    low = max(min(float(np.interp(0.05, t["share"], t["value"])) for t in tables.values()), high / 10**_DECADES)
    ax.set_xlim(low, high)
    ax.set_ylim(0, None)
    left = {label: float(np.interp(low, t["value"], t["share"])) for label, t in tables.items()}
    told = ", ".join(f"{100 * share:.0f} % of {label}" for label, share in left.items() if share >= 0.005)
    return f" Left of the picture: {told}." if told else ""
