"""The kinds of completion networks, and what the workflow must know of each; none is imported here.

A kind is a row here, with settings that need no torch, and a file or folder of `completion/`, which has

- `learner(config, guider, num_classes, seed, compute)`: a network in training (`learning/training.py`);
- `build(config)`: a network (`learning/batch.py`) from `CompletionNetworkConfig.network`, untrained;
- `filler(config, network, compute)`: how it fills, as of every method of completion.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stcnet_lib.config.errors import one_of
from stcnet_lib.config.inpainting import ContextEncoderConfig, GlcicConfig
from stcnet_lib.config.networks import CompletionNetworkConfig
from stcnet_lib.config.section import ConfigError, validate
from stcnet_lib.config.stcnet import StcnetConfig
from stcnet_lib.config.stcnet3d import Stcnet3dConfig


@dataclass(frozen=True)
class NetworkKind:
    """One row."""

    settings: type[CompletionNetworkConfig]
    learning: str  # the module that has its `learner`
    filling: str  # the module that has its `build` and `filler`

    @property
    def learning_files(self) -> list[str]:
        """What a rule that trains one tracks beside its script, relative to the repository."""
        return [self.learning.replace(".", "/") + ".py"]

    @property
    def filling_files(self) -> list[str]:
        """What a rule that fills with one tracks."""
        return [self.filling.replace(".", "/") + ".py"]


def _in_one_file(settings: type[CompletionNetworkConfig], module: str) -> NetworkKind:
    return NetworkKind(settings, module, module)


_ROOM = "stcnet_lib.completion"

NETWORKS = {
    "stcnet": NetworkKind(StcnetConfig, f"{_ROOM}.stcnet.training", f"{_ROOM}.stcnet.filling"),
    "context_encoder": _in_one_file(ContextEncoderConfig, f"{_ROOM}.inpainting.context_encoder"),
    "glcic": _in_one_file(GlcicConfig, f"{_ROOM}.inpainting.glcic"),
    "stcnet3d": NetworkKind(Stcnet3dConfig, f"{_ROOM}.stcnet3d.training", f"{_ROOM}.stcnet3d.filling"),
}


def parse_network(canonical_json: str) -> CompletionNetworkConfig:
    """A completion network of any kind, from `canonical_json` of its section."""
    values = json.loads(canonical_json)
    return validate(_kind_of(values).settings, values)


def changed_network(base: StcnetConfig, changes: Mapping[str, Any]) -> CompletionNetworkConfig:
    """A network that differs from `base` in what it names.

    One of another kind has from `base` what all kinds have, so that two rows differ in the network alone.

    Raises:
        ConfigError: with one line for every problem.
    """
    section = _kind_of(changes).settings
    if isinstance(base, section):
        common = set(section.model_fields)
    else:  # but not of what the kind has a default of its own for
        own = section.model_fields
        fields = CompletionNetworkConfig.model_fields.items()
        common = {name for name, field in fields if own[name].default == field.default}
    return validate(section, {name: getattr(base, name) for name in common} | changes)


def _kind_of(values: Mapping[str, Any]) -> NetworkKind:
    kind = values.get("kind", "stcnet")
    if not isinstance(kind, str) or kind not in NETWORKS:
        raise ConfigError(f"kind: got '{kind}', wanted {one_of(str(kind), set(NETWORKS))}")
    return NETWORKS[kind]
