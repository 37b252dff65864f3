"""Strips as small pictures inside the page: a row of frames before, restored and, where known, true."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from stcnet_lib.report.figures.strip_choice import band_rows
from stcnet_lib.report.figures.strip_frames import Strip
from stcnet_lib.report.summary.markup import element, figure, text

_HEIGHT = 160  # rows of a frame at most: more than a phone shows of seven frames side by side
_QUALITY = 80  # of WebP, of 100
_MARK = (213, 94, 0, 255)  # Okabe and Ito's vermilion
_LEFT_ALONE = (128, 128, 128, 255)
_NAMES = {"clean": "truth"}


def strip_figures(strips: Sequence[Strip]) -> list[str]:
    """A figure a strip, with the frames' numbers in its caption."""
    return [_strip_figure(number, strip) for number, strip in enumerate(strips, 1)]


def _strip_figure(number: int, strip: Strip) -> str:
    rows = []
    for name, images in strip.rows.items():
        shown = _NAMES.get(name, name)
        bands = strip.bands if name in ("before", "restored") else []
        source = f"data:image/webp;base64,{base64.b64encode(_webp(images, bands)).decode()}"
        picture = f'<img src="{source}" alt="{text(f"strip {number}, {shown}")}">'
        rows.append(element("div", element("span", text(shown)), picture, class_="frames"))
    frames = f"frames {strip.numbers[0]} to {strip.numbers[-1]}"
    return figure("\n".join(rows), f"Strip {number}: tracklet {strip.heading}; {frames}.")


def _webp(images: Sequence[np.ndarray], bands: Sequence[tuple[int, int, bool]]) -> bytes:
    """Frames (H, W, 3) side by side as WebP, with clear gaps, in which marks stand beside flagged thirds."""
    frames = [_small(image) for image in images]
    height, width = frames[0].shape[:2]
    gap = max(8, width // 6)
    sheet = np.zeros((height, len(frames) * (width + gap) + gap, 4), np.uint8)  # (H, W', RGBA)
    for place, frame in enumerate(frames):
        left = gap + place * (width + gap)
        sheet[:, left : left + width] = np.dstack([frame, np.full((height, width), 255, np.uint8)])
    for place, region, replaced in bands:
        left = gap + place * (width + gap)
        rows = band_rows(height, region)
        inner = slice(rows.start + 1, rows.stop - 1)
        colour = _MARK if replaced else _LEFT_ALONE
        sheet[inner, left - 4 : left - 1] = colour
        sheet[inner, left + width + 1 : left + width + 4] = colour
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "webp", quality=_QUALITY, method=6)
    return file.getvalue()


def _small(image: np.ndarray) -> np.ndarray:
    """A frame of at most `_HEIGHT` rows: uint8 (H, W, 3)."""
    height, width = image.shape[:2]
    if height <= _HEIGHT:
        return image
    size = (max(1, round(width * _HEIGHT / height)), _HEIGHT)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
