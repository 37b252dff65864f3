"""Cosine scores of the probe, train tracklets with planted occluders, for a threshold to be found on."""

import numpy as np

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.planting.probe import write_probe
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flagging import reference_weights
from stcnet_lib.localisation.region_files import REGION_FEATURES, open_regions
from stcnet_lib.localisation.scores import score_regions
from workflow.scripts.command import add_config, add_paths, add_split, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, OcclusionConfig)
    add_paths(
        commandline,
        store="tracklets.h5",
        regions="regions.h5 of it, which a learned reference is fitted to",
        probe_store="tracklets.h5 of the probe",
        truth="truth.h5 of it",
        probe_regions="regions.h5 of the probe",
        probe="probe.parquet to write",
    )
    add_split(commandline)
    options = commandline.parse_args()
    with TrackletStore(options.store) as store:
        weights = reference_weights(store, options.split, options.config, options.regions)
    plain = options.config.model_copy(update={"smoothing": 0.0})  # that is for the stage after this one
    with (
        TrackletStore(options.probe_store) as planted,
        TrackletStore(options.truth) as truth,
        open_regions(options.probe_regions, REGION_FEATURES, planted) as features,
    ):
        scores = score_regions(features, _ends(truth), truth.frame_number, plain, weights=weights)
        values = scores["score"].to_numpy().reshape(truth.num_frames, -1)
        write_probe(options.probe, truth, values)


def _ends(store: TrackletStore) -> np.ndarray:
    return (store.tracklets["start"] + store.tracklets["length"]).to_numpy()


if __name__ == "__main__":
    run(main)
