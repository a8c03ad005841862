"""``import lifetimes`` means these modules after install(), in whichever form it is written."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys

import pytest

import clvmodels as clv
from clvmodels import ClvError
from clvmodels.compat import lifetimes as ours


def taken():
    return [name for name in sys.modules if name == "lifetimes" or name.startswith("lifetimes.")]


@pytest.fixture
def _not_imported(monkeypatch):
    """As if nothing had imported the real lifetimes yet."""
    for name in taken():
        monkeypatch.delitem(sys.modules, name)
    yield
    ours.uninstall()


def in_a_new_process(code):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_tab_offers_is_what_lifetimes_has(original):
    offered = set(dir(ours))
    assert all(getattr(ours, name) is not None for name in offered)
    theirs = {name for name in vars(original) if not name.startswith("__")} | {"plotting", "datasets", "__version__"}
    assert offered - theirs == {"AlreadyImported", "LifetimesDifference", "install", "uninstall"}
    assert theirs <= offered


def test_the_way_there_by_attributes():
    said = "import clvmodels as clv; print(clv.compat.lifetimes.BetaGeoFitter.__name__, dir(clv.compat))"
    assert in_a_new_process(said) == "BetaGeoFitter ['lifetimes']"
    with pytest.raises(AttributeError, match="has no attribute 'btyd'"):
        clv.compat.btyd  # noqa: B018


@pytest.mark.usefixtures("_not_imported")
def test_every_form_of_import_finds_the_same_objects():
    ours.install()
    scope = {}
    for line in (
        "import lifetimes",
        "import lifetimes.plotting as p",
        "import lifetimes.fitters.beta_geo_fitter as f",
        "from lifetimes import BetaGeoFitter, utils, generate_data, datasets",
        "from lifetimes.fitters import BaseFitter",
        "from lifetimes.fitters.beta_geo_fitter import BetaGeoFitter as Same",
        "from lifetimes.plotting import *",
        "from lifetimes.utils import calibration_and_holdout_data, ConvergenceError",
        "from lifetimes.version import __version__ as version",
    ):
        exec(line, scope)
    assert scope["lifetimes"] is ours
    assert scope["Same"] is scope["BetaGeoFitter"] is scope["f"].BetaGeoFitter is ours.BetaGeoFitter
    assert scope["p"] is ours.plotting
    assert scope["plot_history_alive"] is ours.plotting.plot_history_alive
    assert scope["ConvergenceError"] is ours.utils.ConvergenceError
    assert scope["version"] == scope["lifetimes"].__version__ == "0.11.3"


@pytest.mark.usefixtures("_not_imported")
def test_no_module_is_imported_a_second_time():
    ours.install()
    for name in taken():
        module = importlib.import_module(name)
        assert module is importlib.import_module(name.replace("lifetimes", "clvmodels.compat.lifetimes", 1))
    assert {"lifetimes.differences", "lifetimes.fitters.estimation"} < set(taken())


@pytest.mark.usefixtures("_not_imported")
def test_star_import_binds_what_the_original_binds():
    ours.install()
    scope = {}
    exec("from lifetimes import *", scope)
    assert {name for name in scope if name != "__builtins__"} == {
        "BetaGeoBetaBinomFitter", "BetaGeoFitter", "GammaGammaFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter",
        "__version__",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["", ".utils", ".plotting", ".fitters.beta_geo_fitter"])
def test_modules_name_what_the_originals_do(original, name):
    theirs = importlib.import_module(f"lifetimes{name}")
    mine = importlib.import_module(f"clvmodels.compat.lifetimes{name}")
    own = [name for name, value in vars(theirs).items() if getattr(value, "__module__", "") == theirs.__name__]
    assert set(own) - set(dir(mine)) <= {"_save_obj_without_attr"}  # files are JSON here, not dill
    if hasattr(theirs, "__all__"):
        assert sorted(mine.__all__) == sorted(theirs.__all__)


@pytest.mark.usefixtures("_not_imported")
def test_twice_is_harmless_and_the_real_one_comes_back():
    ours.install()
    ours.install()
    assert importlib.import_module("lifetimes") is ours
    ours.uninstall()
    assert not taken()
    ours.uninstall()
    real = importlib.util.find_spec("lifetimes")
    assert real is None or "clvmodels" not in real.origin


@pytest.mark.usefixtures("_not_imported")
def test_pickles_across_both_names():
    ours.install()
    from lifetimes import BetaGeoFitter  # as a user's notebook does

    assert type(pickle.loads(pickle.dumps(BetaGeoFitter(0.1)))) is ours.BetaGeoFitter


@pytest.mark.usefixtures("_not_imported")
@pytest.mark.parametrize("name", ["lifetimes", "lifetimes.utils"])
def test_refused_after_the_real_one(monkeypatch, name):
    real = type(sys)(name)
    real.__file__ = "/there/lifetimes/utils.py"
    monkeypatch.setitem(sys.modules, name, real)
    expected = rf"1 of its modules .* first '{name}' from /there/lifetimes/utils.py. Restart the kernel"
    with pytest.raises(RuntimeError, match=expected) as refused:
        ours.install()
    assert isinstance(refused.value, ClvError)
    assert taken() == [name]
    ours.uninstall()
    assert sys.modules[name] is real


def test_refused_where_the_real_one_is_imported(original):
    with pytest.raises(ours.AlreadyImported, match="install\\(\\) must come before the first import of lifetimes"):
        ours.install()
    assert sys.modules["lifetimes"] is original


def test_in_a_new_process_where_the_real_one_is_installed_too():
    code = """
import clvmodels.compat.lifetimes
clvmodels.compat.lifetimes.install()
import sys, importlib, lifetimes
from lifetimes.plotting import plot_period_transactions
before = lifetimes.BetaGeoFitter
assert importlib.reload(lifetimes) is lifetimes and lifetimes.BetaGeoFitter is before
assert importlib.reload(lifetimes.plotting) is sys.modules['lifetimes.plotting']
lifetimes.install()
import lifetimes.utils
print(lifetimes.__name__, lifetimes.__version__, 'matplotlib' in sys.modules, 'dill' in sys.modules)
"""
    assert in_a_new_process(code) == "clvmodels.compat.lifetimes 0.11.3 False False"


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ours.nothing
