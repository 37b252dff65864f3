"""The worked examples of docs/variants.md, as they stand there, in a checkout that has already run."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from checkouts import NETWORK, REPOSITORY, TINY, Checkout
from PIL import Image

from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.store.tracklets import Role, TrackletStore

pytestmark = pytest.mark.workflow

ROWS = [{"network": "guider", "train": "raw", "test": test} for test in ("raw", "copy")]
CONFIG = TINY | {"completions": {"copy": {"method": "copy"}}, "variants": ROWS}
BEFORE_COMPLETIONS = {"prepare_dataset", "pretrain_guider", "extract_features", "score_occlusion"}
RUN = "results/tiny/split~0/seed~0"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    checkout = Checkout(tmp_path_factory.mktemp("variants") / "checkout")
    checkout.configure(CONFIG)
    first = checkout.snakemake("--quiet", "all")
    assert first.returncode == 0, first.stdout
    return checkout


@pytest.fixture
def checkout(ran, tmp_path):
    """What has run, in a folder of its own."""
    made = Checkout(tmp_path / "checkout")
    shutil.copytree(ran.folder, made.folder, dirs_exist_ok=True)
    return made


def take(section, checkout):
    """Put a section's code into a checkout; returns what its configuration says."""
    text = (REPOSITORY / "docs/variants.md").read_text(encoding="utf-8")
    (body,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    for block in re.findall(r"```python\n(.*?)```", body, re.DOTALL):
        path = checkout.folder / re.match(r"# (\S+)\n", block)[1]
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(f"{before}\n{block}", encoding="utf-8")
    (asked,) = re.findall(r"```yaml\n(.*?)```", body, re.DOTALL)
    return yaml.safe_load(asked)


def test_a_method_costs_a_file_and_a_row(checkout):
    asked = take("A method of completion", checkout)
    completions = CONFIG["completions"] | asked["completions"]
    checkout.configure(CONFIG | {"completions": completions, "variants": ROWS + asked["variants"]})
    planned = checkout.planned()
    assert {planned.get(rule) for rule in ("restore_dataset", "embed", "evaluate")} == {1}
    assert not {*BEFORE_COMPLETIONS, "train_reid"} & set(planned)
    second = checkout.snakemake("--quiet", "all")
    assert second.returncode == 0, second.stdout
    made = checkout.folder / RUN / "completion~streak"
    assert json.loads((made / "restoration.json").read_text())["regions_streak"] > 0
    table = pd.read_parquet(made / "regions.parquet").query("method == 'streak'")
    with TrackletStore(made / "tracklets.h5") as store:
        image, region = store.read_image(int(table["frame"].iloc[0])), int(table["region"].iloc[0])
    band = image[slice(*region_rows(len(image))[region : region + 2])]
    assert np.ptp(band, axis=1).max() == 0  # every row of one colour


def test_a_head_costs_a_file_and_a_row(checkout):
    asked = take("A part of a re-ID network", checkout)
    assert checkout.planned() == {}  # nobody asks for it yet
    networks = {name: NETWORK | row for name, row in asked["networks"].items()}
    checkout.configure(CONFIG | {"networks": networks, "variants": ROWS + asked["variants"]})
    planned = checkout.planned()
    assert {planned.get(rule) for rule in ("train_reid", "embed", "evaluate")} == {1}
    assert not {*BEFORE_COMPLETIONS, "restore_dataset"} & set(planned)
    second = checkout.snakemake("--quiet", "all")
    assert second.returncode == 0, second.stdout
    model = json.loads((checkout.folder / RUN / "train~raw/reid~largest/model.json").read_text())
    assert model["config"]["head"] == "largest"
    with checkout.edited("stcnet_lib/reid/heads/largest.py", "\n_EDITED = True\n"):
        planned = checkout.planned()
    assert {planned.get(rule) for rule in ("train_reid", "embed", "evaluate")} == {1}
    assert not {*BEFORE_COMPLETIONS, "restore_dataset"} & set(planned)


def test_a_layout_costs_a_file_and_a_row(checkout, tmp_path):
    asked = take("A layout of a data set", checkout)
    assert checkout.planned() == {}
    for badge in (1, 2):
        for camera in (1, 2):
            folder = tmp_path / f"source/{badge}_{camera}"
            folder.mkdir(parents=True)
            for number in range(3):
                picture = np.full((32, 16, 3), 40 * badge + 20 * camera + number, np.uint8)
                Image.fromarray(picture).save(folder / f"{number}.png")
    (tmp_path / "source/somebody").mkdir()
    dataset = asked["dataset"] | {"root": str(tmp_path / "source"), "on_bad_frame": "exclude"}
    checkout.configure(CONFIG | {"dataset": dataset})
    run = checkout.snakemake("--quiet", "all", "--", "results/badges/tracklets.h5")
    assert run.returncode == 0, run.stdout
    with TrackletStore(checkout.folder / "results/badges/tracklets.h5") as store:
        assert list(store.tracklets["name"]) == ["1_1", "1_2", "2_1", "2_2"]
        assert list(store.roles[0]) == [Role.QUERY, Role.GALLERY, Role.TRAIN, Role.TRAIN]
        assert store.num_frames == 12
    report = json.loads((checkout.folder / "results/badges/integrity.json").read_text())
    assert report["found"] == {"odd_name": 1}
