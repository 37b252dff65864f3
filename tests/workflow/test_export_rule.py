"""The export, asked for by its path: what it needs and leaves, and that it is not made without asking."""

from __future__ import annotations

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow

RUN = "results/tiny/split~0/seed~0"


def test_an_export_by_its_path(finished):
    folder = f"{RUN}/completion~stcnet/export"
    assert not (finished.folder / folder).exists()
    assert finished.planned(folder) == {"export_dataset": 1}
    result = finished.snakemake(folder)
    assert result.returncode == 0, result.stdout
    made = finished.folder / folder
    report = json.loads((made / "export.json").read_text())
    weights = json.loads((finished.folder / RUN / "stcnet~default/model.json").read_text())["weights_sha256"]
    assert report["model"] == weights
    table = pd.read_parquet(made / "manifest.parquet")
    assert {str(p.relative_to(made)) for p in made.rglob("*.png")} == set(table["path"])
    assert table["changed"].sum() == report["frames"]["changed"] > 0
    assert table["scores"].map(len).eq(3).all()
    assert set(table.loc[table["changed"], "model"]) == {weights}
    assert finished.planned(folder) == finished.planned() == {}
    with finished.changed(lambda config: config.update(export={"quality": 90})):
        assert finished.planned(folder) == {"export_dataset": 1}
        assert finished.planned() == {}  # nothing else reads these settings


def test_raw_data_need_no_completion(untouched):
    with untouched.changed(lambda config: config.update(export={"contents": "raw"})):
        planned = untouched.planned(f"{RUN}/completion~stcnet/export")
    assert planned == {"prepare_dataset": 1, "export_dataset": 1}
