"""A configuration that cannot be used ends Snakemake before any job, with one line a problem."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.workflow


def _two_mistakes(config):
    config["occlusion"]["tau"] = "high"
    config["stcnet"]["iteration"] = 5


BAD = {
    "typo": (
        lambda config: config["guider"].update(epoch=5),
        ["guider.epoch: unknown key, wanted one of"],
    ),
    "wrong type": (
        lambda config: config["stcnet"].update(iterations="many"),
        ["stcnet.iterations: got 'many', wanted"],
    ),
    "clip too long": (
        lambda config: config["networks"]["nl"].update(clip_length=1000),
        ["networks.nl.clip_length: got 1000, wanted at most"],
    ),
    "threshold outside": (
        lambda config: config["occlusion"].update(tau=1.5),
        ["occlusion.tau: got 1.5, wanted at most 1"],
    ),
    "no such folder": (
        lambda config: config["dataset"].update(layout="folder", root="no/such/folder"),
        ["dataset.root: got 'no/such/folder', wanted an existing folder"],
    ),
    "no such weights": (
        lambda config: config["guider"].update(pretrained="weights.safetensors"),
        ["guider.pretrained: got 'weights.safetensors', wanted"],
    ),
    "unknown variant": (
        lambda config: config["variants"].append({"network": "nl", "train": "raw", "test": "stcnett"}),
        ["variants.3.test: got 'stcnett', wanted one of"],
    ),
    "unknown network": (
        lambda config: config["variants"].append({"network": "nonlocal", "train": "raw", "test": "raw"}),
        ["variants.3.network: got 'nonlocal', wanted one of"],
    ),
    "missing section": (lambda config: config.pop("dataset"), ["dataset: got nothing, wanted a value"]),
    "two problems": (
        _two_mistakes,
        ["occlusion.tau: got 'high', wanted", "stcnet.iteration: unknown key, wanted one of"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_configuration_is_one_line_a_problem_and_no_job(untouched, name):
    change, expected = BAD[name]
    with untouched.changed(change):
        result = untouched.snakemake()
    assert result.returncode != 0
    lines = result.stdout.split("the configuration cannot be used:\n")[1].splitlines()
    assert len(lines) == len(expected), lines
    for text in expected:
        assert any(line.startswith(text) for line in lines), lines
    assert not (untouched.folder / "results").exists()
