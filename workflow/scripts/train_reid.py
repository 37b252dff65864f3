"""Train a re-ID network, the guider among them; a killed training goes on where its last state was saved."""

import time
from contextlib import ExitStack
from pathlib import Path

from stcnet_lib.common.compute import compute_for
from stcnet_lib.config import ReIDConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.files import save_model
from stcnet_lib.reid.training import train_reid
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings
from workflow.scripts.training import provenance, resume_key


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, ReIDConfig)
    add_paths(
        commandline,
        model="model.json to write; model.safetensors and history.csv go beside it",
    )
    commandline.add_argument(
        "--store",
        type=Path,
        nargs="+",
        required=True,
        help="tracklets.h5 to train on; of several completions of one data set each clip draws one",
    )
    add_split(commandline)
    commandline.add_argument("--seed", type=int, default=0, help="of initial weights, clips and augmentation")
    options = commandline.parse_args()
    config, runtime, folder = options.config, runtime_settings(), options.model.parent
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with compute_for(runtime) as compute, ExitStack() as opened:
        stores = [opened.enter_context(TrackletStore(path)) for path in options.store]
        data = " ".join(store.digest for store in stores)
        weights = [] if config.pretrained in ("none", "imagenet") else [Path(config.pretrained)]
        key = resume_key(__file__, config, compute, options.seed, options.split, data, config.files, *weights)
        network, history, state = train_reid(
            config, stores, options.split, options.seed, folder, key, runtime, compute
        )
        if compute.is_main:
            details = history.finish(folder / "history.csv") | provenance(config, compute, started, data)
            save_model(options.model, "reid", network, config.canonical_json(), network.num_classes, details)
            state.remove()


if __name__ == "__main__":
    run(main)
