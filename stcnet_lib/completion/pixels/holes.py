"""A frame with hidden pixels, and the frames of its tracklet that may show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.alignment import matches, shifted
from stcnet_lib.completion.neighbours import MEDIAN_FRAMES, nearest_frames
from stcnet_lib.data.truth import HIDDEN_SHARE


@dataclass(frozen=True)
class Hole:
    """What is hidden of one frame, and S others that lie on it, the nearest in time first.

    Of two that are equally far the earlier one goes first.
    """

    frame: int  # within the tracklet
    picture: np.ndarray  # uint8 (H, W, 3)
    hidden: np.ndarray  # bool (H, W)
    numbers: np.ndarray  # (S,) of the others, within the tracklet
    others: np.ndarray  # uint8 (S, H, W, 3)
    others_hidden: np.ndarray  # bool (S, H, W): also what an aligned frame does not reach

    @property
    def shown(self) -> np.ndarray:
        """bool (H, W): hidden here, and visible in some other frame."""
        return self.hidden & ~self.others_hidden.all(axis=0)


class PixelFilling(NamedTuple):
    """What a hole is filled with."""

    picture: np.ndarray  # uint8 (H, W, 3), of which only the filled pixels count
    filled: np.ndarray  # bool (H, W), some or all of the hidden ones
    method: str


class MaskSource(Protocol):
    """Hidden pixels of a store: `localisation.mask_files.Masks`, or those of the truth."""

    def read(self, frames: range) -> list[np.ndarray]:
        """bool (H, W) of consecutive frames."""
        ...


class PixelFiller(Protocol):
    """Fills one hole after the other."""

    def fill(self, hole: Hole) -> PixelFilling | None:
        """None leaves the frame as it is."""
        ...


def holes(
    images: Sequence[np.ndarray], hidden: Sequence[np.ndarray], align: bool, most: int = MEDIAN_FRAMES
) -> Iterator[Hole]:
    """The holes of a tracklet of T frames; frames without a hidden pixel have none.

    Args:
        images, hidden: uint8 (H, W, 3) and bool (H, W) of each frame, which may have sizes of their own.
        align: whether the others are moved so that the person in them lies where the person of the frame is.
        most: others that are looked at.
    """
    flags = np.stack([_hidden_rows(mask) for mask in hidden])  # (T, K): thirds that are not to be compared
    everyone = np.ones(len(images), bool)
    for frame, mask in enumerate(hidden):
        if not mask.any():
            continue
        numbers = np.array(nearest_frames(everyone, frame, frame, most), int)
        numbers = numbers[np.argsort(np.abs(numbers - frame), kind="stable")]
        moves = [(0, 0)] * len(numbers)
        if align and len(numbers):
            found = matches(images[frame], flags[frame], [images[t] for t in numbers], flags[numbers])
            moves = [(match.down, match.right) for match in found]
        yield hole_of(
            frame,
            images[frame],
            mask,
            numbers,
            moves,
            [images[t] for t in numbers],
            [hidden[t] for t in numbers],
        )


def hole_of(
    frame: int,
    picture: np.ndarray,
    hidden: np.ndarray,
    numbers: np.ndarray,
    moves: Sequence[tuple[int, int]],
    others: Sequence[np.ndarray],
    others_hidden: Sequence[np.ndarray],
) -> Hole:
    """A hole with the others brought to its frame's size, and moved.

    Args:
        numbers: (S,) of the others, the nearest first; moves: of each, pixels down and to the right.
        others, others_hidden: uint8 (h, w, 3) and bool (h, w) of each.
    """
    size = hidden.shape
    views = [_moved(_resized(other, size), *by) for other, by in zip(others, moves, strict=True)]
    unseen = [_unseen(_resized(mask, size), *by) for mask, by in zip(others_hidden, moves, strict=True)]
    return Hole(
        frame,
        picture,
        hidden,
        numbers,
        np.stack(views) if views else np.empty((0, *size, 3), np.uint8),
        np.stack(unseen) if unseen else np.empty((0, *size), bool),
    )


def touched_regions(mask: np.ndarray) -> list[int]:
    """The thirds in which a mask bool (H, W) has a pixel."""
    bounds = region_rows(len(mask))
    return [k for k, (top, bottom) in enumerate(pairwise(bounds)) if mask[top:bottom].any()]


def _hidden_rows(mask: np.ndarray) -> np.ndarray:
    """(K,) thirds of which so much is hidden that nothing can be compared there: bool (H, W) -> (K,)."""
    bounds = region_rows(len(mask))
    return np.array([mask[a:b].mean() > HIDDEN_SHARE if b > a else False for a, b in pairwise(bounds)])


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image or a mask in another size; a pixel that mixes hidden ones in is hidden."""
    if image.shape[:2] == size:
        return image
    if image.dtype != bool:
        return np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC))
    grey = Image.fromarray(image.astype(np.uint8) * 255)
    return np.asarray(grey.resize(size[::-1], Image.Resampling.BILINEAR)) > 0


def _moved(image: np.ndarray, down: int, right: int) -> np.ndarray:
    return shifted(image, down, right) if down or right else image


def _unseen(mask: np.ndarray, down: int, right: int) -> np.ndarray:
    """A mask moved within its frame; what comes in was not seen: bool (H, W) -> the same."""
    if not (down or right):
        return mask
    moved = np.ones_like(mask)
    height, width = mask.shape
    rows = slice(max(down, 0), min(height + down, height)), slice(max(-down, 0), min(height - down, height))
    columns = (
        slice(max(right, 0), min(width + right, width)),
        slice(max(-right, 0), min(width - right, width)),
    )
    moved[rows[0], columns[0]] = mask[rows[1], columns[1]]
    return moved
