"""Repeat purchases week by week, through calibration and holdout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, NotAvailable
from ..families import PURCHASE_FAMILIES, purchase_family
from ..validation.forecasters import in_words, listed
from ..validation.result import Validation
from ..validation.tracking import CURVES
from . import canvas, marks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_tracking(
    tracking: Validation | pd.DataFrame,
    models: Any = None,
    cumulative: bool = True,
    what: str = "purchases",
    ax: Axes | None = None,
) -> Axes:
    """Draw repeat purchases of the calibration period's customers by week, actual and expected.

    Parameters
    ----------
    tracking
        What `clvmodels.validate` returned, or the table that `compute_tracking` gave.
    models
        Names of models; all if None. Baselines have no weeks.
    cumulative
        All until each week, or those of each week alone (a last week that is cut short is then left out).
    what
        ``"purchases"``, or ``"revenue"`` of them.
    ax
        Matplotlib Axes to draw on; a new figure's if None.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    InvalidInput
        If a name or ``what`` is not known, the table is none, or ``ax`` is no Axes.
    NotAvailable
        If revenue is asked for and there are no amounts.

    Notes
    -----
    How to read it: the lines should lie on what happened up to the vertical line, where models know it, and beyond,
    where they do not. Lines that part slowly misjudge how fast customers leave; a jump or a wave that no line has is a
    campaign or a season. Each line sums the unconditional expectation, of customers known by their first purchase
    alone: another number than the forecast given each customer's history, which the scores judge.

    The band holds 90 of 100 curves of new customers, if they are as the model says: where purchases leave it, it was
    not chance. It is there for purchases, not revenue, and not for a fit that is not to be trusted; the table's
    ``interval_source`` says what it rests on.

    Decision: whether the model may plan stock and staff for so many weeks ahead: as long as the lines have not parted.

    Examples
    --------
    >>> import clvmodels as clv, matplotlib.pyplot as plt
    >>> table = clv.plots.compute_tracking("bg_nbd", clv.load_cdnow(sample=True), calibration_end="1997-09-30")
    >>> ax = clv.plots.plot_tracking(table)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['actual', 'BG/NBD', '90 % band']
    >>> plt.close(ax.figure)
    """
    from matplotlib import dates

    rows, titles = _rows(tracking, models)
    actual, expected = _columns(next(iter(rows.values())), what, cumulative)
    ax = canvas.axes(ax, 7.0, 4.8)
    bands: dict[str, canvas.Style] = {}
    for i, (name, every) in enumerate(rows.items()):
        part = every if cumulative else every[every["complete"]]
        days = part["end_date"].to_numpy()
        look = canvas.style(i)
        if i == 0:
            ax.plot(days, part[actual], "-", color=canvas.actual(ax), linewidth=4, label="actual")
            _mark_the_end(ax, part)
        ax.plot(
            days, part[expected], look.line, color=look.color, marker=look.marker, markersize=4, label=titles[name],
            markevery=max(len(part) // 12, 1), zorder=3,
        )  # fmt: skip
        bands |= _draw_the_band(ax, part, expected, look, f"{titles[name]}: " if len(rows) > 1 else "")
    ax.set_ylim(bottom=0)
    locator = dates.AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    marks.x_label(ax, "end of the week")
    by = "until then" if cumulative else "in the week"
    canvas.y_label(ax, f"repeat purchases {by}" if what == "purchases" else f"revenue of repeat purchases {by}")
    told = "Repeat purchases" if what == "purchases" else "Revenue of repeat purchases"
    canvas.title(ax, f"{told}, {'cumulative' if cumulative else 'week by week'}")
    canvas.legend(ax, loc="upper left" if cumulative else "best")
    _name_the_bands(ax, bands)
    canvas.caption(
        ax,
        "How to read it: right of the vertical line models do not know what happened. Lines that part slowly misjudge "
        "how fast customers leave; a wave that no line has is a season or a campaign. Lines sum the unconditional "
        f"expectation, not the forecasts given each customer's history.{_of_bands(rows, titles, what)}",
    )
    return ax


def _draw_the_band(
    ax: Axes, part: pd.DataFrame, expected: str, look: canvas.Style, whose: str
) -> dict[str, canvas.Style]:
    """A light ground with thin edges, which print in grey too, by its label; nothing where there is no band."""
    low, high = (part.get(expected.replace("expected", end)) for end in ("low", "high"))
    if low is None or high is None or low.isna().all():
        return {}
    days = part["end_date"].to_numpy()
    label = f"{whose}{100 * part['level'].iloc[0]:g} % band"
    ax.fill_between(days, low, high, color=look.color, alpha=0.15, linewidth=0, zorder=1, label=label)
    for end in (low, high):
        ax.plot(days, end, look.line, color=look.color, linewidth=0.7, alpha=0.8, zorder=1.5)
    return {label: look}


def _name_the_bands(ax: Axes, bands: dict[str, canvas.Style]) -> None:
    """In the legend too bands have their edges: without them they are alike in grey, and not seen on a dark ground."""
    made = ax.get_legend()
    for handle, text in zip(made.legend_handles, made.get_texts(), strict=True) if made else ():
        look = bands.get(text.get_text())
        if handle is not None and look is not None:
            handle.set(edgecolor=(look.color, 0.8), linestyle=look.line, linewidth=0.7)


def _of_bands(rows: dict[str, pd.DataFrame], titles: dict[str, str], what: str) -> str:
    """What the caption says of bands: what those that are drawn hold, and why others are missing."""
    if what != "purchases":
        return ""
    told = {name: str(part["interval_source"].iloc[0]) for name, part in rows.items() if "interval_source" in part}
    drawn = [name for name in told if rows[name]["low_cumulative"].notna().any()]
    sentences = []
    if drawn:
        level = 100 * rows[drawn[0]]["level"].iloc[0]
        given = any(told[name] == "parameters as given" for name in drawn)
        chance = " Parameters are taken as given: chance alone is in it." if given else ""
        sentences.append(f" A band holds {level:g} of 100 curves of new customers who are as the model says.{chance}")
    without = [name for name in told if name not in drawn]
    for reason in dict.fromkeys(told[name] for name in without):
        whose = ", ".join(titles[name] for name in without if told[name] == reason)
        sentences.append(f" No band{f' of {whose}' if len(rows) > 1 else ''}: {reason.removeprefix('none: ')}.")
    return "".join(sentences)


def _rows(tracking: Any, models: Any) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """The rows of each model asked for, and how it is called."""
    table = tracking.tracking if isinstance(tracking, Validation) else tracking
    if not {"end_date", "part", "model", "complete"} <= set(getattr(table, "columns", ())):
        raise InvalidInput(
            f"expected what clvmodels.validate or plots.compute_tracking gave; found {type(tracking).__name__}"
        )
    there = marks.by_model(table)
    names = list(there) if models is None else listed(models)
    unknown = [name for name in names if name not in there]
    if unknown or not names:
        found = repr(unknown[0]) if unknown else "none"
        raise InvalidInput(f"models must name tracked models ({', '.join(there)}); found {found}")
    titles = in_words(tracking, names) if isinstance(tracking, Validation) else {name: _title(name) for name in names}
    return {name: there[name] for name in names}, titles


def _title(name: str) -> str:
    """How a name in a table, which knows no more, is written: that of a shipped family as other pictures write it."""
    return purchase_family(name).title if name in PURCHASE_FAMILIES else name


def _columns(table: pd.DataFrame, what: str, cumulative: bool) -> tuple[str, str]:
    if what not in CURVES:
        raise InvalidInput(f"what must be one of {', '.join(CURVES)}; found {what!r}")
    names = [f"{name}_{'cumulative' if cumulative else 'incremental'}" for name in CURVES[what]]
    if not set(names) <= set(table.columns):
        raise NotAvailable("tracking revenue needs amounts in the log and a spend model")
    return names[0], names[1]


def _mark_the_end(ax: Axes, part: pd.DataFrame) -> None:
    calibration = part.loc[part["part"] == "calibration", "end_date"]
    if not len(calibration) or len(calibration) == len(part):
        return
    from matplotlib import dates

    end = calibration.max()
    at = dates.date2num(end)  # type: ignore[no-untyped-call]
    ax.axvline(at, color=canvas.edge(ax), linewidth=1, linestyle=":")
    ax.annotate(
        "calibration ends", (at, 0), (4, 4), xycoords=("data", "axes fraction"), textcoords="offset points",
        fontsize="small", ha="left", va="bottom",
    )  # fmt: skip
