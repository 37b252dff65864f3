"""Train the network that gathers hidden pixels, on holes of train tracklets laid over others."""

import time

from stcnet_lib.common.compute import compute_for
from stcnet_lib.completion.gather.samples import GatherSamples, read_clips
from stcnet_lib.completion.gather.skill import GatherValidation
from stcnet_lib.completion.gather.training import train_gather
from stcnet_lib.config import GatherConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.mask_files import open_masks
from stcnet_lib.reid.files import save_model
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings
from workflow.scripts.training import provenance, resume_key


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, GatherConfig)
    add_paths(
        commandline,
        store="tracklets.h5",
        masks="masks.h5: hidden pixels of its frames",
        model="model.json to write; model.safetensors, history.csv and samples.png go beside it",
    )
    add_split(commandline)
    commandline.add_argument("--seed", type=int, default=0, help="of initial weights and samples")
    options = commandline.parse_args()
    config, runtime, folder, seed = options.config, runtime_settings(), options.model.parent, options.seed
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with compute_for(runtime) as compute, TrackletStore(options.store) as store:
        key = resume_key(__file__, config, compute, seed, options.split, store.digest, [], options.masks)
        with open_masks(options.masks, store) as masks:
            clips = read_clips(store, masks, options.split, config, seed, runtime.progress_seconds)
        samples = GatherSamples(clips, config, seed)
        validation = GatherValidation.of(samples, compute)
        network, history, state = train_gather(
            config, samples, validation, seed, folder, key, runtime, compute
        )
        details = history.finish(folder / "history.csv") | provenance(config, compute, started, store.digest)
        details["settings"] = config.model_dump(mode="json")
        details["skill"] = validation and validation.summary(network)
        built_from = config.network.canonical_json()
        save_model(options.model, "gather", network, built_from, details=details)
        state.remove()


if __name__ == "__main__":
    run(main)
