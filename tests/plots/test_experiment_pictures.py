"""Pictures of experiments: marks, whiskers and curves are the numbers of the tables."""

from __future__ import annotations

import numpy as np
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
