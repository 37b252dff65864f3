"""How STCnet fills: by both generators, or by its spatial generator alone (paper §3)."""

from __future__ import annotations

import numpy as np
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.methods.network import NetworkFiller, Seen, as_pictures
from stcnet_lib.completion.neighbours import both_sides
from stcnet_lib.completion.stcnet.blending import Routes, route
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.completion.task import Filler, Filling
from stcnet_lib.completion.views import fitted, without_hidden
from stcnet_lib.config import CompletionConfig, StcnetNetworkConfig
from stcnet_lib.data.clips.transforms import to_unit


class Generators:
    """STCnet on a device: the temporal generator where a reference exists, the spatial one elsewhere."""

    def __init__(self, network: STCnet, method: str, compute: Compute) -> None:
        """
        Args:
            method: "stcnet", or "spatial" for the spatial generator alone.
        """
        self._network = compute.place(network).eval()
        self._temporal = method == "stcnet" and network.config.temporal != "none"
        self._compute = compute

    def __call__(self, seen: Seen) -> list[Filling]:
        """The fillings of a few tasks."""
        frames, precision = seen.frames, self._network.config.precision
        if not self._temporal:
            with self._compute.autocast(precision):
                spatial = as_pictures(self._network.spatial(seen.pictures(frames), seen.masks(frames)))
            return [Filling(picture, "spatial") for picture in spatial]
        # Without a reference the frame stands in for it, and the temporal result is not used.
        pairs = [both_sides(task.references or (task.frame,)) for task in seen.tasks]
        previous, following = (list(side) for side in zip(*pairs, strict=True))
        pictures = (seen.pictures(numbers) for numbers in (frames, previous, following))
        hidden = (seen.masks(numbers) for numbers in (frames, previous, following))
        with self._compute.autocast(precision):
            completion = self._network(*pictures, *hidden)
        spatial, temporal = as_pictures(completion.x1), as_pictures(completion.x2)
        fillings = []
        for i, task in enumerate(seen.tasks):
            if not task.references:
                fillings.append(Filling(spatial[i], "spatial"))
            elif completion.routes is None:
                fillings.append(Filling(temporal[i], "temporal"))
            else:
                own = Routes(*(part[i : i + 1].float() for part in completion.routes))
                routed = self._routed(seen, i, own)
                same = routed.shape == temporal[i].shape
                fillings.append(Filling(temporal[i] if same else routed, "temporal", routed))
        return fillings

    def _routed(self, seen: Seen, i: int, routes: Routes) -> np.ndarray:
        """What was routed for task i, out of the references' own pixels: uint8 (H, W, 3) as the frame."""
        task, images = seen.tasks[i], seen.images[i]
        height, width = images[task.frame].shape[:2]
        references = []
        for t in both_sides(task.references):
            shown = without_hidden(fitted(images[t], height, width), seen.flags[t])
            references.append(
                to_unit(torch.from_numpy(shown).permute(2, 0, 1)[None]).to(self._compute.device)
            )
        return as_pictures(route(routes, (references[0], references[1])))[0]


def build(config: StcnetNetworkConfig) -> STCnet:
    """The generators, untrained."""
    return STCnet(config)


def filler(config: CompletionConfig, network: STCnet, compute: Compute) -> Filler:
    """The network on its device, in evaluation mode."""
    return NetworkFiller(Generators(network, config.method, compute), network.config, compute)
