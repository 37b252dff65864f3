"""STCnet, or its spatial generator alone (paper §3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torchvision.transforms.v2 import functional as transforms

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import region_mask
from stcnet_lib.completion.neighbours import both_sides
from stcnet_lib.completion.stcnet.blending import Routes, route
from stcnet_lib.completion.stcnet.files import load_stcnet
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.completion.task import Filler, Filling, FillTask
from stcnet_lib.completion.views import fitted, views, without_hidden
from stcnet_lib.config import CompletionConfig
from stcnet_lib.data.clips.transforms import from_unit, to_unit

# Regions filled at once. Attention maps of more do not fit a CPU's cache: 16 ran 2.3 times as fast as 64.
BATCH = {"cpu": 16, "cuda": 256}


class NetworkFiller:
    """STCnet: the temporal generator where a reference exists, the spatial one elsewhere."""

    def __init__(self, network: STCnet, method: str, compute: Compute) -> None:
        """
        Args:
            method: "stcnet", or "spatial" for the spatial generator alone.
        """
        self._network = compute.place(network).eval()
        self._temporal = method == "stcnet" and network.config.temporal != "none"
        self._compute = compute

    def fill(self, tasks, images, flags):
        todo = [task for task in tasks if not task.leave]
        size = BATCH[self._compute.device.type]
        fillings = {}
        for start in range(0, len(todo), size):
            part = todo[start : start + size]
            seen = [views(task, images, flags) for task in part]
            fillings |= self._fill_batch(part, seen, torch.from_numpy(flags.copy()))
        return [fillings.get(task) for task in tasks]

    @torch.inference_mode()
    def _fill_batch(
        self, tasks: Sequence[FillTask], seen: Sequence[dict[int, np.ndarray]], flags: torch.Tensor
    ) -> dict[FillTask, Filling]:
        """The fillings of a few tasks; `seen` are the images of each (`views`)."""
        config = self._network.config

        def stack(numbers: list[int]) -> torch.Tensor:  # (B, 3, H, W) in [-1, 1]
            pictures = [self._resized(images[n]) for images, n in zip(seen, numbers, strict=True)]
            return torch.stack(pictures).to(self._compute.device)

        def masks(numbers: list[int]) -> torch.Tensor:  # (B, 1, H, W)
            originals = [len(images[n]) for images, n in zip(seen, numbers, strict=True)]
            own = flags[numbers].to(self._compute.device)
            return region_mask(own, config.height, config.width, originals)

        frames = [task.frame for task in tasks]
        if not self._temporal:
            with self._compute.autocast(config.precision):
                spatial = _pictures(self._network.spatial(stack(frames), masks(frames)))
            return {task: Filling(spatial[i], "spatial") for i, task in enumerate(tasks)}
        # Without a reference the frame stands in for it, and the temporal result is not used.
        pairs = [both_sides(task.references or (task.frame,)) for task in tasks]
        previous, following = (list(side) for side in zip(*pairs, strict=True))
        pictures = (stack(numbers) for numbers in (frames, previous, following))
        hidden = (masks(numbers) for numbers in (frames, previous, following))
        with self._compute.autocast(config.precision):
            completion = self._network(*pictures, *hidden)
        spatial, temporal = _pictures(completion.x1), _pictures(completion.x2)
        fillings = {}
        for i, task in enumerate(tasks):
            if not task.references:
                fillings[task] = Filling(spatial[i], "spatial")
                continue
            if completion.routes is None:
                fillings[task] = Filling(temporal[i], "temporal")
                continue
            own = Routes(*(part[i : i + 1].float() for part in completion.routes))
            routed = self._routed(task, seen[i], flags, own)
            same = routed.shape == temporal[i].shape
            fillings[task] = Filling(temporal[i] if same else routed, "temporal", routed)
        return fillings

    def _routed(
        self, task: FillTask, images: dict[int, np.ndarray], flags: torch.Tensor, routes: Routes
    ) -> np.ndarray:
        """What the network routed, out of the references' own pixels: uint8 (H, W, 3) as the frame."""
        height, width = images[task.frame].shape[:2]
        references = []
        for t in both_sides(task.references):
            shown = without_hidden(fitted(images[t], height, width), flags[t].numpy())
            references.append(
                to_unit(torch.from_numpy(shown).permute(2, 0, 1)[None]).to(self._compute.device)
            )
        return _pictures(route(routes, (references[0], references[1])))[0]

    def _resized(self, image: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(image).permute(2, 0, 1)  # (3, h, w)
        size = [self._network.config.height, self._network.config.width]
        if list(tensor.shape[1:]) != size:
            tensor = transforms.resize(tensor, size, antialias=True)
        return to_unit(tensor)


def _pictures(images: torch.Tensor) -> np.ndarray:
    """(B, 3, H, W) in [-1, 1] -> uint8 (B, H, W, 3)."""
    return from_unit(images.float().cpu()).permute(0, 2, 3, 1).numpy()


load = load_stcnet


def filler(config: CompletionConfig, network: STCnet, compute: Compute) -> Filler:
    """The network on its device, in evaluation mode."""
    return NetworkFiller(network, config.method, compute)
