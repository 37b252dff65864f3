"""Rows of frames under each other: clean, occluded, restored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stcnet_lib.files import replacing

GAP, MARGIN = 3, 8  # pixels
INK, PAPER = (60, 60, 60), (255, 255, 255)


def draw_contact_sheet(
    rows: Sequence[np.ndarray], labels: Sequence[str], path: str | Path, scale: int = 1
) -> None:
    """Write one row of pictures for each sequence, its label before it.

    Args:
        rows: uint8 (T, H, W, 3) each; lengths and sizes may differ.
        labels: one a row; an empty one leaves the place blank.
        scale: whole factor by which pictures are enlarged.

    Example:
        draw_contact_sheet([clean, occluded], ["clean", "occluded"], "sheet.png")
    """
    if not rows or len(rows) != len(labels):
        raise ValueError(
            f"labels: got {len(labels)} for {len(rows)} rows, wanted one a row, and a row at least"
        )
    for row in rows:
        if row.dtype != np.uint8 or row.ndim != 4 or row.shape[3] != 3:
            raise ValueError(f"rows: got {row.dtype} {row.shape}, wanted uint8 (T, H, W, 3)")
    font = ImageFont.load_default(size=12)
    text = round(max(font.getlength(label) for label in labels))
    left = MARGIN + (text + MARGIN if text else 0)
    widths = [row.shape[0] * (row.shape[2] * scale + GAP) - GAP for row in rows]
    heights = [row.shape[1] * scale for row in rows]
    size = (left + max(widths) + MARGIN, sum(heights) + GAP * (len(rows) - 1) + 2 * MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    y = MARGIN
    for row, label, height in zip(rows, labels, heights, strict=True):
        draw.text((MARGIN, y + height / 2), label, fill=INK, font=font, anchor="lm")
        width = row.shape[2] * scale
        for column, frame in enumerate(row):
            picture = Image.fromarray(frame).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(picture, (left + column * (width + GAP), y))
        y += height + GAP
    with replacing(path) as partial:
        sheet.save(partial)
