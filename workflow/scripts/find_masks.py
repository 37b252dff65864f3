"""The hidden pixels of every frame, by the trained mask networks, and how likely each third is hidden."""

from pathlib import Path

from stcnet_lib.common.compute import compute_for
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flags import flag_table, read_flags
from stcnet_lib.localisation.masks.prediction import load_masks, write_masks
from stcnet_lib.reid.files import load_reid
from workflow.scripts.command import add_paths, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        store="tracklets.h5",
        model="the mask networks' model.json",
        masks="masks.h5 to write: bit-packed pixels",
        hidden="hidden.h5 to write: logits of thirds",
    )
    commandline.add_argument("--guider", type=Path, help="the guider's model.json (guided networks)")
    commandline.add_argument(
        "--scores", type=Path, help="occlusion.parquet: masks are kept in flagged thirds alone"
    )
    options = commandline.parse_args()
    runtime = runtime_settings()
    with compute_for(runtime) as compute, TrackletStore(options.store) as store:
        networks = load_masks(options.model)
        guider = compute.place(load_reid(options.guider)).eval() if networks.config.guided else None
        flags = flag_table(read_flags(options.scores, store), store.num_frames) if options.scores else None
        write_masks(networks, guider, store, flags, options.masks, options.hidden, runtime, compute)


if __name__ == "__main__":
    run(main)
