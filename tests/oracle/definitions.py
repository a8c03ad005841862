"""What each quantity means, as an integral over a customer's hidden variables, computed with mpmath.

Nothing here is taken from the package, and no hypergeometric function is used: every number is the model's story
integrated numerically.  The only steps done by hand are elementary ones:

* over the purchase rate lambda, by the gamma integral
  ∫ lambda^(k-1) exp(-lambda c) dlambda = Γ(k) c^-k   (BG/NBD, MBG/NBD, Pareto/NBD),
* over the drop-out rate mu, by the same gamma integral, so that the Pareto/NBD lifetime has density
  s beta^s (beta + u)^-(s+1),
* over the time u of a future purchase, where the integral of an exponential is an exponential.

`check_reductions` in make_oracle.py does ordinary cases again without these steps, on the plane of both variables.

What remains is one integral (two for discounted BG/NBD and MBG/NBD), done by adaptive Gauss-Legendre quadrature in the
logit of a probability or the logarithm of a rate or time, on a range split at the integrand's peak and where it has
fallen by given amounts.  Every value is computed by two rules that differ in precision, nodes, splits and tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from mpmath import mp, mpf

Function = Callable[[Any], Any]
INFINITE = mpf("inf")


# ------------------------------------------------------------------------------------------------- quadrature


@dataclass(frozen=True)
class Rule:
    """How one of the two computations of a value is done."""

    digits: int  # working precision
    order: int  # Gauss-Legendre nodes a piece
    tolerance: int  # a piece is halved until that changes the integral by less than 10^-tolerance
    tail: int  # the integrand is cut where it has fallen by 10^-tail
    falls: tuple[float, ...]  # the range is split where the integrand's logarithm has fallen by these from its peak
    ratio: float  # growth of the pieces of a decaying integrand
    grade: float  # first length, and growth, of the pieces into which a very long one is cut from its ends


RULES = (
    Rule(digits=48, order=20, tolerance=22, tail=32, falls=(0.7, 3, 10, 27, 60), ratio=3.0, grade=10.0),
    Rule(digits=62, order=27, tolerance=27, tail=40, falls=(0.45, 2, 6.5, 17, 41, 77), ratio=2.6, grade=7.0),
)

# only to come near a root, whatever the rule
COARSE = Rule(digits=20, order=10, tolerance=9, tail=14, falls=(1, 7, 20), ratio=4.0, grade=10.0)


class NoConvergence(ArithmeticError):
    """The quadrature did not settle; the case is left out."""


@cache
def _legendre(order: int, precision: int) -> tuple[tuple[Any, Any], ...]:
    """Nodes and weights on [-1, 1], by Newton's method on the Legendre polynomial."""
    found = []
    with mp.workprec(precision + 30):
        for i in range(order):
            x = mp.cos(mp.pi * (i + mpf(3) / 4) / (order + mpf(1) / 2))
            for _ in range(100):
                below, value = mpf(1), x
                for j in range(2, order + 1):
                    below, value = value, ((2 * j - 1) * x * value - (j - 1) * below) / j
                slope = order * (x * value - below) / (x * x - 1)
                step = value / slope
                x -= step
                if abs(step) < mpf(2) ** -(precision + 15):
                    break
            found.append((x, 2 / ((1 - x * x) * slope * slope)))
    return tuple(found)


def _gauss(f: Function, left: Any, right: Any, order: int) -> Any:
    centre, half = (left + right) / 2, (right - left) / 2
    return half * mp.fsum(weight * f(centre + half * node) for node, weight in _legendre(order, mp.prec))


def integrate(f: Function, points: list[Any], rule: Rule, mesh: list[Any] | None = None) -> Any:
    """The integral of a positive f over [points[0], points[-1]]: halve each piece until its halves agree with it.

    `mesh`, when given, is filled with the pieces that were fine enough, for use on a similar, costlier function.
    """
    pieces = [(left, right, _gauss(f, left, right, rule.order), 0) for left, right in pairwise(points)]
    total = mp.fsum(piece[2] for piece in pieces)
    tolerance = mpf(10) ** -rule.tolerance
    accepted = []
    while pieces:
        left, right, whole, depth = pieces.pop()
        middle = (left + right) / 2
        first, second = _gauss(f, left, middle, rule.order), _gauss(f, middle, right, rule.order)
        change = first + second - whole
        total += change
        if abs(change) <= tolerance * abs(total):
            accepted.append(first + second)
            if mesh is not None:
                mesh.append((left, right))
        elif depth > 70:
            raise NoConvergence(f"no convergence between {mp.nstr(left, 8)} and {mp.nstr(right, 8)}")
        else:
            pieces += [(left, middle, first, depth + 1), (middle, right, second, depth + 1)]
    return mp.fsum(accepted)


def _bisect(logf: Function, high: Any, low: Any, target: Any, slack: Any) -> Any:
    """A point between `high` (logf above target) and `low` (below) where logf is near the target."""
    middle = (high + low) / 2
    for _ in range(200):
        middle = (high + low) / 2
        value = logf(middle)
        if abs(value - target) <= slack:
            break
        if value > target:
            high = middle
        else:
            low = middle
    return middle


def peak_points(logf: Function, seeds: Iterable[Any], rule: Rule, lowest: Any, highest: Any) -> list[Any]:
    """Where to split the line for exp(logf): its maxima, where it has fallen by rule.falls, and the seeds.

    The seeds are where the integrand changes its character (each O(1) wide in the logarithmic variable used); the
    scan around them grows geometrically until logf has fallen by the cut on both sides.
    """
    cut = mp.log(10) * rule.tail
    seeds = sorted({min(max(mpf(seed), lowest), highest) for seed in seeds})
    heights = {seed: logf(seed) for seed in seeds}
    for bound in (lowest, highest):
        if mp.isfinite(bound):
            heights[bound] = logf(bound)
    for seed in seeds:
        for sign in (-1, 1):
            step = mpf(1) / 4
            while True:
                point = seed + sign * step
                if not lowest < point < highest:
                    break
                heights[point] = logf(point)
                if step > 30 and heights[point] < max(heights.values()) - cut - 30:
                    break
                if step > mpf(2) ** 200:
                    raise NoConvergence("the integrand does not fall off")
                step *= 2
    grid = sorted(heights)
    tops = []
    for i, point in enumerate(grid):
        left, right = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        if heights[point] >= heights[left] and heights[point] >= heights[right]:
            for _ in range(60):  # ternary search; the maximum need only be found to a fraction of the peak's width
                third = (right - left) / 3
                if logf(left + third) < logf(right - third):
                    left += third
                else:
                    right -= third
            best = max((left, right, point), key=logf)
            heights[best] = logf(best)
            tops.append(best)
    grid = sorted(heights)
    peak = max(tops, key=heights.__getitem__)
    height = heights[peak]
    tops = [top for top in tops if heights[top] > height - cut]

    points = {peak, *tops}
    for fall in (*rule.falls, cut):
        target, slack = height - mpf(fall), mpf(fall) / 5
        above = [i for i, point in enumerate(grid) if heights[point] > target]
        if above[0] > 0:
            points.add(_bisect(logf, grid[above[0]], grid[above[0] - 1], target, slack))
        if above[-1] < len(grid) - 1:
            points.add(_bisect(logf, grid[above[-1]], grid[above[-1] + 1], target, slack))
    above = [i for i, point in enumerate(grid) if heights[point] > height - cut]
    if above[0] == 0:
        points.add(grid[0])
    if above[-1] == len(grid) - 1:
        points.add(grid[-1])
    first, last = min(points), max(points)
    points |= {seed for seed in seeds if first < seed < last}
    # Something O(1) wide at the end of a very long piece would be missed by the piece and by its halves alike, and
    # they would agree: long pieces are graded towards both ends.
    for left, right in pairwise(sorted(points)):
        step = mpf(rule.grade)
        while step < (right - left) / 2 and right - left > 5 * rule.grade:
            points |= {left + step, right - step}
            step *= rule.grade
    return sorted(points)


def integrate_peak(
    logf: Function, seeds: Iterable[Any], rule: Rule, lowest: Any = -INFINITE, highest: Any = INFINITE
) -> Any:
    """∫ exp(logf(w)) dw over (lowest, highest)."""
    if lowest == highest:
        return mpf(0)
    return integrate(lambda w: mp.exp(logf(w)), peak_points(logf, seeds, rule, lowest, highest), rule)


def decay_points(f: Function, scale: Any, upper: Any, rule: Rule) -> list[Any]:
    """Geometrically growing pieces of [0, upper] for a falling f that changes first at about `scale`."""
    negligible = f(mpf(0)) * min(scale, upper) * mpf(10) ** -rule.tail
    points, end = [mpf(0)], mpf(scale)
    while end < upper:
        points.append(end)
        if f(end) * end < negligible:
            return points
        end *= mpf(rule.ratio)
        if len(points) > 2000:
            raise NoConvergence("the integrand does not fall off")
    return [*points, mpf(upper)]


def integrate_decay(f: Function, scale: Any, upper: Any, rule: Rule) -> Any:
    """∫ over [0, upper] of a positive falling f; upper may be infinite if f falls exponentially in the end."""
    if upper == 0:
        return mpf(0)
    return integrate(f, decay_points(f, scale, upper, rule), rule)


# --------------------------------------------------------------------------------------- the customer's history


@dataclass(frozen=True)
class History:
    """x repeat purchases, the last at t_x, observed to T; the first purchase is at 0 and not counted."""

    x: int
    t_x: Any
    T: Any


def log_gamma_ratio(x: Any, k: Any) -> Any:
    """log Γ(k + x)/Γ(k)."""
    return mp.loggamma(k + x) - mp.loggamma(k)


# ------------------------------------------------------------------------------------------------------ NBD
# lambda ~ Gamma(r, rate alpha), purchases are Poisson, nobody leaves.  All integrals are over log lambda.


def _over_rate(rule: Rule, shape: Any, rate: Any, factor: Function | None = None) -> Any:
    """∫ lambda^(shape-1) exp(-lambda rate) factor dlambda; `factor` gives the log of one more factor of log lambda."""

    def logf(w: Any) -> Any:
        value = shape * w - rate * mp.exp(w)
        return value if factor is None else value + factor(w)

    return integrate_peak(logf, [mp.log(shape / rate), -mp.log(rate)], rule)


def nbd_log_likelihood(rule: Rule, history: History, r: Any, alpha: Any) -> Any:
    """log of the mean over lambda of lambda^x exp(-lambda T), the density of the purchase times."""
    return mp.log(_over_rate(rule, r + history.x, alpha + history.T) / _over_rate(rule, r, alpha))


def nbd_p_alive(rule: Rule, history: History, r: Any, alpha: Any, after: Any) -> Any:
    """Nobody leaves."""
    return mpf(1)


def nbd_expected_purchases(rule: Rule, history: History, r: Any, alpha: Any, start: Any, horizon: Any) -> Any:
    """Mean of lambda · horizon, lambda weighted by what was seen."""
    seen = _over_rate(rule, r + history.x, alpha + history.T)
    return horizon * _over_rate(rule, r + history.x + 1, alpha + history.T) / seen


def nbd_discounted_expected_purchases(
    rule: Rule, history: History, r: Any, alpha: Any, horizon: Any, delta: Any
) -> Any:
    """Mean of lambda ∫ exp(-delta u) du over (0, horizon]."""
    if delta == 0 and mp.isinf(horizon):
        return INFINITE
    rate = nbd_expected_purchases(rule, history, r, alpha, mpf(0), mpf(1))
    if delta == 0:
        return rate * horizon
    return rate * integrate_decay(lambda u: mp.exp(-delta * u), 1 / delta, horizon, rule)


def nbd_purchase_pmf(rule: Rule, history: History, r: Any, alpha: Any, n: int, horizon: Any) -> Any:
    """Mean of the Poisson probability of n purchases at rate lambda, lambda weighted by what was seen."""
    if horizon == 0:
        return mpf(n == 0)
    shape, rate = r + history.x, alpha + history.T
    both = _over_rate(rule, shape + n, rate + horizon)
    return mp.exp(n * mp.log(horizon) - mp.loggamma(n + 1)) * both / _over_rate(rule, shape, rate)


def nbd_probability_of_purchase(rule: Rule, history: History, r: Any, alpha: Any, horizon: Any) -> Any:
    """Mean of 1 - exp(-lambda horizon), lambda weighted by what was seen."""
    return _some_event(rule, r + history.x, alpha + history.T, horizon)


def _some_event(rule: Rule, k: Any, z: Any, horizon: Any) -> Any:
    """The mean of 1 - exp(-lambda horizon) for lambda ~ Gamma(k, rate z)."""
    if horizon == 0 or mp.isinf(horizon):
        return mpf(horizon > 0)

    def factor(w: Any) -> Any:
        return mp.log(-mp.expm1(-mp.exp(w) * horizon))

    def logf(w: Any) -> Any:
        return k * w - z * mp.exp(w) + factor(w)

    seeds = [mp.log(k / z), -mp.log(z), mp.log((k + 1) / z), -mp.log(horizon)]
    return integrate_peak(logf, seeds, rule) / _over_rate(rule, k, z)


def nbd_expected_purchase_rate(rule: Rule, history: History, r: Any, alpha: Any) -> Any:
    """Mean of lambda, weighted by what was seen."""
    return nbd_expected_purchases(rule, history, r, alpha, mpf(0), mpf(1))


# --------------------------------------------------------------------------------- BG/NBD and MBG/NBD (drop-out p)
# lambda ~ Gamma(r, rate alpha), p ~ Beta(a, b).  After each repeat purchase (MBG: also after the first purchase) the
# customer leaves with probability p.  Somebody alive at T has survived x (MBG: x + 1) such chances; somebody gone has
# survived one fewer and left at t_x.  The integral over lambda is done by hand, the one over p in w = logit p.


def _logs(w: Any) -> tuple[Any, Any]:
    """log p and log(1 - p) at w = logit p, to the full number of decimals (they are only used in exponents)."""
    if w < 0:
        small = mp.log(1 + mp.exp(w))
        return w - small, -small
    small = mp.log(1 + mp.exp(-w))
    return -small, -w - small


def _over_p(rule: Rule, power_p: Any, power_q: Any, factor: Function | None = None, seeds: Iterable[Any] = ()) -> Any:
    """∫ p^(power_p - 1) (1-p)^(power_q - 1) factor dp; `factor` gives the log of one more factor, from p."""
    if power_p <= 0 or power_q <= 0:
        return INFINITE

    def logf(w: Any) -> Any:
        log_p, log_q = _logs(w)
        value = power_p * log_p + power_q * log_q
        return value if factor is None else value + factor(mp.exp(log_p))

    return integrate_peak(logf, [mpf(0), mp.log(power_p / power_q), *seeds], rule)


@dataclass(frozen=True)
class Dropout:
    """A history under BG/NBD or MBG/NBD: powers of the rate and of p that the integrals need.

    With lambda integrated out, and up to the common factor Γ(r+x) alpha^r / (Γ(r) B(a, b)):
    alive at T:    ∫ p^(a-1) (1-p)^(b+survived-1) dp · (alpha+T)^-(r+x)
    gone at t_x:   ∫ p^a (1-p)^(b+survived-2) dp · (alpha+t_x)^-(r+x), if there was a chance to leave.
    """

    k: Any  # r + x
    z: Any  # alpha + T
    z_last: Any  # alpha + t_x
    a: Any
    b: Any
    survived: int

    def alive(self, rule: Rule) -> Any:
        """Weight of being alive at T."""
        return _over_p(rule, self.a, self.b + self.survived) * self.z**-self.k

    def gone(self, rule: Rule) -> Any:
        """Weight of having left at t_x."""
        if self.survived == 0:
            return mpf(0)
        return _over_p(rule, self.a + 1, self.b + self.survived - 1) * self.z_last**-self.k

    def seen(self, rule: Rule) -> Any:
        """Weight of the history."""
        return self.alive(rule) + self.gone(rule)

    def turns(self, *times: Any) -> list[Any]:
        """Where in logit p the factor (z + p t)^-k begins to matter, and where it becomes a power."""
        return [mp.log(self.z / (t * c)) for t in times if t > 0 for c in (1, self.k + 1)]


def _dropout(history: History, r: Any, alpha: Any, a: Any, b: Any, at_first: bool) -> Dropout:
    return Dropout(r + history.x, alpha + history.T, alpha + history.t_x, a, b, history.x + at_first)


def dropout_log_likelihood(rule: Rule, history: History, r: Any, alpha: Any, a: Any, b: Any, *, at_first: bool) -> Any:
    """log E[(1-p)^c lambda^x exp(-lambda T) + p (1-p)^(c-1) lambda^x exp(-lambda t_x)], c chances survived."""
    weight = _dropout(history, r, alpha, a, b, at_first).seen(rule) / _over_p(rule, a, b)
    return log_gamma_ratio(history.x, r) + r * mp.log(alpha) + mp.log(weight)


def dropout_p_alive(
    rule: Rule, history: History, r: Any, alpha: Any, a: Any, b: Any, after: Any, *, at_first: bool
) -> Any:
    """Alive at T, and then not leaving for `after`: somebody alive leaves at rate lambda p."""
    it = _dropout(history, r, alpha, a, b, at_first)

    def stays(p: Any) -> Any:
        return -it.k * mp.log(it.z + p * after)

    return _over_p(rule, a, b + it.survived, stays, it.turns(after)) / it.seen(rule)


def dropout_expected_purchases(
    rule: Rule, history: History, r: Any, alpha: Any, a: Any, b: Any, start: Any, horizon: Any, *, at_first: bool
) -> Any:
    """Somebody alive at T buys at rate lambda exp(-lambda p u) at T + u; over the window that is
    exp(-lambda p start) (1 - exp(-lambda p horizon)) / p, of which the mean over lambda is taken by hand."""
    if horizon == 0:
        return mpf(0)
    it = _dropout(history, r, alpha, a, b, at_first)

    def bought(p: Any) -> Any:
        begin = it.z + p * start
        leaves = -mp.expm1(-it.k * mp.log1p(p * horizon / begin))
        return -it.k * mp.log(begin) + mp.log(leaves / p)

    return _over_p(rule, a, b + it.survived, bought, it.turns(start, horizon)) / it.seen(rule)


def dropout_discounted_expected_purchases(
    rule: Rule, history: History, r: Any, alpha: Any, a: Any, b: Any, horizon: Any, delta: Any, *, at_first: bool
) -> Any:
    """∫ exp(-delta u) E[lambda exp(-lambda p u), alive at T] du over (0, horizon]: over lambda by hand, over u and p
    numerically.  Undiscounted and for ever, each customer alive buys 1/p times on average (inf if a <= 1)."""
    it = _dropout(history, r, alpha, a, b, at_first)
    if delta == 0:
        if mp.isinf(horizon):
            return _over_p(rule, a - 1, b + it.survived) * it.z**-it.k / it.seen(rule)
        return dropout_expected_purchases(rule, history, r, alpha, a, b, mpf(0), horizon, at_first=at_first)
    if horizon == 0:
        return mpf(0)

    def inner(p: Any) -> Any:
        """∫ over u of exp(-delta u) k (z + p u)^-(k+1); pieces grow geometrically, so a fixed rule is enough."""
        slope = p / it.z

        def f(u: Any) -> Any:
            return mp.exp(-delta * u - (it.k + 1) * mp.log(1 + slope * u))

        points = decay_points(f, 1 / (delta + (it.k + 1) * slope), horizon, rule)
        return mp.fsum(_gauss(f, left, right, rule.order + 4) for left, right in pairwise(points))

    def rough(w: Any) -> Any:
        """Log of the integrand with `inner` replaced by something elementary of the same shape."""
        log_p, log_q = _logs(w)
        rate = delta + (it.k + 1) * mp.exp(log_p) / it.z
        lasts = 1 / rate if mp.isinf(horizon) else -mp.expm1(-rate * horizon) / rate
        return a * log_p + (b + it.survived) * log_q + mp.log(lasts)

    def f(w: Any) -> Any:
        log_p, log_q = _logs(w)
        return mp.exp(a * log_p + (b + it.survived) * log_q) * inner(mp.exp(log_p))

    long = min(horizon, 1 / delta)
    seeds = [mpf(0), mp.log(a / (b + it.survived)), *it.turns(long)]
    mesh: list[Any] = []
    integrate(lambda w: mp.exp(rough(w)), peak_points(rough, seeds, rule, -INFINITE, INFINITE), rule, mesh)
    weight = mp.fsum(_gauss(f, left, right, rule.order) for left, right in mesh)
    return it.k * it.z ** -(it.k + 1) * weight / it.seen(rule)


def dropout_purchase_pmf(
    rule: Rule, history: History, r: Any, alpha: Any, a: Any, b: Any, n: int, horizon: Any, *, at_first: bool
) -> Any:
    """n purchases and still there, or the n-th in the window, at some y, and then gone:
    (1-p)^n (lambda h)^n exp(-lambda h) / n!  +  p (1-p)^(n-1) ∫ lambda^n y^(n-1) exp(-lambda y) / (n-1)! dy.
    Nobody who had left by T buys again."""
    it = _dropout(history, r, alpha, a, b, at_first)
    gone = it.gone(rule)
    seen = it.alive(rule) + gone
    chances = b + it.survived
    if n == 0:
        return (_over_p(rule, a, chances) * (it.z + horizon) ** -it.k + gone) / seen
    if horizon == 0:
        return mpf(0)
    stays = mp.exp(log_gamma_ratio(n, it.k) - mp.loggamma(n + 1) + n * mp.log(horizon))
    stays *= _over_p(rule, a, chances + n) * (it.z + horizon) ** -(it.k + n)

    def nth_at(w: Any) -> Any:
        return n * w - (it.k + n) * mp.log(it.z + mp.exp(w))

    seeds = [mp.log(it.z), mp.log(it.z * n / it.k), mp.log(horizon)]
    leaves = mp.exp(log_gamma_ratio(n, it.k) - mp.loggamma(n))
    leaves *= _over_p(rule, a + 1, chances + n - 1) * integrate_peak(nth_at, seeds, rule, highest=mp.log(horizon))
    return (stays + leaves) / seen


def dropout_probability_of_purchase(
    rule: Rule, history: History, r: Any, alpha: Any, a: Any, b: Any, horizon: Any, *, at_first: bool
) -> Any:
    """Being alive at T, and a purchase of the Poisson process, as nobody leaves without one."""
    it = _dropout(history, r, alpha, a, b, at_first)
    return it.alive(rule) / it.seen(rule) * _some_event(rule, it.k, it.z, horizon)


def dropout_expected_purchase_rate(
    rule: Rule, history: History, r: Any, alpha: Any, a: Any, b: Any, *, at_first: bool
) -> Any:
    """One more power of lambda, which the gamma integral turns into k/z or k/z_last."""
    it = _dropout(history, r, alpha, a, b, at_first)
    return it.k * (it.alive(rule) / it.z + it.gone(rule) / it.z_last) / it.seen(rule)


def dropout_expected_dropout(
    rule: Rule, history: History, r: Any, alpha: Any, a: Any, b: Any, *, at_first: bool
) -> Any:
    """One more power of p in both parts."""
    it = _dropout(history, r, alpha, a, b, at_first)
    alive = _over_p(rule, a + 1, b + it.survived) * it.z**-it.k
    gone = _over_p(rule, a + 2, b + it.survived - 1) * it.z_last**-it.k if it.survived else mpf(0)
    return (alive + gone) / it.seen(rule)


# ------------------------------------------------------------------------------------- Pareto/NBD (lifetime)
# lambda ~ Gamma(r, rate alpha); the lifetime is exponential with rate mu ~ Gamma(s, rate beta).  The gamma integrals
# over lambda and mu are done by hand; what is left is the integral over the moment u at which the customer leaves,
# weight of leaving at u: s beta^s (beta+u)^-(s+1) · (alpha+min(u, T))^-(r+x), u >= t_x, up to Γ(r+x) alpha^r / Γ(r).


def _stays(alpha: Any, beta: Any, s: Any, k: Any, t: Any, T: Any) -> Any:
    """Weight of being alive at T and of leaving after t >= T, without the common factor beta^s."""
    return (beta + t) ** -s * (alpha + T) ** -k


def _left(rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any) -> Any:
    """Weight of having left between t_x and T, without beta^s."""
    k, A, B = r + history.x, alpha + history.t_x, beta + history.t_x

    def f(y: Any) -> Any:
        return s * mp.exp(-(s + 1) * mp.log(B + y) - k * mp.log(A + y))

    return integrate_decay(f, 1 / (k / A + (s + 1) / B), history.T - history.t_x, rule)


def _pareto_seen(rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any) -> Any:
    alive = _stays(alpha, beta, s, r + history.x, history.T, history.T)
    return alive + _left(rule, history, r, alpha, s, beta)


def pareto_log_likelihood(rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any) -> Any:
    """log E[lambda^x exp(-(lambda+mu) T) + ∫ mu lambda^x exp(-(lambda+mu) u) du over (t_x, T)]."""
    weight = mp.log(_pareto_seen(rule, history, r, alpha, s, beta))
    return log_gamma_ratio(history.x, r) + r * mp.log(alpha) + s * mp.log(beta) + weight


def pareto_p_alive(rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any, after: Any) -> Any:
    """Leaving after T + after."""
    stays = _stays(alpha, beta, s, r + history.x, history.T + after, history.T)
    return stays / _pareto_seen(rule, history, r, alpha, s, beta)


def pareto_expected_purchases(
    rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any, start: Any, horizon: Any
) -> Any:
    """∫ over the window of lambda · [alive at T + u]."""
    k, z, begin = r + history.x, alpha + history.T, beta + history.T + start
    alive = integrate_decay(lambda u: (begin + u) ** -s, begin / (s + 1), horizon, rule)
    return k / z * z**-k * alive / _pareto_seen(rule, history, r, alpha, s, beta)


def pareto_discounted_expected_purchases(
    rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any, horizon: Any, delta: Any
) -> Any:
    """∫ over (0, horizon] of exp(-delta u) lambda · [alive at T + u]; undiscounted and for ever, lambda / mu."""
    k, z, begin = r + history.x, alpha + history.T, beta + history.T
    if delta == 0 and mp.isinf(horizon):
        if s <= 1:
            return INFINITE
        # E[1/mu, alive at T]: over log mu, with mu^(s-1) exp(-mu (beta+T)) the weight of being alive
        alive = _over_rate(rule, s - 1, begin) / mp.gamma(s)
    else:
        scale = 1 / (delta + s / begin)
        alive = integrate_decay(lambda u: mp.exp(-delta * u - s * mp.log(begin + u)), scale, horizon, rule)
    return k / z * z**-k * alive / _pareto_seen(rule, history, r, alpha, s, beta)


def pareto_purchase_pmf(
    rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any, n: int, horizon: Any
) -> Any:
    """n purchases by the end of the window or by the moment T + y of leaving within it; none if gone by T."""
    k, z, B = r + history.x, alpha + history.T, beta + history.T
    left = _left(rule, history, r, alpha, s, beta)
    seen = _stays(alpha, beta, s, k, history.T, history.T) + left
    if horizon == 0:
        return mpf(n == 0)
    log_count = log_gamma_ratio(n, k) - mp.loggamma(n + 1)
    stays = (B + horizon) ** -s * mp.exp(log_count + n * mp.log(horizon) - (k + n) * mp.log(z + horizon))

    def leaves_at(w: Any) -> Any:  # w = log y
        y = mp.exp(w)
        return (n + 1) * w - (s + 1) * mp.log(B + y) - (k + n) * mp.log(z + y)

    seeds = [mp.log(z), mp.log(B), mp.log(z * (n + 1) / (k + s)), mp.log(horizon)]
    leaves = s * mp.exp(log_count) * integrate_peak(leaves_at, seeds, rule, highest=mp.log(horizon))
    return (stays + leaves + (left if n == 0 else 0)) / seen


# ------------------------------------------------------------------------------------------------------ BG/BB
# p ~ Beta(alpha, beta), theta ~ Beta(gamma, delta); at the beginning of each whole period a customer leaves with
# probability theta, and else buys with probability p.  Who has left is seen through the number j of periods he stayed:
# j = t_x, ..., T - 1, or alive at T.  Integrals of powers of p, theta and their complements are Beta functions; sums of
# powers of 1 - theta over future periods are geometric, and their mean over theta is integrated numerically.  Times are
# whole periods, so a quantile of one is the first period at which a probability is reached.


def _log_beta(a: Any, b: Any) -> Any:
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def _choices(x: int, periods: Any, alpha: Any, beta: Any) -> Any:
    """log of the mean of p^x (1-p)^(periods-x)."""
    return _log_beta(alpha + x, beta + periods - x) - _log_beta(alpha, beta)


def _stayed(periods: Any, gamma: Any, delta: Any, left: int = 0) -> Any:
    """log of the mean of (1-theta)^periods, and of that times theta if he left then."""
    return _log_beta(gamma + left, delta + periods) - _log_beta(gamma, delta)


def _bb_alive(history: History, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Any:
    return mp.exp(_choices(history.x, history.T, alpha, beta) + _stayed(history.T, gamma, delta))


def _bb_seen(history: History, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Any:
    left = [
        mp.exp(_choices(history.x, j, alpha, beta) + _stayed(j, gamma, delta, left=1))
        for j in range(int(history.t_x), int(history.T))
    ]
    return mp.fsum([_bb_alive(history, alpha, beta, gamma, delta), *left])


def bb_log_likelihood(rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Any:
    """log of the mean probability of the sequence of periods with and without a purchase."""
    return mp.log(_bb_seen(history, alpha, beta, gamma, delta))


def bb_p_alive(rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, after: Any) -> Any:
    """Staying T + after periods."""
    stays = mp.exp(_choices(history.x, history.T, alpha, beta) + _stayed(history.T + after, gamma, delta))
    return stays / _bb_seen(history, alpha, beta, gamma, delta)


def _bb_ahead(
    rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, start: Any, horizon: Any, rate: Any
) -> Any:
    """Mean of p Σ exp(-rate j) (1-theta)^j over the periods j in (start, start + horizon], alive at T."""
    if horizon == 0:
        return mpf(0)
    kept = mp.exp(-rate)
    end = -mp.expm1(-rate)

    def rest(theta: Any) -> Any:  # log of Σ over j = 0 .. horizon - 1 of D^j, D = exp(-rate) (1 - theta)
        below = end + kept * theta  # 1 - D
        if mp.isinf(horizon):
            return -mp.log(below)
        return mp.log(mpf(1) / below if below >= 1 else -mp.expm1(horizon * mp.log1p(-below)) / below)

    if rate == 0 and mp.isinf(horizon):
        weight = _over_p(rule, gamma - 1, delta + history.T + start + 1)
    else:
        turns = [mp.log(1 / (c * horizon)) for c in (1, 30) if not mp.isinf(horizon)]
        turns += [mp.log(end)] if rate > 0 else []
        weight = _over_p(rule, gamma, delta + history.T + start + 1, rest, turns)
    if mp.isinf(weight):
        return INFINITE
    weight /= mp.exp(_log_beta(gamma, delta))
    bought = mp.exp(_log_beta(alpha + history.x + 1, beta + history.T - history.x) - _log_beta(alpha, beta))
    return mp.exp(-rate * (start + 1)) * bought * weight / _bb_seen(history, alpha, beta, gamma, delta)


def bb_expected_purchases(
    rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, start: Any, horizon: Any
) -> Any:
    """One purchase with probability p in each period that is reached."""
    return _bb_ahead(rule, history, alpha, beta, gamma, delta, start, horizon, mpf(0))


def bb_discounted_expected_purchases(
    rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, horizon: Any, rate: Any
) -> Any:
    """The same, each worth exp(-rate j) in the period T + j."""
    return _bb_ahead(rule, history, alpha, beta, gamma, delta, mpf(0), horizon, rate)


def bb_purchase_pmf(
    rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, n: int, horizon: Any
) -> Any:
    """n purchases in the i periods that he stays, i < horizon, or in all of them; none if gone by T."""
    x, T, h = history.x, int(history.T), int(horizon)
    seen = _bb_seen(history, alpha, beta, gamma, delta)
    terms = []
    for i in range(n, h + 1):
        log_ways = mp.log(mp.binomial(i, n))
        terms.append(mp.exp(log_ways + _choices(x + n, T + i, alpha, beta) + _stayed(T + i, gamma, delta, int(i < h))))
    if n == 0:
        terms.append(seen - _bb_alive(history, alpha, beta, gamma, delta))
    return mp.fsum(terms) / seen


def _bb_first_purchase(j: Any, a: Any, b: Any, gamma: Any, d: Any) -> Any:
    """log of the mean of p (1-p)^(j-1) (1-theta)^j: the next purchase is in period T + j."""
    return _log_beta(a + 1, b + j - 1) - _log_beta(a, b) + _log_beta(gamma, d + j) - _log_beta(gamma, d)


def _bb_purchase_between(rule: Rule, first: Any, last: Any, a: Any, b: Any, gamma: Any, d: Any) -> Any:
    """The sum of that over the periods j = first, first + 1, ..., last, where the last may be infinite.

    One by one while they change fast; those left by the Euler-Maclaurin formula, an integral with corrections at its
    ends by the derivatives there, from polygamma functions.
    """
    half = (4 + rule.digits) // 5  # pairs of derivatives: enough where a term changes by less than 1.35 a period

    def term(j: Any) -> Any:
        return mp.exp(_bb_first_purchase(j, a, b, gamma, d))

    total, j = mpf(0), first
    with mp.extradps(40 + int(mp.log10(1 + first)) * 2):
        term_now = term(j)
        while j <= last:
            ratio = (b + j - 1) / (a + b + j) * (d + j) / (gamma + d + j)
            if (j >= 4 * rule.digits and ratio > mpf("0.75")) or term_now < total * mpf(10) ** -(rule.tail + 8):
                break
            total += term_now
            term_now *= ratio
            j += 1
        if j > last or term_now < total * mpf(10) ** -(rule.tail + 8):
            return +total

        def correction(end: Any) -> Any:  # B_2k/(2k)! times the odd derivatives
            turns = [(1, b + end - 1), (-1, a + b + end), (1, d + end), (-1, gamma + d + end)]
            logs = [mp.fsum(sign * mp.psi(m, z) for sign, z in turns) / mp.factorial(m) for m in range(2 * half)]
            powers = [term(end)]  # Taylor coefficients of the exponential of a series
            for m in range(1, 2 * half):
                powers.append(mp.fsum(logs[k - 1] * powers[m - k] for k in range(1, m + 1)) / m)
            return mp.fsum(mp.bernoulli(2 * k) / (2 * k) * powers[2 * k - 1] for k in range(1, half))

        at_first = term_now / 2 - correction(j)
        at_last = mpf(0) if mp.isinf(last) else term(last) / 2 + correction(last)

    def log_term(w: Any) -> Any:
        with mp.extradps(20 + int(w / 2)):
            return w + _bb_first_purchase(mp.exp(w), a, b, gamma, d)

    # from there on a power of the period, to more digits than any here
    far = mp.log(max(j, a + b + gamma + d)) + 150
    log_far = log_term(far)

    def log_integrand(w: Any) -> Any:
        return log_term(w) if w < far else log_far - (a + gamma) * (w - far)

    low, high = mp.log(j), mp.log(last) if not mp.isinf(last) else INFINITE
    seeds = [low, *(mp.log(turn) for turn in (a + b, b, gamma + d, d, (a + b) / a) if turn > j)]
    return total + at_first + at_last + integrate_peak(log_integrand, seeds, rule, low, high)


def _bb_given(history: History, alpha: Any, beta: Any, gamma: Any, delta: Any) -> tuple[Any, Any, Any, Any]:
    """The distributions of p and theta of somebody alive at T."""
    return alpha + history.x, beta + history.T - history.x, gamma, delta + history.T


def bb_probability_of_purchase(
    rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, horizon: Any
) -> Any:
    """The next purchase is in one of the periods up to T + horizon."""
    parameters = alpha, beta, gamma, delta
    bought = _bb_purchase_between(rule, mpf(1), horizon, *_bb_given(history, *parameters))
    return bought * _bb_alive(history, *parameters) / _bb_seen(history, *parameters)


def _bb_mean(history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, p: int, theta: int) -> Any:
    """Mean of p^p theta^theta, weighted by what was seen."""
    x, T = history.x, int(history.T)

    def part(stayed: int, left: int) -> Any:
        return mp.exp(_choices(x + p, stayed + p, alpha, beta) + _stayed(stayed, gamma, delta, left=left + theta))

    parts = [part(T, 0), *(part(j, 1) for j in range(int(history.t_x), T))]
    return mp.fsum(parts) / _bb_seen(history, alpha, beta, gamma, delta)


def bb_expected_purchase_rate(rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Any:
    """Mean of p, weighted by what was seen."""
    return _bb_mean(history, alpha, beta, gamma, delta, 1, 0)


def bb_expected_dropout(rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Any:
    """Mean of theta, weighted by what was seen."""
    return _bb_mean(history, alpha, beta, gamma, delta, 0, 1)


def _first_period(reached: Callable[[Any], bool], low: Any, high: Any) -> Any:
    """The first whole number in (low, high] at which ``reached`` holds, which it does not at low; to 25 digits."""
    while not reached(high):
        low, high = high, 4 * high
        if high > mpf(10) ** 299:  # beyond a double
            return INFINITE
    while high - low > max(1, low * mpf(10) ** -25):
        middle = mp.floor((low + high) / 2)
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def bb_residual_lifetime(rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, q: Any) -> Any:
    """The first period t with P(left by T + t | alive at T) >= q."""
    T = history.T

    def reached(t: Any) -> bool:
        with mp.extradps(int(mp.log10(1 + t)) + 20):
            gone = -mp.expm1(_stayed(T + t, gamma, delta) - _stayed(T, gamma, delta))
            return bool(gone >= q)

    return _first_period(reached, mpf(0), mpf(1))


def bb_time_to_next_purchase(
    rule: Rule, history: History, alpha: Any, beta: Any, gamma: Any, delta: Any, q: Any
) -> Any:
    """The first period t with P(a purchase by T + t | alive at T) >= q P(a purchase ever | alive at T).

    One by one up to 20,000; beyond, a root by a coarse rule is put right with this one.
    """
    given = _bb_given(history, alpha, beta, gamma, delta)
    ever = _bb_purchase_between(rule, mpf(1), INFINITE, *given)
    a, b, _, d = given
    term, total, j = mp.exp(_bb_first_purchase(mpf(1), *given)), mpf(0), mpf(1)
    while j <= 20_000:
        total += term
        if total >= q * ever:
            return j
        term *= (b + j - 1) / (a + b + j) * (d + j) / (gamma + d + j)
        j += 1

    def come(rule: Rule, t: Any) -> Any:
        return 1 - _bb_purchase_between(rule, t + 1, INFINITE, *given) / ever

    near = quantile(come, q, mpf(20_000), rule)
    if mp.isinf(near):
        return near
    found = mp.ceil(near)
    assert come(rule, found) >= q > come(rule, found - 1)
    return found


def pareto_probability_of_purchase(
    rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any, horizon: Any
) -> Any:
    """∫ over (0, horizon] of E[lambda exp(-(lambda + mu) u), alive at T]: a first purchase at T + u."""
    if horizon == 0:
        return mpf(0)
    k, z, B = r + history.x, alpha + history.T, beta + history.T

    def first_at(w: Any) -> Any:  # w = log u
        u = mp.exp(w)
        return w - (k + 1) * mp.log(z + u) - s * mp.log(B + u)

    highest = INFINITE if mp.isinf(horizon) else mp.log(horizon)
    seeds = [mp.log(z), mp.log(B), mp.log(1 / ((k + 1) / z + s / B))]
    bought = integrate_peak(first_at, seeds, rule, highest=highest)
    return k * bought / _pareto_seen(rule, history, r, alpha, s, beta)


def pareto_expected_purchase_rate(rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any) -> Any:
    """One more power of lambda: alive at T, or left at u."""
    k, A, B = r + history.x, alpha + history.t_x, beta + history.t_x

    def f(y: Any) -> Any:
        return s * mp.exp(-(s + 1) * mp.log(B + y) - (k + 1) * mp.log(A + y))

    gone = integrate_decay(f, 1 / ((k + 1) / A + (s + 1) / B), history.T - history.t_x, rule)
    alive = _stays(alpha, beta, s, k + 1, history.T, history.T)
    return k * (alive + gone) / _pareto_seen(rule, history, r, alpha, s, beta)


def pareto_expected_dropout(rule: Rule, history: History, r: Any, alpha: Any, s: Any, beta: Any) -> Any:
    """One more power of mu: alive at T, or left at u."""
    k, A, B = r + history.x, alpha + history.t_x, beta + history.t_x

    def f(y: Any) -> Any:
        return s * (s + 1) * mp.exp(-(s + 2) * mp.log(B + y) - k * mp.log(A + y))

    gone = integrate_decay(f, 1 / (k / A + (s + 2) / B), history.T - history.t_x, rule)
    alive = s * _stays(alpha, beta, s + 1, k, history.T, history.T)
    return (alive + gone) / _pareto_seen(rule, history, r, alpha, s, beta)


# ------------------------------------------------------------------------------------------------ quantiles


def quantile(share: Callable[[Rule, Any], Any], q: Any, scale: Any, rule: Rule) -> Any:
    """The t at which a distribution function share(rule, t), from 0 to 1, reaches q.

    Bisection and secants in log t with a coarse rule, and from there secants with the rule itself.
    """

    def distance(rule: Rule) -> Function:
        return lambda w: mp.log(max(share(rule, mp.exp(w)), q * mpf(10) ** -30) / q)

    f = distance(COARSE)
    low = high = mp.log(scale)
    step = mpf(1)
    while f(low) > 0:
        low, step = low - step, 2 * step
    step = mpf(1)
    while f(high) < 0:
        if high > 700:  # beyond a double
            return INFINITE
        high, step = min(high + step, mpf(701)), 2 * step
    while high - low > mpf(1) / 8:
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    near = _secants(f, low, high, mpf(10) ** -5)
    return mp.exp(_secants(distance(rule), near, near + mpf(10) ** -5, mpf(10) ** -23))


def _secants(f: Function, before: Any, now: Any, tolerance: Any) -> Any:
    value_before, value = f(before), f(now)
    for _ in range(40):
        if value in (0, value_before) or abs(now - before) < tolerance:
            return now
        before, now, value_before = now, now - value * (now - before) / (value - value_before), value
        value = f(now)
    raise NoConvergence("the quantile was not found")


def _residual_lifetime(p_alive: Callable[..., Any]) -> Callable[..., Any]:
    """Quantile q of the time from T until somebody alive at T leaves."""

    def function(rule: Rule, history: History, q: Any, **parameters: Any) -> Any:
        whole = p_alive(rule, history, after=mpf(0), **parameters)

        def gone(rule: Rule, t: Any) -> Any:
            return 1 - p_alive(rule, history, after=t, **parameters) / whole

        return quantile(gone, q, q * (history.T + parameters["alpha"]), rule)

    return function


def _time_to_next_purchase(probability: Callable[..., Any]) -> Callable[..., Any]:
    """Quantile q of the time from T to the next purchase of somebody who makes one."""

    def function(rule: Rule, history: History, q: Any, **parameters: Any) -> Any:
        ever = probability(rule, history, horizon=INFINITE, **parameters)

        def there(rule: Rule, t: Any) -> Any:
            return probability(rule, history, horizon=t, **parameters) / ever

        return quantile(there, q, q * (history.T + parameters["alpha"]), rule)

    return function


# ------------------------------------------------------------------------------------------------ Gamma-Gamma
# Each of the x amounts is Gamma(p, rate nu), nu ~ Gamma(q, rate v), so that their mean m is Gamma(p x, rate nu x).


def _over_nu(rule: Rule, power: Any, rate: Any) -> Any:
    """∫ nu^(power-1) exp(-nu rate) dnu."""
    return INFINITE if power <= 0 else _over_rate(rule, power, rate)


def gamma_gamma_log_density(rule: Rule, x: int, m: Any, p: Any, q: Any, v: Any) -> Any:
    """log of the mean over nu of the density of m: (nu x)^(p x) m^(p x - 1) exp(-nu x m) / Γ(p x)."""
    mean = _over_nu(rule, q + p * x, v + x * m) / _over_nu(rule, q, v)
    return p * x * mp.log(x) + (p * x - 1) * mp.log(m) - mp.loggamma(p * x) + mp.log(mean)


def gamma_gamma_expected_spend(rule: Rule, x: int, m: Any, p: Any, q: Any, v: Any) -> Any:
    """Mean of p / nu, nu weighted by what was seen; for x = 0 the population's mean."""
    power, rate = q + p * x, v + x * m
    if power <= 1:
        return INFINITE
    return p * _over_nu(rule, power - 1, rate) / _over_nu(rule, power, rate)


# ------------------------------------------------------------------------------------------------ one case


def _named(function: Callable[..., Any], at_first: bool) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(*args, **kwargs, at_first=at_first)


QUANTITIES: dict[tuple[str, str], Callable[..., Any]] = {
    ("gamma_gamma", "log_density"): gamma_gamma_log_density,
    ("gamma_gamma", "expected_spend"): gamma_gamma_expected_spend,
}
BASIC = ("log_likelihood", "p_alive", "expected_purchases", "discounted_expected_purchases", "purchase_pmf")
for _quantity in (
    *BASIC, "probability_of_purchase", "expected_purchase_rate", "expected_dropout", "residual_lifetime",
    "time_to_next_purchase",
):  # fmt: skip
    QUANTITIES["bg_bb", _quantity] = globals()[f"bb_{_quantity}"]
for _quantity in (*BASIC, "probability_of_purchase", "expected_purchase_rate", "expected_dropout"):
    if _quantity != "expected_dropout":
        QUANTITIES["nbd", _quantity] = globals()[f"nbd_{_quantity}"]
    QUANTITIES["pareto_nbd", _quantity] = globals()[f"pareto_{_quantity}"]
    QUANTITIES["bg_nbd", _quantity] = _named(globals()[f"dropout_{_quantity}"], at_first=False)
    QUANTITIES["mbg_nbd", _quantity] = _named(globals()[f"dropout_{_quantity}"], at_first=True)


for _family in ("nbd", "pareto_nbd", "bg_nbd", "mbg_nbd"):
    QUANTITIES[_family, "time_to_next_purchase"] = _time_to_next_purchase(
        QUANTITIES[_family, "probability_of_purchase"]
    )
    if _family != "nbd":
        QUANTITIES[_family, "residual_lifetime"] = _residual_lifetime(QUANTITIES[_family, "p_alive"])


def _exact(value: Any) -> Any:
    """The binary value of a float, exactly; counts stay whole numbers."""
    if value == "inf":
        return INFINITE
    return value if isinstance(value, int) else mpf(value)


def evaluate(case: dict[str, Any], rule: Rule) -> Any:
    """The value of one case under one rule."""
    with mp.workdps(rule.digits):
        function = QUANTITIES[case["family"], case["quantity"]]
        keywords = {name: mpf(value) for name, value in case["parameters"].items()}
        keywords |= {name: _exact(value) for name, value in case["arguments"].items()}
        if case["family"] == "gamma_gamma":
            mean = case["monetary_value"]
            return function(rule, int(case["frequency"]), mpf(0 if mean is None else mean), **keywords)
        history = History(int(case["frequency"]), mpf(case["recency"]), mpf(case["T"]))
        if case["family"] == "bg_bb":  # its delta is a parameter, that of the arguments the discount rate
            parameters = [mpf(value) for value in case["parameters"].values()]
            return function(rule, history, *parameters, *map(_exact, case["arguments"].values()))
        return function(rule, history, **keywords)
