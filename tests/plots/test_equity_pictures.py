"""Pictures of equity draw their tables."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv

plots = clv.plots


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_concentration(scored):
    table = plots.compute_concentration(scored)
    ax = plots.plot_concentration(scored)
    lines = {line.get_label(): line for line in ax.lines}
    share = table["share_of_customers"]
    assert_allclose(lines["most valuable first (whale curve)"].get_data(), [share, table["share_of_value"]])
    assert_allclose(lines["least valuable first (Lorenz curve)"].get_data(), [share, table["lorenz"]])
    top = clv.economics.top_share(scored)
    assert ax.get_title().replace("\n", " ") == (
        f"The most valuable 20 % of customers hold {100 * top:.0f} % of value; Gini {clv.economics.gini(scored):.2f}"
    )
    assert [line.get_data() for line in ax.lines if len(line.get_xdata()) == 1] == [([0.2], [top])]


def test_losses_are_in_sight():
    ax = plots.plot_concentration([60.0, 30.0, 20.0, -10.0])
    low, high = ax.get_ylim()
    assert low < -0.1
    assert high > 1.1
    assert "Gini" not in ax.get_title()


def test_the_legend_of_concentration_covers_no_curve(scored):
    ax = plots.plot_concentration(scored)
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    for name in ("most valuable first (whale curve)", "least valuable first (Lorenz curve)"):
        (curve,) = (line for line in ax.lines if line.get_label() == name)
        assert not any(box.contains(x, y) for x, y in ax.transData.transform(curve.get_xydata()))


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [1.0, -3.0]])
def test_nothing_has_no_shares(values):
    with pytest.raises(clv.NotEnoughData, match=f"found {len(values)} customers"):
        plots.plot_concentration(values)


def test_equity_change(changed):
    ax = plots.plot_equity_change(changed)
    steps = changed.steps
    bars = sorted((bar for each in ax.containers for bar in each), key=lambda bar: bar.get_x())
    assert_allclose([bar.get_height() for bar in bars], steps["amount"])
    ends = [bar.get_y() + bar.get_height() for bar in bars]
    assert_allclose(ends, steps["equity"])
    starts = [bar.get_y() for bar in bars[1:-1]]
    assert_allclose(starts, ends[:-2])
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert [label.split("\n")[0] for label in labels] == ["before", "acquired", "lost", "re-valued", "after"]
    assert labels[2].split("\n")[1].startswith("−")
    assert legend(ax) == ["customer equity", "adds", "takes away"]
    assert ax.get_title() == "Why customer equity changed from 1 Mar 1997 to 30 Sep 1997"


def test_intervals_are_whiskers(log, fitted, spend):
    model = clv.CLVModel(fitted, spend)
    summaries = [
        clv.rfm_summary(log, time_unit="week", observation_end=end).iloc[::20] for end in ("1997-03-31", "1997-06-30")
    ]
    futures = [model.predict_distribution(each, 26, draws=50, quantities="clv") for each in summaries]
    change = clv.economics.equity_change(*(model.predict(each, 26) for each in summaries), futures=futures)
    ax = plots.plot_equity_change(change)
    (errors,) = [each for each in ax.containers if not hasattr(each, "patches")]
    drawn = np.array([segment[:, 1] for segment in errors.lines[2][0].get_segments()])
    aside = np.array(change.steps["equity"] - change.steps["amount"])
    aside[-1] = 0
    low, high = (change.steps[f"amount_{end}"].to_numpy() for end in ("low", "high"))
    amount = change.steps["amount"].to_numpy()
    assert_allclose(drawn, np.column_stack([np.minimum(low, amount), np.maximum(high, amount)]) + aside[:, None])
