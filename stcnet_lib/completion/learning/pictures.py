"""What a network makes of a few fixed train samples, drawn while it trains."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw
from torch import Tensor

from stcnet_lib.common.files import replacing
from stcnet_lib.data.clips.transforms import from_unit

MARGIN, HEADER = 4, 18  # pixels


def draw_samples(columns: dict[str, Tensor], path: Path, title: str) -> None:
    """One row a sample, one column a picture of it.

    Args:
        columns: by heading, (B, 3, H, W) in [-1, 1].
    """
    images = [from_unit(column).permute(0, 2, 3, 1).numpy() for column in columns.values()]  # (B, H, W, 3)
    count, height, width = images[0].shape[:3]
    sheet = Image.new(
        "RGB",
        (len(images) * (width + MARGIN) + MARGIN, HEADER * 2 + count * (height + MARGIN) + MARGIN),
        "white",
    )
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, 3), title, fill="black")
    for column, (heading, stack) in enumerate(zip(columns, images, strict=True)):
        x = MARGIN + column * (width + MARGIN)
        draw.text((x, HEADER), heading, fill="black")
        for row, image in enumerate(stack):
            sheet.paste(Image.fromarray(image), (x, HEADER * 2 + row * (height + MARGIN)))
    with replacing(path) as partial:
        sheet.save(partial)
