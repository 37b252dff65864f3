"""Presets of real data sets: each over the embedded default, alone and with the paper's settings."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config
from trees import plant

from stcnet_lib.config import Config, ConfigError, OcclusionConfig, ReferencesConfig, load_config

REPOSITORY = Path(__file__).parents[2]
PRESETS = {
    "mars": "mars",
    "ilids_vid": "ilids_vid",
    "prid2011": "prid2011_drawn",
    "duke_video": "duke_video",
    "ls_vid": "ls_vid",
    "occluded_duke_video": "duke_video_old",
}  # and the tree it is tried on
FOLDER = Path("workflow/presets")


def merged(*names: str, root: Path | None) -> Config:
    """config.yaml with presets over it, merged as Snakemake merges them."""
    values = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    for name in names:
        text = (REPOSITORY / FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
        update_config(values, yaml.safe_load(text))
    if root is not None:
        update_config(values, {"dataset": {"root": str(root)}})
    return load_config(values)


def automatic(section):
    """A section without what follows the kind of data by itself (`scores: auto`, `false_flags: auto`)."""
    if not isinstance(section, OcclusionConfig):
        return section
    return section.model_copy(update={"scores": "cosine", "false_flags": 0.01})


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_asks_for_its_folder_and_for_nothing_else(name):
    with pytest.raises(ConfigError, match=r"^dataset\.root: got nothing, wanted the folder of the \w+ data$"):
        merged(name, root=None)


def test_paper_yaml_sets_back_every_value():
    """Whatever config.yaml changes for small data: sections with the paper's defaults are these again."""
    config, defaults = (
        merged("paper", root=None),
        load_config({"dataset": {"name": "w", "layout": "walkers"}}),
    )
    for section in ("guider", "features", "occlusion", "stcnet"):
        assert getattr(config, section) == getattr(defaults, section), section
    assert config.networks["nl"] == defaults.networks["nl"]
    # Every completion has the neighbours of the paper's, controls too.
    for name in config.completions:
        assert config.references_of(name) == ReferencesConfig(), name  # frame, without a margin


@pytest.mark.parametrize("name", PRESETS)
def test_with_paper_yaml_a_preset_has_the_papers_settings_in_either_order(name, tmp_path):
    config = merged("paper", name, root=tmp_path)
    defaults = load_config({"dataset": {"name": "w", "layout": "walkers"}})
    assert config.guider == defaults.guider
    assert config.networks["nl"] == defaults.networks["nl"]
    assert (config.networks["nl"].backbone.kind, config.networks["nl"].epochs) == ("resnet50", 150)
    assert (config.networks["nl"].height, config.networks["nl"].width) == (256, 128)
    assert config.stcnet == defaults.stcnet
    assert config.occlusion == defaults.occlusion
    assert config.occlusion.tau == 0.89
    assert merged(name, "paper", root=tmp_path) == config
    assert config.dataset.name == name
    assert len(config.splits) == (10 if name in ("ilids_vid", "prid2011") else 1)
    assert (config.evaluation.protocol == "query-in-gallery") == (name == "mars")
    # The three tests of the paper: baseline, non-local network, restored data.
    rows = {(row.network, row.train, row.test) for row in config.variants}
    assert rows >= {("guider", "raw", "raw"), ("nl", "raw", "raw"), ("nl", "stcnet", "stcnet")}
    assert not {"clean"} & {data for _, *both in rows for data in both}


@pytest.mark.parametrize("name", PRESETS)
def test_alone_a_preset_changes_data_and_evaluation_only(name, tmp_path):
    config, default = merged(name, root=tmp_path), merged(root=None)
    for section in ("guider", "networks", "features", "occlusion", "stcnet", "runtime", "seeds"):
        assert automatic(getattr(config, section)) == automatic(getattr(default, section)), section


@pytest.mark.parametrize("name", [*PRESETS, "video"])
def test_on_ones_own_data_skill_is_measured_and_a_judge_keeps_back_what_is_worse(name, tmp_path):
    config = merged(name, root=tmp_path)
    assert config.stcnet.validation > 0
    assert config.completions["stcnet"].fallback == "none"  # L1 prefers the median's blur
    assert all(config.completions[method].least_confidence == 0.5 for method in ("stcnet", "median", "copy"))
    # The literal paper measures no skill.
    assert merged("paper", name, root=tmp_path).stcnet.validation == 0


@pytest.mark.parametrize("name", [*PRESETS, "video"])
def test_hidden_pixels_are_laid_over_any_data_set(name, tmp_path):
    config = merged(name, "gather", root=tmp_path)
    assert (config.occlusion.scores, config.occlusion.masks) == ("planted", "pixels")
    assert config.occlusion.pixels.guided
    for row in ("gather", "copy-pixels"):
        found = config.completions[row]
        assert (found.masks, found.align, found.least_confidence) == ("pixels", True, 0.5)
    assert config.completions["gather"].method == "gather"


def test_the_headline_is_of_one_network_that_is_trained_once_and_of_config_yamls_completions():
    config, default = merged("headline", root=None), merged(root=None)
    assert {(row.network, row.train) for row in config.variants} == {("guider", "raw")}
    assert [row.test for row in config.variants] == ["raw", "discard", "copy", "stcnet", "clean"]
    for section in ("dataset", "guider", "occlusion", "stcnet", "completions", "evaluation"):
        assert getattr(config, section) == getattr(default, section)


def test_on_walkers_mask_networks_say_when_as_well_and_no_sprite_is_planted():
    config = merged("pixels", root=None)
    assert (config.occlusion.scores, config.occlusion.threshold) == ("pixels", "fixed")
    assert config.occlusion.probe.plant.things == 1
    masks = {name: row.masks for name, row in config.completions.items() if row.of_pixels}
    assert set(masks.values()) == {"pixels", "oracle_pixels"}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_and_the_manual_name_the_command(name):
    command = f"--configfile workflow/presets/paper.yaml workflow/presets/{name}.yaml"
    assert command in (REPOSITORY / FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert command in (REPOSITORY / "docs/datasets.md").read_text(encoding="utf-8")


@pytest.mark.workflow
@pytest.mark.parametrize("name", PRESETS)
def test_one_command_plans_every_split(untouched, tmp_path, name):
    planted = plant(PRESETS[name], tmp_path / "source")
    overlays = [str(FOLDER / f"{overlay}.yaml") for overlay in ("paper", name)]
    embedded = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    with untouched.changed(lambda config: (config.clear(), config.update(embedded))):
        planned = untouched.planned(
            "--configfile", *overlays, "--config", f"dataset={{root: {planted.root}}}"
        )
    splits = 10 if name in ("ilids_vid", "prid2011") else 1
    per_split = ("pretrain_guider", "extract_features", "score_occlusion", "train_stcnet")
    assert {rule: planned[rule] for rule in per_split} == dict.fromkeys(per_split, splits)
    assert planned["train_reid"] == 2 * splits  # nl on raw and on restored data
    assert planned["restore_dataset"] == 3 * splits  # stcnet, copy, discard
    assert planned["embed"] == planned["evaluate"] == 7 * splits
    assert (planned["prepare_dataset"], planned["compare"]) == (1, 1)
    assert not {"measure_localisation", "measure_completion", "draw_walkers"} & set(planned)


def test_the_networks_of_the_table_differ_from_nl_in_one_thing_each():
    """At any size: the overlay names no other setting, so it follows whatever `nl` is."""
    for size in ((), ("walkers_tiny",), ("paper",)):
        config = merged(*size, "networks", root=None)
        nl = config.networks["nl"]
        others = {name: network for name, network in config.networks.items() if name != "nl"}
        assert len(others) == 12
        for name, network in others.items():
            differing = {key for key in type(nl).model_fields if getattr(network, key) != getattr(nl, key)}
            assert differing in ({"head"}, {"non_local"}, {"non_local", "blocks"}), name
        rows = [(row.network, row.train, row.test) for row in config.variants]
        cells = (("raw", "raw"), ("raw", "copy"), ("raw", "stcnet"), ("raw", "clean"), ("stcnet", "stcnet"))
        assert sorted(rows) == sorted((name, *cell) for name in config.networks for cell in cells)
