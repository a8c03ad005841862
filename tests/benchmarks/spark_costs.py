"""What Spark takes for a million customers, from a log to scored files, on two cores of this machine.

    make environment-spark
    .venv-spark/bin/python tests/benchmarks/spark_costs.py [LOG.parquet] [--cores 2]

The log is by default the one that `make benchmark-scale` keeps (ten million lines of a million customers). Everything
runs twice in one session and the second round counts, for the first one compiles. The last line is what
`tools/scale_plan.py` takes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import clvmodels as clv

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("log", nargs="?", default=str(ROOT / "build" / "scale" / "log_10000000.parquet"))
    options.add_argument("--cores", type=int, default=2)
    asked = options.parse_args()
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    from pyspark.sql import SparkSession  # here, for the other environments, which read this file too, lack it

    session = (
        SparkSession.builder.master(f"local[{asked.cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", str(4 * asked.cores))
        .config("spark.driver.memory", "4g")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}  # CDNOW, Fader, Hardie & Lee (2005)
    model = clv.CLVModel(
        clv.PurchaseModel.from_parameters("bg_nbd", parameters, "week"),
        clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}),
    )
    log = session.read.parquet(asked.log)
    lines, last = log.count(), str(log.agg({"date": "max"}).collect()[0][0])[:10]
    for turn in ("first", "second"):
        with tempfile.TemporaryDirectory() as folder:
            summary, scores = f"{folder}/summary", f"{folder}/scores"
            begun = time.monotonic()
            clv.spark.rfm_summary(log, observation_end=last).write.parquet(summary)
            summarised = time.monotonic() - begun
            begun = time.monotonic()
            clv.spark.score(model, log, observation_end=last).write.parquet(scores)
            whole = time.monotonic() - begun
            customers = session.read.parquet(scores).count()
        lines_cost, customers_cost = 1e6 * summarised / lines, 1e6 * whole / customers
        print(
            f"{turn} round, {lines:,} lines, {customers:,} customers: summary {lines_cost:.2f} s a million lines; "
            f"log to scores {customers_cost:.1f} s a million customers"
        )
    session.stop()
    print(f"python tools/scale_plan.py --spark-seconds {customers_cost:.1f} --spark-cores {asked.cores} --write")


if __name__ == "__main__":
    main()
