"""The filler of a completion: the file of its method, or of its network, is loaded and tracked when used."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import torch
from torch import nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.pixels.holes import PixelFiller
from stcnet_lib.completion.pixels.within import PixelsWithin
from stcnet_lib.completion.task import Filler
from stcnet_lib.config import CompletionConfig
from stcnet_lib.config.kinds import NETWORKS
from stcnet_lib.config.methods import METHODS
from stcnet_lib.reid.files import read_description, saved_section, with_weights


def network_for(config: CompletionConfig, path: Path | None) -> nn.Module | None:
    """The network that the method needs, from its `model.json`; None for one that needs none."""
    return load_network(path) if METHODS[config.method].needs_network else None


def load_network(path: str | Path, device: str | torch.device = "cpu") -> nn.Module:
    """A saved completion network of any kind (`learning.batch.CompletionNetwork`), in evaluation mode.

    Raises:
        ValueError: naming the file that is missing, damaged or of another kind.
    """
    description = read_description(path, *NETWORKS)
    kind = NETWORKS[description["kind"]]
    settings = saved_section(kind.settings, description["config"], path)
    network = import_module(kind.filling).build(settings.network)
    return with_weights(network, path, description["weights_sha256"], device)


def pixel_filler_for(config: CompletionConfig, gather: Path | None, compute: Compute) -> PixelFiller:
    """What fills single pixels, of a completion whose masks are of pixels.

    Args:
        gather: `model.json` of the network, for methods that gather.
    """
    return import_module(METHODS[config.method].pixels).filler(config, gather, compute)


def filler_within(
    config: CompletionConfig, network: nn.Module | None, gather: Path | None, compute: Compute
) -> Filler | PixelsWithin | None:
    """What fills flagged thirds, or of these the hidden pixels alone.

    Args:
        network, gather: as of `filler_for` and `pixel_filler_for`.
    """
    if config.of_pixels:
        return PixelsWithin(pixel_filler_for(config, gather, compute))
    return filler_for(config, network, compute)


def filler_for(config: CompletionConfig, network: nn.Module | None, compute: Compute) -> Filler | None:
    """The filler a completion asks for; none to leave frames out.

    Args:
        network: of methods that need one (`Method.needs_network`).
    """
    method = METHODS[config.method]
    module = NETWORKS[network.config.kind].filling if method.needs_network else method.module
    return import_module(module).filler(config, network, compute) if module else None
