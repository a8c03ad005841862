"""The tornado: bars end where the table says, the longest on top."""

from __future__ import annotations

import pytest

import clvmodels as clv


def test_bars_are_the_table(fitted, spend, summary):
    model = clv.CLVModel(fitted, spend, margin=0.3)
    table = clv.plots.compute_tornado(model, summary, 0.05, costs=4.0)
    ax = clv.plots.plot_tornado(model, summary, 0.05, costs=4.0)
    low, high = ax.containers
    now = table["now"].iloc[0]
    for bars, end in ((low, "low"), (high, "high")):
        for bar, change in zip(bars, table[f"{end}_change"], strict=True):
            begin, stop = sorted((now, now + change))
            assert bar.get_x() == pytest.approx(begin) or bar.get_x() + bar.get_width() == pytest.approx(begin)
            assert abs(bar.get_width()) == pytest.approx(stop - begin)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [name.replace("_", " ") for name in table["lever"]]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first on top
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["now", "5 % less of it", "5 % more of it"]
