"""The words of the command line: the commands, and the options that they share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from ..compat.other_packages import PACKAGES, SAMPLE
from ..families import PURCHASE_FAMILIES, SPEND_FAMILIES
from ..transactions.discrete import PERIODS
from ..transactions.postgres import without_passwords
from ..transactions.sql import GRAINS, REFUNDS
from ..transactions.update import LATE
from ..units import HOURS
from ..versions import version_of
from . import commands, exporting, settings, simulating, sources
from .defaults import DEFAULTS


class _Parser(argparse.ArgumentParser):
    """A parser that repeats no password in its errors, and says how several files are named."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: ") and not message.split()[2].startswith("-"):
            # the shell has put the names of all files in the place of a wildcard
            message += ". This command reads one file, or several by a wildcard in quotes: 'orders/*.csv'"
        super().error(without_passwords(message))


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The words, with what a settings file says in place of defaults; ``given`` are those that say something else."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--config")
    parser, each = _parser()
    given, _ = first.parse_known_args(arguments)
    file = settings.apply(given.config, each)
    words = parser.parse_args(arguments)
    command = each[words.command]
    words.settings_file = file
    words.given = {name for name, value in vars(words).items() if value != command.get_default(name)}
    sources.resolve(words)
    return words


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = _Parser(
        prog="clvmodels",
        description="Customer lifetime value from a transaction log.",
        epilog="forecast does everything in one go; summarize, fit and score are its steps. validate tells whether\n"
        "such a forecast is to be trusted.\n"
        "`clvmodels forecast --help` explains a command. Options may also stand in a file clvmodels.toml.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"clvmodels {version_of('clvmodels')}")
    made = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    ways = {
        **{"forecast": _forecast, "validate": _validate, "summarize": _summarize, "fit": _fit, "score": _score},
        **{"cross-check": _cross_check, "simulate": _simulate, "export": _export},
    }
    each = {name: add(made) for name, add in ways.items()}
    for command in each.values():
        sources.add_database(command)
        command.add_argument(
            "--config", metavar="FILE", help="a file of settings (default: clvmodels.toml in this folder, if there)"
        )
        command.add_argument("--traceback", action="store_true", help=argparse.SUPPRESS)
    return parser, each


def _command(made: Any, name: str, run: Any, **words: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = made.add_parser(
        name, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **words
    )
    parser.set_defaults(run=run)
    return parser


def _forecast(made: Any) -> argparse.ArgumentParser:
    parser = _command(
        made,
        "forecast",
        commands.forecast,
        help="read a log, fit the models, write every customer's value",
        description="Read a transaction log, learn how its customers buy, leave and spend, and write one row per\n"
        "customer: the probability of still being a customer, the purchases and spend to expect, and\n"
        "their value today.",
        epilog="examples: clvmodels forecast orders.csv --out scored.csv --customer-id client --date day --amount sum\n"
        "          clvmodels forecast orders_export.csv --out scored.csv --source shopify",
    )
    _log_file(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help="where the table goes: .csv or .parquet")
    parser.add_argument(
        "--model", metavar="FILE", help="where the fitted model goes (default: beside --out, ending in .model.json)"
    )
    _log(parser)
    model = _model(parser)
    _default(model, "--time-unit", "unit of time", choices=tuple(HOURS))
    _value(parser, kept=False)
    return parser


def _validate(made: Any) -> argparse.ArgumentParser:
    parser = _command(
        made,
        "validate",
        commands.validate,
        help="hold forecasts against what customers did, write a page that says whether to trust them",
        description="Fit models on the purchases until a day, let them forecast what came after it, and hold that\n"
        "against what customers did, beside simple rules that need no model. Writes one HTML page, to be\n"
        "opened in a browser and handed on: the verdict in words, pictures, and what to do next.",
        epilog="example:  clvmodels validate orders.csv --calibration-end 2024-06-30 --out report.html",
    )
    _log_file(parser)
    parser.add_argument(
        "--calibration-end",
        required=True,
        metavar="DATE",
        help="the last day that the models learn from; what came after it is forecast",
    )
    parser.add_argument(
        "--holdout-end", metavar="DATE", help="the last day to compare with (default: the last date in the log)"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="where the page goes: .html")
    parser.add_argument(
        "--scored",
        metavar="FILE",
        help="a table as well, one row per customer, forecasts beside what happened: .csv or .parquet",
    )
    log = _log(parser, whole=False)
    _default(log, "--time-unit", "unit of time", choices=tuple(HOURS))
    model = parser.add_argument_group("the models")
    known = ", ".join(name for name in PURCHASE_FAMILIES if name != "bg_bb")  # counts whole periods, not purchases
    _default(model, "--models", f"one or several of {known}, with commas between them", metavar="NAMES", type=_names)
    _default(model, "--spend", "how much they spend", choices=SPEND_FAMILIES)
    worth = parser.add_argument_group("what the customers are worth, for managers, where the log has money")
    _rate_and_margin(worth, _number)
    worth.add_argument(
        "--acquisition-cost",
        type=_number,
        metavar="MONEY",
        help="what it costs to acquire a customer (default: not told)",
    )
    worth.add_argument(
        "--no-overview", action="store_true", help="leave this section out: its fit on the whole log takes time too"
    )
    return parser


def _summarize(made: Any) -> argparse.ArgumentParser:
    parser = _command(
        made,
        "summarize",
        commands.summarize,
        help="read a log, write one row per customer: frequency, recency, T, mean spend",
        description="Read a transaction log and write its summary, one row per customer: repeat purchases, time from\n"
        "the first to the last one, time from the first one to the end of observation, and mean spend.\n"
        "Says what was found in the log on the way.",
        epilog="example:  clvmodels summarize orders.csv --out summary.parquet --observation-end 2024-12-31\n"
        "every night:  clvmodels summarize today.csv --update summary.parquet --observation-end 2025-01-01 \\\n"
        "                  --out next.parquet && mv next.parquet summary.parquet",
    )
    _log_file(parser)
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="where the summary goes: .parquet (which keeps its facts) or .csv"
    )
    log = _log(parser)
    _default(log, "--time-unit", "unit of recency and T", choices=tuple(HOURS))
    log.add_argument(
        "--periods", choices=PERIODS, help="count whole periods with a purchase, for bg_bb, instead of purchases"
    )
    update = parser.add_argument_group("later lines, without reading the earlier ones again")
    update.add_argument(
        "--keep-state", action="store_true", help="keep in the summary what --update needs of it later on"
    )
    update.add_argument(
        "--update", metavar="SUMMARY", help="a summary with its state (.parquet): LOG holds only what came after it"
    )
    _default(
        update,
        "--late",
        "lines dated before the summary's end, and what else it cannot take in: refuse them, or rebuild their "
        "customers from --full-log",
        choices=LATE,
    )
    update.add_argument("--full-log", metavar="LOG", help="the whole log, new lines included, for --late rebuild")
    return parser


def _fit(made: Any) -> argparse.ArgumentParser:
    parser = _command(
        made,
        "fit",
        commands.fit,
        help="read a summary or a log, write the fitted models",
        description="Read a summary (one row per customer, made by `clvmodels summarize` or elsewhere) or a\n"
        "transaction log, estimate how its customers buy, leave and spend, and write the fitted model as JSON.\n"
        "Customers with the same history are merged first, in the engine: there may be many millions.\n"
        "A table with the columns frequency, recency and T is a summary, any other one a log.",
        epilog="examples: clvmodels fit summary.parquet --out model.json --purchases bg_nbd\n"
        "          clvmodels fit 'orders/*.parquet' --out model.json --observation-end 2024-12-31",
    )
    parser.add_argument(
        "log",
        metavar="LOG_OR_SUMMARY",
        nargs="+",
        help="CSV or Parquet: a summary with frequency, recency, T and monetary_value, or a log, with --source as "
        "another system exports it; several files are one table, 'parts/*.parquet' works too",
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="where the model goes: .json")
    model = _model(parser)
    model.add_argument(
        "--time-unit",
        choices=tuple(HOURS),
        help=f"unit of recency and T (default: what the summary says of itself; of a log, {DEFAULTS['time_unit']})",
    )
    model.add_argument("--weights", metavar="COLUMN", help="how many customers a row of the summary stands for")
    value = parser.add_argument_group("the value, kept in the model")
    _rate_and_margin(value, _share)
    _log(parser)
    _engine(parser)
    return parser


def _engine(parser: argparse.ArgumentParser) -> None:
    """Options of what the engine may use."""
    engine = parser.add_argument_group("the engine")
    engine.add_argument("--memory-limit", metavar="SIZE", help="such as 1GB; beyond it the engine uses temporary files")
    engine.add_argument("--threads", type=_count, metavar="N", help="how many (default: one a core)")


def _score(made: Any) -> argparse.ArgumentParser:
    parser = _command(
        made,
        "score",
        commands.score,
        help="read a model and a log or a summary of any size, write every customer's value",
        description="Read a fitted model and a log (or a summary of one), and write one row per customer: the\n"
        "probability of still being a customer, the purchases and spend to expect, and their value today.\n"
        "Needs little memory however long the log is. Lines and customers that cannot be scored are written\n"
        "to a file of their own, with the reason. Into a folder it writes part by part: a run that was killed\n"
        "goes on where it stopped when the same command is given again.",
        epilog="examples: clvmodels score model.json orders.parquet --out scored.parquet --horizon 26\n"
        "          clvmodels score model.json 'logs/*.parquet' --out scores --memory-limit 1GB\n\n"
        "exit codes: 0 all is written; 1 refused, or no room left: the message says why; 2 the command line is\n"
        "wrong; 70 an error inside the program; 130 interrupted; 143 terminated. After 1 for want of room, 130\n"
        "and 143 finished parts stay in the folder, and the same command goes on.",
    )
    parser.add_argument("model", metavar="MODEL", help="what `clvmodels fit` or `forecast` wrote")
    parser.add_argument(
        "log",
        metavar="LOG",
        nargs="+",
        help="a log, with --source as another system exports it, or a summary with the columns that the model reads: "
        "CSV or Parquet; 'logs/*.parquet' works too",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR_OR_FILE",
        help="where the table goes: one file if it ends in .csv or .parquet, a table of a database as "
        "postgresql://host/database/table or file.duckdb/table, else a folder of parts",
    )
    _log(parser, fitted=True)
    _value(parser, kept=True)
    run = parser.add_argument_group("the run")
    run.add_argument("--columns", type=_names, metavar="NAMES", help="which columns to write, with commas between them")
    run.add_argument("--memory-limit", metavar="SIZE", help="of the engine, such as 1GB: beyond it it uses the disk")
    run.add_argument("--threads", type=_count, metavar="N", help="of the engine (default: as many as processors)")
    run.add_argument(
        "--partitions", type=_count, metavar="N", help="parts in a folder (default: one a begun 250,000 customers)"
    )
    run.add_argument("--overwrite", action="store_true", help="start anew in a folder that holds an earlier run")
    run.add_argument("--log-json", action="store_true", help="one line of JSON a part on standard error, and no bar")
    return parser


def _cross_check(made: Any) -> argparse.ArgumentParser:
    parser = _command(
        made,
        "cross-check",
        commands.cross_check,
        help="fit the same customers with another package, say where the two part and why",
        description="Fit the customers of a summary (or of a log) once more, here and with another package, and show\n"
        "parameters, log-likelihoods, predictions and times side by side. Says where the two part and why: a fit\n"
        "that stopped short of the optimum, a formula that gives no number for frequent buyers, another convention.\n"
        "The other package must be installed; the model file is read for its families and terms, and not changed.",
        epilog="examples: clvmodels cross-check model.json summary.parquet\n"
        "          clvmodels cross-check model.json orders.csv --horizon 26 --out customers.csv\n\n"
        "It ends with 0 whether the two agree or not: the first line of the answer says which.",
    )
    parser.add_argument("model", metavar="MODEL", help="what `clvmodels fit` or `forecast` wrote")
    parser.add_argument(
        "log",
        metavar="SUMMARY",
        help="the customers: a summary with frequency, recency, T and monetary_value, or a log; CSV or Parquet",
    )
    parser.add_argument(
        "--against", default="lifetimes", choices=PACKAGES, help="the other package (default: lifetimes)"
    )
    horizon = "how far ahead to predict, in the model's time units (default: one year)"
    parser.add_argument("--horizon", type=_number, metavar="UNITS", help=horizon)
    drawn = (
        f"of a larger summary so many customers are drawn (default: {SAMPLE:,}), for the other package may take hours"
    )
    parser.add_argument("--customers", type=_count, default=SAMPLE, metavar="N", help=drawn)
    parser.add_argument("--seed", type=_count, default=0, metavar="N", help="of what is drawn (default: 0)")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="a table as well: the numbers of every customer by both packages; .csv or .parquet",
    )
    _log(parser, fitted=True)
    return parser


def _simulate(made: Any) -> argparse.ArgumentParser:
    parser = _command(
        made,
        "simulate",
        simulating.simulate,
        help="write a log of any size, of customers who behave as a model says",
        description="Write a log of customers who buy, leave and spend as a model says: to try things out,\n"
        "to see whether a model finds back what was put in, or to measure speed. It may be larger than memory.",
        epilog="example:  clvmodels simulate --out log.parquet --customers 1000000 --parameters r=0.6,alpha=2.2\n\n"
        "Without MODEL the parameters are those published for CDNOW (for bg_bb, for its donations).",
    )
    parser.add_argument(
        "model", metavar="MODEL", nargs="?", help="what `clvmodels fit` or `forecast` wrote (default: see below)"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="where the log goes: .parquet or .csv")
    parser.add_argument("--customers", required=True, type=_count, metavar="N", help="how many customers")
    known = parser.add_argument_group("without MODEL")
    _default(known, "--purchases", "how customers buy and leave", choices=PURCHASE_FAMILIES)
    _default(known, "--spend", "how much they spend", choices=SPEND_FAMILIES)
    known.add_argument("--parameters", type=_parameters, metavar="NAME=VALUE,...", help="instead of published ones")
    _default(known, "--time-unit", "unit of time of the parameters", choices=tuple(HOURS))
    log = parser.add_argument_group("the log")
    log.add_argument("--no-amount", action="store_true", help="the log holds no money: purchases only")
    log.add_argument(
        "--observation", type=_number, metavar="UNITS", help="how long the log is, in time units (default: two years)"
    )
    spread = "share of it in which customers arrive: 0 all at once, 1 until its end (default: 0.5)"
    log.add_argument("--spread", type=_number, default=0.5, metavar="SHARE", help=spread)
    end = "its last day (default: 2024-12-31)"
    log.add_argument("--observation-end", default="2024-12-31", metavar="DATE", help=end)
    dates = "days, or timestamps to the microsecond (default: day)"
    log.add_argument("--dates", default="day", choices=("day", "timestamp"), help=dates)
    order = "sorted by date, or customer by customer, which is quicker to make (default: date)"
    log.add_argument("--order", default="date", choices=("date", "customer"), help=order)
    log.add_argument(
        "--seed", type=_count, default=0, metavar="N", help="the same one gives the same file (default: 0)"
    )
    limit = "of the engine that sorts; what is beyond goes to temporary files (default: 1GB)"
    log.add_argument("--memory-limit", default="1GB", metavar="SIZE", help=limit)
    return parser


def _export(made: Any) -> argparse.ArgumentParser:
    parser = _command(made, "export", exporting.export, **exporting.WORDS)
    exporting.add_options(parser)
    return parser


def _log_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "log",
        metavar="LOG",
        help="CSV or Parquet, one line per purchase or order line, or with --source an export of another system; "
        "'logs/*.csv' works too",
    )


def _log(parser: argparse.ArgumentParser, *, whole: bool = True, fitted: bool = False) -> Any:
    """Options of how a log is read; without ``whole`` not where it ends; if ``fitted`` a model knows the rest."""
    log = parser.add_argument_group("the log")
    _default(log, "--customer-id", "the customers", metavar="COLUMN")
    _default(log, "--date", "dates as 2024-12-31 or timestamps", metavar="COLUMN")
    _default(log, "--amount", "money, refunds negative", metavar="COLUMN")
    log.add_argument("--no-amount", action="store_true", help="the log holds no money: purchases only")
    log.add_argument("--order-id", metavar="COLUMN", help="lines of one order are dated at its first line")
    if not fitted:
        log.add_argument(
            "--currency", metavar="COLUMN", help="tell whether there are several (default: a column of that name)"
        )
    log.add_argument("--date-format", metavar="FORMAT", help="how dates are written, if otherwise: %%d.%%m.%%Y")
    log.add_argument("--tz", metavar="ZONE", help="the time zone in which days are counted, such as Europe/Berlin")
    log.add_argument(
        "--observation-start", metavar="DATE", help="only customers whose first purchase is on or after this day"
    )
    if whole:
        log.add_argument(
            "--observation-end",
            metavar="DATE",
            help="look no further than this day (default: the last date in the log)",
        )
    grain = "what counts as one purchase: all lines of a day, ..."
    refunds = (
        "negative amounts: net them into the same day's purchase, carry the rest back to earlier ones, drop them, or "
        "stop"
    )
    if fitted:
        log.add_argument("--event-grain", choices=tuple(GRAINS), help=f"{grain} (default: the model's)")
        log.add_argument("--refunds", choices=REFUNDS, help=f"{refunds} (default: the model's)")
    else:
        _default(log, "--event-grain", grain, choices=tuple(GRAINS))
        _default(log, "--refunds", refunds, choices=REFUNDS)
    log.add_argument(
        "--strict", action="store_true", help="stop rather than leave out lines without customer or date, or refunds"
    )
    sources.add_system(parser)
    return log


def _model(parser: argparse.ArgumentParser) -> Any:
    model = parser.add_argument_group("the model")
    _default(model, "--purchases", "how customers buy and leave", choices=PURCHASE_FAMILIES)
    _default(model, "--spend", "how much they spend", choices=SPEND_FAMILIES)
    return model


def _value(parser: argparse.ArgumentParser, *, kept: bool) -> None:
    """Options of what is looked at; with ``kept`` the rate and the margin of the model are the default."""
    value = parser.add_argument_group("the value")
    value.add_argument(
        "--horizon",
        type=_number,
        metavar="UNITS",
        help="how far to look ahead, in time units, or inf (default: one year)",
    )
    value.add_argument(
        "--interval",
        type=_number,
        metavar="LEVEL",
        help="0.9 to put the ends of a 90 %% interval beside each number (default: none)",
    )
    _default(value, "--draws", "draws of parameters and futures that intervals come from", type=_count, metavar="N")
    if kept:
        rate, margin = "0.10 for 10 %% a year", "profit as a share of spend, a number or a column of the summary"
        value.add_argument(
            "--annual-discount-rate", type=_number, metavar="RATE", help=f"{rate} (default: the model's)"
        )
        value.add_argument("--margin", type=_share, metavar="SHARE", help=f"{margin} (default: the model's)")
    else:
        _rate_and_margin(value, _number)
    _default(parser, "--top", "how many customers to print", type=_count, metavar="N")


def _rate_and_margin(value: Any, share: Any) -> None:
    _default(value, "--annual-discount-rate", "0.10 for 10 %% a year", type=_number, metavar="RATE")
    _default(
        value,
        "--margin",
        "profit as a share of spend" + (", a number or a column of the summary" if share is _share else ""),
        type=share,
        metavar="SHARE",
    )


def _default(group: Any, option: str, what: str, **words: Any) -> None:
    value = DEFAULTS[option.removeprefix("--").replace("-", "_")]
    shown = f"{value:g}" if isinstance(value, float) else value
    group.add_argument(option, default=value, help=f"{what} (default: {shown})", **words)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, found {text!r}") from None


def _share(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _names(text: str) -> tuple[str, ...]:
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"expected names with commas between them, found {text!r}")
    return found


def _parameters(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in _names(text):
        key, _, value = name.partition("=")
        if key.strip() in found:
            raise argparse.ArgumentTypeError(f"{key.strip()} is there twice")
        found[key.strip()] = _number(value)
    return found


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, found {text!r}")
    return int(text)
