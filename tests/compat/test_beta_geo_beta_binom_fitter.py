"""BetaGeoBetaBinomFitter against lifetimes itself, published numbers, and where lifetimes is wrong."""

from __future__ import annotations

import inspect
import warnings
from importlib import resources
from types import ModuleType
from typing import Any

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat.lifetimes import BetaGeoBetaBinomFitter, LifetimesDifference
from clvmodels.compat.lifetimes.utils import ConvergenceError

from .conftest import quiet

# Fader, Hardie & Shang (2010), table 3
PUBLISHED = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
QUESTIONS = ("conditional_expected_number_of_purchases_up_to_time", "conditional_probability_alive")
