"""Which picture a frame of a box file means: the image of that number, or the one in that place.

Frames of box files count pictures, from 1 (MOTChallenge) or from 0. Where the pictures are images with
numbers in their names, frames may be these numbers instead. A wrong guess shifts every crop to another
picture without a fault that anybody could see. So the file decides, or the configuration, and no guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

import numpy as np

from stcnet_lib.data.source.layouts.base import DataError

Reading = Literal["auto", "number", "place"]
_HOW = (
    "say which: dataset.video.frames: number (frame n is the image with that number) or place (the n-th "
    "image), and dataset.video.first_frame (0 or 1), if frames are places and do not count from 1"
)


class Places(NamedTuple):
    """Where the picture of each frame stands."""

    offset: int | None  # frame - offset is the place of the picture, from 0
    numbers: np.ndarray | None  # or: the number of every image, and frames are such numbers
    remark: str = ""  # what is worth a look

    def of(self, frames: np.ndarray) -> np.ndarray:
        """Places from 0 of frames (n,) int64; -1 where there is no image of that number."""
        if self.numbers is None:
            return frames - self.offset
        order = np.argsort(self.numbers)
        found = np.searchsorted(self.numbers[order], frames).clip(max=len(order) - 1)
        places = order[found]
        return np.where(self.numbers[places] == frames, places, -1)


def image_numbers(names: Sequence[str]) -> np.ndarray | None:
    """The number that tells the images of a folder apart: the last of their digits that does; None if none.

    int64 (n,), in the order of the names.
    """
    digits = [re.findall(r"\d+", PurePosixPath(name).stem) for name in names]
    lengths = {len(found) for found in digits}
    if not names or lengths == {0} or len(lengths) != 1:
        # Names with more digits in some: what all of them end in is the number.
        return _distinct([found[-1] for found in digits]) if digits and all(digits) else None
    for place in range(lengths.pop() - 1, -1, -1):
        numbers = _distinct([found[place] for found in digits])
        if numbers is not None:
            return numbers
    return None


def _has_digits(name: str) -> bool:
    return any(letter.isdecimal() for letter in PurePosixPath(name).stem)


def _distinct(digits: Sequence[str]) -> np.ndarray | None:
    numbers = [int(text) for text in digits]
    fits = max(numbers) < 2**31 and len(set(numbers)) == len(numbers)
    return np.array(numbers, np.int64) if fits else None


def find_places(
    source: str, frames: np.ndarray, names: Sequence[str] | None, reading: Reading, first_frame: int | None
) -> Places:
    """How the frames of a camera's box file are read.

    Args:
        source: what messages call the pictures.
        frames: int64, sorted: all that occur in the file.
        names: of the images; None for a video, whose pictures have places only.
        reading, first_frame: `dataset.video.frames` and `.first_frame`.

    Raises:
        DataError: nothing decides between two readings, or the reading that is set does not fit.
    """
    numbers = image_numbers(names) if names is not None else None
    if names is not None and reading == "number":
        if numbers is None:
            raise DataError(
                f"{source}: got images without numbers that tell them apart, such as {names[0]}, "
                "while dataset.video.frames is 'number'; wanted numbered ones, or place"
            )
        return Places(None, numbers)
    if numbers is None or reading == "place" or first_frame is not None or not len(frames):
        places = _by_place(source, frames, first_frame)
        decided = reading == "place" or first_frame is not None
        if names is None or numbers is not None or decided or not any(map(_has_digits, names)):
            return places
        remark = "its images have numbers that do not tell all of them apart: frame n is taken to be the n-th"
        return places._replace(remark=remark)
    return _decided(source, frames, numbers)


def _by_place(source: str, frames: np.ndarray, first_frame: int | None) -> Places:
    if first_frame is None and len(frames) and frames[0] == 0:
        raise DataError(
            f"{source}: got boxes in frame 0, wanted frames from 1, or dataset.video.first_frame: 0 in "
            "config.yaml if this file (and every other one) counts from 0"
        )
    first = 1 if first_frame is None else first_frame
    if len(frames) and frames[0] < first:
        raise DataError(
            f"{source}: got boxes in frame {frames[0]}, wanted frames from dataset.video.first_frame, "
            f"which is {first}"
        )
    return Places(first, None)


def _decided(source: str, frames: np.ndarray, numbers: np.ndarray) -> Places:
    """By number or by place, whichever the frames allow."""
    count = len(numbers)
    by_number, by_place = Places(None, numbers), Places(1, None)
    is_number = bool((by_number.of(frames) >= 0).all())
    if frames[0] == 0 and not is_number:
        return _by_place(source, frames, None)  # its error offers to count from 0
    is_place = bool(frames[0] >= 1 and frames[-1] <= count)
    what = f"its {count} images are numbered {numbers.min()} to {numbers.max()}"
    both = by_number.of(frames)
    known = (both >= 0) & (frames >= 1) & (frames <= count)
    alike = bool((both[known] == frames[known] - 1).all())
    if is_number:
        if alike or not is_place:
            return by_number
        at = int(frames[known][both[known] != frames[known] - 1][0])
        remark = (
            f"{what}, and every frame of the boxes is such a number, so pictures are taken by number; as "
            f"places they would fit too, frame {at} being another image then: dataset.video.frames: place"
        )
        return by_number._replace(remark=remark)
    if is_place:
        usual = numbers.min() in (0, 1) and numbers.max() - numbers.min() == count - 1
        return (
            by_place
            if usual
            else by_place._replace(remark=f"{what}, frame n of the boxes is taken to be the n-th")
        )
    if alike and frames[0] >= 1:  # boxes behind the last image: both readings lack the same pictures
        return by_number
    if frames[0] >= numbers.min() and frames[-1] <= numbers.max() and frames[-1] > count:
        # As places they lead behind the last image, and as numbers some images are gone.
        return by_number
    raise DataError(
        f"{source}: {what}, and the boxes are in frames {frames[0]} to {frames[-1]}: by number "
        f"{int((both < 0).sum())} of these {len(frames)} frames have no image, by place "
        f"{int(((frames < 1) | (frames > count)).sum())}; {_HOW}"
    )
