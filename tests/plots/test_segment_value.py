"""The picture of segments shows the numbers of its table, the largest first."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose

import clvmodels as clv

compute, draw = clv.plots.compute_segment_value, clv.plots.plot_segment_value


def caption(ax):
    return " ".join(ax.texts[-1].get_text().split())


def values(ax):
    return [text.get_text() for text in ax.texts if text.get_gid() == "value"]


@pytest.mark.parametrize("by", ["alive", "rfm"])
def test_draws_its_table(by, scored, summary):
    by = None if by == "alive" else clv.economics.rfm_segments(summary)
    table, ax = compute(scored, by), draw(scored, by)
    (bars,) = ax.containers
    assert_allclose([bar.get_width() for bar in bars], table["share_of_value"])
    diamonds = next(line for line in ax.lines if line.get_label() == "share of customers")
    assert_allclose(diamonds.get_xdata(), table["share_of_customers"])
    named = [label.get_text() for label in ax.get_yticklabels()]
    assert named == [f"{name} ({n:,})" for name, n in zip(table["segment"], table["customers"], strict=True)]
    assert values(ax) == [f"{v:,.0f}" if v >= 100 else f"{v:.3g}" for v in table["value"]]
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first row is the uppermost
    assert f"{scored['clv'].sum():,.0f} in all" in " ".join(ax.get_xlabel().split())
    assert "in the next year, discounted at 10 % a year, margin 30 %" in caption(ax)


def test_says_only_what_is_known(scored):
    bare = scored.copy()
    bare.attrs = {}
    assert caption(draw(bare)).endswith("Value is still to come.")
    endless = scored.copy()
    endless.attrs = {"clvmodels": '{"time_unit": "week", "horizon": "inf", "margin": "1.0"}'}
    assert caption(draw(endless)).endswith("Value is still to come in the whole residual lifetime, before costs.")


def test_the_legend_hides_nothing(scored, summary):
    for by in (None, clv.economics.rfm_segments(summary)):
        for size in ((7, 6), (4, 3)):
            figure, ax = plt.subplots(figsize=size, layout="constrained")
            draw(scored, by, ax=ax)
            figure.canvas.draw()
            legend, (bars,) = ax.get_legend().get_window_extent(), ax.containers
            assert all(bar.get_window_extent().y1 <= legend.y0 + 1 for bar in bars)


def test_many_and_long_names_and_dollars():
    scored = pd.DataFrame({"clv": np.arange(1.0, 41.0)})
    ax = draw(scored, [f"$\\frac{{$ segment number {i} of a long name" for i in range(40)])
    ax.figure.canvas.draw()
    named = [label.get_text() for label in ax.get_yticklabels()]
    assert len(named) == 30
    assert named[0] == "$\\frac{$ segment number 39 … (1)"
    assert "10 segments of smaller value not drawn." in caption(ax)


def test_little_data_and_losses():
    assert values(draw(pd.DataFrame({"p_alive": [], "clv": []}))) == []
    draw(pd.DataFrame({"clv": [0.0, 0.0]}), ["a", "b"]).figure.canvas.draw()
    ax = draw(pd.DataFrame({"clv": [-20.0, 120.0]}), ["loss", "gain"])
    ax.figure.canvas.draw()
    assert values(ax) == ["120", "-20"]
    assert ax.get_xlim()[0] < -0.2
    with pytest.raises(clv.InvalidInput, match="clv must be finite"):
        draw(pd.DataFrame({"clv": [np.inf]}), ["a"])


def test_amounts_and_names_stand_beside_one_another_and_not_upon(scored):
    dear = scored.assign(clv=scored["clv"] * 1e6)
    dear.attrs = {}
    ax = draw(dear, [f"a long name of a segment of customers {i % 6}" for i in range(len(dear))])
    ax.figure.canvas.draw()
    amounts = [text.get_window_extent().x0 for text in ax.texts if text.get_gid() == "value"]
    (bars,) = ax.containers
    assert len(amounts) == 6
    assert all(bar.get_window_extent().x1 <= min(amounts) for bar in bars)
    ax = draw(scored, [f"group {i % 30}" for i in range(len(scored))], ax=small())
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in pairwise(boxes))
    assert f"{30 - len(boxes)} segments of smaller value not drawn" in caption(ax)


def small():
    return plt.subplots(figsize=(4, 3), layout="constrained")[1]
