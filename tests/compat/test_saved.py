"""Files of fitters come back bit by bit, and what is none is refused."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat import lifetimes as compat
from clvmodels.compat.lifetimes.fitters import saved
from clvmodels.errors import InvalidInput, UnreadableModel

each = pytest.mark.parametrize("name", ["BetaGeoFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter"])


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    log = clv.load_cdnow(sample=True)
    found = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30").head(200)
    assert isinstance(found, pd.DataFrame)
    return found


def fitted(summary: pd.DataFrame, name: str = "BetaGeoFitter", index: Any = None) -> Any:
    weights = 1.0 + np.arange(len(summary)) % 2 / 3
    columns = (summary["frequency"], summary["recency"], summary["T"], weights)
    return getattr(compat, name)(0.02).fit(*columns, index=index)


def back(fitter: Any, path: Path) -> Any:
    loaded = type(fitter)()
    loaded.load_model(path)
    return loaded


@each
def test_a_fitter_comes_back_to_the_last_bit(summary: pd.DataFrame, tmp_path: Path, name: str) -> None:
    fitter = fitted(summary, name)
    path = tmp_path / "fitter.pkl"
    fitter.save_model(path)
    loaded = back(fitter, path)
    assert loaded.params_.equals(fitter.params_)
    assert loaded.params_.index.equals(fitter.params_.index)
    np.testing.assert_array_equal(loaded._covariance, fitter._covariance)
    np.testing.assert_array_equal(loaded._hessian_, fitter._hessian_)
    for attribute in ("penalizer_coef", "_scale", "_negative_log_likelihood_", "_time_unit"):
        assert getattr(loaded, attribute) == getattr(fitter, attribute)
        assert type(getattr(loaded, attribute)) is type(getattr(fitter, attribute))
    assert loaded._time_unit == "week"
    pd.testing.assert_frame_equal(loaded.data, fitter.data, check_exact=True)
    assert set(loaded.__dict__) == set(fitter.__dict__)
    assert loaded.__dict__["predict"](9, 2, 3.0, 9.0) == fitter.predict(9, 2, 3.0, 9.0)
    assert repr(loaded) == repr(fitter)
    loaded.save_model(path)
    assert back(fitter, path).params_.equals(fitter.params_)


def test_a_fitter_without_a_fit_comes_back(tmp_path: Path) -> None:
    compat.BaseFitter().save_model(tmp_path / "none")
    compat.BetaGeoFitter(0.5).save_model(tmp_path / "some")
    base, fitter = compat.BaseFitter(), compat.BetaGeoFitter()
    base.load_model(tmp_path / "none")
    fitter.load_model(str(tmp_path / "some"))
    assert repr(base) == "<lifetimes.BaseFitter>"
    assert fitter.penalizer_coef == 0.5
    assert "params_" not in fitter.__dict__
    known = compat.BetaGeoFitter()
    known.params_, known.data = pd.Series({"r": 1.0, "alpha": 1.0, "a": 1.0, "b": 1.0}), pd.DataFrame()
    known.load_model(tmp_path / "some")  # nothing of what it was stays
    assert "params_" not in known.__dict__
    assert "data" not in known.__dict__


def test_what_is_left_out_is_replaced_as_in_lifetimes(summary: pd.DataFrame, tmp_path: Path) -> None:
    fitter, path = fitted(summary), tmp_path / "fitter"
    fitter.save_model(path, save_data=False)
    assert "frequency" not in path.read_text()
    assert back(fitter, path).__dict__["data"] is None
    assert back(fitter, path).standard_errors_.equals(fitter.standard_errors_)
    fitter.save_model(path, save_data=False, values_to_save=[""])
    assert back(fitter, path).__dict__["data"] == ""
    fitter.save_model(path, save_generate_data_method=False, values_to_save=[None, "none"])
    assert back(fitter, path).__dict__["generate_new_data"] == "none"
    assert back(fitter, path).data.equals(fitter.data)
    assert fitter.data is not None
    assert fitter.generate_new_data is not None


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(10, 4, -2, name="row"),
        pd.Index([7, 3, 2**60], name="id"),
        pd.Index(["a", "é\n", "7"]),
        pd.Index(["a", 7, None], dtype=object),
        pd.Index([0.1, np.inf, np.nan]),
        pd.DatetimeIndex(["2024-02-29", "2024-03-01 12:00:00.000001", None], name="day"),
        pd.DatetimeIndex(["2024-03-31", "2024-10-27", "2024-12-01"], tz="Europe/Berlin").as_unit("s"),
        pd.Index([True, False, True]),
    ],
    ids=["range", "whole", "text", "mixed", "floats", "days", "zoned", "bools"],
)
def test_the_index_is_kept(summary: pd.DataFrame, tmp_path: Path, index: pd.Index) -> None:
    fitter = compat.BetaGeoFitter()
    fitter.params_ = pd.Series({"r": 0.1 + 0.2, "alpha": 1e-300, "a": np.pi, "b": 1e22})
    fitter.data = pd.DataFrame(
        {"frequency": np.array([1, 2, 0], dtype=np.int32), "note": ["x", None, "y"], "T": [1 / 3, -np.inf, np.nan]},
        index=index,
    )
    fitter.save_model(tmp_path / "fitter")
    loaded = back(fitter, tmp_path / "fitter")
    assert loaded.params_.equals(fitter.params_)
    pd.testing.assert_frame_equal(loaded.data, fitter.data, check_exact=True)
    assert type(loaded.data.index) is type(index)


def test_rows_that_cannot_be_written_are_refused_and_the_file_stays(summary: pd.DataFrame, tmp_path: Path) -> None:
    fitter, path = fitted(summary), tmp_path / "fitter"
    fitter.save_model(path)
    before = path.read_bytes()
    for column in ([object()] * 200, pd.Categorical(["a"] * 200), pd.period_range("2024", periods=200)):
        fitter.data = fitter.data.assign(own=column)
        with pytest.raises(InvalidInput, match="save_data=False"):
            fitter.save_model(path)
    fitter.data = fitter.data.drop(columns="own").set_index(["frequency", "T"])
    with pytest.raises(InvalidInput, match="several levels"):
        fitter.save_model(path)
    with pytest.raises(InvalidInput, match="values_to_save"):
        fitter.save_model(path, save_data=False, values_to_save=[object()])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["fitter"]


def test_a_pickle_is_refused_unopened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path(tmp_path / "opened").touch, ())

    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / f"fitter{protocol}.pkl"
        path.write_bytes(pickle.dumps(Trap(), protocol))
        with pytest.raises(UnreadableModel, match="load_model"):
            compat.BetaGeoFitter().load_model(path)
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize("name", ["BetaGeoFitter", "GammaGammaFitter"])
def test_what_the_refusal_of_a_pickle_says_to_do_can_be_done(
    original: Any, summary: pd.DataFrame, tmp_path: Path, name: str
) -> None:
    """Every line of the advice, run on a file that lifetimes itself wrote."""
    rows = summary[summary["monetary_value"] > 0].head(150)
    names = ("frequency", "monetary_value") if name == "GammaGammaFitter" else ("frequency", "recency", "T")
    fitter = getattr(original, name)(0.01).fit(*(rows[column] for column in names))
    fitter.save_model(tmp_path / "fitter.pkl")
    with pytest.raises(UnreadableModel, match="is a pickle") as refused:
        getattr(compat, name)().load_model(tmp_path / "fitter.pkl")
    advice = str(refused.value)
    there, here, native = (
        re.search(pattern, advice)[0]  # type: ignore[index]
        for pattern in (
            r"fitter = \w+\(\); fitter\.load_model\(path\)",
            r"from clvmodels.*?\(NEW\)",
            r"clvmodels\.from.*?\(NEW\)",
        )
    )
    known: dict[str, Any] = {name: getattr(original, name), "path": tmp_path / "fitter.pkl", "clvmodels": clv}
    exec(there, known)
    exec(here, known | {"NEW": tmp_path / "new.json"})
    exec(native, known | {"NEW": tmp_path / "model.json"})
    again = getattr(compat, name)()
    again.load_model(tmp_path / "new.json")
    assert dict(again.params_) == dict(fitter.params_)
    pd.testing.assert_frame_equal(again.data, fitter.data)
    assert clv.load_model(tmp_path / "model.json").parameters == dict(fitter.params_)
    with pytest.raises(UnreadableModel, match="no model file but a pickle"):
        clv.load_model(tmp_path / "fitter.pkl")
    with pytest.raises(
        UnreadableModel, match=rf"fitter = {name}\(\); fitter.load_model\(path\), and take clvmodels.from_"
    ):
        clv.load_model(tmp_path / "new.json")
    with pytest.raises(InvalidInput, match="If that is a file of a fitter, load it first"):
        clv.from_lifetimes(str(tmp_path / "fitter.pkl"))


def test_a_fitter_takes_files_of_its_own_class_alone(summary: pd.DataFrame, tmp_path: Path) -> None:
    fitted(summary).save_model(tmp_path / "fitter")
    for other in (compat.ModifiedBetaGeoFitter(), compat.ParetoNBDFitter()):
        with pytest.raises(UnreadableModel, match="holds a BetaGeoFitter, and this is a"):
            other.load_model(tmp_path / "fitter")
    with pytest.raises(FileNotFoundError):
        compat.BetaGeoFitter().load_model(tmp_path / "missing")


def damaged(text: str) -> dict[str, str]:
    content = json.loads(text)

    def changed(**parts: Any) -> str:
        return json.dumps({**content, **parts})

    return {
        "empty": "",
        "cut": text[: len(text) // 2],
        "no object": "[1, 2]",
        "another format": changed(format="clvmodels model"),
        "another version": changed(version=2),
        "a version that is true": changed(version=True),
        "deep": "[" * 100_000,
        "the same key twice": text[:-1] + ', "format": "clvmodels lifetimes fitter"}',
        "a constant": text.replace('"time_unit": "week"', '"time_unit": NaN'),
        "parameters of another model": changed(params={"p": 1.0, "q": 2.0, "v": 3.0}),
        "a parameter that is text": changed(params={**content["params"], "r": "1e3"}),
        "a parameter that is true": changed(params={**content["params"], "r": True}),
        "a parameter that is a list": changed(params={**content["params"], "r": [1.0]}),
        "no parameters": changed(params=None),
        "a matrix of another shape": changed(matrices={"_covariance": [[1.0, 2.0]]}),
        "a time unit that is none": changed(time_unit=7),
        "columns of other lengths": changed(
            data={**content["data"], "columns": [["frequency", {"kind": "int64", "values": [1]}]]}
        ),
        "a column of lists": changed(
            data={**content["data"], "columns": [["frequency", {"kind": "float64", "values": [[1], [2]]}]]}
        ),
        "an unknown kind": changed(data={**content["data"], "columns": [["x", {"kind": "object_", "values": []}]]}),
        "an unknown zone": changed(
            data={
                **content["data"],
                "index": {"kind": "instant", "unit": "ns", "zone": "../../etc/passwd", "values": [0] * 200},
            }
        ),
        "a zone that is a file": changed(
            data={
                **content["data"],
                "index": {"kind": "instant", "unit": "ns", "zone": "dateutil//dev/zero", "values": [0] * 200},
            }
        ),
        "rows without columns": changed(data={**content["data"], "columns": []}),
        "a time unit that nobody knows": changed(time_unit="fortnight"),
        "too large a number": changed(
            data={**content["data"], "columns": [["x", {"kind": "int8", "values": [1000] * 200}]]}
        ),
        "missing parts": json.dumps({k: v for k, v in content.items() if k != "matrices"}),
    }


def test_damaged_and_hostile_files_are_refused_and_leave_the_fitter_as_it_was(
    summary: pd.DataFrame, tmp_path: Path
) -> None:
    fitter, path = fitted(summary), tmp_path / "fitter"
    fitter.save_model(path)
    before = dict(fitter.__dict__)
    for what, text in damaged(path.read_text(encoding="utf-8")).items():
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UnreadableModel) as refused:
            fitter.load_model(path)
        assert str(path) in str(refused.value), what
        assert fitter.__dict__ == before, what
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableModel, match="expected JSON"):
        fitter.load_model(path)


def test_a_file_too_large_is_refused_on_both_sides(
    summary: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitter, path = fitted(summary), tmp_path / "fitter"
    fitter.save_model(path)
    monkeypatch.setattr(saved, "_MOST_BYTES", 1000)
    with pytest.raises(UnreadableModel, match="at most 1,000 bytes"):
        fitter.load_model(path)
    with pytest.raises(InvalidInput, match="too large to be read back"):
        fitter.save_model(path)
