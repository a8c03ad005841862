"""The pictures that are compared with stored ones: ``python tests/plots/compared.py`` draws those anew.

Marks alone: what is written is left out, since FreeType and matplotlib space letters differently from version to
version, and the Axes stand at a fixed place. What is written is tested in words.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import clvmodels as clv

IMAGES = Path(__file__).resolve().parent / "images"
DPI = 60
COMPARED = {
    "tracking": lambda found, tracked, ax: clv.plots.plot_tracking(tracked, ax=ax),
    "conditional_expectation": lambda found, tracked, ax: clv.plots.plot_conditional_expectation(found, ax=ax),
    "reliability": lambda found, tracked, ax: clv.plots.plot_reliability(found, ax=ax),
    "lift": lambda found, tracked, ax: clv.plots.plot_lift(found, ax=ax),
    "deciles": lambda found, tracked, ax: clv.plots.plot_deciles(found, ax=ax),
    "pit": lambda found, tracked, ax: clv.plots.plot_pit(found, ax=ax),
}


def drawn(name, found, tracked):
    """The figure of one picture, without letters."""
    figure = Figure(figsize=(5, 3.6))
    FigureCanvasAgg(figure)
    ax = COMPARED[name](found, tracked, figure.add_subplot())
    ax.get_legend().set_visible(False)
    for each in figure.axes:
        each.set_position((0.05, 0.05, 0.9, 0.9))
        each.set_title("")
        each.set_xlabel("")
        each.set_ylabel("")
        each.tick_params(which="both", labelbottom=False, labelleft=False, labelright=False)
        for text in [*each.texts, each.xaxis.offsetText, each.yaxis.offsetText]:
            text.set_visible(False)
    return figure


def save(figure, file):
    """As a PNG that holds no version of anything."""
    figure.savefig(file, dpi=DPI, metadata={"Software": None})


def main():
    log = clv.load_cdnow(sample=True)
    found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd", "bg_nbd"], n_resamples=2)
    tracked = clv.plots.compute_tracking(found.models, log, calibration_end="1997-09-30", spend="gamma_gamma")
    IMAGES.mkdir(exist_ok=True)
    with mpl.rc_context(mpl.rcParamsDefault):
        for name in COMPARED:
            save(drawn(name, found, tracked), IMAGES / f"{name}.png")
            print(IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
