"""Stop before anything is trained if the data lack a part that the configuration needs."""

from pathlib import Path

from stcnet_lib.common.files import read_json, write_json
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.evaluation.protocols import PROTOCOLS
from stcnet_lib.evaluation.scorable import Needs, require_parts
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(commandline, store="tracklets.h5", checked="checked.json to write")
    commandline.add_argument("--splits", type=int, nargs="+", default=[0], help="splits that are run")
    commandline.add_argument("--trains", action="store_true", help="a re-ID network is trained")
    commandline.add_argument("--protocol", choices=PROTOCOLS, help="of the headline; none: nothing is scored")
    commandline.add_argument("--guider", type=Path, help="model.json of a trained guider that guides STCnet")
    options = commandline.parse_args()
    classes = read_json(options.guider).get("num_classes") if options.guider else None
    with TrackletStore(options.store) as store:
        needs = Needs(tuple(options.splits), options.trains, options.protocol, classes)
        require_parts(str(options.store), store.tracklets, store.roles, needs)
    # The same words every time: what depends on this file has no reason to run again.
    write_json(options.checked, {"complete": True})
    print("the data have all parts that are needed")


if __name__ == "__main__":
    run(main)
