"""From decoded frames to what networks eat: sizes, augmentation, value ranges (paper §5.2).

Augmentation decides once a clip, not once a frame, so that a clip stays one walk of one person under one
light. Its decisions come from the generator it is handed, never from global random state.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

from stcnet_lib.common.regions import region_rows

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class TrainTransform:
    """Resize and augment with one decision a clip, ImageNet normalisation."""

    def __init__(
        self,
        height: int,
        width: int,
        flip: float,
        colour_jitter: float,
        crop: float = 0.0,
        blur: float = 0.0,
        erase: float = 0.0,
    ) -> None:
        """
        Args:
            flip: chance of a horizontal flip.
            colour_jitter: brightness, contrast and saturation are each multiplied by a factor drawn
                evenly from 1 ± this.
            crop: each side of the box moves inwards by up to this share of the height or width, as the
                boxes of a detector do.
            blur: chance of being brought to a quarter to a half of the size and back, as far people are.
            erase: chance that a rectangle of 2 to 20 % of the picture becomes grey, the same in all frames.
        """
        self.height, self.width = height, width
        self.flip, self.colour_jitter = flip, colour_jitter
        self.crop, self.blur, self.erase = crop, blur, erase

    def __call__(self, clip: Tensor, generator: np.random.Generator) -> Tensor:
        """uint8 (T, 3, h, w) -> float32 (T, 3, H, W), ImageNet-normalised."""
        # All draws are made whatever the settings, so that a changed one leaves the others' draws alone.
        flip = generator.random() < self.flip
        factors = 1 + self.colour_jitter * generator.uniform(-1, 1, 3)
        order = generator.permutation(3)
        sides = self.crop * generator.random(4)
        blurred, coarse = generator.random() < self.blur, generator.uniform(0.25, 0.5)
        erased, box = generator.random() < self.erase, generator.random(4)
        if self.crop > 0:
            height, width = clip.shape[-2:]
            top, left = int(sides[0] * height), int(sides[1] * width)
            bottom, right = height - int(sides[2] * height), width - int(sides[3] * width)
            clip = clip[..., top : max(bottom, top + 1), left : max(right, left + 1)]
        clip = _resized(clip, self.height, self.width)
        if blurred:
            small = _resized(clip, max(int(self.height * coarse), 1), max(int(self.width * coarse), 1))
            clip = _resized(small, self.height, self.width)
        if flip:
            clip = functional.horizontal_flip(clip)
        clip = functional.to_dtype(clip, torch.float32, scale=True)
        if self.colour_jitter > 0:
            adjust = (
                functional.adjust_brightness,
                functional.adjust_contrast,
                functional.adjust_saturation,
            )
            for i in order:
                clip = adjust[i](clip, float(factors[i]))
        if erased:
            area, ratio = 0.02 + 0.18 * box[0], np.exp(box[1] * 2 - 1)
            rows = min(int(np.sqrt(area * ratio) * self.height) + 1, self.height)
            columns = min(int(np.sqrt(area / ratio) * self.width) + 1, self.width)
            top, left = int(box[2] * (self.height - rows)), int(box[3] * (self.width - columns))
            clip[..., top : top + rows, left : left + columns] = clip.new_tensor(IMAGENET_MEAN)[:, None, None]
        return functional.normalize(clip, list(IMAGENET_MEAN), list(IMAGENET_STD))


class TestTransform:
    """Resize and ImageNet normalisation; nothing random."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(self, height: int, width: int, thirds: bool = False) -> None:
        """
        Args:
            height: in pixels, of the frame or, with `thirds`, of every third.
            thirds: cut a frame into its K regions before resizing.
        """
        self.height, self.width, self.thirds = height, width, thirds

    def __call__(self, clip: Tensor) -> Tensor:
        """uint8 (T, 3, h, w) -> float32 (T, 3, H, W), or (T, K, 3, H, W) with `thirds`."""
        return to_imagenet(self.sized(clip))

    def sized(self, clip: Tensor) -> Tensor:
        """The first half of it, for workers: a quarter of the bytes. uint8 -> uint8 of the shape above."""
        if not self.thirds:
            return _resized(clip, self.height, self.width)
        parts = [clip[..., top:bottom, :] for top, bottom in pairwise(region_rows(clip.shape[-2]))]
        return torch.stack([_resized(part, self.height, self.width) for part in parts], 1)


def stack_frames(images: Sequence[np.ndarray], height: int, width: int) -> Tensor:
    """Decoded frames, uint8 (h, w, 3) of any sizes, as one clip: uint8 (T, 3, h, w).

    Frames of one size keep it; frames of differing sizes become H×W.
    """
    if len({image.shape for image in images}) == 1:
        return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    clips = [torch.from_numpy(image[None]).permute(0, 3, 1, 2) for image in images]  # (1, 3, h, w) each
    return torch.cat([_resized(clip, height, width) for clip in clips])


def to_imagenet(images: Tensor) -> Tensor:
    """uint8 images (…, 3, H, W) -> float32, ImageNet-normalised, as re-ID networks take them."""
    values = functional.to_dtype(images, torch.float32, scale=True)
    return functional.normalize(values, list(IMAGENET_MEAN), list(IMAGENET_STD), inplace=True)


def to_unit(images: Tensor) -> Tensor:
    """uint8 images of any shape -> float32 in [-1, 1], as STCnet takes them."""
    return images.to(torch.float32) / 127.5 - 1


def from_unit(images: Tensor) -> Tensor:
    """The inverse of `to_unit`: values in [-1, 1] -> uint8, rounded, and clipped where they lie outside."""
    return ((images.to(torch.float32) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def unit_to_imagenet(images: Tensor) -> Tensor:
    """(…, 3, H, W) in [-1, 1] -> ImageNet-normalised; differentiable."""
    mean = images.new_tensor(IMAGENET_MEAN)[:, None, None]
    std = images.new_tensor(IMAGENET_STD)[:, None, None]
    return ((images + 1) / 2 - mean) / std


def _resized(clip: Tensor, height: int, width: int) -> Tensor:
    if clip.shape[-2:] == (height, width):
        return clip
    return functional.resize(clip, [height, width], antialias=True)
