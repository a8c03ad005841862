"""Rules are tables: every one of them covers everybody exactly once, survives a CSV file, and says what is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.economics.rule_boxes import read_boxes, segments_of

segment_rules = clv.economics.segment_rules
NAMES = [
    "Champions", "Loyal", "Potential loyalist", "New", "Promising", "Need attention", "About to sleep", "At risk",
    "Cannot lose them", "Hibernating", "Lost",
]  # fmt: skip
# the 5 x 5 grid as it is drawn in textbooks: r = 5 in the first line, f = 1 in the first column
GRID = """
New       Potential Potential Champions Champions
Promising Potential Potential Loyal     Loyal
About     About     Need      Loyal     Loyal
Hibernating Hibernating At    At        Cannot
Lost      Lost      At        At        Cannot
"""


def test_every_cell_of_the_grid_is_covered_exactly_once():
    rules = segment_rules("rfm")
    assert rules["segment"].tolist() == NAMES
    covered = {
        (r, f): [
            row.segment for row in rules.itertuples() if row.r_low <= r <= row.r_high and row.f_low <= f <= row.f_high
        ]
        for r in range(1, 6)
        for f in range(1, 6)
    }
    assert len(covered) == 25
    drawn = [line.split() for line in GRID.split("\n") if line]
    for (r, f), names in covered.items():
        assert len(names) == 1, (r, f, names)
        assert names[0].split()[0] == drawn[5 - r][f - 1]
    assert all(rules["action"].str.len() > 10)


def test_rules_of_value():
    rules = segment_rules("value")
    assert rules["segment"].tolist() == ["protect", "grow", "win back", "let go"]
    assert all(rules["action"].str.len() > 10)
    with pytest.raises(clv.InvalidInput, match="'rfm' or 'value'; found 'RFM'"):
        segment_rules("RFM")


def test_a_table_belongs_to_its_reader():
    mine = segment_rules("rfm")
    mine["segment"] = "mine"
    assert segment_rules("rfm")["segment"].tolist() == NAMES


@pytest.mark.parametrize("which", ["rfm", "value"])
def test_written_to_a_file_and_read_again(which, tmp_path):
    rules = segment_rules(which)
    rules.to_csv(tmp_path / "rules.csv", index=False)
    rules.to_csv(tmp_path / "excel.csv", index=False, sep=";")
    quantities, scores = (("r", "f", "m"), True) if which == "rfm" else (tuple(QUANTITIES), False)
    wanted = read_boxes(rules, quantities, {}, scores)
    for given in (tmp_path / "rules.csv", str(tmp_path / "excel.csv"), pl.from_pandas(rules), rules.sample(frac=1.0)):
        found = read_boxes(given, quantities, {}, scores)
        assert list(found.edges) == list(wanted.edges)
        cells = np.array(wanted.segments, dtype=object)[wanted.rule]
        assert (np.array(found.segments, dtype=object)[found.rule] == cells).all()
    if which == "rfm":
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "rules.csv"), rules, check_dtype=False)


QUANTITIES = ["p_alive", "value", "value_if_alive", "value_quantile", "value_if_alive_quantile"]


def boxes(**columns):
    return read_boxes(pd.DataFrame(columns), QUANTITIES, {"p_alive": 0.0})


def test_against_rule_by_rule():
    """Random halvings of a plane: the looked-up segment is the one rule whose bounds all hold."""
    generator = np.random.default_rng(5)
    for _ in range(20):
        rows = [(-np.inf, np.inf, -np.inf, np.inf)]
        for _ in range(6):
            low, high, left, right = rows.pop(int(generator.integers(len(rows))))
            cut = float(generator.integers(-9, 10))
            if generator.random() < 0.5 and low < cut < high:
                rows += [(low, cut, left, right), (cut, high, left, right)]
            elif left < cut < right:
                rows += [(low, high, left, cut), (low, high, cut, right)]
            else:
                rows.append((low, high, left, right))
        table = pd.DataFrame(rows).replace([np.inf, -np.inf], np.nan)
        table.columns = ["value_at_least", "value_below", "value_if_alive_at_least", "value_if_alive_below"]
        table["segment"] = [f"s{i}" for i in range(len(rows))]
        x, y = generator.integers(-10, 11, (2, 200)).astype(float)
        found = segments_of(read_boxes(table, QUANTITIES, {}), {"value": x, "value_if_alive": y})
        for name, a, b in zip(found, x, y, strict=True):
            holds = [i for i, (low, high, left, right) in enumerate(rows) if low <= a < high and left <= b < right]
            assert holds == [int(name[1:])]


def test_a_gap_is_named():
    rules = segment_rules("rfm")
    with pytest.raises(clv.InvalidInput, match=r"no rule covers r=3, f=3 \(1 of 25 cells"):
        read_boxes(rules.drop(index=5), ["r", "f"], {}, scores=True)
    rules.loc[rules["segment"] == "Loyal", "r_high"] = 3
    with pytest.raises(clv.InvalidInput, match=r"no rule covers r=4, f=4 .2 of 25"):
        read_boxes(rules, ["r", "f"], {}, scores=True)
    # nobody speaks of r = 1 at all
    rules = pd.DataFrame({"segment": ["all but those"], "r_low": [2], "r_high": [5]})
    with pytest.raises(clv.InvalidInput, match=r"no rule covers r=1 \(1 of 2 cells"):
        read_boxes(rules, ["r", "f"], {}, scores=True)
    split = pd.DataFrame({"segment": ["low", "high"], "r_low": [1, 5], "r_high": [2, 5]})
    with pytest.raises(clv.InvalidInput, match=r"no rule covers r=3 to 4 \(1 of 3 cells"):
        read_boxes(split, ["r", "f"], {}, scores=True)
    with pytest.raises(clv.InvalidInput, match=r"no rule covers p_alive from 0.5 on \(1 of 2"):
        boxes(segment=["low"], p_alive_below=[0.5])
    with pytest.raises(clv.InvalidInput, match=r"no rule covers p_alive from 1 on \(1 of 3"):
        boxes(segment=["low", "high"], p_alive_at_least=[0.0, 0.5], p_alive_below=[0.5, 1.0])
    with pytest.raises(clv.InvalidInput, match=r"no rule covers p_alive from 0.4 to below 0.5, any value "):
        boxes(
            segment=["low", "high"], p_alive_at_least=[None, 0.5], p_alive_below=[0.4, None], value_below=[None, None]
        )
    with pytest.raises(clv.InvalidInput, match=r"no rule covers p_alive below 0.1 "):
        boxes(segment=["high"], p_alive_at_least=[0.1])


def test_an_overlap_is_named():
    rules = segment_rules("rfm")
    rules.loc[rules["segment"] == "Loyal", "r_high"] = 5
    with pytest.raises(
        clv.InvalidInput, match=r"r=5, f=4 is covered by row 1 of the rules .'Champions'. and by row 2 .'Loyal'"
    ):
        read_boxes(rules, ["r", "f"], {}, scores=True)
    with pytest.raises(
        clv.InvalidInput, match=r"p_alive from 0.4 to below 0.5 is covered by row 1 of the rules \('a'\)"
    ):
        boxes(segment=["a", "b"], p_alive_at_least=[None, 0.4], p_alive_below=[0.5, None])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"p_alive_below": [0.5]}, "no column 'segment'"),
        ({"segment": ["a"]}, "the rules have no bounds: expected some of the columns p_alive_at_least"),
        ({"segment": [" "], "p_alive_below": [0.5]}, "row 1 has ' '"),
        ({"segment": ["a", None], "p_alive_below": [0.5, 1]}, "segment must be a name in every row"),
        ({"segment": ["a"], "p_alive_under": [0.5], "value_below": [3]}, "a column 'p_alive_under', which is no bound"),
        ({"segment": ["a"], "palive_below": [0.5], "value_below": [3]}, "a column 'palive_below', which is no bound"),
        ({"segment": ["a"], "value_below": ["ten"]}, "column 'value_below' must hold numbers"),
        ({"segment": ["a"], "value_below": [np.inf]}, "value_below must be a finite number or blank.*row 1.*inf"),
        ({"segment": ["a"], "value_at_least": [3], "value_below": [3]}, r"row 1 of the rules \('a'\) covers nobody"),
        ({"segment": [], "value_below": []}, "found no rows"),
    ],
)  # fmt: skip
def test_refuses_tables_that_are_none(columns, message):
    with pytest.raises(clv.InvalidInput, match=message):
        boxes(**columns)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("r_low", 0, "r_low must be a whole score from 1 on; row 1 of the rules has 0"),
        ("f_high", 4.5, "f_high must be a whole score from 1 on; row 1 of the rules has 4.5"),
        ("f_low", 6, r"row 1 of the rules \('Champions'\) covers nobody: f_low=6, f_high=5"),
        ("r_at_least", 3, "a column 'r_at_least', which is no bound; bounds are r_low, r_high"),
    ],
)
def test_refuses_scores_that_are_none(column, value, message):
    rules = segment_rules("rfm").astype({"f_high": float})
    rules.loc[0, column] = value
    with pytest.raises(clv.InvalidInput, match=message):
        clv.economics.rfm_segments(pd.DataFrame({"r": [1], "f": [1]}), rules)
    with pytest.raises(clv.InvalidInput, match="the rules name no score at all"):
        clv.economics.rfm_segments(pd.DataFrame({"r": [1]}), pd.DataFrame({"segment": ["a"], "r_low": [None]}))


def test_columns_for_readers_and_blank_bounds_are_let_be():
    found = boxes(segment=["all"], p_alive_below=[None], owner=["Ann"], budget=[3.0])
    assert segments_of(found, {"p_alive": np.array([0.0, 1.0])}).tolist() == ["all", "all"]
    two = boxes(segment=["out", "in", "out"], value_at_least=[None, 1, 2], value_below=[1, 2, None])
    assert segments_of(two, {"value": np.array([0.0, 1.0, 1.9, 2.0])}).tolist() == ["out", "in", "in", "out"]
