"""Train STCnet on unoccluded train frames with hidden regions, guided by the frozen guider."""

import time

from stcnet_lib.common.compute import compute_for
from stcnet_lib.completion.stcnet.samples import CompletionSamples
from stcnet_lib.completion.stcnet.skill import Validation
from stcnet_lib.completion.stcnet.training import train_stcnet
from stcnet_lib.config import StcnetConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flags import flag_table, read_flags
from stcnet_lib.reid.files import load_reid, save_model
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings
from workflow.scripts.training import provenance, resume_key


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, StcnetConfig)
    add_paths(
        commandline,
        store="tracklets.h5",
        scores="occlusion.parquet",
        guider="the guider's model.json",
        model="model.json to write; model.safetensors, history.csv and samples.png go beside it",
    )
    add_split(commandline)
    commandline.add_argument("--seed", type=int, default=0, help="of initial weights and samples")
    options = commandline.parse_args()
    config, runtime, folder = options.config, runtime_settings(), options.model.parent
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with compute_for(runtime) as compute, TrackletStore(options.store) as store:
        key = resume_key(
            __file__,
            config,
            compute,
            options.seed,
            options.split,
            store.digest,
            options.scores,
            options.guider,
        )
        flags = flag_table(read_flags(options.scores, store), store.num_frames)
        samples = CompletionSamples(store, flags, options.split, config, options.seed)
        guider = load_reid(options.guider)
        validation = Validation.of(samples, compute)
        network, history, state = train_stcnet(
            config, samples, guider, options.seed, folder, key, runtime, compute, validation
        )
        if compute.is_main:
            details = history.finish(folder / "history.csv") | provenance(
                config, compute, started, store.digest
            )
            details["target_frames"] = len(samples.targets)
            details["held_out_people"] = len(samples.held_out_people)
            details["skill"] = validation and validation.summary(network)
            save_model(
                options.model, "stcnet", network, config.canonical_json(), samples.num_classes, details
            )
            state.remove()


if __name__ == "__main__":
    run(main)
