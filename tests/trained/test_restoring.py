"""A run put to its own source gives the very frames that the workflow's commands gave."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from runs import PIXELS, PLANTED, TinyRun, write_crops

from stcnet_lib.api import restore_folder
from stcnet_lib.common.compute import Compute
from stcnet_lib.config import CompletionConfig, DatasetConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.detection import write_logits
from stcnet_lib.localisation.flags import flag_table, read_flags
from stcnet_lib.trained import scoring
from stcnet_lib.trained.precision import with_precision
from stcnet_lib.trained.run import open_run

RUNTIME = {"device": "cpu", "threads": 1}
# Of each kind of scores, how the run fills; no piece of a network this small is confidently better.
COMPLETIONS = {
    "planted": {"copy": CompletionConfig(method="copy", least_confidence=0.05, align=True)},
    "pixels": {
        "median": CompletionConfig(method="median", masks="pixels"),
        "gather": CompletionConfig(method="gather", masks="pixels", align=True),
    },
}
KINDS = {"planted": PLANTED, "pixels": PIXELS}


def digests(root: Path) -> dict[str, str]:
    """sha256 of every file below a folder."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module", params=["cosine", *COMPLETIONS])
def run(request, tiny_run, tiny_crops, tmp_path_factory) -> TinyRun:
    """A finished run on the crops, with scores of one kind."""
    if request.param == "cosine":
        return tiny_run
    dataset = DatasetConfig(name="tiny", layout="crops", root=str(tiny_crops))
    made = TinyRun(tmp_path_factory.mktemp(request.param), dataset, KINDS[request.param]).train()
    for name, config in COMPLETIONS[request.param].items():
        if config.least_confidence:
            made.judge(name, config)
        if config.method == "gather":
            made.train_gather()
        made.complete(name, config)
    return made


def assert_same_frames(out: Path, store: Path) -> None:
    """Every frame of a store lies in an export, pixel for pixel."""
    with TrackletStore(store) as completed:
        for frame, source in enumerate(completed.sources(range(completed.num_frames))):
            found = np.asarray(Image.open(out / source))
            np.testing.assert_array_equal(found, completed.read_image(frame), err_msg=source)


def test_its_own_source_becomes_what_the_workflow_made(run, tiny_crops, tmp_path):
    before = digests(tiny_crops)
    for name in COMPLETIONS.get(run.occlusion.scores, ("stcnet", "copy")):
        out = tmp_path / name
        done = restore_folder(tiny_crops, run.folder, out, name, runtime=RUNTIME)
        assert_same_frames(out, run.folder / f"completion~{name}/tracklets.h5")
        made = json.loads((run.folder / f"completion~{name}/restoration.json").read_text())
        with TrackletStore(run.store) as store:
            flags = flag_table(read_flags(run.folder / "occlusion.parquet", store), store.num_frames)
        assert done.frames == store.num_frames
        assert done.flagged == flags.any(1).sum() > 0
        assert done.replaced == made["frames_restored"] > 0
        assert done.left == made.get("frames_left", 0) == done.flagged - done.replaced
    assert digests(tiny_crops) == before, "the source was changed"


def test_an_older_run_is_told_what_it_lacks(tiny_run, tiny_crops, tmp_path):
    """Thresholds of the version before this one did not say what scores they are of."""
    older = tmp_path / "results/tiny/split~0/seed~0"
    shutil.copytree(tiny_run.folder, older)
    values = json.loads((older / "threshold.json").read_text())
    del values["settings"]
    (older / "threshold.json").write_text(json.dumps(values))
    with pytest.raises(ValueError, match=r"--force results/tiny/split~0/seed~0/threshold\.json"):
        restore_folder(tiny_crops, older, tmp_path / "out", runtime=RUNTIME)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("missing", "method", "told"),
    [
        ("stcnet~default/model.json", "stcnet", "wanted the network that fills"),
        ("regions.h5", "copy", "wanted region features"),
        ("threshold.json", "copy", "wanted the thresholds"),
        ("guider/model.json", "copy", "wanted the guider"),
    ],
)
def test_a_missing_file_is_named_with_the_command_that_makes_it(
    tiny_run, tiny_crops, tmp_path, missing, method, told
):
    broken = tmp_path / "results/tiny/split~0/seed~0"
    shutil.copytree(tiny_run.folder, broken)
    shutil.copy(tiny_run.store, tmp_path / "results/tiny")
    (broken / missing).unlink()
    with pytest.raises(ValueError, match=told) as raised:
        restore_folder(tiny_crops, broken, tmp_path / "out", method, runtime=RUNTIME)
    assert str(raised.value).startswith(str(broken / missing))
    assert f"snakemake --cores all results/tiny/split~0/seed~0/{missing}" in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_run_without_completions_fills_as_config_yaml_has_it(tiny_run, tiny_crops, tmp_path):
    """Seams blended, references as those of its network."""
    shutil.copytree(tiny_run.root / "results", tmp_path / "results")
    copied = TinyRun(tmp_path, tiny_run.dataset, tiny_run.occlusion)
    for completion in copied.folder.glob("completion~*"):
        shutil.rmtree(completion)
    restore_folder(tiny_crops, copied.folder, tmp_path / "out", "copy", align=False, runtime=RUNTIME)
    assert_same_frames(
        tmp_path / "out", copied.complete("late", CompletionConfig(method="copy", seam="blend"))
    )


def test_discarded_frames_are_counted_as_replaced(tiny_run, tiny_crops, tmp_path):
    done = restore_folder(tiny_crops, tiny_run.folder, tmp_path / "out", "discard", runtime=RUNTIME)
    written = len(list((tmp_path / "out").rglob("*.png")))
    assert written == done.frames - done.replaced
    assert 0 < done.replaced <= done.flagged


def test_equal_numbers_of_other_data_are_strangers(tiny_crops, tmp_path, monkeypatch):
    """A train person is scored by the detector that has not seen it; person 1 of other data by all."""
    dataset = DatasetConfig(name="tiny", layout="crops", root=str(tiny_crops))
    made = TinyRun(tmp_path, dataset, PLANTED).train()
    seen = []

    def spy(networks, folds, *rest):
        seen.append(folds)
        return write_logits(networks, folds, *rest)

    monkeypatch.setattr(scoring, "write_logits", spy)
    others = write_crops(tmp_path / "others", people=range(3, 7))
    for source, name in ((tiny_crops, "own"), (others, "strangers")):
        restore_folder(source, made.folder, tmp_path / name, "copy", runtime=RUNTIME)
    assert set(seen[0]) == set(range(1, 17))  # every tracklet is a person of its own
    assert seen[1] == {}


def test_a_fixed_precision_holds_for_all_networks():
    compute = with_precision(Compute(torch.device("cpu")), "bf16")
    assert compute.used_precision("fp32") == "bf16"
    assert with_precision(Compute(torch.device("cpu")), "fp32").used_precision("bf16") == "fp32"
    assert with_precision(Compute(torch.device("cpu")), None).used_precision("bf16") == "bf16"
    with compute.autocast("fp32"):
        assert torch.mm(torch.ones(2, 2), torch.ones(2, 2)).dtype == torch.bfloat16


def test_a_folder_with_several_runs_is_no_run(tiny_run, tmp_path):
    assert open_run(tiny_run.root / "results/tiny").folder == tiny_run.folder.resolve()
    for seed in (0, 1):
        (tmp_path / f"split~0/seed~{seed}").mkdir(parents=True)
    with pytest.raises(ValueError, match="got 2 runs"):
        open_run(tmp_path)
    with pytest.raises(ValueError, match="got no run"):
        open_run(tmp_path / "split~0/seed~0")
