"""Reading weight files, and fitting them to a network without silent gaps."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


def read_weights(path: str | Path) -> Weights:
    """Tensors by parameter name, from a `.safetensors` or a `.pth` / `.pt` file.

    Of a training's checkpoint, where they lie under a key beside optimiser and epoch, or among such values,
    they are taken from there if there is one such key; a `module.` that DataParallel has put before every
    name is removed.

    Raises:
        ValueError: where the file is missing, damaged, or holds no such mapping, or several.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"'{path}': got no such file, wanted a weight file")
    try:
        if path.suffix == ".safetensors":
            values = safetensors.torch.load_file(path)
        else:
            # weights_only: a pickle could otherwise run code
            values = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"'{path}': not a readable weight file, or one with Python objects beside tensors, which are "
            "not loaded because they could run code; if you trust it, save its weights alone, where it was "
            "made: torch.save(torch.load(path, weights_only=False)['state_dict'], 'weights.pth'), or "
            ".state_dict() in the place of ['state_dict'] where the file holds a network"
        ) from error
    except Exception as error:  # torch raises a different class for every kind of damage
        raise ValueError(f"'{path}': not a readable weight file ({_first_line(error)})") from error
    return _without_module(_state_dict(values, path))


def _state_dict(values: Any, path: Path) -> Weights:
    """The mapping itself, or the only one that it holds, at any depth."""
    if _is_state_dict(values):
        return values
    if isinstance(values, dict) and (own := _among_plain_values(values)):
        return own
    found = dict(_inner_state_dicts(values)) if isinstance(values, dict) else {}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        keys = ", ".join(repr(key) for key in found)
        raise ValueError(
            f"'{path}': got a dict with several state dicts, {keys}, wanted one: save the right one alone, "
            f"such as torch.save(torch.load(path)[{next(iter(found))!r}], 'weights.pth')"
        )
    what = f"a dict with the keys {_short_list(values)}" if isinstance(values, dict) else f"a {_kind(values)}"
    raise ValueError(f"'{path}': got {what}, wanted a state dict: names to tensors")


def _inner_state_dicts(values: dict[Any, Any], above: str = "") -> Iterator[tuple[str, Weights]]:
    for key, value in values.items():
        if not isinstance(value, dict) or not value:
            continue
        name = f"{above}{key}"
        # Names of parameters have dots; an optimiser's moments, which are tensors as well, have none.
        if _is_state_dict(value) and any("." in inner for inner in value):
            yield name, value
        else:
            yield from _inner_state_dicts(value, f"{name}.")


def _among_plain_values(values: dict[Any, Any]) -> Weights:
    """Tensors under names of parameters with nothing beside them but numbers and texts, such as the epoch."""
    own = {name: value for name, value in values.items() if isinstance(value, Tensor)}
    rest = (value for value in values.values() if not isinstance(value, Tensor))
    plain = all(value is None or isinstance(value, (bool, int, float, str)) for value in rest)
    named = all(isinstance(name, str) for name in own) and any("." in name for name in own)
    return own if plain and named else {}


def _is_state_dict(values: Any) -> bool:
    return (
        isinstance(values, dict)
        and all(isinstance(key, str) for key in values)
        and all(isinstance(value, Tensor) for value in values.values())
    )


def _without_module(weights: Weights) -> Weights:
    prefix = "module."
    if not weights or not all(name.startswith(prefix) for name in weights):
        return weights
    return {name.removeprefix(prefix): value for name, value in weights.items()}


def _short_list(values: dict[Any, Any], most: int = 8) -> str:
    keys = [str(key) for key in values]
    return ", ".join(keys[:most]) + (" and others" if len(keys) > most else "") or "(none)"


def _kind(value: Any) -> str:
    return type(value).__name__


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
