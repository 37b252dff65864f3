"""Saved networks: `model.safetensors`, and beside it `model.json` from which the network is built again.

The JSON holds the digest of the weights. It is written last, so that an interrupted save is noticed
at the next load instead of pairing new weights with an old description.

Completion networks are loaded by `completion/filling.py`: their code is none that a re-ID network depends
on, so an edit there trains no re-ID network again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from stcnet_lib.common.files import file_digest, read_json, replacing, write_json
from stcnet_lib.common.weights import load_exactly, read_weights
from stcnet_lib.config import ConfigError, ReIDConfig, SectionType, parse_section
from stcnet_lib.reid.network import ReIDNetwork

FORMAT = "stcnet-model"
VERSION = 1


def model_paths(path: str | Path) -> tuple[Path, Path]:
    """The weight file and its description, from their folder or from either of them."""
    path = Path(path)
    if path.suffix not in (".safetensors", ".json"):
        path = path / "model.json"
    return path.with_suffix(".safetensors"), path.with_suffix(".json")


def save_model(
    path: str | Path,
    kind: str,
    network: nn.Module,
    config_json: str,
    num_classes: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write a network's weights and its description.

    Args:
        path: the folder, or one of the two files.
        kind: "reid", "detector", or that of a completion network (`config/kinds.py`).
        config_json: `canonical_json()` of the section the network was built from.
        num_classes: of a re-ID network.
        details: metrics of the training and its provenance; anything JSON can hold.
    """
    weights_path, json_path = model_paths(path)
    weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with replacing(weights_path) as partial:
        # Not save_file: of a full disk it tells in an error of its own kind.
        partial.write_bytes(safetensors.torch.save(weights))
    description = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "config": json.loads(config_json),
        "num_classes": num_classes,
        "weights_sha256": file_digest(weights_path),
        "details": details or {},
    }
    write_json(json_path, description)


def load_reid(path: str | Path, device: str | torch.device = "cpu") -> ReIDNetwork:
    """A saved re-ID network in evaluation mode.

    Raises:
        ValueError: naming the file that is missing, damaged or of another kind.
    """
    description = read_description(path, "reid")
    values = description["config"]
    if values.get("pretrained") not in ("none", "imagenet"):
        # The file the training started from need not exist where the result is used.
        values = {**values, "pretrained": "none"}
    num_classes = description.get("num_classes")
    if not isinstance(num_classes, int) or num_classes < 1:
        raise ValueError(f"'{model_paths(path)[1]}': num_classes: got {num_classes!r}, wanted 1 or more")
    network = ReIDNetwork(saved_section(ReIDConfig, values, path), num_classes)
    return with_weights(network, path, description["weights_sha256"], device)


def load_guider(path: str | Path, device: str | torch.device = "cpu") -> ReIDNetwork:
    """A saved re-ID network that gives features of single frames, as the guider must.

    Raises:
        ValueError: as `load_reid`, or because frames meet in the network before its head.
    """
    network = load_reid(path, device)
    if (meeting := network.config.meeting) is not None:
        raise ValueError(
            f"'{model_paths(path)[1]}': got a network with {meeting} as guider, wanted one "
            "without: its features would be of clips, and the guider's are of frames; see trained_guider"
        )
    return network


def read_description(path: str | Path, *kinds: str) -> dict[str, Any]:
    """`model.json`, checked for its form and that it is of one of the kinds, but not against the weights."""
    _, json_path = model_paths(path)
    if not json_path.is_file():
        raise ValueError(f"'{json_path}': got no such file, wanted the description of a saved network")
    try:
        description = read_json(json_path)
    except ValueError as error:
        raise ValueError(f"'{json_path}': not readable as JSON ({error})") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ValueError(f"'{json_path}': not the description of a saved network")
    for key, wanted in (("version", (VERSION,)), ("kind", kinds)):
        if description.get(key) not in wanted:
            names = " or ".join(map(repr, wanted))
            raise ValueError(f"'{json_path}': {key}: got {description.get(key)!r}, wanted {names}")
    missing = {"config", "weights_sha256"} - set(description)
    if missing:
        raise ValueError(f"'{json_path}': got no {', '.join(sorted(missing))}, wanted what save_model writes")
    return description


def saved_section(section: type[SectionType], values: dict[str, Any], path: str | Path) -> SectionType:
    """The settings that a network was built from."""
    try:
        return parse_section(section, json.dumps(values))
    except ConfigError as error:
        raise ValueError(f"'{model_paths(path)[1]}': config: {error}") from error


def with_weights(network: nn.Module, path: str | Path, digest: str, device: str | torch.device) -> Any:
    """The network with the weights that lie beside its description, in evaluation mode."""
    weights_path, json_path = model_paths(path)
    weights = read_weights(weights_path)
    found = file_digest(weights_path)
    if found != digest:
        raise ValueError(
            f"'{weights_path}': got sha256 {found[:12]}…, wanted {digest[:12]}… as '{json_path.name}' says: "
            "the two files are not from one save; train that network again"
        )
    load_exactly(network, weights, weights_path)
    return network.to(device).eval()
