"""How likely something hides each third of every frame, by the trained detectors."""

from stcnet_lib.common.compute import compute_for
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.detection import load_detectors, write_logits
from stcnet_lib.reid.files import load_reid
from workflow.scripts.command import add_paths, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        store="tracklets.h5",
        guider="the guider's model.json",
        detector="the detectors' model.json",
        hidden="hidden.h5 to write",
    )
    options = commandline.parse_args()
    runtime = runtime_settings()
    with compute_for(runtime) as compute, TrackletStore(options.store) as store:
        networks, folds = load_detectors(options.detector)
        guider = load_reid(options.guider)
        write_logits(networks, folds, guider, store, options.hidden, runtime, compute)


if __name__ == "__main__":
    run(main)
