"""Real data that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ClvError

if TYPE_CHECKING:
    import pandas as pd

PACKAGE = Path(__file__).resolve().parent
FOLDERS = (PACKAGE / "data", PACKAGE.parent / "data")  # in an installed package, and beside the one of a checkout


def load_cdnow(sample: bool = False) -> pd.DataFrame:
    """Load the CDNOW transaction log, on which the field's published results stand.

    The cohort of 23,570 customers who first bought at the online music shop CDNOW in the first quarter of 1997, with
    all that they bought until the end of June 1998. Lines are as in the original: 2,068 of the 69,659 repeat the day of
    an earlier line of the same customer, and 80 have an amount of zero.

    Parameters
    ----------
    sample : bool
        Load the systematic 1/10 sample of 2,357 customers and 6,919 lines that most papers use. Its customers have the
        same ids as in the whole log.

    Returns
    -------
    pandas.DataFrame
        One row a line of the log: `customer_id` (text of five digits, leading zeros kept), `date` (datetime64),
        `quantity` (number of CDs, integer) and `amount` (US dollars, float).

    Raises
    ------
    ClvError
        If the data file is neither in the installed package nor in `data/` beside the checkout.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2001), Forecasting repeat sales at CDNOW: a case study. Interfaces 31(3),
    S94-S107.

    Examples
    --------
    >>> log = load_cdnow(sample=True)
    >>> log.shape
    (6919, 4)
    >>> log.head(3)
      customer_id       date  quantity  amount
    0       00004 1997-01-01         2   29.33
    1       00004 1997-01-18         2   29.73
    2       00004 1997-08-02         1   14.96
    """
    path = _find("cdnow_sample_transactions.csv" if sample else "cdnow_transactions.csv")

    import pandas as pd

    return pd.read_csv(
        path,
        dtype={"customer_id": "str", "quantity": "int64", "amount": "float64"},
        parse_dates=["date"],
        date_format="%Y-%m-%d",
    )


def _find(name: str) -> Path:
    """Path of a data file: the copy inside the package, else the one beside the checkout."""
    for folder in FOLDERS:
        path = folder / name
        if path.is_file():
            return path
    raise ClvError(
        f"expected the data file {name} in one of {', '.join(str(folder) for folder in FOLDERS)}; found it in none. "
        "Reinstall clvmodels, or in a checkout run: python data/make_cdnow.py"
    )
