"""Two processes with half of each batch reach what one process reaches with the whole (gloo, CPU)."""

import os
import subprocess
import sys

import pandas as pd
import pytest
from stores import write_store

from stcnet_lib.config import RuntimeConfig
from stcnet_lib.reid.files import save_model
from stcnet_lib.reid.network import ReIDNetwork

RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0, save_steps=1000)


def history_of(script, config, folder, processes, **paths):
    launch = ["-m"]
    if processes > 1:
        launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    options = [f"--{name}={value}" for name, value in paths.items()]
    subprocess.run(
        [
            sys.executable,
            *launch,
            f"workflow.scripts.{script}",
            f"--config={config.canonical_json()}",
            f"--model={folder}/model.json",
            *options,
        ],
        env=os.environ | {"STCNET_RUNTIME": RUNTIME.canonical_json(), "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=240,
        capture_output=True,
    )
    return pd.read_csv(folder / "history.csv")


def test_stcnet_reaches_the_same_losses(store_path, scores_path, tmp_path, stcnet_config, guider_config):
    # One hidden region a sample: the mean over regions is then the same in halves and in the whole.
    config = stcnet_config.model_copy(update={"two_regions": 0.0, "iterations": 10})
    save_model(
        tmp_path / "guider",
        "reid",
        ReIDNetwork(guider_config, 2),
        guider_config.canonical_json(),
        2,
    )
    paths = {"store": store_path, "scores": scores_path, "guider": tmp_path / "guider/model.json"}
    one = history_of("train_stcnet", config, tmp_path / "one", 1, **paths)
    two = history_of("train_stcnet", config, tmp_path / "two", 2, **paths)
    for name in ("l1_spatial", "l1_temporal", "adversarial", "guider", "discriminator", "entropy"):
        # Only the order of float32 sums differs, which ten steps of Adam enlarge.
        assert two[name].to_numpy() == pytest.approx(one[name].to_numpy(), rel=1e-3), name


def test_reid_reaches_about_the_same_loss(tmp_path, guider_config):
    # On CPUs batch norm sees its process's half of a batch (it is synchronised on GPUs only), so the
    # losses agree in their course and not in their digits.
    store = write_store(tmp_path / "tracklets.h5", people=16)
    config = guider_config.model_copy(update={"colour_jitter": 0.0, "epochs": 40, "batch": 16})
    one = history_of("train_reid", config, tmp_path / "one", 1, store=store)
    two = history_of("train_reid", config, tmp_path / "two", 2, store=store)
    assert len(one) == len(two) == 40
    assert two["loss"][0] == pytest.approx(one["loss"][0], rel=0.05)
    assert two["loss"].tail(5).mean() == pytest.approx(one["loss"].tail(5).mean(), abs=0.1)
    assert one["loss"].tail(5).mean() < 0.1 * one["loss"][0]
