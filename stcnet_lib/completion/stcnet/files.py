"""A saved STCnet; see `files.py`."""

from __future__ import annotations

from pathlib import Path

import torch

from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.config import StcnetConfig
from stcnet_lib.reid.files import read_description, saved_section, with_weights


def load_stcnet(path: str | Path, device: str | torch.device = "cpu") -> STCnet:
    """Saved generators in evaluation mode.

    Raises:
        ValueError: naming the file that is missing, damaged or of another kind.
    """
    description = read_description(path, "stcnet")
    network = STCnet(saved_section(StcnetConfig, description["config"], path))
    return with_weights(network, path, description["weights_sha256"], device)
