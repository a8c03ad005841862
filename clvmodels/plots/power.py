"""How the chance of finding a difference grows with the customers of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import canvas, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..experiments.plan import ExperimentPlan


def plot_power(plan: ExperimentPlan, ax: Axes | None = None) -> Axes:
    """Draw the power of an experiment by how many customers an arm has.

    ``plan`` is what `clvmodels.plan_experiment` returned, whose ``curve`` holds the numbers; ``ax`` are matplotlib Axes
    to draw on, a new figure's if None. Returns the Axes drawn on. Raises InvalidInput if ``ax`` is no Axes.

    Notes
    -----
    How to read it: a mark is the share of simulated experiments of that size that found the difference, with whiskers
    of two Monte Carlo standard errors; the dashed line is what a normal distribution of means would promise, which
    those of few customers do not keep. The cross is the plan.

    Decision: how many customers to take. Where the curve is flat more of them hardly help; where it is low the
    experiment would most likely find nothing, whether there is something or not.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    >>> plan = clv.plan_experiment(clv.CLVModel(purchases, spend), duration=26, lift={"spend": 1.2}, customers=2000)
    >>> ax = clv.plots.plot_power(plan)
    >>> ax.get_title()
    'What an experiment of 26 weeks finds: spend × 1.2'
    >>> plt.close(ax.figure)
    """
    ax = canvas.axes(ax, 7.0, 4.6)
    curve = plan.curve
    look = canvas.style(0)
    ax.plot(
        curve["customers"], curve["normal_power"], "--", color=canvas.edge(ax), label="if means were normal", zorder=1
    )
    marks.line(ax, 0, curve["customers"], curve["power"], "simulated")
    marks.whiskers(ax, curve["customers"], curve["power"], 2 * curve["standard_error"])
    each = plan.total / plan.arms
    ax.plot(
        [each], [plan.power], "X", color=canvas.style(3).color, markeredgecolor=canvas.ink(ax), markersize=9,
        label=f"the plan: {each:,.0f} customers an arm, {100 * plan.power:.3g} %", zorder=5,
    )  # fmt: skip
    if plan.wanted is not None:
        ax.axhline(plan.wanted, linestyle=":", color=look.color, label=f"asked for: {100 * plan.wanted:g} %")
    ax.set_xlim(left=0)
    ax.set_ylim(0, 1)
    marks.in_thousands(ax.xaxis)
    marks.in_per_cent(ax.yaxis)
    marks.x_label(ax, "customers of an arm" + (" on average" if len(set(plan.customers)) > 1 else ""))
    canvas.y_label(ax, "probability of finding the difference")
    moved = ", ".join(f"{name.replace('_', ' ')} × {factor:.4g}" for name, factor in plan.lift.items())
    canvas.title(ax, f"What an experiment of {plan.duration:.4g} {plan.time_unit}s finds: {moved}")
    canvas.legend(ax, loc="lower right")
    canvas.caption(
        ax,
        "How to read it: marks are the share of simulated experiments of that size that found the difference, with "
        f"two standard errors, at {100 * plan.level:g} % for all comparisons and looks together. Where the curve is "
        "low the experiment would most likely find nothing, whether there is something or not.",
    )
    return ax
