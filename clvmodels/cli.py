"""The command line: a command parses its words, calls one library function, writes what it gives."""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ClvError, ClvWarning, InvalidInput
from .families import PURCHASE_FAMILIES, SPEND_FAMILIES
from .files import written_whole
from .units import HOURS
from .versions import version_of

if TYPE_CHECKING:
    from .scoring.forecast import Forecast

_DEFAULTS = {
    "purchases": "pareto_nbd",
    "spend": "gamma_gamma",
    "time_unit": "week",
    "horizon": None,
    "annual_discount_rate": 0.10,
    "margin": 1.0,
    "refunds": "net",
}
_DONE, _REFUSED, _BUG, _INTERRUPTED, _TERMINATED = 0, 1, 70, 130, 143

# How the library's messages name a setting, and what it is called here.
_OPTIONS = {
    "customer_id=...": "--customer-id",
    "date=...": "--date",
    "amount=...": "--amount",
    "refunds='net'": "--refunds net",
    "refunds='drop'": "--refunds drop",
    "refunds='error'": "--refunds error",
    ", or pass amount=None": "",
    ", or amount=None if the log holds no money": "",
    ", for example with pandas.to_datetime and the format it is in": "",
    ", for example with pandas.to_datetime": "",
}


class _Terminated(BaseException):
    """The process was asked to end: unwinds, so that no temporary file stays."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 only if everything asked for was written."""
    words = _parser().parse_args(arguments)
    shown = warnings.showwarning
    warnings.showwarning = _show_warning
    warnings.simplefilter("always", ClvWarning)
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        words.run(words)
    except ClvError as error:
        return _fail(_in_options(str(error)), _REFUSED)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", _INTERRUPTED)
    except _Terminated:
        return _fail("terminated; nothing was written", _TERMINATED)
    except OSError as error:
        return _fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), _REFUSED)
    except Exception as error:
        if isinstance(error, RuntimeError) and "interrupt" in str(error).lower():  # the engine's way to pass Ctrl-C on
            return _fail("interrupted; nothing was written", _INTERRUPTED)
        if words.traceback:
            traceback.print_exc()
        return _fail(
            f"an error inside the program ({type(error).__name__}); nothing was written. "
            "Please report it with what --traceback adds",
            _BUG,
        )
    finally:
        warnings.showwarning = shown
        signal.signal(signal.SIGTERM, before)
    return _DONE


def _terminate(*signal_and_frame: Any) -> None:
    raise _Terminated


def _in_options(message: str) -> str:
    for python, option in _OPTIONS.items():
        message = message.replace(python, option)
    return message


def _fail(message: str, code: int) -> int:
    _say(f"clvmodels: {message}", sys.stderr)
    return code


def _say(text: str, stream: Any) -> None:
    """Print what can be printed: a reader who has left, or a stream that is closed or narrow, changes no result."""
    if stream is None:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding) + "\n")
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # else the interpreter tries once more on its way out, and complains
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _show_warning(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
    if issubclass(category, ClvWarning):
        _say(f"warning: {_in_options(str(message))}", sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clvmodels",
        description="Customer lifetime value from a transaction log.",
        epilog="`clvmodels forecast --help` explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"clvmodels {version_of('clvmodels')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_forecast(commands)
    return parser


def _add_forecast(commands: Any) -> None:
    parser = commands.add_parser(
        "forecast",
        help="read a log, fit the models, write every customer's value",
        description="Read a transaction log, learn how its customers buy, leave and spend, and write one row per\n"
        "customer: the probability of still being a customer, the purchases and spend to expect, and\n"
        "their value today.",
        epilog="example:  clvmodels forecast orders.csv --out scored.csv --customer-id client --date day --amount sum",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=_forecast)
    parser.add_argument(
        "log",
        metavar="LOG",
        help="CSV or Parquet, one line per purchase or order line; 'logs/*.csv' works too",
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="where the table goes: .csv or .parquet")
    parser.add_argument(
        "--model", metavar="FILE", help="where the fitted model goes (default: beside --out, ending in .model.json)"
    )

    log = parser.add_argument_group("the log")
    log.add_argument("--customer-id", default="customer_id", metavar="COLUMN", help="default: customer_id")
    log.add_argument(
        "--date", default="date", metavar="COLUMN", help="dates as 2024-12-31 or timestamps (default: date)"
    )
    log.add_argument("--amount", default="amount", metavar="COLUMN", help="money, refunds negative (default: amount)")
    log.add_argument(
        "--observation-start", metavar="DATE", help="only customers whose first purchase is on or after this day"
    )
    log.add_argument(
        "--observation-end", metavar="DATE", help="look no further than this day (default: the last date in the log)"
    )
    log.add_argument(
        "--refunds",
        choices=("net", "drop", "error"),
        default=_DEFAULTS["refunds"],
        help="negative amounts: net them into the same day's purchase, drop them, or stop (default: net)",
    )

    model = parser.add_argument_group("the model")
    model.add_argument(
        "--purchases",
        choices=PURCHASE_FAMILIES,
        default=_DEFAULTS["purchases"],
        help="how customers buy and leave (default: pareto_nbd)",
    )
    model.add_argument(
        "--spend", choices=SPEND_FAMILIES, default=_DEFAULTS["spend"], help="how much they spend (default: gamma_gamma)"
    )
    model.add_argument(
        "--time-unit", choices=tuple(HOURS), default=_DEFAULTS["time_unit"], help="unit of time (default: week)"
    )

    value = parser.add_argument_group("the value")
    value.add_argument(
        "--horizon",
        type=_number,
        metavar="UNITS",
        help="how far to look ahead, in time units, or inf (default: one year)",
    )
    value.add_argument(
        "--annual-discount-rate",
        type=_number,
        default=_DEFAULTS["annual_discount_rate"],
        metavar="RATE",
        help="0.10 for 10 %% a year (default: 0.10)",
    )
    value.add_argument(
        "--margin",
        type=_number,
        default=_DEFAULTS["margin"],
        metavar="SHARE",
        help="profit as a share of spend (default: 1, so that value means revenue)",
    )
    parser.add_argument("--top", type=_count, default=10, metavar="N", help="how many customers to print (default: 10)")
    parser.add_argument("--traceback", action="store_true", help=argparse.SUPPRESS)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, found {text!r}") from None


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, found {text!r}")
    return int(text)


def _forecast(words: argparse.Namespace) -> None:
    from tqdm import tqdm

    from .scoring.forecast import STEPS, forecast

    out, model_path = _targets(words)
    # tqdm's disable=None: no bar unless standard error is a terminal.
    with tqdm(
        total=len(STEPS), file=sys.stderr, disable=None, leave=False, bar_format="{desc} {bar:20} {elapsed}"
    ) as bar:

        def progress(step: str) -> None:
            bar.update(0 if step == STEPS[0] else 1)
            bar.set_description_str(f"{step:<20}")

        result = forecast(
            words.log,
            customer_id=words.customer_id,
            date=words.date,
            amount=words.amount,
            observation_start=words.observation_start,
            observation_end=words.observation_end,
            refunds=words.refunds,
            time_unit=words.time_unit,
            purchases=words.purchases,
            spend=words.spend,
            horizon=words.horizon,
            annual_discount_rate=words.annual_discount_rate,
            margin=words.margin,
            progress=progress,
        )
    text = _told(words, result)
    with written_whole(model_path) as new_model, written_whole(out) as new_table:
        result.model.save(new_model)
        _write(result.scored, new_table, out.suffix.lower())
    _say(f"{text}\n\nWrote {len(result.scored):,} customers to {out}\nWrote the model to {model_path}", sys.stdout)


def _targets(words: argparse.Namespace) -> tuple[Path, Path]:
    """Where to write; refused before any work is done."""
    out = Path(words.out)
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise InvalidInput(f"--out must end in .csv or .parquet; found {words.out}")
    model = Path(words.model) if words.model else out.with_suffix(".model.json")
    for path in (out, model):
        if not path.parent.is_dir():
            raise InvalidInput(f"cannot write {path}: there is no folder {path.parent}; make it first")
        if path.is_dir():
            raise InvalidInput(f"cannot write {path}: it is a folder")
        if path.exists() and any(path.samefile(log) for log in (words.log, *glob(words.log)) if os.path.exists(log)):
            raise InvalidInput(f"{path} is the log itself, or part of it: choose another name to write to")
    if out.resolve() == model.resolve():
        raise InvalidInput(f"--out and --model are the same file, {out}")
    return out, model


def _write(scored: Any, path: Path, suffix: str) -> None:
    if suffix == ".csv":
        scored.to_csv(path, index=False, lineterminator="\n")
    else:
        scored.to_parquet(path, index=False, compression="zstd")


def _told(words: argparse.Namespace, result: Forecast) -> str:
    """What was read, assumed, learnt and forecast, for somebody who sees it for the first time."""
    unit, horizon = words.time_unit, result.horizon
    model = result.model
    ahead = "the rest of their lives" if math.isinf(horizon) else f"the next {horizon:.4g} {unit}s"
    settings = [
        ("purchase model", model.purchases.family.title, words.purchases == _DEFAULTS["purchases"]),
        ("spend model", model.spend.family.title, words.spend == _DEFAULTS["spend"]),
        ("time unit", unit, unit == _DEFAULTS["time_unit"]),
        ("horizon", ahead, words.horizon is None),
        (
            "discount rate",
            f"{100 * model.annual_discount_rate:.6g}% a year",
            model.annual_discount_rate == 0.10,
        ),
        (
            "margin",
            f"{model.margin:g}" + (", so value means revenue" if model.margin == 1 else " of spend"),
            model.margin == 1.0,
        ),
        ("refunds", words.refunds, words.refunds == "net"),
    ]
    lines = [
        f"THE LOG {words.log}",
        *_indented(str(result.quality)),
        "",
        "SETTINGS",
        *(f"  {name:<16}{value}{'  (default)' if default else ''}" for name, value, default in settings),
        "",
        *_fit_told(f"PURCHASES: {model.purchases.family.title}", model.purchases, f"times in {unit}s"),
        "",
        *_fit_told(
            f"SPEND: {model.spend.family.title}, from customers who came back", model.spend, "money as in the log"
        ),
    ]
    report = model.spend.fit_report
    if report.frequency_correlation is not None:
        lines.append(
            f"  correlation of spend with frequency {report.frequency_correlation:.3f} (the model assumes none)"
        )
    return "\n".join([*lines, "", *_totals_told(result, ahead), "", *_best_told(result.scored, words.top)])


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.splitlines()]


def _fit_told(title: str, model: Any, units: str) -> list[str]:
    report, errors, intervals = model.fit_report, model.standard_errors, model.confidence_intervals()
    lines = [f"{title} ({units})", "             estimate   std. error   95 % interval"]
    for name, value in model.parameters.items():
        low, high = intervals[name]
        known = (
            f"{errors[name]:>13.4g}   {low:.4g} to {high:.4g}" if errors[name] == errors[name] else "  not determined"
        )
        lines.append(f"  {name:<7}{value:>12.5g}{known}")
    lines += [
        f"  log-likelihood {report.log_likelihood:,.2f} from {report.n_customers:,.0f} customers",
        f"  {report.verdict}",
        *(f"  Note: {note}" for note in report.warnings if note not in report.verdict),
    ]
    return lines


def _totals_told(result: Forecast, ahead: str) -> list[str]:
    scored = result.scored
    n, alive = len(scored), float(scored["p_alive"].sum())
    purchases = float(scored["expected_purchases"].sum())
    revenue = float((scored["expected_purchases"] * scored["expected_spend"]).sum())
    return [
        f"FORECAST for {ahead}, all {n:,} customers together",
        f"  still customers      {alive:>16,.0f}  ({alive / n:.1%} expected to be alive on the last day)",
        f"  expected purchases   {purchases:>16,.0f}",
        f"  expected revenue     {revenue:>16,.2f}",
        f"  discounted value     {float(scored['clv'].sum()):>16,.2f}  (after margin, worth today)",
    ]


def _best_told(scored: Any, top: int) -> list[str]:
    best = scored.nlargest(top, "clv") if top else scored.head(0)
    if not len(best):
        return []
    width = max(11, *(len(str(c)) for c in best["customer_id"]))
    lines = [
        f"THE {len(best)} MOST VALUABLE CUSTOMERS",
        f"  {'customer_id':<{width}}  P(alive)  purchases  spend each      value",
    ]
    lines += [
        f"  {row.customer_id!s:<{width}}{row.p_alive:>10.3f}{row.expected_purchases:>11.2f}"
        f"{row.expected_spend:>12,.2f}{row.clv:>11,.2f}"
        for row in best.itertuples(index=False)
    ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
