"""The worked examples of docs/variants.md, as they stand there, in a checkout that has already run."""

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
RUN = "results/tiny/split~0/seed~0"
CONFIG = TINY | {
    "completions": {"copy": {"method": "copy"}, "stcnet": {"method": "stcnet"}},
    "variants": [{"network": "guider", "train": "raw", "test": test} for test in ("raw", "copy", "stcnet")],
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("variants") / "checkout")
    made.configure(CONFIG)
    first = made.snakemake("--quiet", "all")
    assert first.returncode == 0, first.stdout
    return made


def blocks(heading, language):
    text = (REPOSITORY / "docs/variants.md").read_text(encoding="utf-8")
    (section,) = (part for part in text.split("\n## ") if part.startswith(f"{heading}\n"))
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def add(checkout, heading):
    """Put the files and rows of an example where they say they belong, and ask for what its YAML says."""
    for block in blocks(heading, "python"):
        path = checkout.folder / re.match(r"# (\S+)\n", block)[1]
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(f"{before}\n{block}", encoding="utf-8")
    (asked,) = (yaml.safe_load(block) for block in blocks(heading, "yaml"))
    rows = {"variants": CONFIG["variants"] + asked.pop("variants")}
    checkout.configure(CONFIG | {key: CONFIG.get(key, {}) | more for key, more in asked.items()} | rows)


def run(checkout):
    second = checkout.snakemake("--quiet", "all")
    assert second.returncode == 0, second.stdout


def test_a_method_costs_a_file_and_a_row(checkout):
    add(checkout, "A method of completion")
    planned = checkout.planned()
    assert {planned.get(rule) for rule in ("restore_dataset", "embed", "evaluate")} == {1}
    assert not {"pretrain_guider", "score_occlusion", "train_stcnet", "train_reid"} & set(planned)
    run(checkout)
    made = checkout.folder / f"{RUN}/completion~streak"
    assert json.loads((made / "restoration.json").read_text())["regions_streak"] > 0
    table = pd.read_parquet(made / "regions.parquet").query("method == 'streak'")
    with TrackletStore(made / "tracklets.h5") as store:
        image, region = store.read_image(int(table["frame"].iloc[0])), int(table["region"].iloc[0])
    band = image[slice(*region_rows(len(image))[region : region + 2])]
    assert np.ptp(band, axis=1).max() == 0  # every row of one colour


def test_a_kind_of_completion_network_costs_a_file_and_a_row(checkout):
    add(checkout, "A completion network of another kind")
    planned = checkout.planned()
    assert {planned.get(rule) for rule in ("train_stcnet", "restore_dataset", "embed", "evaluate")} == {1}
    assert not {"pretrain_guider", "score_occlusion", "train_reid"} & set(planned)
    run(checkout)
    made = checkout.folder / RUN
    model = json.loads((made / "stcnet~plain/model.json").read_text())
    assert (model["kind"], model["config"]["kernel"]) == ("plain", 5)
    assert model["config"]["iterations"] == TINY["stcnet"]["iterations"]  # as in `stcnet`
    assert list(pd.read_csv(made / "stcnet~plain/history.csv")["step"]) == [1, 2, 3]
    said = json.loads((made / "completion~plain/restoration.json").read_text())
    assert said["stcnet"] == "plain"
    assert said["regions_plain"] > 0
    # An edit of it concerns it alone.
    with checkout.edited("stcnet_lib/completion/plain.py", "\n_EDITED = True\n"):
        planned = checkout.planned()
    assert {planned.get(rule) for rule in ("train_stcnet", "restore_dataset", "embed", "evaluate")} == {1}
