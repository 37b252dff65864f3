"""ImageNet weights of torchvision's networks, downloaded once."""

from __future__ import annotations

import torchvision.models as zoo

from stcnet_lib.common.weights import Weights


def imagenet_weights(name: str) -> Weights:
    """Of torchvision's first training recipe for a network, classifier and all.

    Raises:
        ValueError: they cannot be downloaded, or came damaged; it names the configuration key.
    """
    enum = zoo.get_model_weights(name)["IMAGENET1K_V1"]
    try:
        return enum.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network; a download whose hash is wrong
        raise ValueError(
            f"pretrained: could not download 'imagenet' weights from {enum.url} ({error}); "
            "set it to 'none', or to the path of that file downloaded elsewhere"
        ) from error
