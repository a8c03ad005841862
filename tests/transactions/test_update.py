"""A summary to which later lines are added equals one of the whole log, to the bit, or is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels import frames
from clvmodels.errors import InvalidInput, NotEnoughData
from clvmodels.transactions.state import open_event

BEGIN = datetime(2024, 1, 1)
GRAINS = ("line", "hour", "day", "week", "month")


def table(lines, *, money=True, zone=None):
    customers, moments, amounts = zip(*lines, strict=True) if lines else ((), (), ())
    columns = {
        "customer_id": pa.array(customers, pa.int64()),
        "date": pa.array([m.replace(tzinfo=UTC) for m in moments], pa.timestamp("us", zone))
        if zone
        else pa.array(moments, pa.timestamp("us")),
    }
    return pa.table(columns | ({"amount": pa.array(amounts, pa.decimal128(18, 6))} if money else {}))


def last(end):
    return end if isinstance(end, datetime) else datetime.combine(end, time.max)


def same(found, expected):
    assert found.schema.equals(expected.schema, check_metadata=True)
    assert frames.read_facts(found) == frames.read_facts(expected)
    assert found.to_pylist() == expected.to_pylist()


def told(summary, new, end):
    """What an update of the summary refuses, in its words; nothing where it does not."""
    try:
        clv.update_summary(summary, new, observation_end=end)
    except InvalidInput as error:
        return str(error)
    return ""


def small(*lines):
    return table([(c, datetime.fromisoformat(when), Decimal(str(amount))) for c, when, amount in lines])


# --- equal to a rebuild --------------------------------------------------------------------------------------------


MOMENTS = st.builds(
    lambda steps, size: BEGIN + timedelta(minutes=steps * size), st.integers(0, 70), st.sampled_from([1, 360, 1440])
)
AMOUNTS = st.sampled_from([Decimal(a) for a in (-20, -10, -5, 0, 0, 5, 10, 10, 20)])
LINES = st.lists(st.tuples(st.integers(1, 5), MOMENTS, AMOUNTS), min_size=1, max_size=25)
ENDS = st.lists(
    st.one_of(MOMENTS, MOMENTS.map(lambda moment: moment.date())), min_size=2, max_size=4, unique_by=last
).map(lambda ends: sorted(ends, key=last))


# shrinking would search for a quarter of an hour; what fails is small enough
@settings(max_examples=60, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    LINES,
    ENDS,
    st.lists(st.tuples(st.integers(1, 7), MOMENTS, AMOUNTS), max_size=2),
    st.sampled_from([None, None, 0, 3, 20]),
    st.sampled_from(GRAINS),
    st.sampled_from(["net", "carry_back", "drop", "error"]),
    st.sampled_from(["hour", "week", "month"]),
    st.booleans(),
    st.sampled_from([None, "Europe/Berlin"]),
)
def test_a_chain_of_updates_equals_a_rebuild(lines, ends, extra, start, grain, refunds, unit, money, zone):
    """Every step equals a rebuild, or names what it cannot decide; rebuilding those customers equals one again."""
    if refunds == "error":
        lines, extra = ([(c, m, abs(a)) for c, m, a in found] for found in (lines, extra))
    options = {
        "time_unit": unit,
        "event_grain": grain,
        "refunds": refunds,
        "observation_start": None if start is None else min((BEGIN + timedelta(days=start)), last(ends[0])).date(),
        "keep_state": True,
        "amount": "amount" if money else None,
    }

    def local(moment):  # what the end of observation is compared with
        if not zone:
            return moment
        return pd.Timestamp(moment, tz="UTC").tz_convert(zone).tz_localize(None).to_pydatetime()

    def log(found):
        return table(found, money=money, zone=zone)

    before = [line for line in lines if local(line[1]) <= last(ends[0])]
    try:
        summary = clv.rfm_summary(log(before), observation_end=ends[0], **options)
    except NotEnoughData:
        return
    for old, end in pairwise(ends):
        new = [line for line in lines if local(line[1]) > last(old)]
        if end == ends[-1]:  # the last step may bring late lines
            new, lines = new + extra, lines + extra
        try:
            expected = clv.rfm_summary(log(lines), observation_end=end, **options)
        except NotEnoughData:
            with pytest.raises(NotEnoughData):
                clv.update_summary(summary, log(new), observation_end=end, late="rebuild", full_log=log(lines))
            return
        late = [line for line in new if local(line[1]) <= last(old)]
        refused = told(summary, log(new), end)
        if late:
            assert f"{len(late)} line" in refused
        if refused:
            assert late or refunds == "carry_back" or start is not None or grain != "line"
            found = clv.update_summary(summary, log(new), observation_end=end, late="rebuild", full_log=log(lines))
        else:
            found = clv.update_summary(summary, log(new), observation_end=end)
        same(found, expected)
        summary = found


def test_cdnow_month_by_month_equals_one_go(tmp_path):
    log = clv.load_cdnow(sample=True)
    path = tmp_path / "summary.parquet"
    ends = [str(day.date()) for day in pd.date_range("1997-03-31", "1998-06-30", freq="ME")]
    clv.rfm_summary(log[log["date"] <= ends[0]], keep_state=True, observation_end=ends[0]).to_parquet(path)
    for old, end in pairwise(ends):
        new = log[(log["date"] > old) & (log["date"] <= end)]
        updated = clv.update_summary(path, new, observation_end=end)
        updated.to_parquet(path)
    expected = clv.rfm_summary(log, keep_state=True, observation_end="1998-06-30")
    pd.testing.assert_frame_equal(updated, expected, check_exact=True)
    assert frames.read_facts(updated) == frames.read_facts(expected)
    assert len(updated) == 2357


def test_without_new_lines_only_t_moves_on():
    old = small((1, "2024-01-01", 5), (1, "2024-01-03", 7), (2, "2024-01-03", -1))
    summary = clv.rfm_summary(old, keep_state=True, time_unit="day")
    found = clv.update_summary(summary, old.slice(0, 0), observation_end="2024-02-01")
    same(found, clv.rfm_summary(old, keep_state=True, time_unit="day", observation_end="2024-02-01"))


def test_by_default_observation_ends_with_the_new_log():
    old, new = small((1, "2024-01-01", 5)), small((2, "2024-01-09", 7))
    found = clv.update_summary(clv.rfm_summary(old, keep_state=True), new)
    same(found, clv.rfm_summary(pa.concat_tables([old, new]), keep_state=True))


def test_an_event_that_is_still_open_may_come_to_nothing():
    """A purchase of January is refunded in January: the last purchase is that of December again."""
    old = small((1, "2023-11-05", 5), (1, "2023-12-07", 7), (1, "2024-01-10", 9))
    new = small((1, "2024-01-20", -9))
    options = {"keep_state": True, "event_grain": "month", "time_unit": "day"}
    summary = clv.rfm_summary(old, observation_end="2024-01-15", **options)
    assert summary.column("last_closed_purchase").to_pylist() == [date(2023, 12, 1)]
    found = clv.update_summary(summary, new, observation_end="2024-01-31")
    assert found.select(["frequency", "recency", "monetary_value"]).to_pylist() == [
        {"frequency": 1, "recency": 30.0, "monetary_value": 7.0}
    ]
    assert "last_closed_purchase" not in found.schema.names  # January is over
    same(found, clv.rfm_summary(pa.concat_tables([old, new]), observation_end="2024-01-31", **options))


def test_an_open_event_that_came_to_nothing_may_become_a_purchase():
    old = small((1, "2023-12-07", 7), (1, "2024-01-10", 9), (1, "2024-01-11", -9))
    new = small((1, "2024-01-20", 5))
    options = {"keep_state": True, "event_grain": "month", "time_unit": "day"}
    found = clv.update_summary(clv.rfm_summary(old, observation_end="2024-01-15", **options), new)
    assert found.column("frequency").to_pylist() == [1]
    same(found, clv.rfm_summary(pa.concat_tables([old, new]), **options))


@pytest.mark.parametrize(
    ("end", "grain", "expected"),
    [
        (date(2024, 1, 31), "month", None),
        (date(2024, 1, 30), "month", date(2024, 1, 1)),
        (date(2024, 12, 31), "year", None),
        (date(2024, 1, 7), "week", None),  # a Sunday
        (date(2024, 1, 8), "week", date(2024, 1, 8)),
        (datetime(2024, 1, 7, 23, 59, 59, 999999), "week", None),
        (datetime(2024, 1, 7, 23, 59), "week", date(2024, 1, 1)),
        (datetime(2024, 1, 7, 23, 59), "line", None),
        (date(2024, 1, 7), "hour", None),
        (date.max, "month", None),
    ],
)
def test_which_event_is_open(end, grain, expected):
    assert open_event(end, grain) == (None if expected is None else (expected - date(1970, 1, 1)).days)


# --- the columns of state ------------------------------------------------------------------------------------------


def test_the_columns_of_state_by_hand():
    log = small((1, "2024-01-01", 5), (1, "2024-01-03", "7.25"), (1, "2024-01-03", -1), (1, "2024-01-09", -2))
    summary = clv.rfm_summary(log, keep_state=True)
    assert summary.drop_columns(["customer_id", "frequency", "recency", "T", "monetary_value"]).to_pylist() == [
        {
            "first_event": date(2024, 1, 1),
            "last_event": date(2024, 1, 9),
            "last_event_amount": Decimal(-2),
            "last_event_has_refund": True,
            "first_amount": Decimal(5),
            "repeat_amount": Decimal("6.25"),
        }
    ]
    assert summary.schema.field("repeat_amount").type == pa.decimal128(38, 6)
    assert clv.rfm_summary(log, keep_state=True, event_grain="hour").schema.field("last_event").type == pa.timestamp(
        "us"
    )
    assert clv.rfm_summary(log, keep_state=True, amount=None).schema.names[-2:] == ["first_event", "last_event"]


def test_state_changes_nothing_else_and_models_pass_it_over():
    log = clv.load_cdnow(sample=True)
    plain, kept = clv.summarize(log), clv.summarize(log, keep_state=True)
    pd.testing.assert_frame_equal(kept.summary[plain.summary.columns], plain.summary)
    assert kept.quality == plain.quality
    assert kept.facts == {**plain.facts, "customers": "2357"}
    model = clv.CLVModel("bg_nbd").fit(kept.summary)
    assert model.purchases.parameters == clv.PurchaseModel("bg_nbd").fit(plain.summary).parameters
    assert list(model.predict(kept.summary, horizon=4)) == list(model.predict(plain.summary, horizon=4))


def test_state_survives_pandas_parquet_files(tmp_path):
    log = clv.load_cdnow(sample=True)
    old, new = log[log["date"] <= "1998-05-31"], log[log["date"] > "1998-05-31"]
    summary = clv.rfm_summary(old, keep_state=True, observation_end="1998-05-31")
    path = tmp_path / "summary.parquet"
    summary.to_parquet(path)
    expected = clv.rfm_summary(log, keep_state=True)
    for again in (path, pd.read_parquet(path), summary):
        found = clv.update_summary(again, new)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    read = pd.read_parquet(path)  # decimals come back as Python's own, of the same value
    assert read["repeat_amount"].tolist() == summary["repeat_amount"].tolist()
    assert read["last_event"].tolist() == summary["last_event"].tolist()


def test_identifiers_of_a_csv_file_meet_whole_numbers(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("customer_id,date,amount\n2,2024-01-09,7\n1,2024-01-10,3\n")
    old = small((1, "2024-01-01", 5))
    found = clv.update_summary(clv.rfm_summary(old, keep_state=True), path)
    assert found.column("customer_id").to_pylist() == [1, 2]
    assert found.column("frequency").to_pylist() == [1, 0]
    path.write_text("customer_id,date,amount\n007,2024-01-09,7\n")
    with pytest.raises(InvalidInput, match=r"those of the summary are BIGINT.* first customer_id='007'"):
        clv.update_summary(clv.rfm_summary(old, keep_state=True), path)


# --- what is refused -----------------------------------------------------------------------------------------------


OLD = small((1, "2024-01-01", 5), (2, "2024-01-03", 7), (1, "2024-01-08", 4))
LATER = small((1, "2024-01-20", 5))


def kept(**options):
    return clv.rfm_summary(OLD, keep_state=True, **options)


def test_late_lines_are_told_and_only_their_customers_rebuilt():
    new = small((1, "2024-01-20", 5), (2, "2024-01-05", 1), (3, "2024-01-08", 1), (3, "2024-01-07", 1))
    with pytest.raises(
        InvalidInput,
        match=r"3 lines, of 2 customers, dated on or before 2024-01-08, .*first customer_id=2, date=2024-01-05",
    ):
        clv.update_summary(kept(), new)
    full = pa.concat_tables([OLD, new])
    same(clv.update_summary(kept(), new, late="rebuild", full_log=full), clv.rfm_summary(full, keep_state=True))


def test_only_the_customers_in_question_are_rebuilt():
    new = small((2, "2024-01-05", 1), (1, "2024-01-20", 5))
    wrong_for_1 = small((1, "2024-01-02", 99))  # in the whole log only: customer 1 must not be read from it
    full = pa.concat_tables([OLD, new, wrong_for_1])
    found = clv.update_summary(kept(), new, late="rebuild", full_log=full).to_pylist()
    assert [row["frequency"] for row in found] == [2, 1]


def test_a_full_log_without_the_new_lines_is_refused():
    with pytest.raises(InvalidInput, match="full_log must be the whole log"):
        clv.update_summary(kept(), small((2, "2024-01-05", 1), (2, "2024-01-09", 1)), late="rebuild", full_log=OLD)


def test_customers_who_look_new_are_not_guessed_at():
    summary = kept(observation_start="2024-01-02", observation_end="2024-01-08")
    assert frames.read_facts(summary)["customers_before_start"] == "1"
    with pytest.raises(InvalidInput, match="1 line, of 1 customer, who are not in the summary, and may"):
        clv.update_summary(summary, LATER)
    opened = small((1, "2024-01-01", 5), (2, "2024-01-03", -7))
    summary = clv.rfm_summary(opened, keep_state=True, event_grain="month", observation_end="2024-01-08")
    assert frames.read_facts(summary)["customers_open_refund"] == "1"
    with pytest.raises(InvalidInput, match="in the month that 2024-01-08 divides"):
        clv.update_summary(summary, small((2, "2024-01-20", 9)))
    clv.update_summary(summary, small((2, "2024-02-20", 9)))  # January is over


def test_refunds_of_more_than_was_bought_since_are_not_guessed_at():
    summary = kept(refunds="carry_back")
    new = small((1, "2024-01-20", 5), (1, "2024-01-21", -5))
    clv.update_summary(summary, new)
    with pytest.raises(InvalidInput, match="are to be taken off earlier purchases"):
        clv.update_summary(summary, small((1, "2024-01-20", 5), (1, "2024-01-21", -6)))


@pytest.mark.parametrize(
    ("summary", "new", "options", "message"),
    [
        (lambda: clv.rfm_summary(OLD), LATER, {}, "has no column 'first_event'"),
        (lambda: kept().replace_schema_metadata(None), LATER, {}, "does not say its time_unit"),
        (lambda: pl.from_arrow(kept()), LATER, {}, "keep the summary as pandas, Arrow or Parquet"),
        (lambda: kept().drop_columns(["repeat_amount"]), LATER, {}, "has lost the column 'repeat_amount'"),
        (lambda: kept().slice(0, 1), LATER, {}, "made of 2 customers and has 1 rows now"),
        (lambda: pa.concat_tables([kept(), kept()]), LATER, {}, "2 of 4 rows repeat one, first customer_id=1"),
        (kept, LATER.slice(0, 0), {}, "columns but no lines"),
        (kept, LATER, {"observation_end": "2024-01-07"}, "must not be earlier than the summary's, 2024-01-08"),
        (kept, LATER, {"late": "ignore"}, "late must be one of"),
        (kept, LATER, {"late": "rebuild"}, "go together"),
        (kept, LATER, {"amount": None}, "the summary has amounts"),
        (kept, LATER.drop_columns(["amount"]), {}, "no column 'amount'"),
        (
            kept,
            LATER.set_column(0, "customer_id", pa.array(["1"])),
            {},
            "those of the summary are BIGINT, and of the new log",
        ),
        (
            kept,
            LATER.set_column(1, "date", LATER.column("date").cast(pa.timestamp("us", "UTC"))),
            {},
            "the time zone None, those of the new log UTC",
        ),
        (
            lambda: kept().set_column(10, "repeat_amount", kept().column("repeat_amount").cast(pa.float64())),
            LATER,
            {},
            "must hold exact decimals; found double",
        ),
    ],
)
def test_what_cannot_be_updated_is_refused(summary, new, options, message):
    with pytest.raises(InvalidInput, match=message):
        clv.update_summary(summary(), new, **options)


def test_a_summary_of_another_version_is_refused():
    facts = {**frames.read_facts(kept()), "version": "0.0.1"}
    with pytest.raises(InvalidInput, match=r"made by clvmodels 0\.0\.1"):
        clv.update_summary(frames.attach_facts(kept(), facts), LATER)


def test_orders_and_unknown_keywords_are_refused():
    with pytest.raises(InvalidInput, match="does not go with order_id"):
        clv.rfm_summary(OLD, keep_state=True, order_id="order")
    with pytest.raises(TypeError, match="unexpected keyword argument 'event_grain'"):
        clv.update_summary(kept(), LATER, event_grain="week")


def test_amounts_that_do_not_fit_are_refused():
    with pytest.raises(InvalidInput, match="below a million million"):
        clv.update_summary(kept(), pa.table({"customer_id": [1], "date": [date(2024, 2, 1)], "amount": [1e15]}))


def test_when_refunds_leave_nobody_it_is_said():
    summary = clv.rfm_summary(small((1, "2024-01-05", 5)), keep_state=True, event_grain="month")
    with pytest.raises(NotEnoughData, match="no purchase is left"):
        clv.update_summary(summary, small((1, "2024-01-20", -5)))
