"""Train the mask networks on planted train tracklets, and ask them about these."""

import time
from pathlib import Path

import numpy as np

from stcnet_lib.common.compute import compute_for
from stcnet_lib.config import MasksConfig
from stcnet_lib.data.planting.probe import write_probe
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.masks.prediction import pixel_logits, third_logits
from stcnet_lib.localisation.masks.samples import probe_masks
from stcnet_lib.localisation.masks.training import train_mask_networks
from stcnet_lib.reid.files import load_reid, save_model
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings
from workflow.scripts.training import provenance, resume_key


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, MasksConfig)
    add_paths(
        commandline,
        store="tracklets.h5 of the probe",
        truth="truth.h5 of the probe",
        model="model.json to write; model.safetensors and history.csv go beside it",
        probe="probe.parquet to write: what the networks say of the probe's thirds",
    )
    commandline.add_argument("--guider", type=Path, help="the guider's model.json (guided networks)")
    add_split(commandline)
    commandline.add_argument("--seed", type=int, default=0, help="of initial weights and samples")
    options = commandline.parse_args()
    config, runtime, folder = options.config, runtime_settings(), options.model.parent
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with (
        compute_for(runtime) as compute,
        TrackletStore(options.store) as store,
        TrackletStore(options.truth) as truth,
    ):
        guider = compute.place(load_reid(options.guider)).eval() if config.guided else None
        samples, evidence = probe_masks(
            store, truth, config, options.seed, runtime.progress_seconds, guider, compute
        )
        inputs = [options.guider] if config.guided else []
        modules = guider.config.files if config.guided else ()
        key = resume_key(
            __file__, config, compute, options.seed, options.split, truth.digest, modules, *inputs
        )
        networks, history, state = train_mask_networks(
            config, samples, evidence, options.seed, folder, key, runtime, compute
        )
        logits = [third_logits(pixel_logits(networks, own, compute)) for own in evidence]
        write_probe(options.probe, truth, np.concatenate(logits))
        details = history.finish(folder / "history.csv") | provenance(config, compute, started, truth.digest)
        save_model(options.model, "masks", networks, config.canonical_json(), details=details)
        state.remove()


if __name__ == "__main__":
    run(main)
