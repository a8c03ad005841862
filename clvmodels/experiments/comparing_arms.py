"""Compare the arms of a campaign by what their customers were worth, and will be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..economics import given_numbers as given
from ..economics.purchases import Purchases, end_of, read_purchases
from ..errors import InvalidInput, NotAvailable, NotEnoughData
from ..models.clv import CLVModel
from ..models.fitted import checked_level
from ..models.given_models import clv_model
from ..models.time_units import one_or_endless
from ..numerics.arrays import Array
from ..transactions import sources
from ..transactions.summarize import refuse_unknown
from ..units import length, units_per_year
from . import given_arms
from .arm_values import ArmValues, values_of
from .best import probability_of_best
from .comparison import ArmComparison
from .differences import differences, half_width, level_of_each
from .estimates import Estimates, with_lent_spread
from .observed import adjusted, observed
from .peeking import check_look, departures, planned_looks, planned_window
from .projected_value import projected
from .unequal_arms import warn_of_sizes, warn_of_unequal_arms

if TYPE_CHECKING:
    import pandas as pd

_HISTORY = "history"


def compare_arms(
    log: Any,
    arms: Any,
    *,
    start: object = None,
    window: float | None = None,
    horizon: float | None = None,
    control: str | None = None,
    model: CLVModel | None = None,
    per_arm: bool | None = None,
    level: float = 0.95,
    margin: float = 1.0,
    annual_discount_rate: float = 0.10,
    adjust_for: str | Sequence[str] = (),
    planned_end: object = None,
    look: int = 1,
    looks: int | None = None,
    allocation: Any = None,
    plan: Any = None,
    seed: int = 0,
    **reading: Any,
) -> ArmComparison:
    """Compare what customers of two or more campaign arms were worth, and what they will be worth at a horizon.

    Without ``start`` the arms *acquired* their customers: a customer's clock begins at his first purchase, which
    counts. With it, customers or prospects were assigned to arms, and value is what they buy from that date on;
    everybody in ``arms`` counts, also who never bought (0): what is compared is the assignment, whoever it reached.

    Observed: V̄_a, the mean of margin × money within the same window after everybody's own start, and its difference
    from the control's with a Welch interval. Who has not lived through the window counts in no arm. Projected: the
    mean to the horizon, what was bought so far and what a model expects of each customer, discounted to the start.

    Parameters
    ----------
    log
        As for `clvmodels.summarize`, with amounts; or what `clvmodels.economics.read_purchases` returned.
    arms
        A frame with the columns customer_id and arm, each customer once; a mapping customer_id -> arm; or the name of a
        column of the log that is constant per customer.
    start
        The first day of a campaign to customers who were assigned at random (with event_grain="hour" or "line" also a
        timestamp); None for arms that acquired their customers.
    window
        How long after the start value is observed, in the time unit. By default the longest number of whole units that
        90 % of every arm's customers have lived through; of a campaign all of the time since ``start``, or what
        ``plan`` says.
    horizon
        How far to project, in time units after the start; a year by default, 0 for no projection.
    control
        The arm that others are held against; by default the one called "control", else the first in sorted order.
    model
        A `CLVModel` for the projection, Pareto/NBD and Gamma-Gamma by default. Fitted parts are taken as known, the
        others are fitted here. Its margin and rate do not count.
    per_arm
        Whether each arm has parameters of its own; by default for an acquisition, not for a campaign.
    level
        Probability with which the intervals of all differences together hold, over all looks.
    margin
        Profit as a share of spend; 1 for revenue.
    annual_discount_rate
        Of what is projected; what is observed is not discounted.
    adjust_for
        Names of numeric columns of ``arms`` that were known before the start and cannot depend on the arm; of a
        campaign also "history": purchases, spend and time since the first purchase before the start. See `adjusted`;
        where they tell something of value the intervals of what is observed become narrower.
    planned_end
        When the experiment was to end. A look before that is refused unless looks were planned.
    look, looks
        Which look this is, of how many that were planned; each spends (1 − level) / looks.
    allocation
        Shares in which customers were assigned, by arm; equal ones by default. Sizes that chance does not explain are
        warned of; for an acquisition only if it is given.
    plan
        What `plan_experiment` returned, if this experiment followed it: at the last look its duration is the window,
        its looks are those planned, and where the experiment departs from it is told.
    seed
        For the probability of being best among three or more arms with a common model.
    **reading
        As for `clvmodels.summarize`: customer_id, date, amount, time_unit, observation_end, refunds and so on.

    Returns
    -------
    ArmComparison
        ``arms``, ``differences``, and what they mean in words.

    Raises
    ------
    InvalidInput
        If a customer is in two arms, a look is early or one too many, the window is not over, or the log, arms or a
        setting cannot be used.
    NotEnoughData
        If too few customers of an arm have lived through the window.

    Warns
    -----
    ClvWarning
        If arms were unlike before the start, in age (of an acquisition) or history (of a campaign), or do not have the
        sizes assigned.

    References
    ----------
    Welch, B. L. (1947), Biometrika 34, 28-35. Šidák, Z. (1967), JASA 62(318), 626-633. Kohavi, R., Tang, D. and Xu, Y.
    (2020), Trustworthy Online Controlled Experiments. Cambridge University Press.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> arms = {i: "even" if int(i) % 2 == 0 else "odd" for i in log["customer_id"].unique()}
    >>> found = clv.compare_arms(log, arms, window=26, planned_end="1998-06-30")
    >>> print(found.arms[["arm", "customers", "complete", "observed"]].round(2).to_string(index=False))
     arm  customers  complete  observed
    even       1158      1158     65.81
     odd       1199      1199     71.08
    """
    refuse_unknown("compare_arms", reading)
    one_level = checked_level(level)
    share = given.one("margin", margin, given.margin_share)
    if start is not None and "observation_start" in reading:
        raise InvalidInput(
            "observation_start would leave older customers out, who belong to a campaign's arms: leave it out"
        )
    names = [adjust_for] if isinstance(adjust_for, str) else list(adjust_for)
    by_history = _HISTORY in names and start is not None
    columns = [name for name in names if not (by_history and name == _HISTORY)]
    found, assigned = _read(log, arms, start, control, columns, reading)
    unit = str(found.facts["time_unit"])
    ahead = units_per_year(unit) if horizon is None else one_or_endless(horizon)
    fixed = plan is not None and window is None and start is not None
    number, planned, looked = check_look(
        end_of(found), planned_end, look, planned_looks(plan, looks), found.facts["tz"], fixed
    )
    if window is None:
        window = planned_window(plan, unit, last_look=number == planned)
    values = values_of(
        found,
        assigned,
        start=start,
        window=window,
        horizon=ahead,
        margin=share,
        annual_discount_rate=annual_discount_rate,
    )
    warn_of_unequal_arms(values, by_history)
    if start is not None or allocation is not None:
        warn_of_sizes(values.names, values.arm, allocation)
    known, adjusted_for = _known(values, columns, by_history)
    seen = with_lent_spread(observed(values) if known is None else adjusted(values, known))
    measured, notes = [seen], [*values.notes, *seen.notes]
    model_name = None
    if ahead > 0:
        per_arm = start is None if per_arm is None else per_arm
        expected, told, model_name = _projected(values, model, ahead, per_arm)
        measured += expected
        notes += told
        if model_name is not None and ahead < values.window:
            notes.append(
                f"The horizon of {length(ahead, unit)} is shorter than the window of {length(values.window, unit)}: "
                "what is projected reaches less far than what was observed. Give a longer horizon to look ahead."
            )
    return ArmComparison(
        arms=_table(values, measured, level_of_each(one_level, 1, planned), seed),
        differences=_differences(measured, one_level, planned),
        level=one_level,
        level_each=level_of_each(one_level, len(values.names) - 1, planned),
        window=values.window,
        horizon=ahead,
        time_unit=unit,
        kind="acquisition" if start is None else "campaign",
        start=values.start,
        observation_end=values.observation_end,
        margin=share,
        annual_discount_rate=float(annual_discount_rate),
        model_name=model_name,
        look=number,
        looks=planned,
        adjusted_for=adjusted_for,
        notes=(*notes, *departures(plan, values, one_level), looked),
    )


def _read(
    log: Any, arms: Any, start: object, control: str | None, columns: list[str], reading: dict[str, Any]
) -> tuple[Purchases, given_arms.GivenArms]:
    """The purchases of the log, and who is in which arm."""
    if isinstance(log, Purchases):
        if reading or isinstance(arms, str):
            raise InvalidInput(
                "these purchases are read already: give keywords of reading to read_purchases, and arms as a frame or "
                "a mapping, not as a column of the log"
            )
        found = log
    else:
        if isinstance(arms, str):
            if start is not None:
                given_arms.warn_of_the_absent(arms)
            log = sources.readable_twice(log)
            arms = given_arms.arms_in_log(log, arms, reading)
        found = read_purchases(log, **reading)
    name = str(reading.get("customer_id", "customer_id"))
    return found, given_arms.read_arms(arms, control=control, adjust_for=columns, customer_id=name)


def _known(values: ArmValues, columns: list[str], by_history: bool) -> tuple[Array | None, tuple[str, ...]]:
    """What to adjust for, one column a number, and how to call them."""
    known = {name: values.known[:, k] for k, name in enumerate(columns)} if values.known is not None else {}
    if by_history and values.before is not None:
        varied = {name: column for name, column in values.before.items() if np.ptp(column[values.complete]) > 0}
        if not varied:
            raise InvalidInput('adjust_for="history": nobody bought before the start. Leave it out')
        known |= varied
    return (np.column_stack(list(known.values())), tuple(known)) if known else (None, ())


def _projected(
    values: ArmValues, model: CLVModel | None, horizon: float, per_arm: bool
) -> tuple[list[Estimates], list[str], str | None]:
    """The projection, if there is one: where none was asked for, its lack is no error."""
    used = CLVModel("pareto_nbd", "gamma_gamma") if model is None else clv_model(model)
    try:
        made = with_lent_spread(projected(values, used, horizon, per_arm=per_arm))
    except (NotEnoughData, NotAvailable) as error:
        if model is not None:
            raise
        return [], [f"There is no projection: {error}"], None
    name = f"{used.purchases.family.title} and {used.spend.family.title}"
    return [made], list(made.notes), name


def _table(values: ArmValues, measured: list[Estimates], level: float, seed: int) -> pd.DataFrame:
    """A row an arm."""
    import pandas as pd

    size = len(values.names)
    customers, complete = (np.bincount(arm, minlength=size) for arm in (values.arm, values.arm[values.complete]))
    assert values.bought is not None
    columns: dict[str, Any] = {
        "arm": list(values.names),
        "customers": customers,
        "complete": complete,
        "age_mean": np.bincount(values.arm, values.age, size) / customers,
        "bought_share": np.bincount(values.arm[values.complete & values.bought], minlength=size) / complete,
    }
    for name in ("observed", "projected"):
        found = next((each for each in measured if each.measure == name), None)
        missing = np.full(size, np.nan)
        means = missing if found is None else found.means
        reach = missing if found is None else half_width(np.sqrt(np.diag(found.covariance)), found.freedom, level)
        best = missing if found is None else probability_of_best(found.means, found.covariance, seed)
        columns |= {name: means, f"{name}_low": means - reach, f"{name}_high": means + reach, f"{name}_best": best}
    return pd.DataFrame(columns)


def _differences(measured: list[Estimates], level: float, looks: int) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([differences(each, level, looks) for each in measured], ignore_index=True)
