"""The page of a validation: what stands on it, what it lets in, and that it is the same each time."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

import clvmodels as clv
from clvmodels.errors import InvalidInput, NotAvailable
from clvmodels.reports import judging, sections
from clvmodels.reports.describing import described
from clvmodels.reports.pictures import WANTED
from clvmodels.reports.report import HEADINGS, page

from .conftest import NASTY, SCRIPT

KINDS = (
    "the total is too",
    " better in ",
    "do not write off",
    "Of the models compared",
    "One holdout is one draw",
)
VOID = ("meta", "link", "img", "br")


class Page(HTMLParser):
    """Elements with their attributes, the text of each, and whatever is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.cells: list[str] = []
        self.feed(html)
        assert self.open == [], "elements are left open"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in ("td", "th"):
            self.cells.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        tag = self.open[-1] if self.open else ""
        self.texts.append((tag, data))
        if any(one in ("td", "th") for one in self.open):
            self.cells[-1] += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(data for tag, data in self.texts if tag not in ("style", "script")).split())


@pytest.fixture(scope="module")
def cdnow_page(found):
    return page(found, "cdnow.csv")


@pytest.fixture(scope="module")
def nasty_page(nasty):
    return page(nasty, SCRIPT + ".csv")


def test_the_verdict_comes_first(cdnow_page):
    text = Page(cdnow_page).text
    told = "forecast 1,666 purchases for the 39 weeks after 30 Sep 1997; customers made 1,882 (-11.5 %)"
    assert 0 < text.index(told) < text.index("At a glance".lower()) < text.index("1 Jan 1997 to 30 Sep 1997")
    for anchor, heading in HEADINGS.items():
        assert (heading in text) == (anchor != "managers")  # that one needs an overview


def test_the_distribution_of_the_rules_is_told(cdnow_page):
    assert "given a Poisson distribution around its number" in " ".join(Page(cdnow_page).text.split())


def test_one_sentence_stands_before_the_verdict(cdnow_page):
    assert 0 < cdnow_page.index("In short: ") < cdnow_page.index('class="verdict"')


def test_all_of_the_verdict_is_on_the_page(found, cdnow_page):
    text = Page(cdnow_page).text
    for sentence in re.split(r"(?<=\.) (?=It )", found.verdict.replace("\n", " ")):
        assert sentence in text


def test_it_is_one_file_that_loads_nothing(cdnow_page, nasty_page):
    for html in (cdnow_page, nasty_page):
        parsed = Page(html)
        assert all(image["src"].startswith("data:image/") for image in parsed.of("img"))
        assert [link["href"] for link in parsed.of("link")] == ["data:,"]
        assert len(parsed.of("script")) == 1
        assert "src" not in parsed.of("script")[0]
        assert all(link["href"].startswith("#") for link in parsed.of("a"))
        assert not [name for _, attributes in parsed.elements for name in attributes if name.startswith("on")]
        assert not [1 for _, attributes in parsed.elements if "style" in attributes]
        assert "default-src 'none'" in next(one["content"] for one in parsed.of("meta") if "http-equiv" in one)


def test_it_can_be_read_by_everybody(cdnow_page):
    parsed = Page(cdnow_page)
    assert parsed.of("html")[0]["lang"] == "en"
    assert any(one.get("name") == "viewport" for one in parsed.of("meta"))
    assert all(len(image["alt"]) > 60 for image in parsed.of("img"))
    assert len(parsed.of("caption")) == len(parsed.of("table"))
    assert all(head["scope"] in ("col", "row") for head in parsed.of("th"))
    anchors = {link["href"][1:] for link in parsed.of("a")}
    assert anchors == {section["id"] for section in parsed.of("section")} == set(HEADINGS) - {"managers"}


def test_good_and_bad_are_said_in_words(cdnow_page):
    for kind, attributes, text in re.findall(r'<span class="(good|bad)"()>(.*?)</span>', cdnow_page):
        assert re.search(r"Good|Not good|better|worse", text), (kind, attributes, text)
        assert text[0] in "✓✗"


def test_numbers_are_those_of_the_tables(found, cdnow_page):
    rows = found.scores.set_index(["model", "metric"])["value"]
    cells = Page(cdnow_page).cells
    for name in found.predicted:
        for metric in ("bias_ratio", "log_score", "spearman"):
            assert any(cell.startswith(f"{rows[(name, metric)]:,.3f} ±") for cell in cells)
    assert {"0.55328", "10.578", "0.60624", "11.669"} <= set(cells)  # Fader & Hardie (2005)
    assert "1,411" in cdnow_page or "1411" in cdnow_page  # customers without a repeat purchase, in an alt text


def test_intervals_and_why_there_are_none(found):
    """A row for each forecaster and quantity that has intervals, a sentence for each that has none."""
    told = sections.sureness(found)
    assert len(told["table"].rows) == found.coverage["held"].notna().sum()
    assert told["paragraphs"] == []
    row = next(row for row in told["table"].rows if row[0].text == "BG/NBD" and row[1].text == "purchases")
    own = found.coverage.set_index(["model", "quantity"]).loc[("bg_nbd", "purchases")]
    assert row[2].text == f"{own['held']:.1%} ± {100 * own['standard_error']:.1f}"
    assert row[7].text == "✗ outside"
    without = found.coverage.assign(n=0, interval_source="none: the fit is not to be trusted")
    told = sections.sureness(replace(found, coverage=without))
    assert told["table"].rows == []
    assert "BG/NBD has no intervals of spend here: the fit is not to be trusted." in told["paragraphs"]


def test_a_band_is_told_in_words():
    ax = Figure().subplots()
    ax.fill_between([1, 2, 3], [1, 2, 3], [4, 6, 8], label="90 % band")
    assert described(ax.figure) == (
        "90 % band, lower end: 1 at 1, 2 at 2, 3 at 3. 90 % band, upper end: 4 at 1, 6 at 2, 8 at 3."
    )


def test_what_comes_from_the_data_is_text(nasty, nasty_page):
    parsed = Page(nasty_page)
    assert len(parsed.of("script")) == 1
    assert not parsed.of("svg")
    assert all(image["src"].startswith("data:") for image in parsed.of("img"))
    shown = [id_ for id_ in NASTY if any(id_.strip() in cell for cell in parsed.cells)]
    assert len(shown) >= 8, "the nasty ones are among the best and the largest misses"
    assert "{{7*7}}" in parsed.text
    assert "49" not in [cell.strip() for cell in parsed.cells if "7*7" in cell]
    assert SCRIPT + ".csv" in parsed.text  # the name of the file
    assert any(SCRIPT in cell for cell in parsed.cells)  # id and label
    assert "{{amount}}" in parsed.text  # the name of a column


def test_no_cell_is_a_formula_once_it_is_copied(nasty_page):
    cells = [re.sub(r"[\s‪-‮]", "", cell) for cell in Page(nasty_page).cells]
    begins = [cell for cell in cells if cell[:1] in "=+@" or (cell.startswith("-") and not re.match(r"-[\d.,]+", cell))]
    plain = re.compile(r"[+-][\d.,]+(e[+-]\d+)?$")  # a number of ours
    assert [cell for cell in begins if cell and not plain.match(cell)] == []
    assert any(cell.startswith("'=HYPERLINK") for cell in cells)
    assert any(cell.startswith("'-2+3") for cell in cells)
    assert "An apostrophe before an id" in nasty_page


def test_without_money_and_without_probabilities(bare):
    parsed = Page(page(bare))
    assert "—" in parsed.cells
    assert not [cell for cell in parsed.cells if "spend" in cell.lower()]
    assert "by 719 customers who first bought in the holdout" in parsed.text
    assert "Plan new customers separately" in parsed.text
    assert "amount=None," in parsed.text
    assert "nan" not in [cell.lower() for cell in parsed.cells]


def test_every_picture_of_the_list_is_there(found, cdnow_page):
    wanted = WANTED
    images = Page(cdnow_page).of("img")
    assert len(images) == len(wanted)
    assert "Not drawn" not in cdnow_page
    assert cdnow_page.count("How to read it: ") == len(wanted)


def test_the_call_on_the_page_gives_the_page_whatever_the_style(cdnow, found, cdnow_page, tmp_path):
    import matplotlib as mpl

    from clvmodels.reports import again

    path = tmp_path / "cdnow.csv"
    cdnow.to_csv(path, index=False)
    text = again.call(found, str(path)).replace('"report.html"', repr(str(tmp_path / "report.html")))
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "pink"}):
        exec(compile(text, "page", "exec"), {})
    ours = cdnow_page.replace("cdnow.csv", str(path))
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == ours


def test_advice_follows_from_what_was_found(found):
    told = " ".join(judging.advice(found))
    assert "the total is too low" in told
    assert "do not write off repeat buyers" in told
    assert "converge" not in told
    assert "new customers" not in told
    group = judging.silent(found, "pareto_nbd")
    frame = found.scored[(found.scored["frequency"] > 0) & (found.scored["p_alive_pareto_nbd"] < 0.5)]
    assert group.customers == len(frame)
    assert group.actual == frame["purchases_holdout"].sum()
    assert group.expected == pytest.approx(frame["expected_purchases_pareto_nbd"].sum())


def test_a_good_total_and_good_ranges_are_called_good(found):
    said = found.predicted["bg_nbd"]
    better = replace(said, expected=said.expected * found.actual.sum() / said.expected.sum())
    scores = found.scores.copy()
    scores.loc[(scores["model"] == "bg_nbd") & (scores["metric"] == "bias_ratio"), "value"] = 1.0
    changed = replace(found, predicted={**found.predicted, "bg_nbd": better}, scores=scores)
    assert judging.total(found, "bg_nbd").good is False
    assert judging.total(changed, "bg_nbd") == (
        True,
        "The total is 0.0 % too high (standard error 3.7 points).",
        "",
        False,
    )
    assert judging.ranges(found, "bg_nbd").good is True
    narrow = replace(
        said.distribution, intervals={**said.distribution.intervals, 0.95: (said.distribution.median,) * 2}
    )
    changed = replace(found, predicted={**found.predicted, "bg_nbd": replace(said, distribution=narrow)})
    assert "too narrow" in judging.ranges(changed, "bg_nbd").advice


def distrusted(found, *names):
    """The validation, had these fits failed."""
    models = dict(found.models)
    for name in names:
        report = replace(models[name].fit_report, converged=False, verdict="Not to be trusted: made up")
        state = replace(models[name]._state, report=report)
        models[name] = clv.PurchaseModel(name, "week")
        models[name]._fitted = state
    return replace(found, models=models)


def test_a_fit_that_is_not_to_be_trusted_is_told(found):
    changed = distrusted(found, "bg_nbd")
    assert judging.fit(changed, "bg_nbd")[:2] == (False, "Not to be trusted: made up")
    assert judging.verdict(changed, "bg_nbd").rest[0] == "Its fit: Not to be trusted: made up"
    assert "(-12.1 %). Its fit: Not to be trusted: made up It beats" in changed.verdict
    assert "BG/NBD: the fit did not converge" in judging.advice(changed)[0]


def test_it_says_which_model_to_take(found):
    assert judging.which(found) == [
        "Of the models compared, BG/NBD and Pareto/NBD describe about equally well what customers did: the difference "
        "in log score may be chance. Take the one that does better in what matters to you."
    ]
    rows = found.comparisons
    rows = rows.assign(outcome=rows["outcome"].mask(rows["metric"] == "log_score", "better"))
    told = judging.which(replace(found, comparisons=rows))
    assert told == ["Of the models compared, take BG/NBD: it describes best what customers did (log score)."]


def test_a_model_whose_fit_failed_is_not_recommended(found):
    told = judging.which(distrusted(found, "bg_nbd"))
    assert told == [
        "Of the models whose fit is to be relied on, take Pareto/NBD: it describes best what customers did (log score)."
    ]
    assert judging.which(distrusted(found, "bg_nbd", "pareto_nbd")) == []


def test_advice_of_one_kind_stands_together(nasty):
    told = [next(i for i, words in enumerate(KINDS) if words in one) for one in judging.advice(nasty)]
    assert told == sorted(told)
    assert told.count(0) == 2, "one model too low, one too high"


def test_reasons_are_given_only_for_the_rules_that_won(found):
    worse = found.comparisons[(found.comparisons["model"] == "bg_nbd") & (found.comparisons["outcome"] == "worse")]
    assert {"past_rate", "last_window"} <= set(worse["against"])
    told = judging.baselines(found, "bg_nbd")
    assert '"Same as last period" knows what is new' in told.advice
    assert "the same 0 for many customers" in told.advice
    lost = found.comparisons[found.comparisons["against"] != "last_window"]
    told = judging.baselines(replace(found, comparisons=lost), "bg_nbd")
    assert "knows what is new" not in told.advice
    lost = found.comparisons.assign(outcome="no difference")
    lost.loc[(lost["metric"] == "bias_ratio") & (lost["against"] == "cohort_mean"), "outcome"] = "worse"
    told = judging.baselines(replace(found, comparisons=lost), "bg_nbd")
    assert told.advice == '"Cohort average" does better in the total. For that purpose use the simple rule, or both'


def test_how_often_it_was_compared_can_be_counted_up(found, bare):
    told = judging.baselines(found, "bg_nbd").told
    assert told.startswith("Against 4 simple rules, in 8 measures each (those of money are among them): better ")
    assert sum(map(int, re.findall(r"(\d+) times", told))) == 4 * 8
    assert "money" not in judging.baselines(bare, "bare").told


def test_what_may_be_chance_is_not_called_good(found, monkeypatch):
    monkeypatch.setattr(judging, "value", lambda found, name, metric: (0.97, 0.3))
    assert judging.total(found, "bg_nbd")[:2] == (
        None,
        "The total is 3.0 % too low (standard error 30.0 points). So much may be chance.",
    )
    monkeypatch.setattr(judging, "silent", lambda found, name: judging.Silent(9, 3.0, 5.0))
    assert judging.silence(found, "bg_nbd").good is None
    monkeypatch.setattr(judging, "silent", lambda found, name: judging.Silent(900, 300.0, 310.0))
    assert judging.silence(found, "bg_nbd").good is True
    monkeypatch.setattr(judging, "silent", lambda found, name: judging.Silent(900, 300.0, 500.0))
    assert judging.silence(found, "bg_nbd").good is False


def test_the_lines_of_the_log_add_up(found, cdnow_page):
    told = found.split.quality
    text = Page(cdnow_page).text
    assert told.lines == told.lines_after_end + told.purchases + told.same_event_merges
    assert "6,919 lines read" in text
    assert "not looked at: 1,959 lines after that day" in text


def test_a_per_cent_sign_has_no_line_of_its_own_in_a_heading(cdnow_page):
    assert "top 10\N{NO-BREAK SPACE}%</th>" in cdnow_page


def test_where_nobody_is_thought_gone_it_is_said(nasty, found):
    told = sections.weakness(nasty)["paragraphs"]
    assert any("NBD (" in one and "no repeat buyer had a probability below one half" in one for one in told)
    assert "no repeat buyer" not in " ".join(sections.weakness(found)["paragraphs"])


def test_a_level_across_a_picture_is_told_as_one():
    ax = Figure().subplots()
    ax.set_xticks([0, 1, 2], ["low", "middle", "high"])
    ax.axhline(1.0, label="as expected")
    assert described(ax.figure) == "as expected: 1 everywhere."


def test_labels_stand_beside_titles(nasty):
    assert judging.title(nasty, "=1+1") == "BG/NBD (=1+1)"
    assert judging.title(nasty, "past_rate") == nasty.predicted["past_rate"].title


def test_tables_are_in_order(found):
    misses, best = sections.customers(found)
    said = [row[list(best.header).index("Forecast")].value for row in best.rows]
    assert said == sorted(said, reverse=True)
    at, bought = (list(misses.header).index(name) for name in ("Forecast", "Bought"))
    off = [abs(row[at].value - row[bought].value) for row in misses.rows]
    assert off == sorted(off, reverse=True)


def test_it_appears_whole_or_not_at_all(found, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    monkeypatch.setattr("clvmodels.reports.report.pictures", lambda found: ([], []))
    clv.report(found, path)
    before = path.read_bytes()
    assert before.startswith(b"<!DOCTYPE html>")
    monkeypatch.setattr(sections, "customers", lambda found: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clv.report(found, path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_what_is_no_validation_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"validation must be what clvmodels.validate returns; found DataFrame"):
        clv.report(clv.load_cdnow(sample=True), tmp_path / "report.html")


def test_without_jinja2_it_says_what_to_install(found, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(NotAvailable, match=r"pip install 'clvmodels\[report\]'"):
        clv.report(found, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_importing_the_package_needs_neither_jinja2_nor_matplotlib():
    code = "import sys, clvmodels, clvmodels.reports.report; print({'jinja2', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
