"""Where lifetimes 0.11.3 is wrong, or stops, and this package does not do as it does.

The table below is the one of the documentation; what changes a number or an error is also told, once, when it is met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import ClvWarning, warn


class LifetimesDifference(ClvWarning):
    """A number here is not the one that lifetimes gives, or there is one where it gives none."""


_TRUST = "Trust what is given here; there is nothing to do"
_NOTHING = "There is nothing to do"


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes
    ----------
    names
        What it concerns, as lifetimes calls it.
    there
        What lifetimes 0.11.3 does.
    here
        What is done here instead, and what to do about it.
    told
        Whether a warning says so when it is met: not where nothing comes out otherwise.
    advice
        What to do about it; nothing if empty.
    briefly
        What the warning says instead of the three first ones, where a row of the table is too long for it.
    """

    names: str
    there: str
    here: str
    told: bool = True
    advice: str = ""
    briefly: str = ""

    def message(self, detail: str = "") -> str:
        """What a warning says, in up to three lines: what happened, what is to be trusted, what to do.

        >>> DIFFERENCES["bgbb_before"].message("m = -1").split("; here ")[1]
        'it is what it is for m = 0 (m = -1). Trust what is given here; there is nothing to do'
        """
        said = self.briefly or f"{self.names}: lifetimes {self.there}; here it {self.here}"
        met = f" ({detail})" if detail else ""
        advice = self.advice or (_NOTHING if self.there.startswith(("stops", "has none")) else _TRUST)
        return f"{said}{met}. {advice}".replace("`", "")


DIFFERENCES: Mapping[str, Difference] = {
    "holdout_spend": Difference(
        "`calibration_and_holdout_data`: `monetary_value_holdout`",
        "averages the lines of the log",
        "is the mean of the period totals, as `monetary_value_cal` is: lines of one period are one purchase",
    ),
    # drawing
    "expected_repeat_purchases": Difference(
        "`plot_expected_repeat_purchases`",
        "stops with matplotlib 3.8 and newer (`prop_cycler`)",
        "is drawn, on the Axes that it is given",
    ),
    "history_alive": Difference(
        "`plot_history_alive`",
        "stops with pandas 2 and newer, and before that drew on the current Axes in its own look, whatever was passed",
        "is drawn, on the Axes and in the look that it is given",
    ),
    "period_transactions_weights": Difference(
        "`plot_period_transactions` of weighted rows",
        "counts each row as one customer",
        "counts each row as the customers that its weight says",
    ),
    "rate_heterogeneity_suptitle": Difference(
        "`plot_transaction_rate_heterogeneity`: `suptitle`",
        "writes its own, whatever is passed",
        "is what was passed",
        advice="Leave it out to have the text of lifetimes",
    ),
    "dropout_rate_heterogeneity": Difference(
        "`plot_dropout_rate_heterogeneity` of Pareto/NBD",
        "stops: there is no dropout probability",
        "is the density of the dropout rate mu",
    ),
    "calibration_to_the_end": Difference(
        "`plot_cumulative_transactions`, `plot_incremental_transactions`: `set_index_date=True`, `t_cal` = `t`",
        "stops (IndexError)",
        "draws the line after the last period",
        told=False,
    ),
    "axes_of_maps": Difference(
        "`plot_frequency_recency_matrix`, `plot_probability_alive_matrix`: `ax=`; after `plt.subplot(1, 2, 1)`",
        "stops (TypeError, AttributeError); covers the whole figure, other Axes included",
        "are drawn on the Axes that are given, or on the current ones of several if they are still empty",
        told=False,
    ),
    "axes_written_on": Difference(
        "plots with `ax=`",
        "writes title, labels and legend on the current Axes, whichever those are",
        "writes them on the Axes that were given",
        told=False,
    ),
    # fitters
    "expectation": Difference(
        "`predict`, `conditional_expected_number_of_purchases_up_to_time`, `expected_number_of_purchases_up_to_time`",
        "loses its digits, divides by zero or gives NaN where a (Pareto/NBD: s) is 1 or very near it, where frequency "
        "is large (MBG/NBD, Pareto/NBD), where the time is very short or none, where SciPy's 2F1 has few digits, and "
        "for BG/NBD where a + b ≤ 1 or b = 1",
        "is an integral of positive terms, exact and finite there as well",
        briefly="expected purchases: the closed form of lifetimes loses its digits, or gives NaN or infinity; here it "
        "is an integral of positive terms, exact and finite there as well",
    ),
    "alive_many": Difference(
        "`ParetoNBDFitter.conditional_probability_alive`",
        "gives NaN for customers of large frequency, above all where recency = T, and loses digits where SciPy's 2F1 "
        "does: mostly where s is next to a whole number",
        "is an integral of positive terms, exact and finite there as well",
        briefly="P(alive) of Pareto/NBD: lifetimes gives NaN, or loses its digits, where frequency is large or s is "
        "next to a whole number; here it is exact",
    ),
    "pareto_two_dimensions": Difference(
        "`ParetoNBDFitter`: arrays of two dimensions",
        "stops, or, where there are one or two rows, gives wrong numbers and NaN",
        "takes them, each cell by itself",
    ),
    "pareto_fit_of_many": Difference(
        "`ParetoNBDFitter.fit`: customers of large frequency",
        "has NaN for their likelihood where the optimum is, and its search ends elsewhere, often far away",
        "goes to the optimum of all customers",
    ),
    "alive_as_a_number": Difference(
        "`conditional_probability_alive` of one customer, an array of one value (BG/NBD, MBG/NBD)",
        "is no longer taken for a number with NumPy 2.4 and newer: `float` and `%.2f` stop (TypeError)",
        "is taken for one still",
        told=False,
    ),
    "pmf": Difference(
        "`probability_of_n_purchases_up_to_time`, `conditional_probability_of_n_purchases_up_to_time`",
        "overflows (NaN) from about n = 170 on, and has no digits left of small probabilities, some of them negative",
        "keeps its digits for every n",
        briefly="probabilities of n purchases: lifetimes overflows (NaN) where n is large, and has no digits left "
        "where they are small; here they keep their digits",
    ),
    "alive_list": Difference(
        "`BetaGeoFitter.conditional_probability_alive`: frequency as a list, tuple or range",
        "takes frequency 0 for a customer who came back",
        "is 1 for frequency 0, as it is for an array there",
    ),
    "pmf_of_times": Difference(
        "`probability_of_n_purchases_up_to_time`: several t at once",
        "adds up over t what belongs to each (negative probabilities), or stops",
        "is the probability for each t",
    ),
    "pmf_of_no_time": Difference(
        "`ParetoNBDFitter.conditional_probability_of_n_purchases_up_to_time`: t ≤ 0",
        "gives 0 for every n",
        "is 1 for n = 0 and 0 otherwise: no time, no purchase",
    ),
    "negative_time": Difference(
        "numbers of purchases and their probabilities: t < 0",
        "puts it into formulas that mean nothing there (negative numbers of purchases)",
        "is as for t = 0: no time, no purchase",
    ),
    "variance_matrix": Difference(
        "`variance_matrix_`",
        "multiplies the inverse Hessian of the log-parameters with the square of the column's parameter only, so that "
        "it is not symmetric; its diagonal, from which standard errors come, is right",
        "is θ_i θ_j cov(ln θ_i, ln θ_j)",
        briefly="variance_matrix_: that of lifetimes is not symmetric, for each column is scaled by its own parameter "
        "only (the standard errors are right); here it is θ_i θ_j cov(ln θ_i, ln θ_j)",
    ),
    "pareto_errors": Difference(
        "`ParetoNBDFitter`: `variance_matrix_`, `standard_errors_`, `confidence_intervals_`, `summary`",
        "has none (AttributeError)",
        "has them, from the curvature at the optimum",
    ),
    "pareto_optimiser": Difference(
        "`ParetoNBDFitter.fit`",
        "starts at a random point, without a seed, and stops where Nelder-Mead has come within 1e-4: two fits of the "
        "same customers differ in the fourth digit",
        "goes to the optimum, always the same one; iterative_fitting, initial_params, tol, fit_method and maxiter "
        "are taken and not needed",
        told=False,
    ),
    "run_off": Difference(
        "`fit` where the data do not determine a parameter",
        "raises ConvergenceError, or silently gives whatever numbers the search stopped at",
        "stops far out, where predictions are those of the limit, and a ClvWarning of each such fit says which "
        "parameter runs off; standard errors of what is loose are NaN. A larger penalizer_coef helps, or more data. "
        "ConvergenceError is left for what has no likelihood at all: nobody came back, T is 0 or NaN",
        told=False,
    ),
    "files": Difference(
        "`save_model`, `load_model`",
        "writes a pickle (dill) of the whole object, and opening one can run anything",
        "is JSON with parameters, errors, rows and their index, whole or not at all; pickles are refused unopened. "
        "Load them with lifetimes where they were written, and write them anew there, as the refusal says: with "
        '`save_model` of this fitter, or `clv.from_lifetimes(fitter, time_unit="week").save(path)` if a week is 1.0 '
        "in T",
        told=False,
    ),
    # money
    "fit_of_nobody": Difference(
        "`GammaGammaFitter.fit`: customers of frequency 0",
        "does not converge: their likelihood is 0 · ln 0",
        "leaves them out, who tell nothing of what repeat purchases are worth; they stay in `data`",
    ),
    "spend_of_nobody": Difference(
        "`conditional_expected_average_profit`: frequency 0 and no monetary_value",
        "gives NaN",
        "is the mean of the population: there is nothing else to know of them",
    ),
    "spend_infinite": Difference(
        "`conditional_expected_average_profit`: q ≤ 1",
        "gives negative amounts, and NaN or inf for everybody at q = 1",
        "is infinite where p·x + q ≤ 1, and right elsewhere",
        advice="Fit with q_constraint=True or without enormous amounts",
    ),
    "gamma_gamma_bound": Difference(
        "`GammaGammaFitter.fit` with `q_constraint`",
        "stops where another, less exact search stops",
        "goes to the optimum over q ≥ 1: at q = 1 exactly, or that of the free fit",
        told=False,
    ),
    "clv_unit": Difference(
        "`customer_lifetime_value` without `freq`",
        "takes T for days, whatever it is",
        "takes the unit in which the summary was made",
        advice='Trust this value; write freq="W" (weeks) or what it is to say so yourself',
    ),
    "clv_unit_unknown": Difference(
        "`customer_lifetime_value` without `freq`",
        "takes T for days and says nothing",
        "takes T for days too, since nothing says otherwise: if T is in weeks, values come out about four times too "
        "high",
        advice='Write freq="W" for weeks, freq="D" for days',
    ),
    "clv_unit_contradicted": Difference(
        "`customer_lifetime_value`: a `freq` that is not the unit in which the summary was made",
        "knows of no other unit",
        'takes the unit of the summary if freq is "D", which is what lifetimes assumes of everything, and else the '
        "freq that was given",
        advice="If you changed the unit of T yourself, fit with plain arrays (`T.to_numpy()`)",
        briefly="customer_lifetime_value: freq is not the unit in which the summary was made, of which lifetimes knows "
        "nothing",
    ),
    "clv_part_of_a_month": Difference(
        "`customer_lifetime_value`: `time` that is not a whole number",
        "counts the last month whole (12.5 as 13 months)",
        "ends after so many months, the last part paid and discounted at its end",
    ),
    "clv_arrays": Difference(
        '`customer_lifetime_value`: arrays; freq="h"',
        "stops (AttributeError; KeyError)",
        'takes them; "h" is "H", as pandas now writes it',
        told=False,
    ),
    "bgbb_floor": Difference(
        "`BetaGeoBetaBinomFitter`: long histories",
        "adds 1e-15 to likelihoods that can be smaller than that, and divides by what underflows",
        "is computed from logarithms, with nothing added",
    ),
    "bgbb_gamma_of_1": Difference(
        "`BetaGeoBetaBinomFitter.conditional_expected_number_of_purchases_up_to_time`: gamma at or next to 1",
        "divides 0 by 0, or what has no digits left by what is next to 0",
        "is the limit",
    ),
    "bgbb_part_of_a_period": Difference(
        "`BetaGeoBetaBinomFitter`: lengths that are not whole numbers of periods",
        "puts them into the formulas of whole periods",
        "cuts them off: a part of a period holds no further chance to buy",
    ),
    "bgbb_before": Difference(
        "`BetaGeoBetaBinomFitter`: m_periods_in_future < 0",
        "gives negative purchases and probabilities above that of m = 0",
        "is what it is for m = 0",
    ),
    "bgbb_in_first_n": Difference(
        "`BetaGeoBetaBinomFitter.expected_number_of_transactions_in_first_n_periods`",
        "gives NaN where beta is a whole number and some frequency below another does not occur",
        "is right there too",
        told=False,
    ),
    "bgbb_frequency": Difference(
        "`BetaGeoBetaBinomFitter.fit`: frequency above recency",
        "fits what cannot be: more periods with a purchase than there were",
        "is refused (ValueError)",
        told=False,
    ),
    "bgbb_new_data": Difference(
        "`BetaGeoBetaBinomFitter.generate_new_data`",
        "stops (TypeError)",
        "makes customers who are observed as long as those of the data, in their order",
    ),
    "bgbb_single": Difference(
        "`BetaGeoBetaBinomFitter`: Python's own numbers, and lists",
        "stops (AttributeError, TypeError)",
        "takes them",
        told=False,
    ),
    # data
    "dates_as_text": Difference(
        "`summary_data_from_transaction_data`, `calibration_and_holdout_data`, `expected_cumulative_transactions`",
        "takes the first and the last of dates that are text in the order of letters, '10/1/2014' before '9/1/2014'",
        "takes them in the order of time, as it does for dates that are no text",
        advice="Make them dates first (pd.to_datetime), and both agree",
        briefly="dates that are text: lifetimes takes the first and the last of them in the order of letters, "
        "'10/1/2014' before '9/1/2014'; here it is the order of time",
    ),
    "calendar_months": Difference(
        "`freq`",
        "stops at 'M', 'Q' and 'Y' on current NumPy",
        "counts calendar months, quarters and years",
    ),
    "names_of_periods": Difference(
        "`freq`",
        "stops at 'H', 'T' and 'S' on pandas 3, and at 'W-SUN'",
        "knows old and new names of hours, minutes and seconds, and weeks that begin on another day",
        told=False,
    ),
    "holdout_without_money": Difference(
        "`calibration_and_holdout_data`",
        "stops on pandas 3 if there is no `monetary_value_col`",
        "needs none",
    ),
    "categories": Difference(
        "`summary_data_from_transaction_data`, `calibration_and_holdout_data`",
        "gives every customer the periods of all of them, on pandas 2, if ids are categories",
        "gives each customer his own, whatever ids are",
    ),
    "alive_path": Difference(
        "`calculate_alive_path`",
        "stops on pandas 3",
        "gives P(alive) of each period as numbers",
        told=False,
    ),
    "draws": Difference(
        "`generate_data`",
        "draws customer after customer from NumPy's global state",
        "draws all customers at once from a generator which that state seeds: `numpy.random.seed` makes the same "
        "customers again, but other ones than lifetimes makes of the same seed",
        told=False,
    ),
    "transactional_data": Difference(
        "`beta_geometric_nbd_model_transactional_data`",
        "stops on pandas 2 and 3",
        "gives the lines of the same customers as `beta_geometric_nbd_model`, where the seed is the same",
        told=False,
    ),
}

_TOLD: set[str] = set()


def told(key: str) -> bool:
    """Whether a difference has been told already."""
    return key in _TOLD


def tell(key: str, detail: str = "") -> None:
    """Warn of a difference by its key, once in a process, pointing at the line outside this package.

    ``detail`` is what was met this time, a half-sentence: how many customers, which value.
    """
    if key in _TOLD:
        return
    warn(DIFFERENCES[key].message(detail), LifetimesDifference)
    _TOLD.add(key)  # not if a filter made an error of it: asked again, it is one again
