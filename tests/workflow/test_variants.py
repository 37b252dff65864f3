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

ROWS = [{"network": "guider", "train": "raw", "test": test} for test in ("raw", "copy", "stcnet")]
CONFIG = TINY | {
    "completions": {"copy": {"method": "copy"}, "stcnet": {"method": "stcnet"}},
    "variants": ROWS,
}
BEFORE_TRAINING = {"prepare_dataset", "pretrain_guider", "extract_features", "score_occlusion"}
RUN = "results/tiny/split~0/seed~0"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("variants") / "checkout")
    made.configure(CONFIG)
    run(made)
    return made


@pytest.fixture
def checkout(ran, tmp_path):
    """What has run, in a folder of its own."""
    made = Checkout(tmp_path / "checkout")
    shutil.copytree(ran.folder, made.folder, dirs_exist_ok=True)
    return made


def run(checkout, *options):
    ended = checkout.snakemake("--quiet", "all", *options)
    assert ended.returncode == 0, ended.stdout


def take(heading, checkout):
    """Put the files and rows of an example where they say they belong; returns what its YAML asks for."""
    text = (REPOSITORY / "docs/variants.md").read_text(encoding="utf-8")
    (section,) = (part for part in text.split("\n## ") if part.startswith(f"{heading}\n"))
    for block in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        path = checkout.folder / re.match(r"# (\S+)\n", block)[1]
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(f"{before}\n{block}", encoding="utf-8")
    (asked,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    return yaml.safe_load(asked)


def ask(checkout, asked):
    """Configure what an example asks for beside what is there."""
    more = {key: CONFIG.get(key, {}) | rows for key, rows in asked.items() if key != "variants"}
    checkout.configure(CONFIG | more | {"variants": ROWS + asked["variants"]})


def test_a_method_costs_a_file_and_a_row(checkout):
    ask(checkout, take("A method of completion", checkout))
    planned = checkout.planned()
    assert {planned.get(rule) for rule in ("restore_dataset", "embed", "evaluate")} == {1}
    assert not {*BEFORE_TRAINING, "train_stcnet", "train_reid"} & set(planned)
    run(checkout)
    made = checkout.folder / RUN / "completion~streak"
    assert json.loads((made / "restoration.json").read_text())["regions_streak"] > 0
    table = pd.read_parquet(made / "regions.parquet").query("method == 'streak'")
    with TrackletStore(made / "tracklets.h5") as store:
        image, region = store.read_image(int(table["frame"].iloc[0])), int(table["region"].iloc[0])
    band = image[slice(*region_rows(len(image))[region : region + 2])]
    assert np.ptp(band, axis=1).max() == 0  # every row of one colour


def test_a_kind_of_completion_network_costs_a_file_and_a_row(checkout):
    ask(checkout, take("A completion network of another kind", checkout))
    planned = checkout.planned()
    assert {planned.get(rule) for rule in ("train_stcnet", "restore_dataset", "embed", "evaluate")} == {1}
    assert not {*BEFORE_TRAINING, "train_reid"} & set(planned)
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


def test_a_head_costs_a_file_and_a_row(checkout):
    asked = take("A part of a re-ID network", checkout)
    assert checkout.planned() == {}  # nobody asks for it yet
    networks = {name: NETWORK | row for name, row in asked["networks"].items()}  # as tiny as the others
    ask(checkout, asked | {"networks": networks})
    planned = checkout.planned()
    assert {planned.get(rule) for rule in ("train_reid", "embed", "evaluate")} == {1}
    assert not {*BEFORE_TRAINING, "train_stcnet", "restore_dataset"} & set(planned)
    run(checkout)
    model = json.loads((checkout.folder / RUN / "train~raw/reid~largest/model.json").read_text())
    assert model["config"]["head"] == "largest"
    with checkout.edited("stcnet_lib/reid/heads/largest.py", "\n_EDITED = True\n"):
        planned = checkout.planned()
    assert {planned.get(rule) for rule in ("train_reid", "embed", "evaluate")} == {1}
    assert not {*BEFORE_TRAINING, "train_stcnet", "restore_dataset"} & set(planned)


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
    run(checkout, "--", "results/badges/tracklets.h5")
    with TrackletStore(checkout.folder / "results/badges/tracklets.h5") as store:
        assert list(store.tracklets["name"]) == ["1_1", "1_2", "2_1", "2_2"]
        assert list(store.roles[0]) == [Role.QUERY, Role.GALLERY, Role.TRAIN, Role.TRAIN]
        assert store.num_frames == 12
    report = json.loads((checkout.folder / "results/badges/integrity.json").read_text())
    assert report["found"] == {"odd_name": 1}
