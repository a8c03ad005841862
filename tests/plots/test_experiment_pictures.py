"""Pictures of experiments: marks, whiskers and curves are the numbers of the tables."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import clvmodels as clv


def test_whiskers_of_arms_are_the_intervals(compared):
    ax = clv.plots.plot_arms(compared)
    table = compared.differences
    assert [label.get_text() for label in ax.get_yticklabels()] == ["call", "letter"]
    for bars, measure in zip(ax.containers, ("observed", "projected"), strict=True):
        rows = table[table["measure"] == measure]
        line, _, (whiskers,) = bars.lines
        assert line.get_xdata() == pytest.approx(rows["difference"])
        ends = np.array([segment[:, 0] for segment in whiskers.get_segments()])
        assert ends == pytest.approx(rows[["low", "high"]].to_numpy())
    chances = [text.get_text() for text in ax.texts[:-1]]
    assert chances == [f"{100 * chance:.0f} %" for chance in table["probability_better"]]
    first, second = ax.get_legend().get_texts()
    assert (first.get_text(), second.get_text()) == ("observed in 26 weeks", "projected to 52.18 weeks")


def test_power_is_the_curve_and_the_plan_stands_on_it(planned):
    ax = clv.plots.plot_power(planned)
    normal, simulated, plan, asked = [line for line in ax.lines if not line.get_label().startswith("_")]
    assert simulated.get_xdata() == pytest.approx(planned.curve["customers"])
    assert simulated.get_ydata() == pytest.approx(planned.curve["power"])
    assert normal.get_ydata() == pytest.approx(planned.curve["normal_power"])
    assert (plan.get_xdata()[0], plan.get_ydata()[0]) == (planned.customers[0], planned.power)
    assert asked.get_ydata()[0] == 0.8


def _of_six(compared):
    """The comparison with five arms beside the control, of long names."""
    row = compared.differences.iloc[[0]]
    names = ["A letter with a voucher of ten per cent off", "B", "a_name_without_blanks_that_never_ends", "D", "$x_1$"]
    rows = [row.assign(arm=name, measure=measure) for measure in ("observed", "projected") for name in names]
    return replace(compared, differences=pd.concat(rows, ignore_index=True))


def test_long_names_leave_room_for_the_whiskers(compared):
    ax = clv.plots.plot_arms(_of_six(compared))
    ax.figure.canvas.draw()
    assert ax.get_position().width > 0.7
    assert " ".join(ax.get_yticklabels()[0].get_text().split()) == "A letter with a voucher of ten per cent off"
    assert ax.title.get_window_extent().x0 >= 0
    assert ax.title.get_window_extent().x1 <= ax.figure.bbox.x1


def test_chances_stand_behind_the_whiskers_and_cover_none(compared):
    ax = clv.plots.plot_arms(_of_six(compared))
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts[:-1]]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    ends = [ax.transData.transform(text.xy)[0] for text in ax.texts[:-1]]
    assert all(box.x0 > end for box, end in zip(boxes, ends, strict=True))
    assert max(box.x1 for box in boxes) < ax.get_window_extent().x1


def test_a_small_picture_shortens_names_and_is_laid_out(compared):
    ax = clv.plots.plot_arms(_of_six(compared), plt.subplots(figsize=(3.6, 3.0), layout="constrained")[1])
    ax.figure.canvas.draw()
    assert ax.get_position().width > 0.5
    assert ax.get_yticklabels()[0].get_text() == "A letter…"
