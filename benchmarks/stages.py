"""Region features, embedding and restoring against their networks alone: how much is not the network.

A store of JPEGs is read, decoded and worked on by the functions of the stages, with the networks of
config.yaml, untrained. Then the same networks work on as many frames that lie in memory, in batches of the
same size.

    python -m benchmarks.stages
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from benchmarks.decoders import frames as jpegs
from benchmarks.measuring import Row, machine, table
from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.methods.network import BATCH
from stcnet_lib.completion.restoration import restore
from stcnet_lib.completion.stcnet.filling import filler
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.config import Config, RuntimeConfig, load_config
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.localisation.features import extract_region_features
from stcnet_lib.reid.embedding import CLIP_FRAMES, embed_tracklets
from stcnet_lib.reid.network import ReIDNetwork

PEOPLE = 60
FRAMES = 16  # of a tracklet
FLAGGED = 0.3  # share of frames with a flagged third


def store_of(path: Path, tracklets: int, height: int, width: int) -> None:
    """A store of test tracklets of `FRAMES` frames."""
    encoded = jpegs(4 * FRAMES, height, width)
    with StoreWriter(path, dataset="speed", layout="folder", licence="", citation="", config="{}") as writer:
        for n in range(tracklets):
            named = [(t, f"{n}/{t}.jpg", encoded[(n + t) % len(encoded)]) for t in range(FRAMES)]
            writer.add_tracklet(n % PEOPLE, n % 2, f"{n}", named)
        writer.set_roles(0, np.full(tracklets, Role.GALLERY))


def seconds_of(work: Callable[..., None], *values: Any) -> tuple[float, float]:
    """By the clock, and CPU time of this process without its workers."""
    start, cpu = time.perf_counter(), time.process_time()
    work(*values)
    return time.perf_counter() - start, time.process_time() - cpu


class Stages:
    """The stages on one store, and their networks alone."""

    def __init__(self, config: Config, path: Path, compute: Compute, workers: int = 2) -> None:
        """
        Args:
            path: folder for what the stages write.
            workers: processes that decode.
        """
        torch.manual_seed(0)
        self._config, self._compute, self._path = config, compute, path
        self._runtime = RuntimeConfig(progress_seconds=3600, workers=workers)
        self._reid = compute.place(ReIDNetwork(config.guider, PEOPLE)).eval()
        self._stcnet = compute.place(STCnet(config.stcnet.network)).eval()

    def rows(self, store: TrackletStore) -> Iterator[Row]:
        """A row a stage, in frames (of restoring: thirds) a second."""
        count = store.num_frames
        for what, alone in (("region features", self._thirds), ("embedding", self._frames)):
            stage = self.stage(what)
            alone(count), stage(store)  # caches, kernels and pages of the store
            yield self._row(what, count, seconds_of(stage, store), seconds_of(alone, count))
        flags = np.zeros((count, 3), bool)
        hidden = np.random.default_rng(0).random(count) < FLAGGED
        flags[hidden, np.arange(count)[hidden] % 3] = True
        thirds = int(flags.sum())
        self._fill(BATCH["cpu"])
        took, pure = seconds_of(self._restore, store, flags), seconds_of(self._fill, thirds)
        yield self._row("restoring, flagged thirds", thirds, took, pure)

    def stage(self, what: str) -> Callable[[TrackletStore], None]:
        """The work of a stage by its name."""
        return {"region features": self._features, "embedding": self._embed}[what]

    def _row(self, what: str, number: int, took: tuple[float, float], pure: tuple[float, float]) -> Row:
        clock, cpu = (100 * max(0.0, 1 - alone / whole) for whole, alone in zip(took, pure, strict=True))
        note = f"not the network: {clock:.0f} % of the time, {cpu:.0f} % of the process's CPU time"
        return Row(
            what, number / took[0], number / pure[0], "frames/s", "network alone", "the same network", note
        )

    def _features(self, store: TrackletStore) -> None:
        path = self._path / "regions.h5"
        extract_region_features(self._reid, store, self._config.features, path, self._runtime, self._compute)

    def _embed(self, store: TrackletStore) -> None:
        embed_tracklets(self._reid, store, 0, self._config.evaluation, self._runtime, self._compute)

    def _restore(self, store: TrackletStore, flags: np.ndarray) -> None:
        completion = self._config.completions["stcnet"]
        fills = filler(completion, self._stcnet, self._compute)
        references = self._config.references_of("stcnet")
        restore(completion, store, flags, references, fills, self._path / "restored.h5", 3600)

    @torch.inference_mode()
    def _thirds(self, count: int) -> None:
        """All thirds of `count` frames through the layers that features are taken from."""
        guider, batch = self._config.guider, self._config.features.batch
        images = self._images(3 * batch, guider.height // 3, guider.width)
        for start in range(0, count, batch):
            part = images[: 3 * min(batch, count - start)]
            self._reid.frame_maps(part, self._config.features.layer).float().mean((2, 3))

    @torch.inference_mode()
    def _frames(self, count: int) -> None:
        guider = self._config.guider
        images = self._images(CLIP_FRAMES, guider.height, guider.width).unflatten(0, (-1, FRAMES))
        for _ in range(0, count, CLIP_FRAMES):
            self._reid(images)

    @torch.inference_mode()
    def _fill(self, thirds: int) -> None:
        size, batch = self._config.stcnet, BATCH["cpu"]
        images = self._images(batch, size.height, size.width)
        mask = torch.zeros(batch, 1, size.height, size.width)
        mask[:, :, : size.height // 3] = 1
        nothing = torch.zeros_like(mask)
        for _ in range(0, thirds, batch):
            self._stcnet(images, images, images, mask, nothing, nothing)

    def _images(self, count: int, height: int, width: int) -> torch.Tensor:
        images = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
        return images.contiguous(memory_format=torch.channels_last)


def compare(tracklets: int, threads: int) -> Iterator[Row]:
    """All rows, with the settings of config.yaml."""
    config = load_config(yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8")))
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        store_of(path / "tracklets.h5", tracklets, config.guider.height, config.guider.width)
        with TrackletStore(path / "tracklets.h5") as store:
            yield from Stages(config, path, Compute(torch.device("cpu"))).rows(store)


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--tracklets", type=int, default=128, help=f"of {FRAMES} frames")
    commandline.add_argument("--threads", type=int, default=1, help="of the networks; workers decode beside")
    options = commandline.parse_args()
    print(machine(), f"torch {torch.__version__}, {os.cpu_count()} cores\n")
    print("\n".join(table(compare(options.tracklets, options.threads))))


if __name__ == "__main__":
    main()
