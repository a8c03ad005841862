"""Six pictures look as they did when somebody last looked at them."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib.testing.compare import compare_images

from .compared import COMPARED, IMAGES, drawn, save

# Root mean square of the difference of pixels, of 255. Without letters matplotlib 3.9.4 (FreeType 2.6.1) and 3.11.2
# (2.14.3) draw the same pixels, 0; a model's line moved by a twentieth of the height makes 12 to 20.
TOLERANCE = 3.0


def difference(figure, name, folder):
    """None if like the stored image, else what matplotlib says."""
    save(figure, folder / f"{name}.png")
    return compare_images(str(IMAGES / f"{name}.png"), str(folder / f"{name}.png"), TOLERANCE)


@pytest.fixture
def draw(found, tracked):
    with mpl.rc_context(mpl.rcParamsDefault):
        yield lambda name: drawn(name, found, tracked)


@pytest.mark.parametrize("name", COMPARED)
def test_like_the_stored_image(name, draw, tmp_path):
    assert difference(draw(name), name, tmp_path) is None, "look at it, then run python tests/plots/compared.py"


def marks_of(figure):
    """Everything of the models that could go missing: lines, steps, bars."""
    found = []
    for ax in figure.axes:
        found += [line for line in ax.lines if line.get_label()[0] != "_" and len(line.get_xdata()) > 2]
        found += [patch for patch in ax.patches if type(patch).__name__ == "StepPatch"]
        found += [bars for bars in ax.containers if type(bars).__name__ == "BarContainer" and len(ax.lines) > 1]
    return found


@pytest.mark.parametrize("name", COMPARED)
def test_a_missing_series_is_found(name, draw, tmp_path):
    number = len(marks_of(draw(name)))
    assert number >= 2
    for i in range(number):
        figure = draw(name)
        marks_of(figure)[i].remove()
        assert difference(figure, name, tmp_path) is not None, f"series {i} may go missing"


@pytest.mark.parametrize("name", [name for name in COMPARED if name != "pit"])
def test_a_moved_line_is_found(name, draw, tmp_path):
    figure = draw(name)
    line = next(mark for mark in marks_of(figure) if hasattr(mark, "set_ydata") and mark.get_label() != "actual")
    low, high = line.axes.get_ylim()
    line.set_ydata(line.get_ydata() + (high - low) / 20)
    assert difference(figure, name, tmp_path) is not None


def test_images_are_small():
    files = sorted(IMAGES.iterdir())
    assert [file.stem for file in files] == sorted(COMPARED)
    assert max(file.stat().st_size for file in files) < 40_000
