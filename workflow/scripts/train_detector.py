"""Train the detectors of hidden thirds on planted train tracklets, and score these by networks that did not
see them."""

import time

import numpy as np

from stcnet_lib.common.compute import compute_for
from stcnet_lib.config import DetectorConfig
from stcnet_lib.data.planting.probe import write_probe
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.detection import tracklet_logits
from stcnet_lib.localisation.detector_training import probe_samples, train_detectors
from stcnet_lib.reid.files import load_reid, save_model
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings
from workflow.scripts.training import provenance, resume_key


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, DetectorConfig)
    add_paths(
        commandline,
        store="tracklets.h5 of the probe",
        truth="truth.h5 of the probe",
        guider="the guider's model.json",
        model="model.json to write; model.safetensors and history.csv go beside it",
        probe="probe.parquet to write: what the detectors say of the probe",
    )
    add_split(commandline)
    commandline.add_argument("--seed", type=int, default=0, help="of initial weights, folds and samples")
    options = commandline.parse_args()
    config, runtime, folder = options.config, runtime_settings(), options.model.parent
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with (
        compute_for(runtime) as compute,
        TrackletStore(options.store) as store,
        TrackletStore(options.truth) as truth,
    ):
        guider = compute.place(load_reid(options.guider)).eval()
        samples, clues, folds = probe_samples(
            store, truth, guider, config, options.seed, compute, runtime.progress_seconds
        )
        seed, split, modules = options.seed, options.split, guider.config.files
        key = resume_key(__file__, config, compute, seed, split, truth.digest, modules, options.guider)
        networks, history, state = train_detectors(
            config, samples, options.seed, folder, key, runtime, compute
        )
        logits = [
            tracklet_logits(networks, own, left_out, compute)
            for own, left_out in zip(clues, samples.fold, strict=True)
        ]
        write_probe(options.probe, truth, np.concatenate(logits))
        details = history.finish(folder / "history.csv") | provenance(config, compute, started, truth.digest)
        details["folds"] = {str(pid): left_out for pid, left_out in folds.items()}
        save_model(options.model, "detector", networks, config.canonical_json(), details=details)
        state.remove()


if __name__ == "__main__":
    run(main)
