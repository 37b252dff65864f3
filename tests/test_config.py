"""The configuration: its defaults are the paper's, its errors name key, what was got, what was wanted."""

import json
import re
from pathlib import Path
from typing import Literal

import pytest
import yaml
from snakemake.utils import update_config

from stcnet_lib.config import (
    CompletionNetworkConfig,
    Config,
    ConfigError,
    EvaluationConfig,
    OcclusionConfig,
    ReferencesConfig,
    ReIDConfig,
    Section,
    StcnetConfig,
    load_config,
    parse_section,
)
from stcnet_lib.config.kinds import NETWORKS, NetworkKind, parse_network
from stcnet_lib.data.truth import HIDDEN_SHARE

MINIMAL = {"dataset": {"name": "w", "layout": "walkers"}}

# What follows `paper:` where it names no value.
NO_VALUE = ("silent", "both", "these", "flips", "either", "one")
RAW = {"network": "nl", "train": "raw", "test": "raw"}


def embedded() -> dict:
    return yaml.safe_load(Path("config.yaml").read_text())


def lines_of(values) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(values)
    return str(caught.value).splitlines()


def test_the_defaults_are_the_papers():
    config = load_config(MINIMAL)
    reid = config.networks["nl"]
    assert (reid.backbone.kind, reid.height, reid.width, reid.clip_length) == ("resnet50", 256, 128, 4)
    assert (reid.batch, reid.lr, reid.weight_decay, reid.epochs) == (32, 3e-4, 5e-4, 150)
    assert (reid.lr_step, reid.lr_gamma, reid.schedule) == (50, 0.1, "step")
    assert reid.non_local
    assert not config.guider.non_local
    assert (config.occlusion.tau, config.occlusion.threshold, config.occlusion.reference) == (
        0.89,
        "fixed",
        "mean",
    )
    assert (config.stcnet.lambda_adversarial, config.stcnet.lambda_guider) == (0.001, 0.1)
    assert (config.stcnet.height, config.stcnet.width, config.stcnet.lr) == (128, 64, 1e-4)
    assert (config.stcnet.attention_scale, config.stcnet.position_code) == (1.0, 0.0)


def fields(section: Section):
    for name in type(section).model_fields:
        value = getattr(section, name)
        yield name, value
        for part in (
            value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        ):
            if isinstance(part, Section):
                yield from ((f"{name}.{inner}", v) for inner, v in fields(part))


def test_config_yaml_writes_out_every_value_with_a_comment():
    text = Path("config.yaml").read_text().splitlines()
    load_config(embedded())
    for section, values in embedded().items():
        model = Config.model_fields[section].annotation
        if isinstance(model, type) and issubclass(model, Section):
            assert set(values) == set(model.model_fields), section
    # The network `nl` repeats the guider's keys, so its values need no comments of their own.
    documented = text[: text.index("    backbone: resnet18")]
    uncommented = [
        line
        for line in documented
        if ": " in line and "#" not in line and "{" not in line and not line.startswith(("  - ", "dataset"))
    ]
    assert not uncommented


@pytest.mark.parametrize(
    ("path", "value", "wanted"),
    [
        ("occlusion.tau", 1.5, "occlusion.tau: got 1.5, wanted at most 1.0"),
        ("occlusion.tau", -2, "occlusion.tau: got -2, wanted at least -1.0"),
        ("occlusion.tau", "high", "occlusion.tau: got 'high', wanted a valid number"),
        ("occlusion.taw", 0.5, "occlusion.taw: unknown key"),
        ("guider.clip_length", 1000, "guider.clip_length: got 1000, wanted at most 64"),
        ("guider.epochs", True, "guider.epochs: got True"),
        ("guider.pretrained", "missing.pth", "guider.pretrained: got 'missing.pth'"),
        ("dataset.layout", "mrs", "dataset.layout: got 'mrs', wanted one of"),
        ("dataset.name", "a/b", "dataset.name: got 'a/b'"),
        ("dataset.walkers.events", [3, 1], "dataset.walkers.events: the least (3) is above the most (1)"),
        ("stcnet.height", 130, "stcnet.height: got 130, wanted a multiple of 4"),
        ("stcnet.lr", float("nan"), "stcnet.lr: got nan"),
        ("seeds", 3, "seeds: got 3, wanted a list, such as [3]"),
        ("seeds", "[0,1", "seeds: got '[0,1', wanted a list, such as [0, 1]"),
        ("splits", 1, "splits: got 1, wanted a list, such as [1]"),
        ("evaluation.ranks", 5, "evaluation.ranks: got 5, wanted a list, such as [5]"),
        ("seeds", "1e3", "seeds: got '1e3', wanted a list, such as [1000]"),
        ("seeds", "three", "seeds: got 'three', wanted a list, such as [0]"),
        ("stcnet.betas", "0.5 0.9", "stcnet.betas: got '0.5 0.9', wanted a list, such as [0.5, 0.9]"),
        ("stcnet.dilations", 2, "stcnet.dilations: got 2, wanted a list, such as [2]"),
        ("dataset.video.classes", 1, "dataset.video.classes: got 1, wanted a list, such as [1]"),
        ("variants", "raw", "variants: got 'raw', wanted a list"),
        (
            "variants",
            [{"network": "nl", "train": "rwa", "test": "raw"}],
            "variants.0.train: got 'rwa', wanted one of",
        ),
        ("networks", {"guider": {}, "nl": {}}, "networks: got 'guider', wanted another name"),
        ("guider.non_local", True, "guider.non_local: got true, wanted false: the guider gives features of"),
        (
            "guider.blocks",
            "squeeze",
            "guider.blocks: got 'squeeze', wanted null: the guider gives features of",
        ),
        (
            "guider.backbone",
            {"kind": "i3d", "of": "resnet18"},
            "guider.backbone: got 'i3d', wanted one of single frames: the guider gives features of",
        ),
        ("networks.nl.head", "mean", "networks.nl.head: got 'mean', wanted one of 'attention', 'average'"),
        (
            "networks.nl.triplet",
            {"tracklets": 3},
            "networks.nl.batch: got 8, wanted a multiple of the 3 tracklets of a person",
        ),
        ("gather.height", 60, "gather.height: got 60, wanted a multiple of 8"),
        ("completions.g", {"method": "gather"}, "completions.g.masks: got 'predicted', wanted pixels or"),
        (
            "completions.g",
            {"method": "gather", "masks": "oracle_pixels"},
            "completions.g.method: got 'gather', wanted another one, or 'pixels' for occlusion.masks",
        ),
        ("stcnet.dilations", [0], "stcnet.dilations.0: got 0, wanted at least 1"),
        ("stcnet.dilations", [2, -4], "stcnet.dilations.1: got -4, wanted at least 1"),
        ("stcnet.window", 5, "stcnet.window: got 5, wanted 0: a network of kind 'stcnet' chooses two"),
        ("stcnet.temporal", "autoencoder", "stcnet.synthesis: got 'blend', wanted 'decoder': an autoencoder"),
        (
            "stcnets",
            {"w": {"kind": "stcnet3d", "dilations": [1], "time_dilations": [1, 2]}},
            "stcnets.w.time_dilations: got 2 rates, wanted 1, as many as dilations",
        ),
        ("stcnets", {"w": {"kind": "stcnet3d", "window": 1}}, "stcnets.w.window: got 1, wanted at least 2"),
        ("stcnets", {"w": {"kind": "glcic", "window": 3}}, "stcnets.w.window: got 3, wanted at most 1"),
        (
            "stcnets",
            {"w": {"kind": "context_encoder", "height": 72}},
            "stcnets.w.height: got 72, wanted a multiple of 16",
        ),
        ("stcnet.betas", [1.5, 0.9], "stcnet.betas.0: got 1.5, wanted less than 1.0"),
        ("stcnet.betas", [0.5, 1.0], "stcnet.betas.1: got 1.0, wanted less than 1.0"),
        ("stcnet.adversarial", "saturated", "stcnet.adversarial: got 'saturated', wanted one of"),
        ("evaluation.ranks", [], "evaluation.ranks: got [], wanted at least 1 entry"),
        ("evaluation.ranks", [1, 1], "evaluation.ranks: got [1, 1], wanted each rank once"),
        ("seeds", [], "seeds: got [], wanted at least 1 entry"),
        ("seeds", [3, 3], "seeds: got [3, 3], wanted each number once"),
        ("splits", [0, 0], "splits: got [0, 0], wanted each number once"),
        ("stcnet.dilations", [True], "stcnet.dilations: got [True], wanted another kind of value"),
        ("stcnets", {"far": {"dilations": [0]}}, "stcnets.far.dilations.0: got 0, wanted at least 1"),
        ("seeds", [-1], "seeds.0: got -1, wanted at least 0"),  # and not that the list is too short
        ("seeds", [False], "seeds: got [False], wanted another kind of value"),
        ("splits", [3], "splits: got [3], wanted [0]: the layout walkers has one split"),
        ("variants", [RAW, RAW], "variants.1: got the row of variants.0 again, wanted each once"),
        ("variants", [RAW | {"train": "raw+raw"}], "variants.0.train: got 'raw+raw', wanted each data set"),
        ("completions.discard.references", "frame", "completions.discard.references: got 'frame', wanted"),
    ],
)
def test_a_bad_value_is_one_line_with_key_got_and_wanted(path, value, wanted):
    values = embedded()
    *parents, key = path.split(".")
    section = values
    for parent in parents:
        section = section[parent]
    section[key] = value
    lines = lines_of(values)
    assert len(lines) == 1, lines
    assert lines[0].startswith(wanted), lines[0]


def test_batches_that_gpus_cannot_share_are_all_named():
    lines = lines_of(embedded() | {"runtime": {"gpus": 3}})
    assert [line.split(":")[0] for line in lines] == ["networks.nl.batch", "stcnet.batch", "guider.batch"]
    assert lines[0].endswith("got 8, wanted a multiple of the 3 GPUs of a training (runtime.gpus)")
    load_config(embedded() | {"runtime": {"gpus": 4}})


def test_gpus_share_the_people_of_a_batch():
    values = MINIMAL | {
        "networks": {"nl": {"batch": 8, "triplet": {"tracklets": 4}}},
        "guider": {"batch": 8},
        "stcnet": {"batch": 8},
    }
    load_config(values | {"runtime": {"gpus": 2}})
    (line,) = lines_of(values | {"runtime": {"gpus": 4}})
    assert line.startswith("networks.nl.triplet.tracklets: got 4, wanted one that leaves 4 GPUs")
    assert line.endswith("equal shares of the 2 people of a batch")


def test_a_network_is_like_another_one_but_for_what_it_says():
    networks = {
        "nl": {"epochs": 3, "lr": 0.01},
        "max": {"like": "nl", "head": "max"},
        "longer": {"like": "max", "epochs": 9},
        "squeezed": {"like": "nl", "blocks": "squeeze"},
        "plain": {"like": "squeezed", "blocks": None, "non_local": False},
    }
    found = load_config(MINIMAL | {"networks": networks}).networks
    assert found["max"] == ReIDConfig(epochs=3, lr=0.01, head="max")
    assert found["longer"] == ReIDConfig(epochs=9, lr=0.01, head="max")
    assert found["squeezed"] == ReIDConfig(epochs=3, lr=0.01, blocks="squeeze")
    assert found["plain"] == ReIDConfig(epochs=3, lr=0.01, non_local=False)


@pytest.mark.parametrize(
    ("networks", "lines"),
    [
        (
            {"nl": {}, "a": {"like": "nll"}},
            ["networks.a.like: got 'nll', wanted one of 'nl' (did you mean 'nl'?)"],
        ),
        ({"nl": {}, "a": {"like": "a"}}, ["networks.a.like: got 'a', wanted one of 'nl'"]),
        (
            {"a": {"like": "b"}, "b": {"like": "a"}, "nl": {}},
            [
                "networks.b.like: got 'a', wanted one of 'nl'",
                "networks.a.like: got 'b', wanted one of 'nl'",
            ],
        ),
        ({"nl": {}, "a": {"like": "nl", "epoch": 3}}, ["networks.a.epoch: unknown key, wanted one of "]),
        ({"nl": {}, "a": {"like": ["nl"]}}, ["networks.a.like: got '['nl']', wanted one of 'nl'"]),
        ({"nl": 3, "a": {"like": "nl"}}, ["networks.nl: got 3, wanted keys"]),
    ],
)
def test_a_network_like_none_is_one_line(networks, lines):
    found = lines_of(MINIMAL | {"networks": networks})
    assert len(found) == len(lines)
    for line, wanted in zip(found, lines, strict=True):
        assert line.startswith(wanted)


def test_a_guider_of_which_some_values_are_given_has_no_non_local_blocks():
    assert not load_config(MINIMAL | {"guider": {"height": 128}}).guider.non_local


def test_a_trained_guider_is_looked_at_before_any_job(tmp_path):
    path = tmp_path / "model.json"
    for config in ({"non_local": True}, {}):
        path.write_text(json.dumps({"kind": "reid", "config": config}))
        (line,) = lines_of(MINIMAL | {"trained_guider": str(path)})
        assert line.startswith(f"trained_guider: got '{path}' with blocks, wanted one without")
    path.write_text(json.dumps({"kind": "stcnet", "config": {}}))
    (line,) = lines_of(MINIMAL | {"trained_guider": str(path)})
    assert line.startswith(f"trained_guider: got '{path}' of kind 'stcnet', wanted")
    of_clips = {"non_local": False, "backbone": {"kind": "i3d", "of": "resnet18"}}
    path.write_text(json.dumps({"kind": "reid", "config": of_clips}))
    (line,) = lines_of(MINIMAL | {"trained_guider": str(path)})
    assert line == f"trained_guider: got '{path}' with a backbone of clips, wanted one of single frames"
    path.write_text(json.dumps({"kind": "reid", "config": {"non_local": False}}))
    assert load_config(MINIMAL | {"trained_guider": str(path)}).trained_guider == str(path)


def test_the_paper_preset_has_every_value_that_the_comments_call_the_papers():
    """`# paper: VALUE` beside a key of config.yaml, against that key once paper.yaml is laid over it."""
    values = embedded()
    update_config(values, yaml.safe_load(Path("workflow/presets/paper.yaml").read_text()))
    config, checked, path = load_config(values).model_dump(), 0, []
    text = re.sub(r"\n +# ", " ", Path("config.yaml").read_text())  # comments that go on in the next line
    for line in text.splitlines():
        found = re.match(r"( *)([a-z_]+): *([^#]*)#(.*)", line) or re.match(r"( *)([\w-]+):()()", line)
        if found is None:
            continue
        path = [*path[: len(found[1]) // 2], found[2]]
        said = re.search(r"paper(?: as printed)?: ([^\s,;)]+)", found[4])
        # Of sections, and of rows in one line, the comments are about more than one value.
        if not said or said[1] in NO_VALUE or found[3][:1] in ("", "{"):
            continue
        value = config
        for key in path:
            value = value[key]
        assert value == yaml.safe_load(said[1]), ".".join(path)
        checked += 1
    assert checked > 40, "the comments are not read"


def test_every_problem_is_reported_at_once_and_typos_get_a_guess():
    lines = lines_of({**MINIMAL, "occlusion": {"tua": 1, "threshold": "otzu"}, "seed": [1]})
    assert len(lines) == 3
    assert any("did you mean 'tau'?" in line for line in lines)
    assert any("did you mean 'seeds'?" in line for line in lines)


def test_a_missing_folder_is_named(tmp_path):
    missing = str(tmp_path / "nowhere")
    (line,) = lines_of({"dataset": {"name": "x", "layout": "folder", "root": missing}})
    assert line == f"dataset.root: got '{missing}', wanted an existing folder"
    load_config({"dataset": {"name": "x", "layout": "folder", "root": str(tmp_path)}})


@pytest.mark.parametrize("written", ["~/crops", "$HOME/crops", "${HOME}/crops"])
def test_paths_are_read_as_a_shell_reads_them(tmp_path, monkeypatch, written):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "crops").mkdir()
    for name in ("weights.pth", "model.json"):
        (tmp_path / "crops" / name).write_bytes(b"")
    values = {
        "dataset": {"name": "x", "layout": "folder", "root": written},
        "trained_guider": f"{written}/model.json",
        "networks": {"nl": {"pretrained": f"{written}/weights.pth"}},
    }
    config = load_config(values)
    assert config.dataset.root == str(tmp_path / "crops")
    assert config.trained_guider == str(tmp_path / "crops/model.json")
    assert config.networks["nl"].pretrained == str(tmp_path / "crops/weights.pth")
    (line,) = lines_of({"dataset": {"name": "x", "layout": "folder", "root": f"{written}/none"}})
    assert line == f"dataset.root: got '{tmp_path}/crops/none', wanted an existing folder"


def test_a_folder_that_has_such_a_name_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~").mkdir()
    assert load_config({"dataset": {"name": "x", "layout": "folder", "root": "~"}}).dataset.root == "~"


def test_rows_that_need_the_truth_are_left_out_of_other_data(tmp_path):
    values = {
        "dataset": {"name": "x", "layout": "folder", "root": str(tmp_path)},
        "completions": {"c": {"method": "copy", "masks": "oracle"}, "d": {"method": "discard"}},
        "variants": [
            {"network": "nl", "train": "clean", "test": "raw"},
            {"network": "nl", "train": "raw", "test": "c"},
            {"network": "nl", "train": "raw", "test": "d"},
        ],
    }
    config = load_config(values)
    assert set(config.completions) == {"d"}
    assert [row.test for row in config.variants] == ["d"]
    walkers = load_config(values | {"dataset": {"name": "w", "layout": "walkers"}})
    assert set(walkers.completions) == {"c", "d"}
    assert len(walkers.variants) == 3


def test_a_variant_may_train_on_several_data_sets(tmp_path):
    rows = [
        {"network": "nl", "train": "raw+d", "test": "d"},
        {"network": "nl", "train": "d+clean", "test": "d"},
    ]
    values = {"dataset": {"name": "w", "layout": "walkers"}, "completions": {"d": {"method": "copy"}}}
    config = load_config(values | {"variants": rows})
    assert [row.trained_on for row in config.variants] == [("raw", "d"), ("d", "clean")]
    own = {"dataset": {"name": "x", "layout": "folder", "root": str(tmp_path)}}
    assert [row.train for row in load_config(values | own | {"variants": rows}).variants] == ["raw+d"]
    wrong = {"completions": {"d+e": {"method": "copy"}}, "variants": [rows[0] | {"train": "raw+e"}]}
    with pytest.raises(ConfigError) as error:
        load_config(values | wrong)
    lines = str(error.value).splitlines()
    assert any(line.startswith("completions: got 'd+e', wanted a name without +") for line in lines)
    assert any(line.startswith("variants.0.train: got 'e', wanted ") for line in lines)


def test_lists_multiply_a_row_out():
    values = {"dataset": {"name": "w", "layout": "walkers"}, "completions": {"d": {"method": "copy"}}}
    rows = [
        {"network": ["guider", "nl"], "train": "raw", "test": ["raw", "d"]},
        {"network": "nl", "train": ["clean", "d"], "test": "clean"},
    ]
    found = load_config(values | {"variants": rows}).variants
    assert [(row.network, row.train, row.test) for row in found] == [
        ("guider", "raw", "raw"),
        ("guider", "raw", "d"),
        ("nl", "raw", "raw"),
        ("nl", "raw", "d"),
        ("nl", "clean", "clean"),
        ("nl", "d", "clean"),
    ]
    for test, line in (
        ([], "variants.0.test: got [], wanted a "),
        (["raw", "d", "raw"], "variants.2: got the row of variants.0 again"),
        (["raw", 3], "variants.1.test: got 3, wanted a "),
    ):
        with pytest.raises(ConfigError) as error:
            load_config(values | {"variants": [rows[0] | {"network": "nl", "test": test}]})
        assert line in str(error.value)


def test_rows_multiplied_out_that_need_the_truth_are_left_out_of_other_data(tmp_path):
    own = {"dataset": {"name": "x", "layout": "folder", "root": str(tmp_path)}}
    rows = [{"network": "nl", "train": "raw", "test": ["clean", "raw"]}]
    assert [row.test for row in load_config(own | {"variants": rows}).variants] == ["raw"]


def test_the_embedded_default_runs_on_own_data(tmp_path):
    values = embedded()
    values["dataset"] |= {"name": "mine", "layout": "folder", "root": str(tmp_path)}
    config = load_config(values)
    assert {row.test for row in config.variants} >= {"raw", "stcnet", "copy"}
    assert "clean" not in {name for row in config.variants for name in (row.train, row.test)}


def test_other_completion_networks_differ_in_what_they_name():
    values = MINIMAL | {"stcnet": {"channels": 8}, "stcnets": {"plain": {"position_code": 0.5}}}
    config = load_config(values | {"completions": {"c": {"method": "stcnet", "stcnet": "plain"}}})
    assert config.stcnet_named("default") == config.stcnet
    assert config.stcnet_named("plain").model_dump() == config.stcnet.model_dump() | {"position_code": 0.5}
    (line,) = lines_of(values | {"stcnets": {"plain": {"position": 1}}})
    assert line.startswith("stcnets.plain.position: unknown key")
    (line,) = lines_of(values | {"completions": {"c": {"method": "stcnet", "stcnet": "plan"}}})
    assert line.startswith("completions.c.stcnet: got 'plan'")


def test_the_parts_of_stcnet_are_its_section():
    """Each setting is in one part; those that several read are size and precision."""
    config = StcnetConfig(height=64, flow=3.0, occlusion_run=4, lambda_guider=0.2, lr=0.01)
    parts = (config.network, config.samples, config.game, config.optimiser)
    names = [name for part in parts for name in type(part).model_fields]
    assert sorted(names) == sorted(StcnetConfig.model_fields)
    assert all(
        getattr(part, name) == getattr(config, name) for part in parts for name in type(part).model_fields
    )
    assert (config.size.height, config.size.width) == (64, 64)


def test_the_order_of_stcnets_keys_stays():
    """Rules track this text, so another order would train everybody's networks again."""
    assert list(json.loads(StcnetConfig(kind="stcnet").canonical_json())) == [
        *("height", "width", "encoder", "channels", "dilations", "output", "temporal", "attention_scale"),
        *("position_code", "reference_features", "synthesis", "upsampling", "blend_choice", "flow"),
        *("references", "reference_margin", "occlusion_run", "two_regions", "validation"),
        *("global_discriminator", "local_discriminator", "local_view", "discriminator_channels"),
        *("adversarial", "guider_loss", "lambda_adversarial", "lambda_guider"),
        *("batch", "iterations", "lr", "betas", "schedule", "precision"),
    ]


def test_windows_are_as_the_kind_of_network_has_them():
    stcnets = {"w": {"kind": "stcnet3d"}, "short": {"kind": "stcnet3d", "window": 4}, "g": {"kind": "glcic"}}
    completions = {name: {"method": "stcnet", "stcnet": name} for name in stcnets}
    completions |= {"stcnet": {"method": "stcnet"}, "copy": {"method": "copy", "stcnet": "w"}}
    config = load_config(MINIMAL | {"stcnets": stcnets, "completions": completions})
    found = {name: config.references_of(name).window for name in completions}
    assert found == {"w": 16, "short": 4, "g": 1, "stcnet": 0, "copy": 0}
    assert "window" not in config.stcnet.canonical_json()  # what was trained before is not trained again
    assert "window" not in config.references_of("copy").canonical_json()


def test_a_network_of_another_kind_has_what_all_kinds_have(monkeypatch):
    class Plain(CompletionNetworkConfig):
        kind: Literal["plain"] = "plain"
        channels: int = 2

    monkeypatch.setitem(NETWORKS, "plain", NetworkKind(Plain, "", ""))
    stcnet = {"channels": 8, "height": 64, "reference_margin": 2, "iterations": 7}
    values = MINIMAL | {"stcnet": stcnet, "stcnets": {"p": {"kind": "plain", "lr": 0.5}}}
    completion = {"method": "copy", "stcnet": "p"}
    config = load_config(values | {"completions": {"c": completion}})
    found = config.stcnet_named("p")
    assert found == Plain(height=64, reference_margin=2, iterations=7, lr=0.5)
    assert parse_network(found.canonical_json()) == found
    assert config.references_of("c").reference_margin == 2
    assert config.references_of("c").window == 0  # copies are chosen
    (line,) = lines_of(values | {"completions": {"c": completion | {"method": "spatial"}}})
    assert line.startswith("completions.c.method: got 'spatial', wanted 'stcnet'")
    (line,) = lines_of(values | {"stcnets": {"p": {"kind": "plane"}}})
    known = ", ".join(f"'{name}'" for name in sorted(NETWORKS))
    assert line == f"stcnets.p.kind: got 'plane', wanted one of {known} (did you mean 'plain'?)"


def test_controls_follow_the_margin_of_their_network():
    values = MINIMAL | {"stcnet": {"reference_margin": 3}, "stcnets": {"near": {"reference_margin": 0}}}
    rows = {"a": {"method": "copy"}, "b": {"method": "copy", "stcnet": "near", "references": "region"}}
    config = load_config(values | {"completions": rows})
    assert config.references_of("a") == ReferencesConfig(reference_margin=3)
    assert config.references_of("b") == ReferencesConfig(references="region")
    (line,) = lines_of(values | {"completions": {"a": {"method": "copy", "reference_margin": 1}}})
    assert line.startswith("completions.a.reference_margin: unknown key")


def test_canonical_json_is_one_text_for_equal_settings():
    first = OcclusionConfig.model_validate({"tau": 0.88, "reference": "mean"})
    second = OcclusionConfig.model_validate({"reference": "mean", "tau": 0.880, "trim": 0.4})
    assert first.canonical_json() == second.canonical_json()
    assert parse_section(OcclusionConfig, first.canonical_json()) == first
    assert (
        ReIDConfig(pretrained="none", lr="3e-4").canonical_json()
        == ReIDConfig(pretrained="none").canonical_json()
    )


def test_sections_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        StcnetConfig().lr = 1.0


def test_the_paper_preset_sets_every_deviation_of_the_embedded_default_back():
    def merged(base: dict, over: dict) -> dict:
        both = base | over
        return both | {k: merged(base[k], v) for k, v in over.items() if isinstance(v, dict) and k in base}

    preset = yaml.safe_load(Path("workflow/presets/paper.yaml").read_text())
    config = load_config(merged(embedded(), preset))
    defaults = load_config(MINIMAL)
    assert config.guider == defaults.guider
    assert config.networks["nl"] == defaults.networks["nl"]
    assert config.stcnet == defaults.stcnet
    assert config.occlusion == defaults.occlusion
    assert config.features == defaults.features
    assert config.completions["stcnet"] == defaults.completions["stcnet"]


@pytest.mark.parametrize("name", ["seeds", "ablations", "frozen"])
def test_an_experiment_fits_over_the_embedded_default(name):
    values = embedded()
    update_config(values, yaml.safe_load(Path(f"workflow/presets/{name}.yaml").read_text()))
    config = load_config(values)
    used = {name for row in config.variants for name in (*row.trained_on, row.test)}
    assert used <= {"raw", "clean", *config.completions}
    for completion in config.completions.values():
        assert config.stcnet_named(completion.stcnet)
    if name == "ablations":  # every network is set apart from the default, and is tested
        assert {config.completions[row].stcnet for row in used - {"raw", "clean"}} >= set(config.stcnets)
        assert all(config.stcnet_named(other) != config.stcnet for other in config.stcnets)


@pytest.mark.parametrize(
    ("key", "got"), [("betas", 0.5), ("betas", "[0.5"), ("dilations", 0), ("dilations", "2.5")]
)
def test_the_list_that_is_proposed_would_be_accepted(key, got):
    """Brackets around one number are no pair, and a bad number is no better in them."""
    values = embedded()
    values["stcnet"][key] = got
    (line,) = lines_of(values)
    start, proposed = line.split(", such as ")
    assert start == f"stcnet.{key}: got {got!r}, wanted a list"
    values["stcnet"][key] = yaml.safe_load(proposed)
    load_config(values)


def test_rows_are_asked_for_as_rows():
    values = embedded()
    for got, wanted in (("raw", ""), (RAW, f", such as {[RAW]}")):
        values["variants"] = got
        assert lines_of(values) == [f"variants: got {got!r}, wanted a list{wanted}"]


@pytest.mark.parametrize(("key", "got"), [("guider", "nl"), ("networks", ["nl"]), ("variants", ["nl"])])
def test_a_section_is_asked_for_without_the_name_of_a_class(key, got):
    (line,) = lines_of(embedded() | {key: got})
    assert line.endswith("wanted keys with their values, each on a line below it")
    assert line.startswith(key)


@pytest.mark.parametrize(("layout", "scores"), [("walkers", "cosine"), ("folder", "planted")])
def test_automatic_scores_are_cosines_for_walkers_and_detectors_for_others(layout, scores, tmp_path):
    values = embedded()
    assert values["occlusion"]["scores"] == "auto"
    values["dataset"] = {"name": "d", "layout": layout, "root": str(tmp_path) if layout == "folder" else None}
    assert load_config(values).occlusion.scores == scores


def test_alignment_follows_the_data():
    rows = {"copy": {"method": "copy", "align": "auto"}, "median": {"method": "median", "align": False}}
    walkers = load_config({"dataset": {"name": "w", "layout": "walkers"}, "completions": rows})
    assert [walkers.completions[name].align for name in rows] == [False, False]
    folder = load_config({"dataset": {"name": "f", "layout": "folder", "root": "."}, "completions": rows})
    assert [folder.completions[name].align for name in rows] == [True, False]


def test_the_share_from_which_a_third_is_hidden_has_one_value():
    assert EvaluationConfig().hidden_share == HIDDEN_SHARE  # config imports nothing that could say it
