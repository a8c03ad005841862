"""What is known about parameters after seeing the customers: draws, how they were made, and whether to trust them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InvalidInput, NotAvailable
from ..numerics.arrays import Array
from . import looks

WORST_K_HAT = 0.7  # above it importance sampling is not to be trusted; Vehtari et al. (2024), JMLR 25(72), section 3
WORST_R_HAT = 1.01  # Vehtari et al. (2021), Bayesian Analysis 16(2), 667-718, section 2
FEWEST = 400  # effective draws, for quantiles worth printing; the same source
_FEWEST_DRAWS = 100  # below it the ends of a 90 % interval are among the five outermost draws, whatever they are worth


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the parameters of a model, given the customers it was fitted on and a prior.

    Attributes
    ----------
    parameters
        Names, in the model's order.
    draws
        Of shape (chains, draws, parameters), every draw of equal weight, on the parameters' own scale (r, not ln r).
    method
        ``"laplace"`` (importance sampling from an approximation that follows the ridge of the posterior, smoothed),
        ``"hmc"`` (Hamiltonian Monte Carlo) or ``"bootstrap"`` (Bayesian bootstrap over customers). Of a model taken
        over with `clvmodels.from_pymc_marketing` how it was drawn there: ``"nuts"``, ``"demz"``, ``"mcmc"`` (one of
        both) or ``"advi"``.
    prior
        What was assumed, one sentence a parameter.
    n_customers
        How many customers spoke; NaN where draws of another package do not say it.
    ess
        Effective number of draws by parameter: from the importance weights, Σw(θ−m)² / Σw²(θ−m)² with Σw = 1, never
        from draws resampled by them; of HMC the smaller one of bulk and tail; of the bootstrap the number of draws.
    k_hat
        Tail index of the importance weights: up to 0.7 the draws can be trusted. None for other methods.
    r_hat, ess_bulk, ess_tail, acceptance
        Of Markov chains only, by parameter but for the last; None for other methods.
    distinct_draws
        How many different draws there are: resampling repeats those of great weight.
    reasons
        What speaks against trusting the draws; empty if nothing does.
    family, time_unit
        Whose parameters they are, and in which unit those are that are times.
    purchases, spend
        The parts, where the posterior is that of a CLVModel.
    notes
        How the draws were made, where there is more to tell.

    Examples
    --------
    >>> found = Posterior(("r",), np.linspace(0.2, 0.3, 1000).reshape(4, 250, 1), "bootstrap", (), 500.0, {"r": 1000.0})
    >>> found
    Posterior(r; 4 x 250 draws by bootstrap): These draws can be trusted.
    >>> found.trusted, found.verdict
    (True, 'These draws can be trusted.')
    """

    parameters: tuple[str, ...]
    draws: Array
    method: str
    prior: tuple[str, ...]
    n_customers: float
    ess: Mapping[str, float]
    k_hat: float | None = None
    r_hat: Mapping[str, float] | None = None
    ess_bulk: Mapping[str, float] | None = None
    ess_tail: Mapping[str, float] | None = None
    acceptance: float | None = None
    distinct_draws: int = 0
    reasons: tuple[str, ...] = ()
    family: str = ""
    time_unit: str | None = None
    purchases: Posterior | None = None
    spend: Posterior | None = None
    notes: tuple[str, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether nothing speaks against intervals made from these draws."""
        return not self.reasons

    @property
    def verdict(self) -> str:
        """One sentence: trust the draws, or why not."""
        if self.trusted:
            return "These draws can be trusted."
        return f"Do not trust intervals from these draws: {self.reasons[0]}."

    def flat(self) -> Array:
        """All draws, one below the other: shape (chains · draws, parameters).

        >>> Posterior(("r",), np.ones((4, 250, 1)), "hmc", (), 1.0, {}).flat().shape
        (1000, 1)
        """
        return np.ascontiguousarray(self.draws.reshape(-1, len(self.parameters)))

    def table(self) -> pd.DataFrame:
        """Mean, standard deviation, quantiles and effective draws, one row a parameter.

        >>> draws = np.linspace(0.2, 0.3, 101).reshape(1, 101, 1)
        >>> print(Posterior(("r",), draws, "bootstrap", (), 1.0, {"r": 101.0}).table().round(3).to_string(index=False))
        parameter  mean    sd   q05  q50   q95   ess
                r  0.25 0.029 0.205 0.25 0.295 101.0
        """
        flat = self.flat()
        low, middle, high = np.quantile(flat, (0.05, 0.5, 0.95), axis=0)
        columns: dict[str, Any] = {
            "parameter": list(self.parameters),
            "mean": flat.mean(axis=0),
            "sd": flat.std(axis=0),
            "q05": low,
            "q50": middle,
            "q95": high,
            "ess": [self.ess.get(name, np.nan) for name in self.parameters],
        }
        for name, values in (("r_hat", self.r_hat), ("ess_bulk", self.ess_bulk), ("ess_tail", self.ess_tail)):
            if values is not None:
                columns[name] = [values.get(parameter, np.nan) for parameter in self.parameters]
        return pd.DataFrame(columns)

    def to_xarray(self) -> Any:
        """An xarray.Dataset, a variable a parameter with the dimensions chain and draw, which ArviZ reads.

        Raises
        ------
        NotAvailable
            If xarray is not installed.

        Examples
        --------
        >>> Posterior(("r",), np.ones((4, 250, 1)), "hmc", (), 1.0, {}).to_xarray()["r"].dims
        ('chain', 'draw')
        """
        try:
            import xarray
        except ImportError:
            raise NotAvailable('to_xarray needs xarray: pip install "clvmodels[bayes]"') from None
        chains, draws, _ = self.draws.shape
        told = {"method": self.method, "verdict": self.verdict, "n_customers": self.n_customers}
        return xarray.Dataset(
            {name: (("chain", "draw"), self.draws[:, :, i]) for i, name in enumerate(self.parameters)},
            coords={"chain": np.arange(chains), "draw": np.arange(draws)},
            attrs=told if self.k_hat is None else {**told, "k_hat": self.k_hat},
        )

    def __repr__(self) -> str:
        chains, draws, _ = self.draws.shape
        return f"Posterior({', '.join(self.parameters)}; {chains} x {draws} draws by {self.method}): {self.verdict}"

    def __str__(self) -> str:
        table = self.table().to_string(index=False, float_format="{:.4g}".format)
        return "\n".join([self.verdict, table, *self.told()])

    def _repr_html_(self) -> str:
        return looks.posterior(self)

    def told(self) -> list[str]:
        """How the draws were made, their diagnostics and the prior, a sentence each.

        >>> Posterior(("r",), np.ones((4, 250, 1)), "hmc", (), 1.0, {}, acceptance=0.8).told()
        ['4 x 250 draws of 1 customers by hmc, acceptance 0.80']
        """
        chains, draws, _ = self.draws.shape
        who = "" if np.isnan(self.n_customers) else f" of {self.n_customers:g} customers"
        how = f"{chains} x {draws} draws{who} by {self.method}"
        if self.k_hat is not None:
            how += f", k-hat {self.k_hat:.2f}, {self.distinct_draws} of them different"
        if self.acceptance is not None:
            how += f", acceptance {self.acceptance:.2f}"
        return [
            how,
            *self.notes,
            *(f"also: {reason}" for reason in self.reasons[1:]),
            *(f"prior: {text}" for text in self.prior),
        ]


def joined(purchases: Posterior, spend: Posterior) -> Posterior:
    """The posterior of a value: its two parts know nothing of each other, so their draws stand side by side.

    Raises
    ------
    InvalidInput
        If the two share a parameter's name, or differ in chains or draws.
    """
    both = set(purchases.parameters) & set(spend.parameters)
    if both:
        raise InvalidInput(f"purchases and spend both have a parameter {sorted(both)[0]!r}: names must differ")
    if purchases.draws.shape[:2] != spend.draws.shape[:2]:
        raise InvalidInput(
            f"purchases and spend must have the same chains and draws; found {purchases.draws.shape[:2]} and "
            f"{spend.draws.shape[:2]}"
        )
    parts = (purchases, spend)
    hats = [part.k_hat for part in parts if part.k_hat is not None]
    rates = [part.acceptance for part in parts if part.acceptance is not None]
    methods = dict.fromkeys(part.method for part in parts)
    return Posterior(
        parameters=(*purchases.parameters, *spend.parameters),
        draws=np.concatenate([part.draws for part in parts], axis=2),
        method=" and ".join(methods),
        prior=(*purchases.prior, *spend.prior),
        n_customers=purchases.n_customers,
        ess={**purchases.ess, **spend.ess},
        k_hat=max(hats) if hats else None,
        r_hat=_both(purchases.r_hat, spend.r_hat),
        ess_bulk=_both(purchases.ess_bulk, spend.ess_bulk),
        ess_tail=_both(purchases.ess_tail, spend.ess_tail),
        acceptance=min(rates) if rates else None,
        distinct_draws=min(part.distinct_draws for part in parts),
        reasons=(*purchases.reasons, *(f"spend: {reason}" for reason in spend.reasons)),
        family=f"{purchases.family} and {spend.family}",
        time_unit=purchases.time_unit,
        purchases=purchases,
        spend=spend,
        notes=(*(f"purchases: {note}" for note in purchases.notes), *(f"spend: {note}" for note in spend.notes)),
    )


def judged(found: Posterior) -> Posterior:
    """The same with the reasons against it that its own diagnostics give, after those it has."""
    reasons = list(found.reasons)
    if found.k_hat is not None and not found.k_hat <= WORST_K_HAT:
        reasons.append(
            f"k-hat is {found.k_hat:.2f} (up to {WORST_K_HAT} is good): the approximation misses part of the "
            'posterior; use method="hmc"'
        )
    if found.r_hat is not None:
        worst = max(found.r_hat, key=lambda name: found.r_hat[name])  # type: ignore[index]
        if not found.r_hat[worst] <= WORST_R_HAT:
            reasons.append(
                f"R-hat of {worst} is {found.r_hat[worst]:.3f} (up to {WORST_R_HAT} is good): the chains have not "
                "mixed; use more draws"
            )
    many = found.draws.shape[0] * found.draws.shape[1]
    if many < _FEWEST_DRAWS:
        reasons.append(f"there are only {many} of them, expected at least {_FEWEST_DRAWS}: use more draws")
    fewest = min(FEWEST, many / 2)
    poor = [name for name, effective in found.ess.items() if not effective >= fewest]
    if poor:
        reasons.append(
            f"{poor[0]} has {found.ess[poor[0]]:.0f} effective draws, expected at least {fewest:.0f}: use more draws"
        )
    return replace(found, reasons=tuple(dict.fromkeys(reasons)))


def _both(one: Mapping[str, float] | None, other: Mapping[str, float] | None) -> Mapping[str, float] | None:
    return None if one is None and other is None else {**(one or {}), **(other or {})}


def part_for(posterior: Any, family: Any, part: str, time_unit: str | None = None) -> Posterior:
    """The posterior of one family's parameters: the whole, or a part of that of a value.

    Raises
    ------
    InvalidInput
        If it is no posterior, or one of other parameters or in another time unit.
    """
    if not isinstance(posterior, Posterior):
        raise InvalidInput(
            f"posterior must be what clvmodels.posterior(model, summary) gives; found {type(posterior).__name__}"
        )
    found: Posterior = getattr(posterior, part) or posterior
    if found.parameters != family.parameters or found.family not in ("", family.name):
        raise InvalidInput(
            f"the posterior is one of {found.family or 'a model'} ({', '.join(found.parameters)}); expected "
            f"{family.name} ({', '.join(family.parameters)}): draw it with "
            "this model, clvmodels.posterior(model, summary)"
        )
    if time_unit is not None and found.time_unit not in (None, time_unit):
        raise InvalidInput(
            f"the posterior is in {found.time_unit}s and the model in {time_unit}s: draw it with this model, "
            "clvmodels.posterior(model, summary)"
        )
    return found
