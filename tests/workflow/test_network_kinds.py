"""Every kind of completion network in the real workflow: trained, filling, measured, tracked by itself."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from checkouts import REPOSITORY, TINY, Checkout
from snakemake.utils import update_config

from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import load_config
from stcnet_lib.data.store.tracklets import TrackletStore

pytestmark = pytest.mark.workflow

RUN = "results/tiny/split~0/seed~0"
SMALL = {"channels": 8, "discriminator_channels": 4}
KINDS = {
    "stcnet3d": {"channels": 8, "dilations": [1], "time_dilations": [2], "window": 6},
    "context_encoder": SMALL,
    "glcic": SMALL,
}
CONFIG = TINY | {
    "stcnets": {kind: {"kind": kind} | settings for kind, settings in KINDS.items()},
    "completions": {kind: {"method": "stcnet", "stcnet": kind, "seam": "blend"} for kind in KINDS},
    "variants": [{"network": "guider", "train": "raw", "test": test} for test in ("raw", *KINDS)],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("kinds") / "checkout")
    made.configure(CONFIG)
    ended = made.snakemake("--quiet", "all")
    assert ended.returncode == 0, ended.stdout
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_of_this_kind_is_trained_and_fills(finished, kind):
    folder = finished.folder / RUN
    model = json.loads((folder / f"stcnet~{kind}/model.json").read_text())
    assert model["kind"] == kind
    assert list(pd.read_csv(folder / f"stcnet~{kind}/history.csv")["step"]) == [1, 2, 3]
    said = json.loads((folder / f"completion~{kind}/restoration.json").read_text())
    filled = {name for name, count in said.items() if name.startswith("regions_") and count}
    assert filled & ({"regions_window"} if kind == "stcnet3d" else {f"regions_{kind}"})
    assert json.loads((folder / f"completion~{kind}/quality.json").read_text())["test"]["all"]


@pytest.mark.parametrize("kind", KINDS)
def test_visible_pixels_are_those_of_the_source(finished, kind):
    """Nothing outside of the flagged thirds changes, and within these almost everything does."""
    folder = finished.folder / RUN
    flags = pd.read_parquet(folder / "occlusion.parquet")["occluded"].to_numpy().reshape(-1, 3)
    changed = []
    with (
        TrackletStore(finished.folder / "results/tiny/tracklets.h5") as raw,
        TrackletStore(folder / f"completion~{kind}/tracklets.h5") as restored,
    ):
        for frame in range(raw.num_frames):
            before, after = raw.read_image(frame), restored.read_image(frame)
            bands = region_rows(len(before))
            for k, flagged in enumerate(flags[frame]):
                band = slice(bands[k], bands[k + 1])
                if flagged:
                    changed.append((before[band] != after[band]).mean())
                else:
                    assert np.array_equal(before[band], after[band])
    assert np.mean(changed) > 0.5


def test_an_edit_of_one_kind_concerns_it_alone(finished):
    with finished.edited("stcnet_lib/completion/inpainting/glcic.py", "\n_EDITED = True\n"):
        planned = finished.planned()
    assert {planned.get(rule) for rule in ("train_stcnet", "restore_dataset", "embed", "evaluate")} == {1}
    with finished.edited("stcnet_lib/completion/stcnet3d/blocks.py", "\n_EDITED = True\n"):
        planned = finished.planned()
    assert {planned.get(rule) for rule in ("train_stcnet", "restore_dataset", "embed", "evaluate")} == {1}


@pytest.mark.parametrize("below", [(), ("paper",)], ids=str)
@pytest.mark.parametrize("preset", ["table1", "completions"])
def test_presets_of_completions_can_be_used(preset, below):
    values = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    for name in (*below, preset):
        text = (REPOSITORY / f"workflow/presets/{name}.yaml").read_text(encoding="utf-8")
        update_config(values, yaml.safe_load(text))
    config = load_config(values)
    tested = [row.test for row in config.variants]
    if preset == "table1":
        rungs = ["spa", "spa_ae", "spa_tae", "spa_tem", "spa_tem_ld", "spa_tem_ld_gd", "stcnet"]
        assert tested == ["raw", "raw", *rungs]
        assert all(row.network == "nl" and row.train == row.test for row in config.variants[2:])
        networks = [config.stcnet_named(rung) for rung in rungs[:-1]] + [config.stcnet]
        game = [(n.local_discriminator, n.global_discriminator, n.guider_loss) for n in networks]
        assert game == 4 * [(False,) * 3] + [(True, False, False), (True, True, False), (True,) * 3]
        temporal = [network.temporal for network in networks]
        assert temporal == ["none", "autoencoder", "concat", *4 * ["attention"]]
    else:
        assert len(set(tested)) == len(tested)
        assert {(row.network, row.train) for row in config.variants} == {("guider", "raw")}
        thirds = {n for n, row in config.completions.items() if not (row.of_pixels or row.from_truth)}
        assert set(tested) == {"raw", "clean", *thirds}
        assert {config.stcnet_named(name).kind for name in config.stcnets} == set(KINDS)
