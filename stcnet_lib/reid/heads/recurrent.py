"""A recurrent layer over the frames of a clip.

McLaughlin, Martinez del Rincon and Miller ("Recurrent Convolutional Network for Video-based Person
Re-Identification", CVPR 2016, §3.2 and §3.3) put a recurrent layer behind the features of the frames and
average its outputs over time. Gao and Nevatia ("Revisiting Temporal Modeling for Video-based Person ReID",
2018) compare that with the output at the last frame, for an LSTM.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stcnet_lib.config import parts
from stcnet_lib.reid.combining import equally
from stcnet_lib.reid.pooling import spatial_mean

_CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class RecurrentHead(nn.Module):
    """One layer, from the first frame to the last, which starts anew with every clip.

    Args:
        cell: "rnn" (tanh), "gru" or "lstm".
        size: of the layer's state.
        output: "mean" over all frames, or "last".

    Shapes:
        maps (B·T, C, h, w), T -> features (B, size)
    """

    def __init__(self, channels: int, cell: str, size: int, output: str) -> None:
        super().__init__()
        self.features = size
        self.output = output
        self.layer = _CELLS[cell](channels, size, batch_first=True)

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        pooled = spatial_mean(maps).unflatten(0, (-1, frames))  # (B, T, C)
        with torch.autocast(maps.device.type, enabled=False):  # a few small products, one after the other
            outputs, _ = self.layer(pooled)  # (B, T, size)
        return outputs.mean(1) if self.output == "mean" else outputs[:, -1]

    # What a state became is no sum over frames, so a clip of more frames does not say more.
    combine = staticmethod(equally)


def build(settings: parts.Recurrent, shape: tuple[int, int, int]) -> RecurrentHead:
    return RecurrentHead(shape[0], settings.cell, settings.channels, settings.output)
