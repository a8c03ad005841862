"""The library's messages name settings as Python does; here they are named as options."""

from __future__ import annotations

import re

_PHRASES = {
    "customer_id=...": "--customer-id",
    "date=...": "--date",
    "amount=...": "--amount",
    "order_id=...": "--order-id",
    "n_customers must": "--customers must",
    "observation_end=..., for example '2024-12-31'": "--observation-end, for example 2024-12-31",
    ", or pass amount=None": ", or pass --no-amount",
    ", or amount=None if the log holds no money": ", or --no-amount if the log holds no money",
    ", or convert them first, for example with pandas.to_datetime": "",
    ", for example with pandas.to_datetime": "",
    "as a keyword": "as --time-unit",
    "leave observation_end out": "leave --observation-end out",
    "leave time_unit out": "leave --time-unit out",
    "discrete_summary(log, period=...)": "clvmodels summarize --periods",
    "or pass holdout_end": "or pass --holdout-end",
    "table=...": "--table",
    "query=...": "--query",
    "pass observation_end": "pass --observation-end",
    "full_log must": "--full-log must",
    " full_log": " --full-log",
    "summarize(..., keep_state=True)": "clvmodels summarize --keep-state",
    "columns=...": "--columns",
    "rates= too, what one unit of it is worth": "--rates, a file with what one unit of it is worth",
    "rates=, what one unit of each is worth in it, as in rates=": "--rates, a file with what one unit of each is worth "
    "in it, as in ",
    "rates must": "--rates must",
    "source must": "--source must",
    "pass it too, as in to_currency": "pass --to-currency too, as in to_currency",
    "overwrite=True": "--overwrite",
    "the same call goes on": "the same command goes on",
    "Repeat that call": "Repeat that command",
    "partitions must": "--partitions must",
    "memory_limit must": "--memory-limit must",
    "threads must": "--threads must",
    "customers must be a whole number of at least 1, or None for all": "--customers must be at least 1",
    "strict=True": "--strict",
    " (read_log, or SystemLog in place of the log)": "",
    ". Give its path to rfm_summary, or to whatever takes a log, and leave source= out": ": leave --source out",
    "name the right one (value)": "name the right one with --value",
    ", or pass strict=False, which leaves them out and counts them": ", or leave --strict out: then they are counted",
    ", or strict=False, which counts them": ", or leave --strict out: then they are counted",
    "phone_country='49'": "--phone-country 49",
    "phone_country must": "--phone-country must",
    "pass contacts=": "pass --contacts",
    "pass value=...": "pass --value",
    "name the right one (customer_id)": "name the right one with --id",
    "email='customer_id'": "--email customer_id",
    "email='mail'": "--email mail",
    "target='csv'": "--target csv",
    "target='xlsx'": "--target xlsx",
    "leave hashed=False out": "leave --plain out",
    "hashed=False writes": "--plain writes",
    "log.drop_duplicates() in pandas, SELECT DISTINCT in SQL": "with sort --unique, or SELECT DISTINCT in SQL",
}
_NAMES = (
    "calibration_end|holdout_end|observation_start|observation_end|date_format|tz|event_grain|refunds|order_id|"
    "to_currency|currency|time_unit|late|source"
)
_SETTING = re.compile(rf"\b({_NAMES})=(?:\.\.\.|(['\"])(.*?)\2)?")
_TO_WRITE = re.compile(r'Write \w+\("\w+", time_unit="(\w+)"\) if')


def in_options(message: str) -> str:
    """A message of the library in the words of the command line.

    >>> in_options('Pass date_format="%d.%m.%Y %H:%M", or tz= and event_grain=\\'day\\'')
    'Pass --date-format "%d.%m.%Y %H:%M", or --tz and --event-grain day'
    """
    message = _TO_WRITE.sub(r"Pass --time-unit \1 if", message)
    for python, option in _PHRASES.items():
        message = message.replace(python, option)
    return _SETTING.sub(_as_option, message)


def _as_option(found: re.Match[str]) -> str:
    option, value = "--" + found[1].replace("_", "-"), found[3]
    if value is None:
        return option
    return f'{option} "{value}"' if " " in value or "%" in value else f"{option} {value}"
