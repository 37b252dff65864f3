"""The filler of a completion: its method's file is loaded when it is used, and no other one is tracked."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from stcnet_lib.completion.task import Filler
from stcnet_lib.config import CompletionConfig
from stcnet_lib.config.methods import METHODS

if TYPE_CHECKING:  # imports of these would make every method track the network
    from stcnet_lib.common.compute import Compute
    from stcnet_lib.completion.stcnet.generators import STCnet


def network_for(config: CompletionConfig, path: Path | None) -> STCnet | None:
    """The network that the method needs, from its `model.json`; None for one that needs none."""
    method = METHODS[config.method]
    return import_module(method.module).load(path) if method.needs_network else None


def filler_for(config: CompletionConfig, network: STCnet | None, compute: Compute) -> Filler | None:
    """The filler a completion asks for; none to leave frames out.

    Args:
        network: of methods that need one (`Method.needs_network`).
    """
    module = METHODS[config.method].module
    return import_module(module).filler(config, network, compute) if module else None
