"""A training that was killed ends with the weights of one that was not, bit for bit.

The real commands run in processes of their own and are killed by the real signals.
"""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from stcnet_lib.config import (
    ContextEncoderConfig,
    GatherConfig,
    GlcicConfig,
    ReIDConfig,
    RuntimeConfig,
    Stcnet3dConfig,
)
from stcnet_lib.config.parts import Diversity, Recurrent
from stcnet_lib.config.reid import TripletConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.mask_files import writing_masks
from stcnet_lib.reid.files import load_reid, read_description, save_model
from stcnet_lib.reid.network import ReIDNetwork
from workflow.scripts import train_reid

RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0, save_steps=3)


def command(script, config, **paths):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in paths.items()]
    module = f"workflow.scripts.{script}"
    return [sys.executable, "-m", module, f"--config={config.canonical_json()}", *options]


def start(arguments):
    environment = os.environ | {"STCNET_RUNTIME": RUNTIME.canonical_json()}
    return subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True)


def run_to_the_end(arguments):
    process = start(arguments)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    return errors


def interrupt(arguments, folder, number):
    """Send a signal as soon as a state is on disk; returns the exit code and what was printed."""
    process = start(arguments)
    deadline = time.time() + 240
    while not list(folder.glob(".resume-*")):
        assert process.poll() is None, process.stderr.read()
        assert time.time() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=240)
    return process.returncode, errors


GATHER = GatherConfig(height=32, width=16, channels=4, candidates=3, batch=4, iterations=24, validation=0.5)
OTHER = {
    "height": 32,
    "width": 16,
    "channels": 8,
    "discriminator_channels": 4,
    "references": "region",
    "batch": 2,
    "iterations": 24,
    "precision": "fp32",
}
OTHER_KINDS = {  # of completion networks
    "stcnet3d": Stcnet3dConfig(
        **OTHER, dilations=(1,), time_dilations=(2,), window=5, global_discriminator=True
    ),
    "context_encoder": ContextEncoderConfig(**OTHER),
    "glcic": GlcicConfig(**OTHER),
}


@pytest.fixture
def masks_path(store_path, tmp_path):
    """Of every second frame a corner is hidden."""
    mask = np.zeros((32, 16), bool)
    with TrackletStore(store_path) as store, writing_masks(tmp_path / "masks.h5", store) as writer:
        for frame in range(store.num_frames):
            mask[:16, :8] = frame % 2
            writer.append([mask], np.zeros((1, 8, 4)))
    return tmp_path / "masks.h5"


@pytest.fixture
def trainings(store_path, scores_path, masks_path, tmp_path, reid_config, guider_config, stcnet_config):
    """By name, the command of a training that writes into a folder."""
    network = ReIDNetwork(guider_config, 2)
    save_model(tmp_path / "guider/model.json", "reid", network, guider_config.canonical_json(), 2)

    def reid(config: ReIDConfig, **changed):
        own = config.model_copy(update=changed)
        return lambda folder: command(
            "train_reid", own, store=store_path, model=folder / "model.json", seed=3
        )

    return {
        "guider": reid(guider_config),
        "reid": reid(reid_config),
        "penalised": reid(guider_config, head=Diversity(places=3), average=0.5),
        "triplet": reid(reid_config, triplet=TripletConfig(tracklets=2)),
        "recurrent": reid(reid_config, head=Recurrent(channels=16)),
        "averaged": reid(reid_config, average=0.9),
        "stcnet": lambda folder: command(
            "train_stcnet",
            stcnet_config,
            store=store_path,
            scores=scores_path,
            guider=tmp_path / "guider/model.json",
            model=folder / "model.json",
            seed=3,
        ),
        **{
            kind: lambda folder, config=config: command(
                "train_stcnet",
                config,
                store=store_path,
                scores=scores_path,
                guider=tmp_path / "guider/model.json",
                model=folder / "model.json",
                seed=3,
            )
            for kind, config in OTHER_KINDS.items()
        },
        "gather": lambda folder: command(
            "train_gather", GATHER, store=store_path, masks=masks_path, model=folder / "model.json", seed=3
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("guider", "reid", "penalised", "recurrent", "triplet", "averaged"),
        *("stcnet", "gather", *OTHER_KINDS),
    ],
)
def test_killed_training_ends_with_the_same_weights(trainings, tmp_path, name):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run_to_the_end(trainings[name](whole))
    code, _ = interrupt(trainings[name](killed), killed, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not (killed / "model.safetensors").exists()
    assert "resuming after step" in run_to_the_end(trainings[name](killed))
    assert (whole / "model.safetensors").read_bytes() == (killed / "model.safetensors").read_bytes()
    assert not list(killed.glob(".*")), "the state is of no more use"
    first, second = ((folder / "history.csv").read_text().splitlines() for folder in (whole, killed))
    assert [row.split(",")[0] for row in first] == [row.split(",")[0] for row in second]


def test_sigterm_saves_the_state_and_leaves(trainings, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    run_to_the_end(trainings["guider"](whole))
    code, errors = interrupt(trainings["guider"](stopped), stopped, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert "stopped by SIGTERM; state saved after step" in errors
    run_to_the_end(trainings["guider"](stopped))
    assert (whole / "model.safetensors").read_bytes() == (stopped / "model.safetensors").read_bytes()


def test_other_settings_never_resume_from_a_state(trainings, store_path, tmp_path, guider_config):
    folder = tmp_path / "killed"
    interrupt(trainings["guider"](folder), folder, signal.SIGKILL)
    other = guider_config.model_copy(update={"lr": 2e-3, "epochs": 1})
    errors = run_to_the_end(
        command("train_reid", other, store=store_path, model=folder / "model.json", seed=3)
    )
    assert "resuming" not in errors


def test_other_initial_weights_never_resume_from_a_state(store_path, tmp_path, guider_config, monkeypatch):
    """The path in the settings stays the same; what counts is the file."""
    keys = []

    def noted(config, store, split, seed, folder, key, runtime, compute):
        keys.append(key)
        raise KeyboardInterrupt

    monkeypatch.setattr(train_reid, "train_reid", noted)
    monkeypatch.delenv("STCNET_RUNTIME", raising=False)
    weights = tmp_path / "weights.pth"
    for content in (b"some", b"other", b"some"):
        weights.write_bytes(content)
        config = guider_config.model_copy(update={"pretrained": str(weights)})
        arguments = command("train_reid", config, store=store_path, model=tmp_path / "model.json", seed=3)
        monkeypatch.setattr(sys, "argv", ["train_reid", *arguments[3:]])
        with pytest.raises(KeyboardInterrupt):
            train_reid.main()
    assert keys[0] == keys[2] != keys[1]


def test_divergence_names_the_step_and_keeps_the_last_good_state(store_path, tmp_path):
    # A rate of 1 with weight decay 1 in a network without warm-up: the loss overflows within a few steps.
    config = ReIDConfig(
        backbone="resnet18", stem_channels=8, pretrained="none", non_local=False, height=32, width=16,
        clip_length=2, clip_stride=1, batch=2, epochs=400, lr=1.0, precision="fp32", label_smoothing=0.1,
    )  # fmt: skip
    arguments = command("train_reid", config, store=store_path, model=tmp_path / "bad/model.json")
    script = (
        "import sys, torch, runpy\n"
        "step = torch.optim.Adam.step\n"
        "count = [0]\n"
        "def poisoned(self, *a, **k):\n"
        "    result = step(self, *a, **k)\n"
        "    count[0] += 1\n"
        "    if count[0] == 8: self.param_groups[0]['params'][0].data.fill_(float('nan'))\n"
        "    return result\n"
        "torch.optim.Adam.step = poisoned\n"
        f"sys.argv = ['train_reid'] + {arguments[3:]!r}\n"
        "runpy.run_module('workflow.scripts.train_reid', run_name='__main__')\n"
    )
    process = start([sys.executable, "-c", script])
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "the loss became nan at step 9; the state after step 6 is kept" in errors
    assert "under guider or networks in config.yaml" in errors
    assert len(list((tmp_path / "bad").glob(".resume-*"))) == 1
    assert not (tmp_path / "bad/model.json").exists()


def test_saved_model_says_what_it_was_made_with(trainings, store_path, tmp_path):
    run_to_the_end(trainings["reid"](tmp_path / "reid"))
    details = read_description(tmp_path / "reid", "reid")["details"]
    assert details["data"] == TrackletStore(store_path).digest
    assert details["device"].startswith("cpu")
    json.dumps(details)
    assert load_reid(tmp_path / "reid").num_classes == 2
