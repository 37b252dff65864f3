"""Small finished runs, made by the commands of the rules in this process: seconds, and no Snakemake."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from PIL import Image

from stcnet_lib.config import (
    CompletionConfig,
    DatasetConfig,
    DetectorConfig,
    EvaluationConfig,
    FeaturesConfig,
    GatherConfig,
    MasksConfig,
    OcclusionConfig,
    ProbeConfig,
    ReferencesConfig,
    ReIDConfig,
    RuntimeConfig,
    Section,
    StcnetConfig,
    WalkersConfig,
)
from stcnet_lib.walkers.tracklet import render_tracklet
from workflow.scripts import (
    detect_occlusion,
    embed,
    extract_features,
    find_masks,
    judge_completion,
    plant_probe,
    prepare_dataset,
    restore_dataset,
    score_occlusion,
    score_probe,
    train_detector,
    train_gather,
    train_masks,
    train_reid,
    train_stcnet,
)

PEOPLE, CAMERAS, FRAMES = 8, 2, 8
WALKERS = WalkersConfig(
    train_identities=PEOPLE, test_identities=2, cameras=CAMERAS, tracklets_per_camera=1, frames=FRAMES,
    height=48, width=24, occluded_tracklets=1.0,
)  # fmt: skip
REID = ReIDConfig(
    backbone="resnet18", stem_channels=8, pretrained="none", non_local=False, height=48, width=24,
    clip_length=2, clip_stride=1, batch=4, epochs=2, precision="fp32",
)  # fmt: skip
STCNET = StcnetConfig(
    height=32, width=16, channels=4, dilations=(2,), discriminator_channels=4, batch=4, iterations=3,
    precision="fp32", references="region", reference_margin=1,
)  # fmt: skip
GATHER = GatherConfig(
    height=32, width=16, channels=4, candidates=4, frames=100, clip=16, batch=2, iterations=4,
)  # fmt: skip
REFERENCES = ReferencesConfig(references="region", reference_margin=1)
RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0)


def call(script, config: Section | None = None, **options: object) -> None:
    """The `main` of a script of `workflow/scripts`."""
    arguments = [
        f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None
    ]
    settings = [] if config is None else [f"--config={config.canonical_json()}"]
    runtime = {"STCNET_RUNTIME": RUNTIME.canonical_json()}
    argv = mock.patch.object(sys, "argv", [script.__name__, *settings, *arguments])
    with argv, mock.patch.dict(os.environ, runtime):
        script.main()


def write_crops(root: Path, people: range = range(1, PEOPLE + 1), split: str | None = None) -> Path:
    """Walkers with occluders: `<tracklet>/*.png`, or with a split as the layout `folder` has them."""
    for person in people:
        for camera in range(1, CAMERAS + 1):
            folder = root / (f"{split}/{person:04d}/c{camera}/a" if split else f"p{person}c{camera}")
            folder.mkdir(parents=True)
            for number, image in enumerate(render_tracklet(WALKERS, person, camera, 0).occluded, 1):
                buffer = io.BytesIO()
                Image.fromarray(image).save(buffer, "PNG")
                (folder / f"{number:03d}.png").write_bytes(buffer.getvalue())
    return root


@dataclass(frozen=True)
class TinyRun:
    """`<root>/results/tiny` of one source."""

    root: Path
    dataset: DatasetConfig
    occlusion: OcclusionConfig

    @property
    def store(self) -> Path:
        return self.root / "results/tiny/tracklets.h5"

    @property
    def folder(self) -> Path:
        return self.root / "results/tiny/split~0/seed~0"

    def file(self, name: str) -> Path:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        return self.folder / name

    @property
    def probe(self) -> Path:
        return self.folder.parent / "probe"

    def train(self) -> TinyRun:
        """Everything up to STCnet."""
        call(prepare_dataset, self.dataset, store=self.store, report=self.store.with_name("integrity.json"))
        self.file("guider/model.json")
        call(train_reid, REID, store=self.store, model=self.file("guider/model.json"))
        self._score()
        self.file("stcnet~default/model.json")
        call(
            train_stcnet,
            STCNET,
            store=self.store,
            scores=self.file("occlusion.parquet"),
            guider=self.file("guider/model.json"),
            model=self.file("stcnet~default/model.json"),
        )
        return self

    def _score(self) -> None:
        """What the rules of occlusion.smk do."""
        config, guider = self.occlusion, self.file("guider/model.json")
        source = {"regions": self.file("regions.h5")}
        if config.needs_probe:
            self._plant(config.probe)
        if config.scores == "cosine":
            call(extract_features, FEATURES, store=self.store, model=guider, regions=source["regions"])
            if config.threshold == "planted":
                self._score_probe(guider)
        elif config.scores == "planted":
            source = {"hidden": self.file("hidden.h5")}
            self._detect(guider, source["hidden"])
        else:
            source = {"hidden": self.file("masks/hidden.h5")}
            self._find_masks(source["hidden"])
        probe = self.file("probe.parquet") if config.threshold == "planted" else None
        call(
            score_occlusion,
            config,
            store=self.store,
            **source,
            probe=probe,
            scores=self.file("occlusion.parquet"),
            threshold=self.file("threshold.json"),
        )

    def _plant(self, probe: ProbeConfig) -> None:
        self.probe.mkdir(parents=True, exist_ok=True)
        files = {"store": "tracklets.h5", "truth": "truth.h5", "report": "planting.json"}
        call(plant_probe, probe, source=self.store, **{key: self.probe / name for key, name in files.items()})

    def _score_probe(self, guider: Path) -> None:
        planted, regions = self.probe / "tracklets.h5", self.file("probe_regions.h5")
        call(extract_features, FEATURES, store=planted, model=guider, regions=regions)
        call(
            score_probe,
            self.occlusion,
            store=self.store,
            regions=self.file("regions.h5"),
            probe_store=planted,
            truth=self.probe / "truth.h5",
            probe_regions=regions,
            probe=self.file("probe.parquet"),
        )

    def _detect(self, guider: Path, hidden: Path) -> None:
        model = self.file("detector/model.json")
        call(
            train_detector,
            self.occlusion.detector,
            store=self.probe / "tracklets.h5",
            truth=self.probe / "truth.h5",
            guider=guider,
            model=model,
            probe=self.file("probe.parquet"),
        )
        call(detect_occlusion, store=self.store, guider=guider, detector=model, hidden=hidden)

    def _find_masks(self, hidden: Path) -> None:
        model = self.file("masks/model.json")
        call(
            train_masks,
            self.occlusion.pixels,
            store=self.probe / "tracklets.h5",
            truth=self.probe / "truth.h5",
            model=model,
            probe=self.file("probe.parquet"),
        )
        call(find_masks, store=self.store, model=model, masks=self.file("masks.h5"), hidden=hidden)

    def train_gather(self) -> None:
        """The network that gathers hidden pixels."""
        model = self.file("gather/model.json")
        call(train_gather, GATHER, store=self.store, masks=self.file("masks.h5"), model=model)

    def judge(self, name: str, config: CompletionConfig) -> None:
        """A completion's judge."""
        call(
            judge_completion,
            config,
            occlusion=self.occlusion.model_dump_json(exclude={"probe", "detector", "pixels"}),
            store=self.probe / "tracklets.h5",
            truth=self.probe / "truth.h5",
            probe=self.file("probe.parquet"),
            threshold=self.file("threshold.json"),
            guider=self.file("guider/model.json"),
            judge=self.file(f"completion~{name}/judge.json"),
            references=REFERENCES.canonical_json(),
            stcnet=self.file("stcnet~default/model.json") if config.method == "stcnet" else None,
        )

    def complete(self, name: str, config: CompletionConfig) -> Path:
        """A completion; returns its store."""
        judged = config.least_confidence > 0
        done = self.file(f"completion~{name}/tracklets.h5")
        call(
            restore_dataset,
            config,
            store=self.store,
            scores=self.file("occlusion.parquet"),
            stcnet=self.file("stcnet~default/model.json") if config.method == "stcnet" else None,
            gather=self.file("gather/model.json") if config.method == "gather" else None,
            masks=self.file("masks.h5") if config.of_pixels else None,
            judge=self.file(f"completion~{name}/judge.json") if judged else None,
            guider=self.file("guider/model.json") if judged else None,
            references=REFERENCES.canonical_json(),
            completion=name,
            completed=done,
            regions=self.file(f"completion~{name}/regions.parquet"),
            summary=self.file(f"completion~{name}/restoration.json"),
        )
        return done

    def embed(self, path: Path) -> Path:
        """Embeddings of the test tracklets by the guider."""
        config = EvaluationConfig(test_clip=2)
        call(embed, config, store=self.store, model=self.file("guider/model.json"), embeddings=path)
        return path


FEATURES = FeaturesConfig(precision="fp32", regions="crops", layer="layer3")
OTSU = OcclusionConfig(threshold="otsu", reference="learned", trim=0.35, power=0.5, smoothing=0.7)
_PROBE = ProbeConfig(frames=200)
PLANTED = OcclusionConfig(
    scores="planted",
    threshold="planted",
    false_flags=0.3,
    most_flagged=0.5,
    probe=_PROBE,
    detector=DetectorConfig(channels=8, steps=30, batch=4, clip=6),
)
PIXELS = OcclusionConfig(
    scores="pixels",
    threshold="planted",
    false_flags=0.3,
    probe=_PROBE,
    pixels=MasksConfig(channels=4, rounds=1, steps=25, batch=3, clip=6, lr=0.01),
)
