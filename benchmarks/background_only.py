"""Can people of the walkers be told apart by what is behind them? Retrieval with pictures that show nobody.

Two views of the same tracklets: `backdrop` is the frame without its person, as the generator draws it;
`border` is what is left of the occluded frames outside of every place where anybody is ever seen, so it
trusts no part of the generator. The project's own re-ID network is trained on each and searches under
`query-in-gallery`. Chance is the same features with the identities of each camera shuffled.

    python -m benchmarks.background_only
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from stcnet_lib.common.compute import compute_for
from stcnet_lib.config import Config, EvaluationConfig, ReIDConfig, RuntimeConfig, WalkersConfig, load_config
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import StoreWriter, TrackletStore
from stcnet_lib.evaluation.protocols import evaluate_protocol
from stcnet_lib.reid.embedding import embed_tracklets
from stcnet_lib.reid.embeddings import Embeddings
from stcnet_lib.reid.training import train_reid
from stcnet_lib.walkers.dataset import list_tracklets
from stcnet_lib.walkers.tracklet import WalkerTracklet, render_tracklet

GREY = 128  # what is painted over a place where people walk
SPREAD = 3  # pixels around a person that lens and half-covered edges may have coloured


@dataclass(frozen=True)
class Finding:
    """Retrieval against chance, shares of 1."""

    mAP: float
    rank1: float
    chance: np.ndarray  # (R,) mAP with shuffled identities
    chance_rank1: np.ndarray  # (R,)

    @property
    def deviation(self) -> float:
        """How many standard deviations of chance the mAP is above it."""
        return float((self.mAP - self.chance.mean()) / self.chance.std())

    def line(self) -> str:
        low, high = np.percentile(self.chance, [2.5, 97.5])
        return (
            f"mAP {100 * self.mAP:5.2f} %, chance {100 * self.chance.mean():.2f} [{100 * low:.2f}, "
            f"{100 * high:.2f}] ({self.deviation:+.1f} standard deviations); "
            f"rank-1 {100 * self.rank1:5.2f} %, chance {100 * self.chance_rank1.mean():.2f}"
        )


def against_chance(embeddings: Embeddings, repeats: int = 200, seed: int = 0) -> Finding:
    """Retrieval, and retrieval with the identities shuffled within each camera."""

    def search(pid: np.ndarray) -> tuple[float, float]:
        metrics = evaluate_protocol(vars(embeddings) | {"pid": pid}, "query-in-gallery").metrics
        return metrics["mAP"], metrics["rank-1"]

    rng = np.random.default_rng(seed)
    shuffled = []
    for _ in range(repeats):
        pid = embeddings.pid.copy()
        for camera in np.unique(embeddings.camera):
            rows = embeddings.camera == camera
            pid[rows] = rng.permutation(pid[rows])
        shuffled.append(search(pid))
    chance, chance_rank1 = np.array(shuffled).T
    return Finding(*search(embeddings.pid), chance, chance_rank1)


def write_view(config: WalkersConfig, path: Path, view: str) -> None:
    """A store of the data set as this view shows it: `backdrop`, `border`, or `person` (the clean frames)."""
    hide = _walked_on(config) if view == "border" else None

    def pictures(tracklet: WalkerTracklet) -> np.ndarray:
        if hide is None:
            return tracklet.clean
        return np.where(hide[:, :, None], np.uint8(GREY), tracklet.occluded)

    jobs = list_tracklets(config)
    with StoreWriter(path, dataset=view, layout="walkers", licence="", citation="", config="{}") as writer:
        for job in jobs:
            tracklet = render_tracklet(
                config, job.identity, job.camera, job.index, invisible=view == "backdrop"
            )
            frames = [
                (number, f"{tracklet.name}/{number:04d}.png", encode_png(image))
                for number, image in enumerate(pictures(tracklet), 1)
            ]
            writer.add_tracklet(job.identity, job.camera, tracklet.name, frames)
        writer.set_roles(0, np.array([job.role for job in jobs]))


def _walked_on(config: WalkersConfig) -> np.ndarray:
    """bool (H, W): where somebody is seen in any frame of the data set, and a little around."""
    seen = np.zeros((config.height, config.width), bool)
    for job in list_tracklets(config):
        seen |= render_tracklet(config, job.identity, job.camera, job.index).person.any(axis=0)
    padded = np.pad(seen, SPREAD)
    size = 2 * SPREAD + 1
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size)).any(axis=(2, 3))


def trained(
    network: ReIDConfig, store_path: Path, evaluation: EvaluationConfig, runtime: RuntimeConfig, seed: int = 0
) -> Embeddings:
    """Features of the test tracklets from a network trained on the train tracklets."""
    with (
        compute_for(runtime) as compute,
        TrackletStore(store_path) as store,
        tempfile.TemporaryDirectory() as folder,
    ):
        model, _, _ = train_reid(network, [store], 0, seed, Path(folder), "none", runtime, compute)
        return embed_tracklets(model, store, 0, evaluation, runtime, compute)


def measure(config: Config, view: str, report: Callable[[str], None] = print) -> Finding:
    """Train on one view of the data set of `config`, search, compare with chance."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tracklets.h5"
        write_view(config.dataset.walkers, path, view)
        finding = against_chance(trained(config.guider, path, config.evaluation, config.runtime))
    report(f"{view:>9}: {finding.line()}")
    return finding


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--config", type=Path, default=Path("config.yaml"), help="whose data and guider")
    commandline.add_argument("--views", nargs="+", default=["backdrop", "border"], help="also: person")
    options = commandline.parse_args()
    config = load_config(yaml.safe_load(options.config.read_text(encoding="utf-8")))
    for view in options.views:
        measure(config, view)


if __name__ == "__main__":
    main()
