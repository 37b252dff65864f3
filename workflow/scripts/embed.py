"""One feature for every test tracklet."""

from stcnet_lib.common.compute import compute_for
from stcnet_lib.common.files import file_digest
from stcnet_lib.config import EvaluationConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.embedding import embed_tracklets
from stcnet_lib.reid.files import load_reid
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, EvaluationConfig)
    add_paths(
        commandline,
        store="tracklets.h5",
        model="a re-ID network's model.json",
        embeddings="embeddings.h5 to write",
    )
    add_split(commandline)
    options = commandline.parse_args()
    runtime = runtime_settings()
    with compute_for(runtime) as compute, TrackletStore(options.store) as store:
        network = load_reid(options.model)
        embeddings = embed_tracklets(network, store, options.split, options.config, runtime, compute)
        made = {
            "store": store.digest,
            "model": file_digest(options.model),
            "precision": compute.used_precision(network.config.precision),
        }
        embeddings.write(options.embeddings, made)


if __name__ == "__main__":
    run(main)
