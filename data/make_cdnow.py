"""Write the two CDNOW files of this folder anew from the data files of the PyPI package lifetimes.

    python data/make_cdnow.py [FOLDER]

Nothing is sorted, merged or left out: every line of the original becomes one line here, in its order. The sample's
original carries two numbers a customer, the one of the whole cohort and the one within the sample; the first is kept,
so that both files call a customer by the same name.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path

HEADER = ("customer_id", "date", "quantity", "amount")
SOURCES = {
    "cdnow_transactions.csv": "CDNOW_master.txt",
    "cdnow_sample_transactions.csv": "CDNOW_sample.txt",
}


def tidy(lines: Iterator[str]) -> Iterator[tuple[str, str, int, str]]:
    """Yield (customer_id, date, quantity, amount) for each line of an original file, the heading of one left out."""
    for line in lines:
        fields = line.split()
        if not fields or fields[0] == "customer_id":
            continue
        customer_id, date, quantity, amount = fields[0], *fields[-3:]
        if len(customer_id) != 5 or not customer_id.isdigit():
            raise ValueError(f"expected an id of five digits, found {customer_id!r} in {line!r}")
        day = datetime.strptime(date, "%Y%m%d").date()
        yield customer_id, day.isoformat(), int(quantity), f"{Decimal(amount):.2f}"


def main(folder: Path) -> None:
    """Write both files into a folder and print their checksums."""
    package = distribution("lifetimes")
    for target, source in SOURCES.items():
        original = Path(str(package.locate_file(f"lifetimes/datasets/{source}")))
        with original.open(encoding="ascii") as lines, (folder / target).open("w", encoding="ascii", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows(tidy(iter(lines)))
        print(hashlib.sha256((folder / target).read_bytes()).hexdigest(), target)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
