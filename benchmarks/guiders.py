"""How good are guiders for people whom they have never seen? Compared on tracklets with planted occluders.

    python -m benchmarks.guiders results/door_planted GUIDER/model.json OTHER/model.json

The folder is what `workflow/presets/planted.yaml` makes of a data set (`tracklets.h5`, `truth.h5`). Of each
guider: `same`, whether two clean frames of a tracklet are more alike than frames of different ones (AUROC of
the cosine of their features); `occlusion`, the AUROC of the scores by cosine, with the paper's mean and with
the reference of config.yaml; `restored`, the share of hidden thirds whose frame is nearer to the clean
one once the third was copied from the nearest frame that shows it, with true masks. All of it on the test
part, in case a guider was trained on the rest.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import yaml

from stcnet_lib.common.compute import Compute, compute_for
from stcnet_lib.common.hdf5 import open_hdf5
from stcnet_lib.completion.filling import filler_for
from stcnet_lib.completion.judging import Features, nearer
from stcnet_lib.completion.pieces import Work
from stcnet_lib.config import (
    CompletionConfig,
    FeaturesConfig,
    OcclusionConfig,
    ReferencesConfig,
    RuntimeConfig,
)
from stcnet_lib.data.planting.probe import truth_shares
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.data.truth import HIDDEN_SHARE
from stcnet_lib.evaluation.measures.localisation import auroc
from stcnet_lib.localisation.features import extract_region_features
from stcnet_lib.localisation.learned_reference import normalised
from stcnet_lib.localisation.scores import score_regions
from stcnet_lib.reid.files import load_reid
from stcnet_lib.reid.frame_features import picture_features
from stcnet_lib.reid.network import ReIDNetwork

FRAMES = 8  # of a tracklet, evenly spaced, for `same`
SCORES = ("reference", "trim", "power", "smoothing")  # of the section `occlusion` of config.yaml


def main() -> None:
    commandline = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commandline.add_argument("data", type=Path, help="results/NAME of a planted data set")
    commandline.add_argument("guiders", type=Path, nargs="+", help="model.json of each")
    options = commandline.parse_args()
    runtime = RuntimeConfig(progress_seconds=60)
    print("same   occlusion: mean  learned   restored   guider")
    with (
        compute_for(runtime) as compute,
        TrackletStore(options.data / "tracklets.h5") as store,
        TrackletStore(options.data / "truth.h5") as truth,
    ):
        covered = truth_shares(truth)
        for path in options.guiders:
            network = load_reid(path)
            features = picture_features(network, compute)
            mean, learned = occlusion(network, store, truth, covered, runtime, compute)
            values = same(truth, features), mean, learned, restored(store, truth, covered, features, compute)
            print("{:.3f}            {:.3f}     {:.3f}      {:.3f}   ".format(*values), path, flush=True)


def tested(store: TrackletStore) -> list[int]:
    """Tracklets of the test part."""
    return store.tracklets_with(0, Role.QUERY, Role.GALLERY).tolist()


def same(truth: TrackletStore, features: Features) -> float:
    """AUROC of the cosines of clean frames of one tracklet against those of different tracklets."""
    pictures, owner = [], []
    for tracklet in tested(truth):
        frames = truth.frames_of(tracklet)
        for place in np.unique(np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)):
            pictures.append(truth.read_image(frames.start + int(place)))
            owner.append(tracklet)
    unit = normalised(features(pictures).astype(np.float64))
    cosines, owner = unit @ unit.T, np.array(owner)
    pairs = np.triu_indices(len(owner), 1)
    return auroc(cosines[pairs], (owner[:, None] == owner)[pairs])


def occlusion(
    network: ReIDNetwork,
    store: TrackletStore,
    truth: TrackletStore,
    covered: np.ndarray,
    runtime: RuntimeConfig,
    compute: Compute,
) -> tuple[float, float]:
    """AUROC of the scores with the paper's mean, and with the learned reference, of thirds that are known."""
    hidden = covered > HIDDEN_SHARE
    known = (hidden | ~truth.doubtful) & np.isin(store.frame_tracklet, tested(store))[:, None]
    ends = (store.tracklets["start"] + store.tracklets["length"]).to_numpy()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "regions.h5"
        extract_region_features(network, store, FeaturesConfig(layer="layer3"), path, runtime, compute)
        section = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["occlusion"]
        for settings in ({}, {key: section[key] for key in SCORES}):
            config = OcclusionConfig(**settings)
            with open_hdf5(path) as regions:
                in_train = store.roles[0] == Role.TRAIN
                table = score_regions(regions["features"], ends, store.frame_number, config, in_train)
            scores = table["score"].to_numpy().reshape(covered.shape)
            found.append(auroc(-scores[known], hidden[known]))
    return found[0], found[1]


def restored(
    store: TrackletStore, truth: TrackletStore, covered: np.ndarray, features: Features, compute: Compute
) -> float:
    """Share of hidden thirds that are nearer to the clean frame as copies."""
    config = CompletionConfig(method="copy", seam="blend", align=True)
    references = ReferencesConfig(references="region", reference_margin=1)
    filler = filler_for(config, None, compute)
    better = []
    for tracklet in tested(store):
        frames = store.frames_of(tracklet)
        flags = covered[frames.start : frames.stop] > HIDDEN_SHARE
        if not flags.any():
            continue
        work = Work.of(config, store, frames, flags, references)
        pieces = [piece for piece in work.filled(filler, config.seam) if piece.filling is not None]
        if not pieces:
            continue
        clean = [truth.read_image(frames.start + piece.task.frame) for piece in pieces]
        before = [work.images[piece.task.frame] for piece in pieces]
        after = [piece.picture(work.images) for piece in pieces]
        better += nearer(*np.split(features(clean + before + after), 3)).tolist()
    return float(np.mean(better))


if __name__ == "__main__":
    main()
