"""Region features of every frame, from the guider, streamed to HDF5."""

from stcnet_lib.common.compute import compute_for
from stcnet_lib.config import FeaturesConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.features import extract_region_features
from stcnet_lib.reid.files import load_reid
from workflow.scripts.command import add_config, add_paths, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, FeaturesConfig)
    add_paths(
        commandline, store="tracklets.h5", model="the guider's model.json", regions="regions.h5 to write"
    )
    options = commandline.parse_args()
    runtime = runtime_settings()
    with compute_for(runtime) as compute, TrackletStore(options.store) as store:
        network = load_reid(options.model)
        extract_region_features(network, store, options.config, options.regions, runtime, compute)


if __name__ == "__main__":
    run(main)
