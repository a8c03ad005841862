"""Whether lifetimes' closed forms lose their digits, or end in NaN, on what is asked.

They are evaluated with double precision, as lifetimes 0.11.3 does, on a few of the rows: all of not many, else the
extremes of what makes them fail, and some between. What comes out decides only whether a difference is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import special

from ....numerics.arrays import Array

Form = Callable[..., Any]
Measures = Callable[..., Sequence[Array]]

_ROUNDING = 2.0**-52
_SEEN = 3e-7  # relative: other rows may be a little worse than the few
_NOTHING = 1e-290  # below it doubles have no digits to lose
_LOST = _ROUNDING / 1e-6  # what is left of a difference of ones, and has no digits
_FEW = 32
_NEAR = 1e-3
_FAR = 0.05  # from where digits are lost by a difference
_SOON = 1e-5  # purchases: a difference of ones that has eleven digits
_SMALL = 100.0  # ln of a power: far from where SciPy's sums grow
_LARGE = 400.0  # SciPy's own terms can be larger than what they add up to
_LARGEST = 709.0  # ln of the largest double


def differing(form: Form, rows: Sequence[Any], values: Any, measures: Measures | None = None) -> list[float] | None:
    """A row on which ``form`` gives something else, and what is right there; None if there is none among a few.

    Parameters
    ----------
    form
        The closed form, a function of the columns.
    rows
        Columns that broadcast to one dimension.
    values
        What is right, or a function of the columns that says so.
    measures
        What is looked at for its extremes, from the columns; without it, the columns themselves. Of nothing, where no
        row can differ.
    """
    columns = [np.atleast_1d(column) for column in np.broadcast_arrays(*rows)]
    if not columns[0].size:
        return None
    with np.errstate(all="ignore"):
        if columns[0].size > 2 * _FEW:
            looked_at = columns if measures is None else measures(*columns)
            if not looked_at:
                return None
            kept = _few(columns[0].size, looked_at)
            columns = [column[kept] for column in columns]
            values = values if callable(values) else np.asarray(values)[kept]
        theirs = np.broadcast_to(form(*columns), columns[0].shape)
        right = np.broadcast_to(np.asarray(values(*columns) if callable(values) else values), columns[0].shape)
        alike = (theirs == right) | (np.abs(theirs - right) <= _SEEN * np.abs(right))
        alike |= np.maximum(np.abs(theirs), np.abs(right)) < _NOTHING
    if alike.all():
        return None
    row = int(np.argmin(alike))
    return [float(column[row]) for column in (*columns, right)]


def _few(size: int, measures: Sequence[Array]) -> Any:
    between = np.linspace(0, size - 1, _FEW).astype(np.int64)
    extremes = [at for measure in measures for at in (np.argmin(measure), np.argmax(measure))]
    return np.unique(np.append(between, extremes))


def expectation(parameters: Sequence[float], name: str, row: Sequence[float]) -> str:
    """What stands out in a row that begins with t and x; ``name`` is the parameter that must not be near 1."""
    _, _, value, b = parameters
    if abs(value - 1) < _NEAR:
        return f"{name} = {value:.6g}, near 1"
    if name == "a" and row[1] == 0 and (value + b <= 1 or b == 1):
        return f"a = {value:.6g}, b = {b:.6g}, and customers without a repeat purchase"
    return f"frequency {row[1]:.0f}, t = {row[0]:.4g}"


def pmf(row: Sequence[float] | None) -> str | None:
    """What stands out in a row that begins with n and ends with its probability."""
    return None if row is None else f"n = {row[0]:.0f}, a probability of {row[-1]:.1g}"


# BG/NBD and MBG/NBD, with f = 0 or 1 chances to leave before the first repeat purchase


def geometric_expectation(first_chance: int, parameters: Sequence[float]) -> Form:
    """Fader, Hardie & Lee (2005), equation (10), and Wagner & Hoppe (2008), as functions of t, x, t_x and T."""
    r, alpha, a, b = np.asarray(parameters)

    def form(t: Array, x: Array, t_x: Array, T: Array) -> Any:
        k, kept, z = r + x, b + x, t / (alpha + T + t)
        c = a + kept - 1 + first_chance
        odds = ((alpha + T) / (alpha + t_x)) ** k
        hyper = special.hyp2f1(k, kept + first_chance, c, z)
        if first_chance:
            left = 1 - hyper * ((alpha + T) / (alpha + t + T)) ** k
            return c / (a - 1) * _with_digits(left, t) / (1 + a / kept * odds)
        log_hyper = np.log(hyper)
        if np.any(endless := np.isinf(log_hyper)):  # Euler's transformation
            other = np.log(special.hyp2f1(c - k, c - kept, c, z)) + (c - k - kept) * np.log(1 - z)
            log_hyper = np.where(endless, other, log_hyper)
        left = 1 - np.exp(log_hyper + k * np.log((alpha + T) / (alpha + t + T)))
        return c / (a - 1) * _with_digits(left, t) / (1 + (x > 0) * (a / (kept - 1)) * odds)

    return form


def geometric_new_customer(first_chance: int, parameters: Sequence[float]) -> Form:
    """Fader, Hardie & Lee (2005), equation (9), and that of MBG/NBD, as functions of t."""
    r, alpha, a, b = np.asarray(parameters)

    def form(t: Array) -> Any:
        c = a + b - 1 + first_chance
        left = 1 - special.hyp2f1(r, b + first_chance, c, t / (alpha + t)) * (alpha / (alpha + t)) ** r
        return (b if first_chance else c) / (a - 1) * _with_digits(left, t)

    return form


def geometric_measures(parameters: Sequence[float]) -> Measures:
    """Where the closed forms overflow, and where little is to come; T of those without a repeat purchase."""
    r, alpha, a, b = parameters
    ordinary = abs(a - 1) > _FAR and a + b > 1 + _FAR

    def measures(t: Array, x: Array, t_x: Array, T: Array) -> Sequence[Array]:
        if ordinary:
            shortest = t.min()
            least = (r + x.min()) * shortest / (alpha + T.max() + shortest)
            if least > _SOON and (1 + r + x.max()) * np.log1p(t.max() / (alpha + T.min())) < _SMALL:
                return []
        after = alpha + T
        soon = (r + x) * (t / (after + t))
        looked_at = [soon if t.min() > 0 else np.where(t > 0, soon, np.inf), x, np.where(x == 0, after, np.inf)]
        if (1 + r + x.max()) * np.log1p(t.max() / after.min()) > _LARGE:
            looked_at.append((r + x) * np.log1p(t / after))
        return looked_at

    return measures


def geometric_pmf(first_chance: int, parameters: Sequence[float]) -> Form:
    """Fader, Hardie & Lee (2005), equation (8), and that of MBG/NBD, as functions of n and t."""
    r, alpha, a, b = np.asarray(parameters)

    def one(n: Any, t: Any) -> Any:
        kept, never, soon = b + n + first_chance, (alpha / (alpha + t)) ** r, t / (alpha + t)
        gamma = special.gamma
        stays = special.beta(a, kept) / special.beta(a, b) * gamma(r + n) / gamma(r) / gamma(n + 1) * never * soon**n
        if n == 0 and not first_chance:
            return stays
        j = np.arange(0, n)
        more = 1 - never * (gamma(r + j) / gamma(r) / gamma(j + 1) * soon**j).sum()
        leaves = special.beta(a + 1, kept - 1) / special.beta(a, b)
        total = stays + leaves * more
        return total if t <= 0 or total > leaves * _LOST else np.nan

    def form(n: Array, t: Array) -> Any:
        return np.array([one(*row) for row in zip(n, t, strict=True)])

    return form


# Pareto/NBD, Fader & Hardie (2005), note 009


def pareto_measures(parameters: Sequence[float]) -> Measures:
    """Where two functions overflow, or cancel."""
    r, alpha, s, beta = parameters
    low, high = min(alpha, beta), max(alpha, beta)

    def measures(*columns: Array) -> Sequence[Array]:
        x, t_x, T = columns[-3:]
        power, since = r + s + x, T - t_x
        just_bought = np.zeros(len(power))
        now = np.flatnonzero(since <= 0)
        until = high + T[now]
        second = x[now] + r if alpha < beta else s + 1
        just_bought[now] = power[now] * np.log(until) + second * np.log(until / (low + T[now]))
        size = power / (high + T)
        return [x, size, just_bought, np.where(since > 0, size * since, np.inf), *columns[:-3]]

    return measures


def pareto_alive(parameters: Sequence[float]) -> Form:
    """Equations (36) and (37), a function of x, t_x and T."""
    r, alpha, s, beta = np.asarray(parameters)

    def form(x: Array, t_x: Array, T: Array) -> Any:
        log_odds = np.log(s) - np.log(r + s + x) + (r + x) * np.log(alpha + T) + s * np.log(beta + T)
        return 1.0 / (1.0 + np.exp(log_odds + _log_integral(x, t_x, T, r, alpha, s, beta)))

    return form


def pareto_expectation(parameters: Sequence[float]) -> Form:
    """Equation (41), a function of t, x, t_x and T."""
    r, alpha, s, beta = np.asarray(parameters)

    def form(t: Array, x: Array, t_x: Array, T: Array) -> Any:
        rate = np.log(r + x) + np.log(beta + T) - np.log(alpha + T)
        left = _with_digits(1 - ((beta + T) / (beta + T + t)) ** (s - 1), t)
        lasting = np.log(left / (s - 1))
        scale = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        stays = scale - (r + x) * np.log(alpha + T) - s * np.log(beta + T)
        return np.exp(stays + rate + lasting - _log_likelihood(x, t_x, T, r, alpha, s, beta))

    return form


def pareto_new_customer(parameters: Sequence[float]) -> Form:
    """Equation (27), a function of t."""
    r, alpha, s, beta = np.asarray(parameters)

    def form(t: Array) -> Any:
        return r * beta / alpha / (s - 1) * _with_digits(1 - (beta / (beta + t)) ** (s - 1), t)

    return form


def pareto_pmf(parameters: Sequence[float]) -> Form:
    """Fader & Hardie (2014), note 028, equation (16), a function of n, t, x, t_x and T."""
    r, alpha, s, beta = np.asarray(parameters)
    high, apart = max(alpha, beta), abs(alpha - beta)

    def form(n: Array, t: Array, x: Array, t_x: Array, T: Array) -> Any:
        log_l = _log_likelihood(x, t_x, T, r, alpha, s, beta)
        scale = r * np.log(alpha) + s * np.log(beta) - special.gammaln(r)
        k, m = r + x, r + s + x
        stays = special.gammaln(k) + scale - k * np.log(alpha + T) - s * np.log(beta + T) - log_l
        buys = special.gammaln(k + n) + scale - (k + n) * np.log(alpha + T + t) - s * np.log(beta + T + t)
        of = scale - special.gammaln(s) + special.betaln(k + n, s + 1)
        second = k + n if alpha < beta else np.full_like(x, s + 1)

        def term(i: Any, T: Any, *at: Any) -> Any:
            x_m, n, of, second = at
            hyper = special.hyp2f1(x_m + i, second, x_m + n + 1, apart / (high + T))
            return of + special.gammaln(x_m + i) + np.log(hyper) - (x_m + i) * np.log(high + T)

        leaves = term(0, T, m, n, of, second)
        row = np.repeat(np.arange(len(n)), n.astype(int) + 1)
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        i = np.arange(len(row)) - starts[row]
        terms = term(i, (T + t)[row], m[row], n[row], of[row], second[row])
        terms += i * np.log(t)[row] - special.gammaln(i + 1)
        top = np.maximum.reduceat(terms, starts)
        later = top + np.log(np.add.reduceat(np.exp(terms - top[row]), starts))
        now = n * np.log(t) - special.gammaln(n + 1) + buys
        most = np.maximum(np.maximum(now, leaves), later)
        total = np.abs(np.exp(now - most) + np.exp(leaves - most) - np.exp(later - most))
        total[(n > 0) & (total < _LOST)] = np.nan
        value = (n == 0) * (1 - np.exp(stays)) + np.exp(most - log_l) * total
        return np.where(t <= 0, n == 0, value)  # which is told apart

    return form


def pareto_log_likelihood(parameters: Sequence[float]) -> Form:
    """Equation (18), a function of x, t_x and T."""
    at = np.asarray(parameters)
    return lambda x, t_x, T: _log_likelihood(x, t_x, T, *at)


def _log_likelihood(x: Array, t_x: Array, T: Array, r: float, alpha: float, s: float, beta: float) -> Any:
    """Equation (18)."""
    scale = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    left = np.log(s) + _log_integral(x, t_x, T, r, alpha, s, beta) - np.log(r + s + x)
    return scale + np.logaddexp(-(r + x) * np.log(alpha + T) - s * np.log(beta + T), left)


def _log_integral(x: Array, t_x: Array, T: Array, r: float, alpha: float, s: float, beta: float) -> Any:
    """Equations (19) and (20): a difference of two hypergeometric functions."""
    high, apart, m = max(alpha, beta), abs(alpha - beta), r + s + x
    second = r + x if alpha < beta else s + 1
    since, until = high + t_x, high + T
    first = np.log(special.hyp2f1(m, second, m + 1.0, apart / since)) + m * np.log(until)
    last = np.log(special.hyp2f1(m, second, m + 1.0, apart / until)) + m * np.log(since)
    integral = first + np.log1p(-np.exp(last - first)) - m * np.log(since * until)
    ends_in_nan = (last > _LARGEST) & ((last == first) | np.isinf(first))  # in SciPy's logsumexp
    return np.where(ends_in_nan, np.nan, integral)


def _with_digits(left: Array, t: Array) -> Array:
    return np.where((t > 0) & (np.abs(left) < _LOST), np.nan, left)
