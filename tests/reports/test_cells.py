"""Cells of tables, and what a picture is in words."""

import math

import pytest
from matplotlib.figure import Figure

from clvmodels.reports import cells
from clvmodels.reports.describing import described


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "​=", "‮@", "＝", "\x00="])
def test_formulas_are_guarded(start):
    assert cells.guarded(start + "1") == "'" + start + "1"


@pytest.mark.parametrize("text", ["", "a", "00042", "a=1", "'=1", "  ", "\t"])
def test_other_text_is_left_alone(text):
    assert cells.guarded(text) == text


def test_numbers_keep_what_they_are_sorted_by():
    assert cells.number(-1234.5678, "+,.1f") == cells.Cell("-1,234.6", -1234.5678, "number")
    assert cells.number(math.nan) == cells.number(None) == cells.Cell("—", None, "missing")
    assert cells.number(math.inf).text == "∞"


def test_bars_lines_and_maps_in_words():
    figure = Figure()
    ax = figure.subplots()
    ax.bar([0, 1], [1411, 439], label="actual")
    ax.plot([0, 1, 2], [0.5, float("nan"), 2], label="model")
    ax.plot([0, 1], [0, 0], label="_hidden")
    ax.set_xticks([0, 1], ["0", "7+"])
    ax.set_title("A\ntitle")
    assert described(figure) == "A title. actual: 1,411 at 0, 439 at 7+. model: 0.5 at 0, 2 at 2."
    ax = (figure := Figure()).subplots()
    figure.colorbar(ax.pcolormesh([[0.0, 0.25], [0.5, 1.0]]), label="P(alive)")
    told = "P(alive): from 0 at 0.5 across and 0.5 upwards to 1 at 1.5 across and 1.5 upwards."
    assert described(figure) == told


def test_long_lines_are_told_by_ends_and_extremes():
    ax = (figure := Figure()).subplots()
    ax.plot(range(30), [abs(i - 10) for i in range(30)], label="wide")
    assert described(figure) == (
        "wide: from 10 at 0 over 3 at 7, 4 at 14, 12 at 22 to 19 at 29; lowest 0 at 10, highest 19 at 29."
    )
