"""A validation as it would be of some of its customers."""

from __future__ import annotations

import dataclasses


def some_of(found, rows):
    """The same validation of some of its customers."""

    def cut(said):
        told = said.distribution
        if told is not None:
            told = dataclasses.replace(
                told,
                intervals={level: (low[rows], high[rows]) for level, (low, high) in told.intervals.items()},
                masses={level: mass[rows] for level, mass in told.masses.items()},
                **{
                    name: getattr(told, name)[rows]
                    for name in ("probability", "log_probability", "below", "crps", "median", "probability_of_purchase")
                },
            )
        spend, alive = said.expected_spend_total, said.p_alive
        return dataclasses.replace(
            said,
            expected=said.expected[rows],
            distribution=told,
            p_alive=None if alive is None else alive[rows],
            expected_spend_total=None if spend is None else spend[rows],
        )

    predicted = {name: cut(said) for name, said in found.predicted.items()}
    return dataclasses.replace(found, scored=found.scored.iloc[rows], predicted=predicted)
