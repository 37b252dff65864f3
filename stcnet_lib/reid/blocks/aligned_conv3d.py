"""Appearance-preserving 3-D convolution (AP3D: Gu et al., ECCV 2020, arXiv:2007.08434, §3.2).

A person moves inside the box, so a 3-D convolution mixes different parts of the body. Before it, each
neighbour n of a frame c is put together anew from its own positions, by what they show:

    y_i = Σ_j softmax_j(scale · cos(W c_i, W n_j)) n_j
    z_i = y_i · σ(w · (θ c_i ∘ φ y_i))

The second line, contrastive attention, weakens what the frame shows and its neighbour does not. The
convolution over time is of z before, c, and z behind. It stands in the factored bottleneck of `conv3d`, so
that the two kinds differ in the alignment alone; AP3D has it inside the bottlenecks of a ResNet-50, and zeros
beyond the ends of a clip, where here the end is repeated.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from stcnet_lib.config import parts
from stcnet_lib.reid.blocks.conv3d import Conv3dBlock
from stcnet_lib.reid.folded import neighbours

_REDUCTION = 16  # times fewer channels to compare by, as AP3D has it for a bottleneck's


class Alignment(nn.Module):
    """Puts each map together anew so that it shows the same thing at the same place as another.

    Args:
        scale: of the cosines in the softmax.

    Shapes:
        frames (F, C, H, W), others (F, C, H, W) -> the others as the frames have it, (F, C, H, W)
    """

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        inner = max(channels // _REDUCTION, 4)
        self.scale = scale
        self.semantics = nn.Conv2d(channels, inner, 1, bias=False)
        self.theta = nn.Conv2d(channels, inner, 1, bias=False)
        self.phi = nn.Conv2d(channels, inner, 1, bias=False)
        self.contrast = nn.Conv2d(inner, 1, 1, bias=False)

    def forward(self, frames: Tensor, others: Tensor) -> Tensor:
        found = self.registered(frames, others)
        return found * self.contrast(self.theta(frames) * self.phi(found)).sigmoid()

    def registered(self, frames: Tensor, others: Tensor) -> Tensor:
        """y: of each position the mean of the other's positions, by cosine."""
        queries, keys = (_tokens(F.normalize(self.semantics(maps), dim=1)) for maps in (frames, others))
        values = _tokens(others).to(queries.dtype)  # (F, 1, HW, C)
        mixed = F.scaled_dot_product_attention(queries, keys, values, scale=self.scale)
        return mixed.squeeze(1).unflatten(1, frames.shape[2:]).permute(0, 3, 1, 2)


class AlignedConv3dBlock(Conv3dBlock):
    """The factored bottleneck, of neighbours that are aligned with the frame between them.

    Shapes:
        maps (B·T, C, H, W), T -> (B·T, C, H, W)
    """

    def __init__(self, channels: int, inner: int, scale: float) -> None:
        super().__init__(channels, inner)
        self.align = Alignment(inner, scale)

    def beside(self, maps: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
        before, itself, behind = neighbours(maps, frames)
        return self.align(itself, before), itself, self.align(itself, behind)


def _tokens(maps: Tensor) -> Tensor:
    """(F, C, H, W) -> (F, 1, HW, C): all positions of a frame, one head."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2).unsqueeze(1).contiguous()


def build(settings: parts.AlignedConv3d, channels: int) -> AlignedConv3dBlock:
    return AlignedConv3dBlock(channels, max(channels // settings.reduction, 1), settings.scale)
