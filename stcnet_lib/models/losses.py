"""STCnet's losses (paper §3.4, §3.5, Eq. 4, 7-10).

The λ only make sense with a mean over pixels, so the L1 terms are means. Generators minimise the
non-saturating form of Eq. 7-8, whose gradient does not vanish while the discriminators win.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet_lib.config import StcnetConfig
from stcnet_lib.models.reid import ReIDNetwork

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def reconstruction_loss(x: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    """|x - x1|₁ + |x - x2|₁ (Eq. 9), each a mean over all pixels; images (B, 3, H, W)."""
    return F.l1_loss(x1, x) + F.l1_loss(x2, x)


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log D(real) - log(1 - D(fake)), means over (N,) logits (Eq. 7, 8)."""
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real + fake


def generator_adversarial_loss(fake_logits: Tensor) -> Tensor:
    """-log D(fake), the mean over (N,) logits."""
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


def guider_input(images: Tensor, height: int, width: int) -> Tensor:
    """Frames as re-ID networks want them: (B, 3, H, W) in [-1, 1] -> (B, 3, height, width), normalised."""
    mean = torch.tensor(IMAGENET_MEAN, device=images.device, dtype=images.dtype)[:, None, None]
    std = torch.tensor(IMAGENET_STD, device=images.device, dtype=images.dtype)[:, None, None]
    images = ((images + 1) / 2 - mean) / std
    return F.interpolate(images, (height, width), mode="bilinear", align_corners=False)


def guider_loss(guider: ReIDNetwork, x2: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of a frozen re-ID network on completed frames (Eq. 4): x2 (B, 3, H, W), labels (B,)."""
    assert not guider.training, "the guider must be frozen: its batch norm would follow the completed frames"
    _, logits = guider(guider_input(x2, guider.config.height, guider.config.width)[:, None])  # clips of T = 1
    return F.cross_entropy(logits, labels)


def total_loss(
    config: StcnetConfig, reconstruction: Tensor, adversarial: Tensor | float, guider: Tensor | float
) -> Tensor:
    """L + λ1·La + λ2·Lc (Eq. 10); `adversarial` is the sum over the discriminators in use."""
    return reconstruction + config.lambda_adversarial * adversarial + config.lambda_guider * guider


def freeze(network: nn.Module) -> nn.Module:
    """Evaluation mode, and no gradients for the weights; gradients still pass through to the input."""
    return network.eval().requires_grad_(False)
