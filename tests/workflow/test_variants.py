"""The worked example of docs/variants.md, as it stands there, in a checkout that has already run."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from checkouts import REPOSITORY, TINY, Checkout

from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.store.tracklets import TrackletStore

pytestmark = pytest.mark.workflow


def blocks(language):
    text = (REPOSITORY / "docs/variants.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_a_method_costs_a_file_and_a_row(tmp_path):
    checkout = Checkout(tmp_path / "checkout")
    rows = [{"network": "guider", "train": "raw", "test": test} for test in ("raw", "copy")]
    config = TINY | {"completions": {"copy": {"method": "copy"}}, "variants": rows}
    checkout.configure(config)
    first = checkout.snakemake("--quiet", "all")
    assert first.returncode == 0, first.stdout
    method, row = blocks("python")
    for block in (method, row):
        path = checkout.folder / re.match(r"# (\S+)\n", block)[1]
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(f"{before}\n{block}", encoding="utf-8")
    (asked,) = (yaml.safe_load(block) for block in blocks("yaml"))
    config["completions"] |= asked["completions"]
    checkout.configure(config | {"variants": rows + asked["variants"]})
    planned = checkout.planned()
    assert {planned.get(rule) for rule in ("restore_dataset", "embed", "evaluate")} == {1}
    assert not {"pretrain_guider", "extract_features", "score_occlusion", "train_reid"} & set(planned)
    second = checkout.snakemake("--quiet", "all")
    assert second.returncode == 0, second.stdout
    made = checkout.folder / "results/tiny/split~0/seed~0/completion~streak"
    assert json.loads((made / "restoration.json").read_text())["regions_streak"] > 0
    table = pd.read_parquet(made / "regions.parquet").query("method == 'streak'")
    with TrackletStore(made / "tracklets.h5") as store:
        image, region = store.read_image(int(table["frame"].iloc[0])), int(table["region"].iloc[0])
    band = image[slice(*region_rows(len(image))[region : region + 2])]
    assert np.ptp(band, axis=1).max() == 0  # every row of one colour
