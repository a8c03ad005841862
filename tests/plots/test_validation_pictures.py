"""Pictures of a validation draw their tables, in words that say what is what."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import dates
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose

import clvmodels as clv

from ..validation.some_customers import some_of

plots = clv.plots
BOTH = ["pareto_nbd", "bg_nbd"]
TITLES = ["Pareto/NBD", "BG/NBD"]
OF_A_VALIDATION = [
    plots.plot_by_p_alive, plots.plot_conditional_expectation, plots.plot_coverage, plots.plot_deciles, plots.plot_lift,
    plots.plot_pit, plots.plot_reliability, plots.plot_scores,
]  # fmt: skip


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def lines(ax):
    """Label -> line, of those that have one."""
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def bars(ax):
    return {each.get_label(): [bar.get_height() for bar in each] for each in ax.containers if hasattr(each, "patches")}


def whiskers(ax):
    """Lowest and highest ends of the error bars, in the order drawn."""
    return [
        np.array([segment[:, 1] for segment in each.lines[2][0].get_segments()])
        for each in ax.containers
        if not hasattr(each, "patches")
    ]


def of(table, name):
    return table[table["model"] == name]


def looks(line):
    return line.get_linestyle(), line.get_marker()


@pytest.mark.parametrize("by", ["frequency", "recency", "T", "time_since_last_purchase"])
def test_conditional_expectation(found, by):
    table = plots.compute_conditional_expectation(found, by, models=["pareto_nbd", "hiatus"])
    ax = plots.plot_conditional_expectation(found, by, models=["pareto_nbd", "hiatus"])
    actual = of(table, "pareto_nbd")["actual"]
    assert_allclose(bars(ax)["actual"], actual)
    drawn = lines(ax)
    assert_allclose(drawn["Pareto/NBD"].get_ydata(), of(table, "pareto_nbd")["expected"])
    assert_allclose(drawn["Hiatus rule"].get_ydata(), of(table, "hiatus")["expected"])
    assert looks(drawn["Pareto/NBD"]) != looks(drawn["Hiatus rule"])
    twice = 2 * of(table, "pareto_nbd")["standard_error"].to_numpy()
    assert_allclose(whiskers(ax)[0], np.stack([actual - twice, actual + twice], axis=1))
    assert legend(ax) == ["actual", "Pareto/NBD", "Hiatus rule"]
    assert ("weeks" in ax.get_xlabel()) == (by != "frequency")
    named = [label.get_text() for label in ax.get_xticklabels()]
    for text, group, n in zip(named, table["group"], table["n"], strict=False):
        assert text in (f"{group}\n{n:,}", f"{group} ({n:,})")


def test_by_p_alive(found):
    table = plots.compute_by_p_alive(found)
    ax = plots.plot_by_p_alive(found)
    for name, title in zip(BOTH, TITLES, strict=True):
        assert_allclose(lines(ax)[title].get_ydata(), of(table, name)["ratio"])
    assert looks(lines(ax)["Pareto/NBD"])[1] != looks(lines(ax)["BG/NBD"])[1]
    assert ax.get_xticklabels()[0].get_text() == "0–0.2\n100\n84"
    assert legend(ax) == ["as expected", *TITLES]
    with pytest.raises(clv.NotAvailable, match=r"no P\(alive\)"):
        plots.plot_by_p_alive(found, models=["past_rate"])


def test_reliability(found):
    table = plots.compute_reliability(found)
    ax = plots.plot_reliability(found)
    for name, title in zip(BOTH, TITLES, strict=True):
        rows = of(table, name)
        assert_allclose(lines(ax)[title].get_data(), [rows["predicted"], rows["actual"]])
    assert_allclose(lines(ax)["as predicted"].get_data(), [[0, 1], [0, 1]])
    (right,) = [other for other in ax.figure.axes if other is not ax]
    drawn = [[bar.get_height() for bar in each] for each in right.containers]
    for heights, name in zip(drawn, BOTH, strict=True):
        assert_allclose(heights, of(table, name)["n"] / 2357)
    assert right.get_ylabel() == "share of customers (bars)"
    assert right.containers[0][0].get_hatch() != right.containers[1][0].get_hatch()


@pytest.mark.parametrize("what", ["purchases", "spend"])
def test_lift(found, what):
    table = plots.compute_lift(found, ["bg_nbd", "past_rate"], of=what)
    ax = plots.plot_lift(found, ["bg_nbd", "past_rate"], of=what)
    drawn = list(lines(ax).values())
    for line, name in zip(drawn, ["bg_nbd", "past_rate", "perfect order", "chance"], strict=True):
        assert_allclose(line.get_data(), of(table, name)[["share_of_customers", "share_of_actual"]].T)
    row = of(table, "bg_nbd").iloc[0]
    assert legend(ax)[0] == f"BG/NBD: Gini {row['gini']:.2f} ({row['normalised_gini']:.2f} of perfect)"
    assert [text.split(":")[0] for text in legend(ax)] == ["BG/NBD", "Past rate", "perfect order", "chance"]
    assert what in ax.get_ylabel()


def test_deciles(found):
    table = plots.compute_deciles(found)
    ax = plots.plot_deciles(found)
    for name, title in zip(BOTH, TITLES, strict=True):
        assert_allclose(bars(ax)[f"{title}: actual"], of(table, name)["actual"])
        assert_allclose(lines(ax)[f"{title}: expected"].get_ydata(), of(table, name)["expected"])
    one = plots.plot_deciles(found, "bg_nbd", of="spend", groups=5)
    assert legend(one) == ["actual", "BG/NBD: expected"]
    assert one.get_xlabel() == "1/5 of customers by expected spend (1: highest)"


def test_pit(found):
    table = plots.compute_pit(found, bins=5)
    ax = plots.plot_pit(found, bins=5)
    steps = [patch for patch in ax.patches if hasattr(patch, "get_data")]
    for drawn, name in zip(steps, BOTH, strict=True):
        assert_allclose(drawn.get_data().values, of(table, name)["height"])
        assert_allclose(drawn.get_data().edges, np.linspace(0, 1, 6))
    assert steps[0].get_linestyle() != steps[1].get_linestyle()
    assert legend(ax) == ["what chance allows (95 %)", "Pareto/NBD: p < 0.001", "BG/NBD: p < 0.001"]


def test_coverage(found):
    table = plots.compute_coverage(found, ["bg_nbd", "past_rate"])
    ax = plots.plot_coverage(found, ["bg_nbd", "past_rate"])
    for name, title in (("bg_nbd", "BG/NBD"), ("past_rate", "Past rate")):
        for which in ("expected", "actual"):
            assert_allclose(lines(ax)[f"{title}: {which}"].get_ydata(), of(table, name)[which])
    assert legend(ax)[0] == "nominal"
    low, high = ax.get_ylim()
    assert low < table["actual"].min()
    assert high > 1


def test_scores(found):
    ax = plots.plot_scores(found, ["log_score", "auc", "bias_ratio"])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(found.titles.values())
    headings = [label.get_text() for label in ax.get_xticklabels()]
    assert ["lower is better" in headings[0], "higher is better" in headings[1], "best near 1" in headings[2]] == [
        True
    ] * 3
    values = found.scores[found.scores["metric"] == "log_score"]["value"]
    written = [text.get_text() for text in ax.texts[: len(values)]]
    assert written == [f"{value:.3g}" for value in values]
    dots = [line for line in ax.lines if line.get_marker() not in ("None", "|", "")][: len(values)]
    at = [float(dot.get_xdata()[0]) for dot in dots]
    assert np.argsort(at).tolist() == np.argsort(values.to_numpy()).tolist()
    assert np.corrcoef(at, values)[0, 1] > 1 - 1e-9
    hollow = [dot.get_markerfacecolor() == "white" for dot in dots]
    assert hollow == [said.kind == "baseline" for said in found.predicted.values()]


def test_scores_that_are_missing_or_infinite(found):
    scores = found.scores.copy()
    scores.loc[(scores["model"] == "hiatus") & (scores["metric"] == "log_score"), "value"] = np.inf
    scores.loc[(scores["model"] == "past_rate") & (scores["metric"] == "log_score"), "value"] = np.nan
    odd = dataclasses.replace(found, scores=scores)
    ax = plots.plot_scores(odd, ["log_score"])
    told = {text.get_text(): text.get_position()[1] for text in ax.texts if text.get_gid() == "missing"}
    names = list(found.predicted)
    assert told == {"∞": names.index("hiatus"), "—": names.index("past_rate")}
    none = dataclasses.replace(found, scores=scores.assign(value=np.nan))
    with pytest.raises(clv.NotAvailable, match="has any of log_score"):
        plots.plot_scores(none, ["log_score"])
    with pytest.raises(clv.InvalidInput, match="'log_score'"):
        plots.plot_scores(found, ["log_scor"])


@pytest.mark.parametrize("cumulative", [True, False])
@pytest.mark.parametrize(("what", "columns"), [("purchases", ""), ("revenue", "revenue_")])
def test_tracking(found, tracked, cumulative, what, columns):
    ax = plots.plot_tracking(dataclasses.replace(found, tracking=tracked), None, cumulative, what)
    which = "cumulative" if cumulative else "incremental"
    drawn = lines(ax)
    assert list(drawn) == ["actual", *TITLES]
    rows = of(tracked, "bg_nbd")
    rows = rows if cumulative else rows[rows["complete"]]
    assert_allclose(drawn["actual"].get_ydata(), rows[f"actual_{columns}{which}"])
    assert_allclose(drawn["BG/NBD"].get_ydata(), rows[f"expected_{columns}{which}"])
    assert (drawn["BG/NBD"].get_xdata() == rows["end_date"].to_numpy()).all()
    end = next(line for line in ax.lines if line.get_label().startswith("_"))
    assert dates.num2date(end.get_xdata()[0]).date().isoformat() == "1997-09-30"
    assert ax.texts[0].get_text() == "calibration ends"
    assert "unconditional expectation" in " ".join(ax.texts[-1].get_text().split())


def test_tracking_of_a_table(tracked):
    ax = plots.plot_tracking(tracked, models="bg_nbd")
    assert legend(ax) == ["actual", "BG/NBD", "90 % band"]
    own = plots.plot_tracking(tracked.assign(model=tracked["model"].replace("bg_nbd", "early")))
    assert legend(own) == ["actual", "Pareto/NBD", "Pareto/NBD: 90 % band", "early", "early: 90 % band"]
    plain = tracked.drop(columns=[name for name in tracked if "revenue" in name])
    with pytest.raises(clv.NotAvailable, match="revenue needs amounts"):
        plots.plot_tracking(plain, what="revenue")
    with pytest.raises(clv.InvalidInput, match="one of purchases, revenue; found 'money'"):
        plots.plot_tracking(tracked, what="money")
    with pytest.raises(clv.InvalidInput, match="'past_rate'"):
        plots.plot_tracking(tracked, models=["past_rate"])
    for wrong in (pd.DataFrame({"week": [1]}), 3):
        with pytest.raises(clv.InvalidInput, match="compute_tracking gave"):
            plots.plot_tracking(wrong)


def test_tracking_says_whose_band_is_missing(tracked):
    ends = ["low_cumulative", "high_cumulative", "low_incremental", "high_incremental"]
    table, poor = tracked.copy(), tracked["model"] == "bg_nbd"
    table.loc[poor, ends] = np.nan
    table.loc[poor, "interval_source"] = "none: the fit is not to be trusted"
    for models, told in ((None, "No band of BG/NBD: the fit"), ("bg_nbd", "No band: the fit")):
        ax = plots.plot_tracking(table, models)
        caption = " ".join(ax.texts[-1].get_text().split())
        assert caption.endswith(f"{told} is not to be trusted.")
        assert ("90 of 100 curves" in caption) == (models is None)


def test_bands_are_told_apart_without_colour(tracked):
    ax = plots.plot_tracking(tracked)
    bands = [each for each, text in zip(ax.get_legend().legend_handles, legend(ax), strict=True) if "band" in text]
    assert len(bands) == 2
    assert all(each.get_linewidth() > 0 and each.get_edgecolor()[3] > 0.5 for each in bands)
    assert bands[0].get_linestyle() != bands[1].get_linestyle()


@pytest.mark.parametrize("metric", ["bias_ratio", "log_score"])
def test_backtest(tested, metric):
    ax = plots.plot_backtest(tested, metric)
    rows = tested.scores[tested.scores["metric"] == metric]
    assert legend(ax) == list(tested.titles.values())
    for name, title in tested.titles.items():
        assert_allclose(lines(ax)[title].get_ydata(), of(rows, name)["value"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1997-06-30", "1997-09-30", "1997-12-31"]
    assert ax.get_xlabel() == "end of calibration (holdouts of 13 weeks)"
    assert ("best near 1" if metric == "bias_ratio" else "lower is better") in ax.get_title()


def test_backtest_refuses(tested, found):
    with pytest.raises(clv.InvalidInput, match=r"clvmodels.backtest returns; found Validation"):
        plots.plot_backtest(found)
    with pytest.raises(clv.InvalidInput, match=r"found 'pareto_nbd'"):
        plots.plot_backtest(tested, models=["pareto_nbd"])
    missing = tested.scores.assign(value=tested.scores["value"].where(tested.scores["model"] != "hiatus"))
    lacking = dataclasses.replace(tested, scores=missing)
    assert "Hiatus rule" not in legend(plots.plot_backtest(lacking))
    with pytest.raises(clv.NotAvailable, match="Hiatus rule has no bias_ratio"):
        plots.plot_backtest(lacking, models=["hiatus"])


def test_regularity(regular):
    ax = plots.plot_regularity(regular)
    assert_allclose(bars(ax)["actual"], regular["share"])
    chance, fit = [patch.get_data().values for patch in ax.patches if hasattr(patch, "get_data")]
    assert_allclose(chance, 1 / len(regular))
    assert_allclose(fit, regular["fitted"])
    assert legend(ax) == ["actual", "chance (k = 1)", "fitted: k = 0.98 ± 0.10"]
    with pytest.raises(clv.InvalidInput, match="compute_regularity; found DataFrame"):
        plots.plot_regularity(pd.DataFrame({"low": [0.0]}))


@pytest.mark.parametrize("draw", OF_A_VALIDATION)
def test_no_figure_is_left_by_a_refusal(found, draw):
    for wrong in ({"models": ["nobody"]}, {"models": []}):
        with pytest.raises(clv.InvalidInput):
            draw(found, **wrong)
    with pytest.raises(clv.InvalidInput, match=r"clvmodels.validate returns"):
        draw(found.scored)
    assert plt.get_fignums() == []


def test_labels_of_the_caller(log):
    found = clv.validate(
        log, calibration_end="1997-09-30", models={"$a": "nbd", "b": "nbd"}, n_resamples=2, amount=None
    )
    ax = plots.plot_pit(found)
    assert [text.split(":")[0] for text in legend(ax)[1:]] == ["NBD ($a)", "NBD (b)"]
    ax.figure.canvas.draw()
    with pytest.raises(clv.NotAvailable, match="needs amounts"):
        plots.plot_lift(found, of="spend")
    predicted = {f"$\\frac{name}$": said for name, said in found.predicted.items()}
    scores = found.scores.assign(model=[f"$\\frac{name}$" for name in found.scores["model"]])
    ax = plots.plot_scores(dataclasses.replace(found, predicted=predicted, scores=scores))
    ax.figure.canvas.draw()
    assert ax.get_yticklabels()[0].get_text() == "NBD ($\\frac$a$)"


@pytest.mark.parametrize("rows", ["one customer", "nothing bought", "nobody came back"])
@pytest.mark.parametrize("draw", [draw for draw in OF_A_VALIDATION if draw is not plots.plot_scores])
def test_little_data_is_drawn(found, draw, rows):
    frequency, actual = found.scored["frequency"].to_numpy(), found.actual
    chosen = {
        "one customer": np.array([4]),
        "nothing bought": np.flatnonzero(actual == 0)[:30],
        "nobody came back": np.flatnonzero(frequency == 0)[:30],
    }[rows]
    ax = draw(some_of(found, chosen))
    ax.figure.canvas.draw()
    assert legend(ax)


def test_tracking_of_what_validate_found(found):
    ax = plots.plot_tracking(found)
    assert_allclose(lines(ax)["BG/NBD"].get_ydata(), of(found.tracking, "bg_nbd")["expected_cumulative"])


@pytest.mark.parametrize("draw", [*OF_A_VALIDATION, plots.plot_tracking])
def test_what_is_no_name_is_refused_in_words(found, tested, draw):
    for wrong, called in ((3, "int"), (found.models["bg_nbd"], "PurchaseModel")):
        with pytest.raises(clv.InvalidInput, match=f"a list of names; found {called}"):
            draw(found, models=wrong)
        with pytest.raises(clv.InvalidInput, match=f"a list of names; found {called}"):
            plots.plot_backtest(tested, models=wrong)
    assert plt.get_fignums() == []


def test_metrics_that_are_no_names_are_refused_in_words(found):
    with pytest.raises(clv.InvalidInput, match=r"a list of names, .*; found 3"):
        plots.plot_scores(found, metrics=3)
    with pytest.raises(clv.InvalidInput, match="at least one metric, for example 'bias_ratio'; found none"):
        plots.plot_scores(found, metrics=[])


@pytest.mark.parametrize("size", [(4, 3), (5.5, 4), (7, 5)])
@pytest.mark.parametrize("layout", ["constrained", None])
def test_no_word_above_the_scores_is_broken(found, size, layout):
    figure, ax = plt.subplots(figsize=size, layout=layout)
    plots.plot_scores(found, ["bias_ratio", "log_score", "poisson_deviance", "spearman", "top_decile_capture"], ax=ax)
    figure.canvas.draw()
    written = " ".join([*(label.get_text() for label in ax.get_xticklabels()), ax.get_xlabel()]).split()
    for word in ("Predicted", "deviance", "(purchases)", "correlation", "purchases", "better"):
        assert word in written
    assert ax.texts[-1].get_window_extent().x1 <= figure.bbox.x1
    rows = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(upper.y0 >= lower.y0 + 5 for upper, lower in pairwise(rows))


@pytest.mark.parametrize("size", [(4, 3), (7, 4.6)])
@pytest.mark.parametrize("layout", ["constrained", None])
def test_the_legend_of_a_backtest_hides_no_point(tested, size, layout):
    figure, ax = plt.subplots(figsize=size, layout=layout)
    plots.plot_backtest(tested, ax=ax)
    figure.canvas.draw()
    highest = max(float(line.get_ydata().max()) for line in lines(ax).values())
    assert ax.transData.transform((0, highest))[1] <= ax.get_legend().get_window_extent().y0
