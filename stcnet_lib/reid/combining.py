"""From the features of a tracklet's clips to one: what heads may choose from.

features (n, D) and lengths (n,) of the clips, in frames -> feature (D,)
"""

from __future__ import annotations

from torch import Tensor


def by_length(features: Tensor, lengths: Tensor) -> Tensor:
    """Every frame counts the same, as in the mean over a whole tracklet."""
    return (features * lengths[:, None]).sum(0) / lengths.sum()


def equally(features: Tensor, lengths: Tensor) -> Tensor:
    """Every clip counts the same, however many frames it has."""
    return features.mean(0)
