"""The named sizes: every overlay of workflow/presets can be used, and makes what it promises."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from snakemake.utils import update_config

from stcnet_lib.config import Config, load_config
from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.data.truth import hidden_thirds
from stcnet_lib.walkers.dataset import list_tracklets, write_walkers
from stcnet_lib.walkers.tracklet import render_tracklet

PRESETS = sorted(path.stem for path in Path("workflow/presets").glob("walkers_*.yaml"))

STREET = {
    "train_identities",
    "test_identities",
    "frames",
    "occluded_tracklets",
    "events",
    "event_frames",
    "turns",
    "looks",
    "approach",
    "box_drift",
    "box_jumps",
    "jump_size",
    "cut_off",
    "bystanders",
}


def overlaid(preset: str) -> Config:
    """config.yaml with an overlay, merged as Snakemake merges them."""
    values = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))
    update_config(values, yaml.safe_load(Path(f"workflow/presets/{preset}.yaml").read_text(encoding="utf-8")))
    return load_config(values)


def longest_hidden(preset: str, count: int) -> tuple[np.ndarray, float]:
    """(count,) share of frames in which the most hidden third is hidden, if occluded at all; and the cap."""
    walkers = overlaid(preset).dataset.walkers.model_copy(update={"occluded_tracklets": 1.0})
    jobs = list_tracklets(walkers)
    chosen = [jobs[i] for i in np.random.default_rng(0).choice(len(jobs), count, replace=False)]
    tracklets = [render_tracklet(walkers, job.identity, job.camera, job.index) for job in chosen]
    hidden = np.stack([hidden_thirds(t.occluder, t.person).mean(axis=0) for t in tracklets])
    return hidden.max(axis=1), walkers.most_hidden


def test_every_size_is_here():
    assert PRESETS == [
        "walkers_fresh_a",
        "walkers_fresh_b",
        "walkers_hard",
        "walkers_large",
        "walkers_street",
        "walkers_tiny",
        "walkers_unseen_cameras",
        "walkers_validation",
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_an_overlay_makes_a_configuration_with_a_folder_of_its_own(preset):
    config = overlaid(preset)
    assert config.dataset.name == preset
    assert config.dataset.layout == "walkers"
    assert config.networks["nl"].non_local
    assert not config.guider.non_local
    # Guider and network differ in the non-local blocks alone, or their rows could not be compared.
    # But for its length, which the guider's scores need.
    same = {"non_local": True, "epochs": config.networks["nl"].epochs}
    assert config.networks["nl"] == config.guider.model_copy(update=same)
    assert config.guider.pretrained == "none", "a preset must not need a download"


@pytest.mark.parametrize("preset", PRESETS)
def test_an_overlay_says_what_it_is_for_and_how_to_call_it(preset):
    text = Path(f"workflow/presets/{preset}.yaml").read_text(encoding="utf-8")
    comment = text[: text.index("\ndataset:")]
    assert all(line.startswith("#") for line in comment.strip().splitlines())
    assert f"make run CONFIG=workflow/presets/{preset}.yaml" in comment
    assert f"--configfile workflow/presets/{preset}.yaml" in comment


def test_the_variants_of_the_benchmark_change_the_data_and_the_cap_that_follows_them():
    embedded = load_config(yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8")))
    for preset, keys, most_flagged in (
        ("walkers_hard", {"event_frames", "most_hidden"}, 0.7),
        ("walkers_unseen_cameras", {"unseen_test_cameras"}, 0.5),
        ("walkers_validation", {"seed"}, 0.5),
        ("walkers_fresh_a", {"seed"}, 0.5),
        ("walkers_fresh_b", {"seed"}, 0.5),
        ("walkers_street", STREET, 0.5),
    ):
        config = overlaid(preset)
        # A cap on the flags below the longest events would leave hidden what the scores find.
        assert most_flagged == max(0.5, config.dataset.walkers.most_hidden)
        changed = {"most_flagged": most_flagged}
        completions = dict(embedded.completions)
        if preset == "walkers_street":  # treated as real data are
            changed |= {"scores": "planted", "false_flags": 0.02}
            judged = {"align": True, "least_confidence": 0.5}
            for name in ("stcnet", "median", "copy"):
                completions[name] = completions[name].model_copy(update=judged)
        occlusion = embedded.occlusion.model_copy(update=changed)
        others = {"dataset": config.dataset, "occlusion": occlusion, "completions": completions}
        wanted = embedded.model_copy(update=others)
        assert config == wanted
        walkers, usual = config.dataset.walkers.model_dump(), embedded.dataset.walkers.model_dump()
        assert {key for key in usual if walkers[key] != usual[key]} == keys


def test_the_default_keeps_the_mean_of_a_tracklet_clean_and_hard_does_not():
    usual, cap = longest_hidden("walkers_unseen_cameras", 40)  # occluders as in config.yaml
    assert cap == 0.4
    assert 0 < usual.min() <= usual.max() <= cap + 1e-12
    hard, cap = longest_hidden("walkers_hard", 40)
    assert cap == 0.7
    assert hard.max() <= cap + 1e-12
    assert (hard >= 0.45).mean() > 0.6  # measured: 0.92 of 240
    assert (hard > 0.5).mean() > 0.4


def test_every_seed_is_another_world():
    worlds = ("walkers_validation", "walkers_fresh_a", "walkers_fresh_b", "walkers_hard")
    seeds = [overlaid(preset).dataset.walkers.seed for preset in worlds]
    assert seeds == [1, 101, 102, 0]


def test_little_is_hidden_on_the_street():
    """60 test tracklets, drawn with seed 0. Of all 240: 7.9 % of the thirds, in 48 % of the tracklets."""
    walkers = overlaid("walkers_street").dataset.walkers
    jobs = [job for job in list_tracklets(walkers) if job.role == Role.QUERY]
    chosen = [jobs[i] for i in np.random.default_rng(0).choice(len(jobs), 60, replace=False)]
    tracklets = [render_tracklet(walkers, job.identity, job.camera, job.index) for job in chosen]
    hidden = np.stack([hidden_thirds(t.occluder, t.person) for t in tracklets])
    assert 0.05 < hidden.mean() < 0.1
    assert 0.35 < hidden.any(axis=(1, 2)).mean() < 0.6


def test_tiny_is_a_hundredth_of_the_default(tmp_path):
    pixels = {
        preset: len(list_tracklets(walkers)) * walkers.frames * walkers.height * walkers.width
        for preset in PRESETS
        for walkers in [overlaid(preset).dataset.walkers]
    }
    assert pixels["walkers_tiny"] * 100 < pixels["walkers_hard"] < pixels["walkers_large"] / 10
    paths = [tmp_path / name for name in ("tracklets.h5", "truth.h5", "integrity.json")]
    report = write_walkers(overlaid("walkers_tiny").dataset, *paths)
    assert report["tracklets"] == 32
    assert report["splits"]["train"]["hidden_regions"] > 0 < report["splits"]["test"]["hidden_regions"]
    assert sum(path.stat().st_size for path in paths) < 10e6


def test_unseen_cameras_are_unseen_in_what_is_written():
    jobs = list_tracklets(overlaid("walkers_unseen_cameras").dataset.walkers)
    seen, unseen = ({job.camera for job in jobs if job.role == role} for role in (1, 2))
    assert len(seen) == len(unseen) == 3
    assert not seen & unseen
