"""A validation as one HTML file that opens from disk, for somebody who does not program."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from importlib import resources
from typing import Any

from ..economics.customer_base import Overview
from ..errors import InvalidInput, NotAvailable
from ..files import written_whole
from ..units import length
from ..validation import words
from ..validation.result import Validation
from ..versions import version_of
from . import again, judging, managers, sections
from .in_short import in_short
from .pictures import pictures

HEADINGS = {
    "verdict": "The verdict",
    "next": "What to do next",
    "managers": "For managers: what the customers are worth",
    "data": "What was held against what",
    "comparison": "Models and simple rules compared",
    "pictures": "Pictures",
    "weakness": "A known weakness",
    "customers": "Some customers",
    "again": "Settings, to do it again",
}


def report(
    validation: Validation,
    path: str | os.PathLike[str],
    *,
    source: str | None = None,
    overview: Overview | None = None,
) -> None:
    """Write what a validation found as one HTML page.

    The page holds the verdict in words and what to do next; what was held against what, and what was found in the log;
    the table of models and baselines, and which differences are chance; pictures with how to read them; repeat buyers
    by P(alive); the largest misses; parameters, settings, versions, and the call that does it again; with an overview
    also what the customers are worth, how that is spread, who is at risk, and what a new one may cost. It needs no
    network, prints, follows a dark or light setting, and reads without JavaScript, which only sorts its tables. The
    same validation gives the same bytes.

    Parameters
    ----------
    validation
        What `validate` returned.
    path
        Where the page goes; it appears whole or not at all, and replaces what is there.
    source
        What the log is to be called on the page, such as its file name.
    overview
        What `clvmodels.economics.overview` found of a customer base, for a section for managers; the caller sees to it
        that it is of this log.

    Raises
    ------
    InvalidInput
        If validation or overview is none, or the file cannot be written.
    NotAvailable
        If jinja2 is not installed (``pip install 'clvmodels[report]'``).

    Notes
    -----
    Whatever comes from the data is escaped, and the page's own policy lets nothing run but its own script. Where an id
    would begin a formula once a table is copied into a spreadsheet, an apostrophe stands before it (OWASP, CSV
    Injection).

    Examples
    --------
    >>> import clvmodels as clv, pathlib, tempfile
    >>> found = clv.validate(clv.load_cdnow(sample=True), calibration_end="1997-09-30", models=["nbd"])
    >>> path = pathlib.Path(tempfile.mkdtemp(), "report.html")
    >>> clv.report(found, path)
    >>> path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    True
    """
    if not isinstance(validation, Validation):
        raise InvalidInput(f"validation must be what clvmodels.validate returns; found {type(validation).__name__}")
    if overview is not None and not isinstance(overview, Overview):
        raise InvalidInput(
            f"overview must be what clvmodels.economics.overview returns; found {type(overview).__name__}"
        )
    html = page(validation, source, overview)
    with written_whole(path) as new:
        new.write_text(html, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")


def page(found: Validation, source: str | None = None, overview: Overview | None = None) -> str:
    """The page as text."""
    template = _template()
    style, script = _asset("page.css"), _asset("page.js")
    drawn, not_drawn = pictures(found)
    tables = sections.customers(found)
    worth = None if overview is None else managers.section(overview)
    listed = [*tables, *([] if worth is None else worth.at_risk)]
    headings = {anchor: heading for anchor, heading in HEADINGS.items() if anchor != "managers" or worth is not None}
    titles = judging.titles_of(found)
    names = judging.by_log_score(found)
    span = length(found.duration, found.time_unit)
    cut = words.day(str(found.split.facts["observation_end"]))
    html: str = template.render(
        title=f"Forecast of the {span} after {cut}, checked",
        subtitle=f"{words.listed([titles[name] for name in names])}, held against the {span} after {cut}",
        contents=list(headings.items()),
        headings=HEADINGS,
        policy=_policy(style, script),
        version=version_of("clvmodels"),
        in_short=in_short(found, names[0]),
        verdict=[judging.verdict(found, name) for name in names],
        new_customers=sections.new_customers(found),
        judgements=[{"title": titles[name], "checks": judging.checks(found, name)} for name in names],
        advice=judging.advice(found),
        facts=sections.facts(found, source),
        quality=sections.quality(found),
        leading=sections.leading(found),
        behind=sections.behind(found),
        rules=sections.rules(found),
        sureness=sections.sureness(found),
        duels=sections.duels(found),
        differences=sections.differences(found),
        pictures=drawn,
        not_drawn=not_drawn,
        weakness=sections.weakness(found),
        customers=tables,
        guards=any(row[0].text.startswith("'") for table in listed for row in table.rows),
        managers=worth,
        parameters=sections.parameters(found),
        settings=sections.settings(found),
        call=again.call(found, source, overview),
        versions=again.versions(),
        style=_own(style),
        script=_own(script),
    )
    return html


def refuse_without_jinja2() -> None:
    """Raise where a page could not be made, before any work is done."""
    _jinja2()


def _jinja2() -> Any:
    try:
        import jinja2
    except ImportError:
        raise NotAvailable("a report needs jinja2: pip install 'clvmodels[report]'") from None
    return jinja2


def _template() -> Any:
    jinja2 = _jinja2()
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters["unparted"] = _unparted
    return environment.from_string(_asset("page.html"))


def _unparted(text: str) -> str:
    """A number and its per cent sign stay on one line."""
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _own(text: str) -> Any:
    """Style and script of this package, which are HTML already."""
    from markupsafe import Markup

    return Markup(text)


def _policy(style: str, script: str) -> str:
    """What a browser is to allow: images within the page, and this style and this script alone."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in (style, script)
    )
    return f"default-src 'none'; img-src data:; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'"
