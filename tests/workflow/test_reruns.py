"""What reruns after a change, and what does not: dry runs on a workflow that has really run."""

from __future__ import annotations

import os
import re
import shutil

import pytest

pytestmark = pytest.mark.workflow

AFTER_COMPARISON = {"compare", "write_results", "write_summary", "draw_table", "all"}
AFTER_EMBEDDING = AFTER_COMPARISON | {"evaluate", "draw_cmc"}
MEASURED = {"measure_completion", "compare_completions"}
AFTER_RESTORATION = AFTER_EMBEDDING | MEASURED | {"embed", "draw_strips", "draw_restored_walkers"}
AFTER_SCORES = AFTER_RESTORATION | {
    "draw_scores",
    "draw_flags",
    "measure_localisation",
    "train_stcnet",
    "draw_training_stcnet",
    "restore_dataset",
}


def _runtime(config):
    config["runtime"] = {"threads": 2, "workers": 1, "device": "cpu", "gpus": 2, "save_steps": 7}


def _reordered(config):
    for section in list(config):
        value = config.pop(section)
        config[section] = dict(reversed(value.items())) if isinstance(value, dict) else value


NOTHING = {
    "no change": lambda config: None,
    "runtime": _runtime,
    "order of keys": _reordered,
    "another spelling of a number": lambda config: config["networks"]["nl"].update(lr=3.0e-4),
    "settings of a re-ranking that is not asked for": lambda config: config["evaluation"].update(rerank_k1=7),
    "a default written out": lambda config: config["occlusion"].update(tau=0.890, reference="mean"),
    "the splits as a word": lambda config: config.update(splits="all"),
    "a completion that no variant names": lambda config: config["completions"].update(
        copy={"method": "copy"}
    ),
    "a network that no variant names": lambda config: config["networks"].update(
        other=config["networks"]["nl"]
    ),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_runs_again(finished, name):
    with finished.changed(NOTHING[name]):
        assert finished.planned() == {}


CHANGES = {
    "threshold": (
        lambda config: config["occlusion"].update(threshold="fixed", tau=0.5),
        {"score_occlusion"} | AFTER_SCORES,
    ),
    "lr of the re-ID network": (
        lambda config: config["networks"]["nl"].update(lr=1e-3),
        {"train_reid", "draw_training_reid", "embed"} | AFTER_EMBEDDING,
    ),
    "STCnet": (
        lambda config: config["stcnet"].update(iterations=4),
        {"train_stcnet", "draw_training_stcnet", "restore_dataset"} | AFTER_RESTORATION,
    ),
    "embedding": (
        lambda config: config["evaluation"].update(test_clip=4),
        {"embed"} | AFTER_EMBEDDING,
    ),
    "frames of the test": (
        lambda config: config["evaluation"].update(test_frames=4),
        {"embed"} | AFTER_EMBEDDING,
    ),
    "protocol": (
        lambda config: config["evaluation"].update(protocol="official"),
        AFTER_EMBEDDING,
    ),
    "re-ranking": (
        lambda config: config["evaluation"].update(rerank=True),
        AFTER_EMBEDDING,
    ),
    "bootstrap": (
        lambda config: config["evaluation"].update(bootstrap=200),
        AFTER_COMPARISON | {"measure_completion", "compare_completions"},
    ),
    "share of a third that counts as hidden": (
        lambda config: config["evaluation"].update(hidden_share=0.4),
        # The completion discard has oracle masks here.
        {"measure_shares", "draw_scores", "draw_flags", "measure_localisation", "restore_dataset", "embed"}
        | MEASURED
        | AFTER_EMBEDDING,
    ),
    "order of variants": (lambda config: config["variants"].reverse(), AFTER_COMPARISON | {"draw_cmc"}),
    "one more variant": (
        lambda config: config["variants"].append({"network": "guider", "train": "raw", "test": "clean"}),
        {"embed"} | AFTER_EMBEDDING,
    ),
    "a variant trained on two data sets": (
        lambda config: config["variants"].append({"network": "nl", "train": "raw+stcnet", "test": "raw"}),
        {"train_reid", "draw_training_reid", "embed"} | AFTER_EMBEDDING,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_runs_what_depends_on_it(finished, name):
    change, expected = CHANGES[name]
    with finished.changed(change):
        assert set(finished.planned()) == expected


def test_training_on_two_data_sets_reads_both(finished):
    with finished.changed(CHANGES["a variant trained on two data sets"][0]):
        shown = finished.snakemake("--dry-run", "--printshellcmds").stdout
    run = "results/tiny/split~0/seed~0"
    assert f"--store results/tiny/tracklets.h5 {run}/completion~stcnet/tracklets.h5 " in shown
    assert f"--model {run}/train~raw+stcnet/reid~nl/model.json" in shown


def test_change_of_one_variant_leaves_the_others(finished):
    """STCnet concerns one of three variants, and the re-ID network two of them."""
    with finished.changed(lambda config: config["stcnet"].update(iterations=4)):
        assert finished.planned()["evaluate"] == 1
    with finished.changed(lambda config: config["networks"]["nl"].update(lr=1e-3)):
        assert finished.planned()["evaluate"] == 2


EDITS = {
    "stcnet_lib/localisation/scores.py": {"score_occlusion"} | AFTER_SCORES,
    "stcnet_lib/completion/game/discriminators.py": {
        "train_stcnet",
        "draw_training_stcnet",
        "restore_dataset",
    }
    | AFTER_RESTORATION,
    "stcnet_lib/evaluation/statistics.py": AFTER_COMPARISON | {"measure_completion", "compare_completions"},
    "workflow/scripts/draw_cmc.py": {"draw_cmc", "all"},
    "stcnet_lib/reid/blocks/non_local.py": {"train_reid", "draw_training_reid", "embed"} | AFTER_EMBEDDING,
    "stcnet_lib/reid/heads/attention.py": set(),  # which no network has
}


@pytest.mark.parametrize("file", EDITS)
def test_edited_code_runs_its_stage_and_what_follows(finished, file):
    with finished.edited(file, "\n_EDITED = True\n"):
        assert set(finished.planned()) == EDITS[file]
    assert finished.planned() == {}  # the edit is undone


def test_code_of_stcnet_never_retrains_the_guider(finished):
    with finished.edited("stcnet_lib/completion/stcnet/generators.py", "\n_EDITED = True\n"):
        planned = finished.planned()
    assert "train_stcnet" in planned
    assert not {"pretrain_guider", "extract_features", "score_occlusion", "train_reid"} & set(planned)


def test_a_trained_guider_is_tracked_with_the_kinds_that_it_is_built_of(finished):
    shutil.copytree(finished.folder / "results/tiny/split~0/seed~0/guider", finished.folder / "trained")
    with finished.changed(lambda config: config.update(trained_guider="trained/model.json")):
        shown = finished.snakemake("--dry-run").stdout
    (inputs,) = re.findall(r"rule use_guider:\n +input: (.*)", shown)
    parts = re.findall(r"stcnet_lib/reid/(?:backbones|blocks|heads)/(\w+).py", inputs)
    assert sorted(parts) == ["average", "resnet"]


@pytest.mark.parametrize(
    "file", ["stcnet_lib/config/parts.py", "stcnet_lib/common/progress.py", "workflow/library.py"]
)
def test_untracked_code_runs_nothing(finished, file):
    with finished.edited(file, "\n_EDITED = True\n"):
        assert finished.planned() == {}


def test_a_checkout_runs_nothing(finished):
    """Git gives files a new time and the old content."""
    for path in [*finished.folder.glob("stcnet_lib/**/*.py"), *finished.folder.glob("workflow/**/*.*")]:
        os.utime(path)
    assert finished.planned() == {}


def test_a_lost_result_is_made_again_without_its_sources(finished):
    folder = finished.folder / "results/tiny/figures"
    kept = finished.folder / "kept"
    shutil.move(folder / "cmc.svg", kept)
    try:
        assert set(finished.planned()) == {"draw_cmc", "all"}
    finally:
        shutil.move(kept, folder / "cmc.svg")
