"""Take a trained re-ID network as guider, checked and copied, so that every result has its own beside it."""

import shutil

from stcnet_lib.common.files import replacing
from stcnet_lib.reid.files import load_guider, model_paths
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(commandline, trained="model.json of the network", model="model.json to write")
    options = commandline.parse_args()
    load_guider(options.trained)  # its error tells what is missing, damaged or unfit
    # Weights first: their description says whether they belong to it.
    for source, target in zip(model_paths(options.trained), model_paths(options.model), strict=True):
        with replacing(target) as partial:
            shutil.copyfile(source, partial)


if __name__ == "__main__":
    run(main)
