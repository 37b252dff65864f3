"""The median fills in the place of STCnet exactly where the network has shown no skill, and says so."""

import json
import logging

import pandas as pd
import pytest
from stores import flag_file
from test_restoration import TINY, run, some_flags

from stcnet_lib.completion.fallback import choose
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.config import CompletionConfig, ConfigError, ReferencesConfig, load_config
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.evaluation.controls import completions_made
from stcnet_lib.reid.files import save_model
from stcnet_lib.report.tables.skills import skill_lines
from workflow.scripts import restore_dataset

ASKED = CompletionConfig(method="stcnet", fallback="median", align=True)
RULE = ReferencesConfig(references="region", reference_margin=1)


def network(value, validation=0.1):
    """`model.json` of a network with this skill."""
    skill = None if value is None else {"skill": value, "interval": [value - 0.1, value + 0.1]}
    return {"details": {"settings": {"validation": validation}, "skill": skill}}


@pytest.mark.parametrize(
    ("value", "validation", "method", "why"),
    [
        (0.2, 0.1, "stcnet", None),
        (0.0001, 0.1, "stcnet", None),
        (0.0, 0.1, "median", "skill +0.000 [−0.100, +0.100] over the median is not above 0"),
        (-0.3, 0.1, "median", "skill −0.300 [−0.400, −0.200] over the median is not above 0"),
        (None, 0.1, "median", "skill unknown: there were too few people to hold some out"),
        (None, 0.0, "stcnet", "skill unknown: the network was trained with validation 0, so it stays"),
    ],
)
def test_the_median_fills_where_there_is_no_skill(value, validation, method, why):
    found = choose(ASKED, network(value, validation))
    assert (found.config.method, found.why) == (method, why)
    assert found.config.align, "all other settings stay"
    # Nothing of this without the setting, and nothing for other methods.
    literal = ASKED.model_copy(update={"fallback": "none"})
    assert choose(literal, network(value, validation)) == (literal, None)
    copies = CompletionConfig(method="copy")
    assert choose(copies, None) == (copies, None)


def test_only_a_network_falls_back():
    values = {"dataset": {"name": "w", "layout": "walkers"}}
    for method in ("copy", "median", "spatial", "discard"):
        with pytest.raises(ConfigError, match=r"fallback: got 'median', wanted 'none'"):
            load_config(values | {"completions": {"c": {"method": method, "fallback": "median"}}})
    load_config(values | {"completions": {"c": {"method": "stcnet", "fallback": "median"}}})


@pytest.mark.parametrize("value", [-0.1, 0.1])
def test_the_command_fills_and_says_so(store_path, tmp_path, monkeypatch, caplog, value):
    flags = some_flags(store_path, (1, 1), (8, 2))
    flag_file(tmp_path / "occlusion.parquet", store_path, flags)
    details = network(value)["details"]
    save_model(
        tmp_path / "model.json",
        "stcnet",
        STCnet(TINY.network),
        TINY.network.canonical_json(),
        2,
        details,
    )
    arguments = {
        "config": ASKED.canonical_json(), "store": store_path, "scores": tmp_path / "occlusion.parquet",
        "stcnet": tmp_path / "model.json", "references": RULE.canonical_json(),
        "completed": tmp_path / "completed.h5", "regions": tmp_path / "regions.parquet",
        "summary": tmp_path / "restoration.json", "completion": "mine", "split": 0, "seed": 7,
    }  # fmt: skip
    monkeypatch.setattr("sys.argv", ["restore", *(f"--{name}={value}" for name, value in arguments.items())])
    monkeypatch.delenv("STCNET_RUNTIME", raising=False)
    with caplog.at_level(logging.INFO):
        restore_dataset.main()
    said = json.loads((tmp_path / "restoration.json").read_text())
    used, pixels = ("stcnet", "temporal") if value > 0 else ("median", "median")
    assert (said["method"], said["method_used"], said["stcnet"]) == ("stcnet", used, "default")
    assert (said["completion"], said["split"], said["seed"]) == ("mine", 0, 7)
    assert said["skill"]["skill"] == value
    assert set(pd.read_parquet(tmp_path / "regions.parquet")["method"]) == {pixels}
    assert ("median fills: skill −0.100" in caplog.text) == (value < 0)
    if value < 0:
        assert "is not above 0" in said["why"]
        _, wanted, _ = run(store_path, tmp_path, flags, "median", align=True, reference_margin=1)
        with TrackletStore(tmp_path / "completed.h5") as done:
            for number in range(done.num_frames):
                assert done.read_bytes(number) == wanted.read_bytes(number)
    else:
        assert said["why"] is None


def said(value, name="default", seed=0, **more):
    found = {"method": "stcnet", "method_used": "stcnet", "why": None, "stcnet": name, "masks": "predicted"}
    found |= {"completion": "stcnet", "split": 0, "seed": seed}
    return found | {"skill": network(value)["details"]["skill"]} | more


def test_pages_say_what_was_filled_by_what():
    fell = {"method_used": "median", "why": choose(ASKED, network(-0.2)).why}
    copied = {"completion": "copy", "method": "copy", "stcnet": None, "masks": "predicted"}
    lines = skill_lines([said(-0.2, **fell), copied])
    assert lines[0].startswith("STCnet: skill −0.200 [−0.300, −0.100] over the median of the visible frames")
    assert lines[1] == f"stcnet was filled by the median, not by STCnet: {fell['why']}"
    several = [said(0.1), said(-0.2, seed=1, **fell), said(0.3, "other", seed=1, completion="other")]
    lines = skill_lines(several)
    assert lines[0].startswith("STCnet: skill −0.200 to +0.100 (2 runs) over the median")
    assert lines[1].startswith("the network other: skill +0.300 [+0.200, +0.400] over")
    assert lines[2].startswith("stcnet was filled by the median in 1 of 2 runs, not by STCnet: skill −0.200")
    gathered = said(0.2) | {"completion": "gather", "method": "gather", "stcnet": None}
    assert skill_lines([gathered])[0].startswith("Gathering: skill +0.200")
    assert skill_lines(None) == []
    assert skill_lines([copied]) == []


def test_a_completion_that_fell_back_is_not_called_stcnets():
    """Else the median would be compared with itself as if it were the network."""
    made = completions_made([said(-0.2, method_used="median")])
    assert not made["stcnet"].restores
    assert completions_made([said(0.2)])["stcnet"].restores
