"""Holes filled by the network: sources are found on small copies, and taken from the frames' own pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.gather.composition import asked, composed
from stcnet_lib.completion.gather.likeness import likest
from stcnet_lib.completion.gather.network import GatherNetwork
from stcnet_lib.completion.gather.sources import sources
from stcnet_lib.completion.pixels.holes import Hole, PixelFiller, PixelFilling
from stcnet_lib.config import CompletionConfig, GatherNetworkConfig
from stcnet_lib.data.clips.transforms import from_unit
from stcnet_lib.reid.files import read_description, saved_section, with_weights


class GatheredPixels:
    """A `PixelFiller`."""

    def __init__(self, network: GatherNetwork, compute: Compute) -> None:
        self._network, self._compute = network, compute

    @torch.inference_mode()
    def fill(self, hole: Hole) -> PixelFilling | None:
        shown = hole.shown
        if not shown.any():
            return None
        config = self._network.config
        large = sources([hole], self._compute.device)
        copies = large.small(config.height, config.width)
        numbers = likest(copies, config.candidates)
        large = large.picked(numbers)
        with self._compute.autocast(config.precision):
            answers = asked(self._network, copies.picked(numbers))
        filled = composed(answers, large.pictures, large.unseen, config.choice)
        picture = from_unit(filled[0].cpu()).permute(1, 2, 0).numpy()
        return PixelFilling(np.ascontiguousarray(picture), shown, "gather")


def load_gather(path: str | Path) -> GatherNetwork:
    """A saved network in evaluation mode.

    Raises:
        ValueError: naming the file that is missing, damaged or of another kind.
    """
    description = read_description(path, "gather")
    network = GatherNetwork(saved_section(GatherNetworkConfig, description["config"], path))
    return with_weights(network, path, description["weights_sha256"], "cpu")


def filler(config: CompletionConfig, path: Path, compute: Compute) -> PixelFiller:
    """Of any completion: all that there is to set stands beside the network's weights."""
    return GatheredPixels(compute.place(load_gather(path)), compute)
