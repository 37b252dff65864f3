"""Reading weight files, and fitting them to a network without silent gaps."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


def read_weights(path: str | Path) -> Weights:
    """Tensors by parameter name, from a `.safetensors` or a `.pth` / `.pt` file.

    Raises:
        ValueError: where the file is missing, damaged, or no mapping from names to tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"'{path}': got no such file, wanted a weight file")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        # weights_only: a pickle could otherwise run code
        values = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different class for every kind of damage
        raise ValueError(f"'{path}': not a readable weight file ({_first_line(error)})") from error
    if not isinstance(values, dict) or not all(isinstance(value, Tensor) for value in values.values()):
        raise ValueError(f"'{path}': got a {type(values).__name__}, wanted a state dict: names to tensors")
    return values


def load_exactly(network: nn.Module, weights: Weights, source: str | Path) -> None:
    """Put `weights` into `network`, every one and nothing else.

    Raises:
        ValueError: naming `source` and what does not fit; the network is then unchanged.
    """
    wanted = network.state_dict()
    # Batch norm's step counter is missing in older files and is of no use with a fixed momentum.
    optional = {name for name in wanted if name.endswith("num_batches_tracked")}
    shapes = [
        f"{name} {tuple(weights[name].shape)} for {tuple(wanted[name].shape)}"
        for name in wanted
        if name in weights and weights[name].shape != wanted[name].shape
    ]
    problems = [
        _listed("missing", [name for name in wanted if name not in weights and name not in optional]),
        _listed("unknown", [name for name in weights if name not in wanted]),
        _listed("of another shape", shapes),
    ]
    problems = [problem for problem in problems if problem]
    if problems:
        raise ValueError(f"'{source}' does not fit the network: " + "; ".join(problems))
    network.load_state_dict({**wanted, **weights})


def _listed(what: str, names: list[str], most: int = 5) -> str:
    if not names:
        return ""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)} {what}: " + ", ".join(names[:most]) + rest


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
