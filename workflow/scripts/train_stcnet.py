"""Train a completion network on unoccluded train frames with hidden regions, guided by the frozen guider."""

import argparse
import time
from importlib import import_module

from stcnet_lib.common.compute import Compute, compute_for
from stcnet_lib.completion.learning.samples import CompletionSamples
from stcnet_lib.completion.learning.skill import Validation
from stcnet_lib.completion.learning.training import Learner, train_network
from stcnet_lib.completion.learning.windows import samples_for
from stcnet_lib.config import CompletionNetworkConfig
from stcnet_lib.config.kinds import NETWORKS, parse_network
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flags import flag_table, read_flags
from stcnet_lib.reid.files import load_reid, save_model
from stcnet_lib.reid.network import ReIDNetwork
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings
from workflow.scripts.training import provenance, resume_key


def main() -> None:
    options = arguments()
    config, runtime, folder = options.config, runtime_settings(), options.model.parent
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with compute_for(runtime) as compute, TrackletStore(options.store) as store:
        guider = load_reid(options.guider)
        key = key_of(options, guider, compute, store)
        flags = flag_table(read_flags(options.scores, store), store.num_frames)
        samples = samples_for(store, flags, options.split, config.samples, config.size, options.seed)
        learner = learner_of(config, guider, samples, options.seed, compute)
        validation = Validation.of(samples, compute)
        history, state = train_network(config, learner, samples, folder, key, runtime, compute, validation)
        if compute.is_main:
            details = history.finish(folder / "history.csv") | provenance(
                config, compute, started, store.digest
            )
            details["settings"] = config.model_dump(mode="json")
            details["target_frames"] = len(samples.targets)
            details["held_out_people"] = len(samples.held_out_people)
            details["skill"] = validation and validation.summary(learner.network)
            built_from = config.network.canonical_json()
            save_model(options.model, config.kind, learner.network, built_from, samples.num_classes, details)
            state.remove()


def arguments() -> argparse.Namespace:
    commandline = parser(__doc__)
    add_config(commandline, CompletionNetworkConfig, parse_network)
    add_paths(
        commandline,
        store="tracklets.h5",
        scores="occlusion.parquet",
        guider="the guider's model.json",
        model="model.json to write; model.safetensors, history.csv and samples.png go beside it",
    )
    add_split(commandline)
    commandline.add_argument("--seed", type=int, default=0, help="of initial weights and samples")
    return commandline.parse_args()


def key_of(options: argparse.Namespace, guider: ReIDNetwork, compute: Compute, store: TrackletStore) -> str:
    """Digest of all that the training depends on, the code of its kind and of the guider's parts among it."""
    config, seed, split = options.config, options.seed, options.split
    modules = [*NETWORKS[config.kind].learning_files, *guider.config.files]
    inputs = (options.scores, options.guider)
    return resume_key(__file__, config, compute, seed, split, store.digest, modules, *inputs)


def learner_of(
    config: CompletionNetworkConfig,
    guider: ReIDNetwork,
    samples: CompletionSamples,
    seed: int,
    compute: Compute,
) -> Learner:
    """A network of the kind that the settings ask for, at the beginning of its training."""
    module = import_module(NETWORKS[config.kind].learning)
    return module.learner(config, guider, samples.num_classes, seed, compute)


if __name__ == "__main__":
    run(main)
