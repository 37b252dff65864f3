"""How fast walkers are rendered by one process: frames in a second, with clean twins and masks.

python -m benchmarks.render
python -m benchmarks.render --config workflow/presets/walkers_tiny.yaml --tracklets 32
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from stcnet_lib.config import DatasetConfig, WalkersConfig, load_config
from stcnet_lib.walkers.dataset import list_tracklets, write_walkers
from stcnet_lib.walkers.tracklet import render_tracklet


@dataclass(frozen=True)
class Speed:
    """Seconds of one process."""

    frames: int
    rendering: float  # pictures and masks in memory
    all: float  # the same, encoded as PNG and written to disk

    @property
    def encoding(self) -> float:
        return self.all - self.rendering

    def lines(self) -> list[str]:
        return [
            f"rendering alone:       {self.frames / self.rendering:6.0f} frames/s",
            f"with PNG and writing:  {self.frames / self.all:6.0f} frames/s",
            f"rendering {100 * self.rendering / self.all:.0f} %, encoding and writing "
            f"{100 * self.encoding / self.all:.0f} % of the time of {self.frames} frames with clean twins",
        ]


def measure(config: WalkersConfig, tracklets: int) -> Speed:
    """CPU seconds of this process for about `tracklets` tracklets; what else runs hardly counts."""
    identities = max(2, tracklets // (2 * config.cameras * config.tracklets_per_camera))
    config = config.model_copy(update={"train_identities": identities, "test_identities": identities})
    jobs = list_tracklets(config)
    for job in jobs[:: config.cameras][:3]:
        render_tracklet(config, job.identity, job.camera, job.index)  # panoramas are painted once a process
    started = time.process_time()
    for job in jobs:
        render_tracklet(config, job.identity, job.camera, job.index)
    rendering = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("tracklets.h5", "truth.h5", "integrity.json")]
        dataset = DatasetConfig(name="speed", layout="walkers", walkers=config)
        started = time.process_time()
        write_walkers(dataset, *paths, processes=1)
        everything = time.process_time() - started
    return Speed(len(jobs) * config.frames, rendering, everything)


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--config", type=Path, help="overlay of config.yaml whose dataset is rendered")
    commandline.add_argument("--tracklets", type=int, default=120, help="how many, about")
    options = commandline.parse_args()
    values = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["dataset"]
    if options.config is not None:
        overlay = yaml.safe_load(options.config.read_text(encoding="utf-8"))["dataset"]
        values |= overlay | {"walkers": values["walkers"] | overlay.get("walkers", {})}
    walkers = load_config({"dataset": values}).dataset.walkers
    print(f"{walkers.height}×{walkers.width}, one process on {len(os.sched_getaffinity(0))} usable cores")
    print("\n".join(measure(walkers, options.tracklets).lines()))


if __name__ == "__main__":
    main()
