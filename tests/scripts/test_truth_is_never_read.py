"""No stage that learns or restores sees the ground truth: with truth.h5 whole or spoilt, the same bits."""

import json
import shutil
import sys

import h5py
import pytest

from stcnet_lib.config import (
    CompletionConfig,
    DatasetConfig,
    FeaturesConfig,
    OcclusionConfig,
    ReIDConfig,
    RuntimeConfig,
    StcnetConfig,
    WalkersConfig,
)
from stcnet_lib.walkers.dataset import write_walkers
from workflow.scripts import (
    extract_features,
    restore_dataset,
    score_occlusion,
    train_reid,
    train_stcnet,
)

WALKERS = WalkersConfig(
    train_identities=4, test_identities=4, cameras=2, tracklets_per_camera=1, frames=8, height=32, width=16
)
REID = ReIDConfig(
    backbone="resnet18", stem_channels=8, pretrained="none", non_local=False, height=32, width=16,
    clip_length=2, clip_stride=1, batch=4, epochs=2, precision="fp32",
)  # fmt: skip
FEATURES = FeaturesConfig(precision="fp32")
OCCLUSION = OcclusionConfig(threshold="otsu")
STCNET = StcnetConfig(
    height=32, width=16, channels=4, dilations=(2,), discriminator_channels=4, batch=4, iterations=3,
    precision="fp32",
)  # fmt: skip
COMPLETION = CompletionConfig(method="stcnet")
RUNTIME = RuntimeConfig(
    device="cpu", threads=1, workers=0
)  # all in this process, where opening can be watched


def call(script, config, monkeypatch, **paths) -> None:
    options = [f"--{name.replace('_', '-')}={value}" for name, value in paths.items()]
    monkeypatch.setattr(sys, "argv", [script.__name__, f"--config={config.canonical_json()}", *options])
    script.main()


def run_all(folder, monkeypatch) -> None:
    """Every stage from the guider to the network retrained on restored data."""
    raw, guider, stcnet = folder / "tracklets.h5", folder / "guider/model.json", folder / "stcnet/model.json"
    regions, scores = folder / "regions.h5", folder / "occlusion.parquet"
    done = folder / "completion"
    call(train_reid, REID, monkeypatch, store=raw, model=guider)
    call(extract_features, FEATURES, monkeypatch, store=raw, model=guider, regions=regions)
    call(
        *(score_occlusion, OCCLUSION, monkeypatch),
        **{"store": raw, "regions": regions, "scores": scores, "threshold": folder / "threshold.json"},
    )
    call(train_stcnet, STCNET, monkeypatch, store=raw, scores=scores, guider=guider, model=stcnet)
    call(
        *(restore_dataset, COMPLETION, monkeypatch),
        **{"store": raw, "scores": scores, "stcnet": stcnet, "completed": done / "tracklets.h5"},
        **{"regions": done / "regions.parquet", "summary": done / "restoration.json"},
        completion="stcnet",
    )
    nl = REID.model_copy(update={"non_local": True})
    call(train_reid, nl, monkeypatch, store=done / "tracklets.h5", model=folder / "nl/model.json")


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Names of the HDF5 files that are opened."""
    names = []
    init = h5py.File.__init__

    def watched(self, name, *args, **kwargs):
        names.append(str(name))
        init(self, name, *args, **kwargs)

    monkeypatch.setattr(h5py.File, "__init__", watched)
    return names


def test_the_same_bits_without_the_ground_truth(tmp_path, monkeypatch, opened):
    monkeypatch.setenv("STCNET_RUNTIME", RUNTIME.canonical_json())
    whole, spoilt = tmp_path / "whole", tmp_path / "spoilt"
    config = DatasetConfig(name="tiny", layout="walkers", walkers=WALKERS)
    write_walkers(config, *(whole / name for name in ("tracklets.h5", "truth.h5", "integrity.json")))
    spoilt.mkdir()
    shutil.copy(whole / "tracklets.h5", spoilt)
    (spoilt / "truth.h5").write_bytes(b"no truth in here")
    opened.clear()
    for folder in (whole, spoilt):
        run_all(folder, monkeypatch)

    assert any("completion" in name for name in opened), "the watch sees nothing"
    assert not [name for name in opened if "truth" in name]
    compared = [
        path.relative_to(whole)
        for path in sorted(whole.rglob("*"))
        if path.suffix in (".safetensors", ".h5", ".parquet") and path.name != "truth.h5"
    ]
    assert [str(path) for path in compared] == [
        "completion/regions.parquet",
        "completion/tracklets.h5",
        "guider/model.safetensors",
        "nl/model.safetensors",
        "occlusion.parquet",
        "regions.h5",
        "stcnet/model.safetensors",
        "tracklets.h5",
    ]
    for path in compared:
        assert (whole / path).read_bytes() == (spoilt / path).read_bytes(), path
    assert json.loads((whole / "completion/restoration.json").read_text()) == json.loads(
        (spoilt / "completion/restoration.json").read_text()
    )
    assert (whole / "threshold.json").read_bytes() == (spoilt / "threshold.json").read_bytes()

    # Whoever asks for oracle masks does read it, and so notices.
    with pytest.raises(ValueError, match=r"truth\.h5"):
        call(
            *(restore_dataset, CompletionConfig(method="copy", masks="oracle"), monkeypatch),
            **{"store": spoilt / "tracklets.h5", "truth": spoilt / "truth.h5", "completed": spoilt / "c.h5"},
            **{"regions": spoilt / "c.parquet", "summary": spoilt / "c.json"},
            completion="copy",
        )
