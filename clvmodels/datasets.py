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
    path = data_file("cdnow_sample_transactions.csv" if sample else "cdnow_transactions.csv")

    import pandas as pd

    return pd.read_csv(
        path,
        dtype={"customer_id": "str", "quantity": "int64", "amount": "float64"},
        parse_dates=["date"],
        date_format="%Y-%m-%d",
    )


# frequency, recency and supporters; all of them had six opportunities
_DONATIONS = (
    (6, 6, 1203), (5, 6, 728), (4, 6, 512), (3, 6, 357), (2, 6, 234), (1, 6, 129), (5, 5, 335), (4, 5, 284),
    (3, 5, 225), (2, 5, 173), (1, 5, 119), (4, 4, 240), (3, 4, 181), (2, 4, 155), (1, 4, 78), (3, 3, 322),
    (2, 3, 255), (1, 3, 129), (2, 2, 613), (1, 2, 277), (1, 1, 1091), (0, 0, 3464),
)  # fmt: skip


def load_donations() -> pd.DataFrame:
    """Load the donations to a charity, on which the published results of BG/BB stand.

    11,104 supporters whose first gift was in 1995, in how many of the six years 1996 to 2001 they gave again and when
    last: a summary of 22 rows with the number of supporters each stands for. There is no log of these data.

    Returns
    -------
    pandas.DataFrame
        `frequency` (years with a gift), `recency` (the last of them, 1 to 6; 0 if there is none), `T` (6) and
        `weights` (number of supporters); the frame says that its time unit is the year.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Shang, J. (2010), Customer-Base Analysis in a Discrete-Time Noncontractual
    Setting. Marketing Science 29(6), 1086-1108, table 1.

    Examples
    --------
    >>> import clvmodels as clv
    >>> donations = load_donations()
    >>> int(donations["weights"].sum())
    11104
    >>> model = clv.PurchaseModel("bg_bb").fit(donations, weights="weights")
    >>> {name: round(value, 3) for name, value in model.parameters.items()}
    {'alpha': 1.204, 'beta': 0.75, 'gamma': 0.657, 'delta': 2.783}
    """
    import pandas as pd

    frame = pd.DataFrame(_DONATIONS, columns=["frequency", "recency", "weights"])
    frame.insert(2, "T", 6)
    frame.attrs["clvmodels"] = '{"time_unit": "year"}'
    return frame


def data_file(name: str) -> Path:
    """Path of a data file: the copy inside the package, else the one beside the checkout."""
    for folder in FOLDERS:
        path = folder / name
        if path.is_file():
            return path
    raise ClvError(
        f"expected the data file {name} in one of {', '.join(str(folder) for folder in FOLDERS)}; found it in none. "
        "Reinstall clvmodels, or in a checkout run: python data/make_cdnow.py"
    )
