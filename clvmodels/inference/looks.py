"""How results show themselves in a notebook: small HTML tables that read well on light and dark pages.

Nothing sets a background, a font or a colour but the first words of a verdict, in hues that stand out from white and
from black and are told apart by the colour-blind; a sign says the same. Every text that comes from outside is escaped.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .fit_report import FitReport

_GOOD, _BAD = "#009E73", "#D55E00"
_CELL = "padding:0.1em 0.8em 0.1em 0;"


def escaped(text: object) -> str:
    """Text as HTML shows it.

    >>> escaped("<b>")
    '&lt;b&gt;'
    """
    return html.escape(str(text))


def number(value: float | None, form: str) -> str:
    """A number as given by a format; a dash where there is none.

    >>> number(1234.5678, ",.2f"), number(float("nan"), ".4g")
    ('1,234.57', '–')
    """
    return "–" if value is None or math.isnan(value) else format(value, form)


def figure(value: float) -> str:
    """A number of any size with four digits or all those before the point, never with an exponent of ten.

    >>> figure(60947.03), figure(130.68), figure(1.2345678), figure(0.0)
    ('60,947', '130.7', '1.235', '0')
    >>> figure(999.96), figure(-2.4e-6)
    ('1,000', '-0.0000')
    """
    if 0 < abs(value) < 1e-4:
        return f"{value:.4f}"
    return f"{value:,.0f}" if abs(value) >= 999.95 else f"{value:.4g}"


def card(title: str, *parts: str) -> str:
    """A heading with parts below it; the parts are HTML already."""
    return f'<div style="margin:0.6em 0"><div><b>{escaped(title)}</b></div>{"".join(parts)}</div>'


def line(text: str, small: bool = False) -> str:
    """A line of text."""
    style = ' style="font-size:90%;opacity:0.8"' if small else ""
    return f"<div{style}>{escaped(text)}</div>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table: the first column to the left, numbers to the right."""

    def cells(tag: str, texts: Sequence[str]) -> str:
        sides = ["left", *["right"] * (len(texts) - 1)]
        return "".join(
            f'<{tag} style="text-align:{side};{_CELL}">{escaped(text)}</{tag}>'
            for side, text in zip(sides, texts, strict=True)
        )

    head = f"<thead><tr>{cells('th', header)}</tr></thead>"
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    style = "margin:0.4em 0;border-collapse:collapse;color:inherit;font-size:inherit"
    return f'<table style="{style}">{head}<tbody>{body}</tbody></table>'


def verdict(report: FitReport) -> str:
    """The verdict, its first words coloured, and below it what to know about it."""
    told = [warning for warning in report.warnings if warning not in report.verdict]
    return judged(report.converged, report.verdict) + listed(told)


def judged(good: bool, text: str) -> str:
    """A sentence that judges: what comes before its colon is coloured, with a sign that says the same.

    >>> judged(True, "fine").endswith("✓ fine</b></div>")
    True
    """
    colour, sign = (_GOOD, "✓") if good else (_BAD, "✗")
    word, colon, why = text.partition(":")
    return f'<div><b style="color:{colour}">{sign} {escaped(word + colon)}</b>{escaped(why)}</div>'


def listed(texts: Iterable[str]) -> str:
    """Sentences one below the other; nothing where there are none."""
    items = "".join(f"<li>{escaped(text)}</li>" for text in texts)
    return f'<ul style="margin:0.2em 0">{items}</ul>' if items else ""


def fit_report(report: FitReport) -> str:
    """The verdict and the numbers behind it."""
    shown = {
        "log-likelihood": number(report.log_likelihood, ",.3f"),
        "AIC": number(report.aic, ",.2f"),
        "BIC": number(report.bic, ",.2f"),
        "customers": number(report.n_customers, ",.10g"),
        "repeaters": number(report.n_repeaters, ",.10g"),
    }
    if report.frequency_correlation is not None:
        p_value = number(report.frequency_correlation_p_value, ".2g")
        told = f"{number(report.frequency_correlation, '.3f')} (p-value {p_value})"
        shown["correlation of spend and frequency"] = told
    return verdict(report) + table(list(shown), [list(shown.values())])
