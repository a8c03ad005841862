# `make` alone lists what there is. Needs make and Python 3.11 or newer with venv; everything else goes into .venv.
# make test PYTHON=/path/to/python3   uses that Python
.POSIX:
.NOTPARALLEL:
.PHONY: help demo test test-system lint notebooks oracle benchmark benchmark-scale study calibrate nuts pymc-marketing pictures clean environment environment-dev environment-spark

PYTHON =
VENV = .venv
WORKERS = 2
BIN = $(VENV)/bin
ENVIRONMENT = PYTHON="$(PYTHON)" sh tools/environment.sh $(VENV)

help:
	@echo 'make demo         forecast every CDNOW customer: build/cdnow_scored.parquet'
	@echo 'make test         run the tests and the examples of the documentation'
	@echo 'make test-system  the wheel, a report in Chromium (chromium-driver), the notebooks, Spark (Java 17)'
	@echo 'make lint         ruff, mypy, import-linter'
	@echo 'make notebooks    execute the notebooks and keep their outputs'
	@echo 'make oracle       compute the 30-digit reference values of the tests anew'
	@echo 'make benchmark    time and memory beside lifetimes'
	@echo 'make benchmark-scale  batch jobs on 10 and 100 million lines (an hour, 5 GB under build/)'
	@echo 'make study        repeat estimations over many simulated worlds (minutes)'
	@echo 'make calibrate    rank posteriors and cover futures of simulated worlds: docs/calibration.md (half an hour)'
	@echo 'make nuts         posteriors of CDNOW by NUTS of another package, which tests compare with (20 minutes)'
	@echo 'make pymc-marketing  models that pymc-marketing fitted, which tests of conversion read (5 minutes)'
	@echo 'make pictures     draw every picture on CDNOW: build/pictures.png'
	@echo 'make clean        remove what was built (the environment stays: rm -r .venv)'

environment:
	@$(ENVIRONMENT)

environment-dev:
	@$(ENVIRONMENT) dev

# in an environment of its own: PySpark is 456 MB
environment-spark:
	@PYTHON="$(PYTHON)" sh tools/environment.sh .venv-spark spark

demo: environment
	@mkdir -p build
	@$(BIN)/clvmodels forecast data/cdnow_transactions.csv --out build/cdnow_scored.parquet

test: environment-dev
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m 'not system and not study' --doctest-modules clvmodels tests

test-system: environment-dev environment-spark
	@$(BIN)/python -m pytest -q -m system --ignore tests/scoring/test_spark.py tests
	@.venv-spark/bin/python -m pytest -q tests/scoring/test_spark.py

lint: environment-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

notebooks: environment-dev
	@$(BIN)/python tools/notebooks.py

oracle: environment-dev
	@$(BIN)/python tests/oracle/make_oracle.py

benchmark: environment-dev
	@$(BIN)/python tests/benchmarks/run.py

benchmark-scale: environment-dev
	@$(BIN)/python tests/benchmarks/scale.py

study: environment-dev
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m study tests

calibrate: environment-dev
	@$(BIN)/python tools/calibrate.py --workers $(WORKERS)

# in an environment of its own: PyMC and nutpie are no dependencies of tests
nuts: environment
	@test -x .venv-nuts/bin/python || $(BIN)/python -m venv .venv-nuts
	@.venv-nuts/bin/pip install -q nutpie 'pymc<6' . && rm -rf build/lib build/bdist.*
	@PYTHONPATH=. .venv-nuts/bin/python -W ignore tools/nuts_check.py

# in an environment of its own, which has nothing of this package
pymc-marketing: environment
	@test -x .venv-pymc-marketing/bin/python || $(BIN)/python -m venv .venv-pymc-marketing
	@.venv-pymc-marketing/bin/pip install -q pymc-marketing==0.19.2 h5netcdf
	@.venv-pymc-marketing/bin/python -W ignore tools/pymc_marketing_fixtures.py

pictures: environment-dev
	@$(BIN)/python tools/pictures.py

clean:
	rm -rf build dist clvmodels.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find clvmodels tests data -name __pycache__ -prune -exec rm -rf {} +
