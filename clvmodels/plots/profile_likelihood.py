"""How sharply the data determine one parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ..errors import InvalidInput
from ..models.clv import CLVModel
from ..models.profiles import Profile
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from . import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_profile_likelihood(
    profile: Any,
    summary: Any = None,
    name: str | None = None,
    level: float = 0.95,
    weights: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the profile likelihood of one parameter, with its interval by likelihood ratio.

    The curve is ln L_profile(θ) − max ln L; the interval is where it stays above −χ²/2, χ² the quantile (1 degree of
    freedom) of the level.

    Parameters
    ----------
    profile
        What `PurchaseModel.profile_likelihood` gave, whose table is drawn; or a fitted model (a CLVModel is asked for
        the parameter of that part which has it), for ``summary`` and ``name``.
    summary, name, level, weights
        As for `PurchaseModel.profile_likelihood`; only with a model.
    ax
        matplotlib Axes to draw on, a new figure's if None.

    Returns
    -------
    matplotlib.axes.Axes
        Those drawn on.

    Raises
    ------
    InvalidInput
        If neither a profile nor a model with summary and name was given, or ``ax`` is no Axes.
    NotFitted, UnitMismatch, NotEnoughData
        As `PurchaseModel.profile_likelihood` does.

    Notes
    -----
    How to read it: every value above the dashed line goes with the data; a narrow peak is a parameter well known. A
    lopsided curve is one for which ± standard errors mislead, and one that never comes down to the line on a side
    leaves the parameter open there.

    Decision: whether there are enough customers, or a long enough log, to rest anything on this parameter.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> summary = known.simulate(500, observation=39, seed=1).summary
    >>> ax = clv.plots.plot_profile_likelihood(known.profile_likelihood(summary, "r"))
    >>> ax.get_title()
    'Profile likelihood of r: 95 % interval 0.312 to 0.48'
    >>> plt.close(ax.figure)
    """
    found = profile if isinstance(profile, Profile) else _profile(profile, summary, name, level, weights)
    if found is profile and (summary is not None or name is not None or weights is not None):
        raise InvalidInput("a profile is drawn as it is: leave out summary, name and weights, or give the model")
    parameter = str(found.table.columns[0])
    at, relative = found.table[parameter].to_numpy(), found.table["relative"].to_numpy()
    order = np.argsort(at)
    cut = -float(special.chdtri(1, 1 - found.level)) / 2
    ax = canvas.axes(ax, 7.0, 4.4)
    look = canvas.style(0)
    ax.plot(at[order], relative[order], look.line, marker=".", color=look.color, label="profile log-likelihood")
    ax.axhline(
        cut, color=canvas.edge(ax), linestyle="--", linewidth=1, label=f"{100 * found.level:g} % line ({cut:.2f})"
    )
    low, high = found.interval
    left, right = ax.get_xlim()
    ax.axvspan(max(low, left), min(high, right), color=canvas.actual(ax), alpha=0.4, label="interval", zorder=0)
    for end in (low, high):
        if left <= end <= right:
            ax.axvline(end, color=canvas.edge(ax), linestyle=":", linewidth=1)
    ax.set_xlim(left, right)
    ax.set_ylim(min(relative.min(), 1.4 * cut), max(0.4, 0.05 * abs(cut)))
    ax.set_xlabel(parameter)
    canvas.y_label(ax, "log-likelihood, less its maximum")
    canvas.title(ax, f"Profile likelihood of {parameter}: {100 * found.level:g} % interval {_ends(low, high)}")
    canvas.legend(ax, loc="lower center")
    canvas.caption(
        ax,
        "How to read it: every value above the dashed line goes with the data; a narrow peak is a parameter well "
        "known, a lopsided one makes ± standard errors mislead." + (f" Note: {found.note}." if found.note else ""),
    )
    return ax


def _profile(model: Any, summary: Any, name: Any, level: float, weights: Any) -> Profile:
    if isinstance(model, CLVModel):
        part: Any = model.spend if name in model.spend.family.parameters else model.purchases
    else:
        part = model
    if not isinstance(part, (PurchaseModel, SpendModel)):
        raise InvalidInput(
            f"profile must be what model.profile_likelihood gives, or a model; found {type(model).__name__}"
        )
    if summary is None or name is None:
        raise InvalidInput(
            f"a model needs the customers it was fitted on and a parameter: write summary=..., "
            f'name="{part.family.parameters[0]}"'
        )
    return part.profile_likelihood(summary, name, level=level, weights=weights)


def _ends(low: float, high: float) -> str:
    return f"{f'{low:.3g}' if low > 0 else '0 (open)'} to {f'{high:.3g}' if high < np.inf else 'inf (open)'}"
