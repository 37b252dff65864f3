"""The typed configuration: the only home of defaults and bounds.

Defaults are the paper's values (VRSTC, CVPR 2019); where the paper is silent the reason of the
choice stands beside the field. `config.yaml` holds the embedded default, which differs where a small
data set on two CPU cores demands it.

A workflow rule hands the canonical JSON of the section it needs to its script, so the order of keys,
`0.88` against `0.880` and written-out defaults never rerun anything.
"""

from stcnet_lib.config.completion import CompletionConfig, References, ReferencesConfig
from stcnet_lib.config.data import (
    DatasetConfig,
    ExportConfig,
    PlantConfig,
    QueryRule,
    VideoConfig,
    WalkersConfig,
)
from stcnet_lib.config.experiment import (
    Config,
    EvaluationConfig,
    RuntimeConfig,
    VariantConfig,
    joined,
    load_config,
    truth_rows,
)
from stcnet_lib.config.game import AdversarialForm, GameConfig, GuidedNetworkConfig
from stcnet_lib.config.gather import GatherConfig, GatherNetworkConfig
from stcnet_lib.config.inpainting import (
    ContextEncoderConfig,
    ContextEncoderNetworkConfig,
    GlcicConfig,
    GlcicNetworkConfig,
)
from stcnet_lib.config.localisation import DetectorConfig, MasksConfig, OcclusionConfig, ProbeConfig
from stcnet_lib.config.networks import CompletionNetworkConfig, OptimiserConfig, SamplesConfig, SizeConfig
from stcnet_lib.config.reid import FeaturesConfig, ReIDConfig
from stcnet_lib.config.section import (
    ConfigError,
    Fraction,
    Name,
    Precision,
    Section,
    SectionType,
    parse_section,
    validate,
)
from stcnet_lib.config.stcnet import StcnetConfig, StcnetLayers, StcnetNetworkConfig
from stcnet_lib.config.stcnet3d import Stcnet3dConfig, Stcnet3dNetworkConfig

__all__ = [
    "AdversarialForm",
    "CompletionConfig",
    "CompletionNetworkConfig",
    "Config",
    "ConfigError",
    "ContextEncoderConfig",
    "ContextEncoderNetworkConfig",
    "DatasetConfig",
    "DetectorConfig",
    "EvaluationConfig",
    "ExportConfig",
    "FeaturesConfig",
    "Fraction",
    "GameConfig",
    "GatherConfig",
    "GatherNetworkConfig",
    "GlcicConfig",
    "GlcicNetworkConfig",
    "GuidedNetworkConfig",
    "MasksConfig",
    "Name",
    "OcclusionConfig",
    "OptimiserConfig",
    "PlantConfig",
    "Precision",
    "ProbeConfig",
    "QueryRule",
    "ReIDConfig",
    "References",
    "ReferencesConfig",
    "RuntimeConfig",
    "SamplesConfig",
    "Section",
    "SectionType",
    "SizeConfig",
    "Stcnet3dConfig",
    "Stcnet3dNetworkConfig",
    "StcnetConfig",
    "StcnetLayers",
    "StcnetNetworkConfig",
    "VariantConfig",
    "VideoConfig",
    "WalkersConfig",
    "joined",
    "load_config",
    "parse_section",
    "truth_rows",
    "validate",
]
