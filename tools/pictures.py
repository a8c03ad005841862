"""Draw every picture of clvmodels.plots on CDNOW: build/pictures/*.png, and all of them on build/pictures.png.

A picture that is not known here fails the run, so that none is forgotten. Those that the tests compare with are drawn
anew by tests/plots/compared.py.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import image
from matplotlib import pyplot as plt

import clvmodels as clv

ROOT = Path(__file__).resolve().parent.parent
PICTURES, SHEET = ROOT / "build" / "pictures", ROOT / "build" / "pictures.png"
DPI = 80
ACROSS = 4


def drawers() -> dict[str, Callable[[], Any]]:
    """Name of a file -> what draws it; the name begins with that of the function, less ``plot_``."""
    log = clv.load_cdnow(sample=True)
    summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    model = clv.CLVModel("pareto_nbd", "gamma_gamma").fit(summary)
    early = clv.rfm_summary(log, time_unit="week", observation_end="1997-06-30")
    several = [model, clv.PurchaseModel("bg_nbd").fit(summary), clv.PurchaseModel("nbd").fit(summary)]
    found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd", "bg_nbd"])
    tracked = clv.plots.compute_tracking(found.models, log, calibration_end="1997-09-30", spend="gamma_gamma")
    regular = clv.plots.compute_regularity(log)
    spends = {"39 weeks": model.spend, "26 weeks": clv.SpendModel("gamma_gamma").fit(early)}
    dates = ["1997-01-05", "1997-02-10", "1997-02-20", "1997-06-01"]
    scored = model.predict(summary)
    change = clv.economics.equity_change(model.predict(early), scored)
    tested = clv.backtest(log, cutoffs=4, horizon=13, models=["pareto_nbd", "bg_nbd"])
    plots = clv.plots
    cohorts = {by: clv.economics.compute_cohorts(log, by=by) for by in ("calendar", "age")}
    survival = clv.economics.compute_cohort_survival(model, log, cohort="month")
    arms = {name: ("control", "letter", "call")[int(name) % 3] for name in log["customer_id"].unique()}
    compared = clv.compare_arms(log, arms, window=26, model=clv.CLVModel(model.purchases, model.spend))
    plan = clv.plan_experiment(model, duration=26, lift={"spend": 1.2})
    return {
        "arms": lambda: plots.plot_arms(compared),
        "power": lambda: plots.plot_power(plan),
        "frequency_histogram": lambda: plots.plot_frequency_histogram(several, summary),
        "purchase_pmf": lambda: plots.plot_purchase_pmf(several),
        "heterogeneity": lambda: plots.plot_heterogeneity(several[:2]),
        "heterogeneity_dropout": lambda: plots.plot_heterogeneity(model, "dropout"),
        "p_alive": lambda: plots.plot_p_alive(model),
        "expected_purchases": lambda: plots.plot_expected_purchases(model),
        "alive_history": lambda: plots.plot_alive_history(several[:2], dates),
        "iso_value": lambda: plots.plot_iso_value(model),
        "profile_likelihood": lambda: plots.plot_profile_likelihood(model.purchases, summary, "s"),
        "spend_density": lambda: plots.plot_spend_density(spends, summary),
        "spend_frequency": lambda: plots.plot_spend_frequency(summary),
        "regularity": lambda: plots.plot_regularity(regular),
        "tracking": lambda: plots.plot_tracking(dataclasses.replace(found, tracking=tracked)),
        "tracking_weekly": lambda: plots.plot_tracking(tracked, cumulative=False),
        "tracking_revenue": lambda: plots.plot_tracking(tracked, what="revenue"),
        "scores": lambda: plots.plot_scores(found),
        "conditional_expectation": lambda: plots.plot_conditional_expectation(found),
        "conditional_expectation_recency": lambda: plots.plot_conditional_expectation(found, "recency"),
        "conditional_expectation_T": lambda: plots.plot_conditional_expectation(found, "T"),
        "conditional_expectation_since": lambda: plots.plot_conditional_expectation(
            found, "time_since_last_purchase", models=["pareto_nbd", "past_rate"]
        ),
        "by_p_alive": lambda: plots.plot_by_p_alive(found),
        "reliability": lambda: plots.plot_reliability(found),
        "lift": lambda: plots.plot_lift(found, models=["pareto_nbd", "past_rate"]),
        "lift_spend": lambda: plots.plot_lift(found, of="spend"),
        "deciles": lambda: plots.plot_deciles(found, models="pareto_nbd"),
        "segment_value": lambda: plots.plot_segment_value(scored, clv.economics.rfm_segments(summary)),
        "segment_value_alive": lambda: plots.plot_segment_value(scored),
        "deciles_several": lambda: plots.plot_deciles(found, of="spend"),
        "pit": lambda: plots.plot_pit(found),
        "coverage": lambda: plots.plot_coverage(found),
        "backtest": lambda: plots.plot_backtest(tested),
        "shelf_life": lambda: plots.plot_shelf_life(tested),
        "concentration": lambda: plots.plot_concentration(scored),
        "equity_change": lambda: plots.plot_equity_change(change),
        "cohorts": lambda: plots.plot_cohorts(cohorts["calendar"]),
        "cohorts_by_age": lambda: plots.plot_cohorts(cohorts["age"], "customers", per_head=True),
        "cohort_survival": lambda: plots.plot_cohort_survival(survival),
        "tornado": lambda: plots.plot_tornado(model, summary),
    }


def forgotten(names: list[str]) -> list[str]:
    """Public pictures that nothing here draws."""
    public = [name for name in clv.plots.__all__ if name.startswith("plot_")]
    drawn = {max((each for each in public if f"plot_{name}".startswith(each)), key=len, default="") for name in names}
    return [name for name in public if name not in drawn]


def draw(to: Path, sheet: Path) -> None:
    """Draw all, each into a file, and all of them on one sheet."""
    todo = drawers()
    missing = forgotten(list(todo))
    if missing:
        sys.exit(f"tools/pictures.py draws no {', '.join(missing)}: add a line to drawers()")
    to.mkdir(parents=True, exist_ok=True)
    for old in to.glob("*.png"):
        old.unlink()
    files = []
    for name, function in todo.items():
        files.append(to / f"{name}.png")
        figure = function().figure
        figure.savefig(files[-1], dpi=DPI)
        plt.close(figure)
    on_one_sheet(files, sheet)
    sys.stdout.write(f"{len(files)} pictures: {to}, and together: {sheet}\n")


def on_one_sheet(files: list[Path], sheet: Path) -> None:
    """All pictures in rows, each under its name."""
    down = -(-len(files) // ACROSS)
    figure, axes = plt.subplots(down, ACROSS, figsize=(6 * ACROSS, 4.6 * down), layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, file in zip(axes.flat, files, strict=False):
        ax.imshow(image.imread(file), interpolation="lanczos")
        ax.set_title(file.stem, fontsize="small", color="grey")
    figure.savefig(sheet, dpi=DPI)
    plt.close(figure)


if __name__ == "__main__":
    draw(PICTURES, SHEET)
