"""Losses of completion networks (paper §3.4, §3.5, Eq. 4, 7-10).

The λ only make sense with a mean over pixels, so the L1 terms are means. Generators minimise the
non-saturating form of Eq. 7-8, whose gradient does not vanish while the discriminators win, or, if the
configuration says so, the saturating one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet_lib.config import AdversarialForm, GameConfig
from stcnet_lib.data.clips.transforms import unit_to_imagenet
from stcnet_lib.reid.network import ReIDNetwork


def reconstruction_loss(x: Tensor, completed: Tensor, known: Tensor | float = 1.0) -> Tensor:
    """|x - completed|₁ (one of the two terms of Eq. 9), a mean over all pixels; images (B, 3, H, W).

    Args:
        known: (B, 1, H, W), 0 where the frame does not show the person and so is no target.
    """
    return F.l1_loss(completed.float() * known, x.float() * known)


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log D(real) - log(1 - D(fake)), means over (N,) logits (Eq. 7, 8)."""
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real + fake


def generator_adversarial_loss(fake_logits: Tensor, form: AdversarialForm = "non_saturating") -> Tensor:
    """-log D(fake), or with `saturating` log(1 - D(fake)): the mean over (N,) logits."""
    if form == "saturating":
        return -F.softplus(fake_logits).mean()
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


def guider_input(images: Tensor, height: int, width: int) -> Tensor:
    """Frames as re-ID networks want them: (B, 3, H, W) in [-1, 1] -> (B, 3, height, width), normalised."""
    return F.interpolate(unit_to_imagenet(images), (height, width), mode="bilinear", align_corners=False)


def guider_loss(guider: ReIDNetwork, x2: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of a frozen re-ID network on completed frames (Eq. 4): x2 (B, 3, H, W), labels (B,)."""
    assert not guider.training, "the guider must be frozen: its batch norm would follow the completed frames"
    seen = guider(guider_input(x2, guider.config.height, guider.config.width)[:, None])  # clips of T = 1
    return F.cross_entropy(seen.logits, labels)


def total_loss(
    config: GameConfig, reconstruction: Tensor, adversarial: Tensor | float, guider: Tensor | float
) -> Tensor:
    """L + λ1·La + λ2·Lc (Eq. 10); `adversarial` is the sum over the discriminators in use."""
    return reconstruction + config.lambda_adversarial * adversarial + config.lambda_guider * guider


def freeze(network: nn.Module) -> nn.Module:
    """Evaluation mode, and no gradients for the weights; gradients still pass through to the input."""
    return network.eval().requires_grad_(False)
