"""Who is in which arm."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from clvmodels.errors import InvalidInput
from clvmodels.experiments.given_arms import arms_in_log, read_arms

FRAME = pd.DataFrame({"customer_id": [1, 2, 3, 4], "arm": ["b", "Control", "a", "b"], "age": [20, 30, 40, 50]})


def test_the_control_comes_first():
    found = read_arms(FRAME)
    assert found.names == ("Control", "a", "b")
    np.testing.assert_array_equal(found.arm, [2, 0, 1, 2])
    assert read_arms(FRAME, control="b").names == ("b", "Control", "a")
    assert read_arms({1: "10", 2: "9", 3: "x"}).names == ("9", "10", "x")


def test_frames_of_other_kinds_and_arms_of_numbers():
    found = read_arms(pl.from_pandas(FRAME.assign(arm=[1, 0, 0, 1])), adjust_for=["age"])
    assert found.names == ("0", "1")
    np.testing.assert_array_equal(found.known[:, 0], [20, 30, 40, 50])
    floats = FRAME.assign(arm=[1.0, 0.0, np.nan, 1.0])
    assert read_arms(floats).names == ("0", "1")
    assert read_arms(floats).notes == ("Without an arm, and left out: 1 of 4 rows of arms.",)


def test_a_customer_in_two_arms_is_refused_and_one_told_twice_is_not():
    twice = pd.concat([FRAME, FRAME.iloc[:1]])
    assert len(read_arms(twice).ids) == 4
    with pytest.raises(
        InvalidInput, match=r"must be in one arm: 1 are in several, first customer_id=1 \('a' and 'b'\)"
    ):
        read_arms(pd.concat([FRAME, FRAME.iloc[:1].assign(arm="a")]))
    with pytest.raises(InvalidInput, match="1 have several rows with different numbers to adjust for"):
        read_arms(pd.concat([FRAME, FRAME.iloc[:1].assign(age=1)]), adjust_for=["age"])


@pytest.mark.parametrize(
    ("arms", "settings", "message"),
    [
        ({1: "a", 2: "a"}, {}, "at least two arms to compare; found 'a'"),
        ({i: str(i) for i in range(51)}, {}, "at most 50 arms; found 51"),
        (FRAME.drop(columns="arm"), {}, "columns customer_id and arm; found 'customer_id', 'age'"),
        (7, {}, "arms must be a frame"),
        (FRAME, {"control": "c"}, "control must be one of the arms, 'Control', 'a', 'b'; found 'c'"),
        (FRAME.assign(customer_id=[1, None, 3, 4]), {}, "1 of 4 have none, first row 1"),
        (FRAME, {"adjust_for": ["income"]}, "adjust_for names 'income', and arms has no such column"),
        (FRAME.assign(age=[1, None, 3, 4]), {"adjust_for": ["age"]}, "1 of 4 have none in column 'age', first .*=2"),
    ],
)
def test_what_is_refused(arms, settings, message):
    with pytest.raises(InvalidInput, match=message):
        read_arms(arms, **settings)


def test_arms_from_a_column_of_the_log():
    log = pd.DataFrame(
        {
            "customer_id": ["x", "x", "y", "z"],
            "date": "2024-01-01",
            "source": ["web", None, "mail", None],
            "amount": 1.0,
        }
    )
    assert arms_in_log(log, "source", {}) == {"x": "web", "y": "mail"}
    with pytest.raises(InvalidInput, match=r"1 of 3 customers have several values in the log's column 'source'.*'x'"):
        arms_in_log(log.assign(source=["web", "mail", "mail", None]), "source", {})
    with pytest.raises(InvalidInput, match="no column 'campaign'"):
        arms_in_log(log, "campaign", {})


def test_a_series_by_customer_is_a_mapping():
    known = pd.Series(["mail", "control"], index=pd.Index([7, 8], name="customer_id"))
    assert read_arms(known).arm.tolist() == [1, 0]
    with pytest.raises(InvalidInput, match="found Series"):  # of lines, perhaps: its index is nobody
        read_arms(pd.Series(["mail", "control"]))


def test_a_missing_column_of_arms_is_called_so():
    log = pd.DataFrame({"customer_id": [1, 2], "date": ["2024-01-01", "2024-01-02"], "amount": [1.0, 2.0]})
    with pytest.raises(InvalidInput, match=r"no column 'group'.*Name the one that holds the arms"):
        arms_in_log(log, "group", {})
