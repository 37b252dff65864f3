"""Routing real pixels of the reference frames to the output (this project's addition to paper §3.3).

The decoder as printed has to synthesise every pixel. Here it also weighs, per pixel, its own colour
against the pixels of both references, which it may shift by a small learned flow.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

CHANNELS = 7  # logits of synthesised, previous, next; flow (x, y) of previous, of next
MAX_FLOW = 10.0  # pixels: a foot moves about that far while an occluder passes
_SYNTHESIS_PRIOR = -2.0  # logit: starts near copying, which is the strong baseline
_LEAST_VALIDITY = 0.99  # 1 up to rounding: no sample that touches a hidden pixel, or leaves the picture


def blend(
    colours: Tensor,
    controls: Tensor,
    references: tuple[Tensor, Tensor],
    hidden: tuple[Tensor | None, Tensor | None],
) -> tuple[Tensor, Tensor]:
    """Mix synthesised colours with the references' pixels.

    Args:
        colours: (B, 3, H, W), the decoder's.
        controls: (B, 7, H, W), the decoder's; zeros mean no flow and both references alike.
        references: previous and next, (B, 3, H, W).
        hidden: for each reference none or (B, 1, H, W), 1 where its pixels must not be used.

    Returns:
        image (B, 3, H, W), weights (B, 3, H, W) of synthesised, previous and next, which sum to 1.
    """
    dtype = torch.promote_types(colours.dtype, torch.float32)
    colours, controls = colours.to(dtype), controls.to(dtype)
    logits = [controls[:, 0:1] + _SYNTHESIS_PRIOR]
    sources = [colours]
    flows = controls[:, 3:].tanh() * MAX_FLOW
    for i, (image, mask) in enumerate(zip(references, hidden, strict=True)):
        flow, logit = flows[:, 2 * i : 2 * i + 2], controls[:, i + 1 : i + 2]
        sources.append(warp(image.to(dtype), flow))
        visible = torch.ones_like(logit) if mask is None else 1 - mask.to(dtype)
        validity = warp(visible.detach(), flow.detach(), outside="zeros")
        logit = logit.masked_fill(validity < _LEAST_VALIDITY, -torch.inf)
        logits.append(logit)
    weights = torch.cat(logits, dim=1).softmax(1)  # the synthesised one is always finite
    image = (weights[:, :, None] * torch.stack(sources, dim=1)).sum(1)
    return image, weights


def warp(images: Tensor, flow: Tensor, outside: Literal["border", "zeros"] = "border") -> Tensor:
    """Bilinear samples of images (B, C, H, W) at p + flow(p); flow (B, 2, H, W) is (x, y) in pixels.

    Args:
        outside: what stands beyond the picture: its border repeated, or zeros.
    """
    height, width = images.shape[2:]
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None] + flow[:, 1]  # (B, H, W)
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype) + flow[:, 0]
    grid = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=3)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode=outside, align_corners=False)
