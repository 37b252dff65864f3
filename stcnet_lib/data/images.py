"""Encoded images to upright RGB arrays and back."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps


class ImageError(ValueError):
    """A file that cannot be used as an image; the message names it."""


def decode(data: bytes, name: str) -> np.ndarray:
    """Decode an image of any kind that Pillow reads.

    Args:
        data: the encoded file.
        name: what an error message calls it.

    Returns:
        uint8 RGB (H, W, 3), upright: an EXIF orientation has been applied.

    Raises:
        ImageError: the file is empty, truncated, corrupt, or no image at all.
    """
    if len(data) == 0:
        raise ImageError(f"{name}: got an empty file, wanted an image")
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
        image = ImageOps.exif_transpose(image)
    except Exception as error:  # Pillow's plugins raise OSError, SyntaxError, ValueError, struct.error, …
        reason = "no known image format" if isinstance(error, Image.UnidentifiedImageError) else error
        raise ImageError(f"{name}: cannot be decoded ({reason})") from None
    if 0 in image.size:
        raise ImageError(f"{name}: got an image of {image.width}×{image.height} pixels")
    return np.array(_to_rgb(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow's own conversion would clip at 255
        grey = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255)
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


def encode_png(image: np.ndarray) -> bytes:
    """Lossless PNG of a uint8 (H, W, 3) image; equal images give equal bytes."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image: got {image.dtype} {image.shape}, wanted uint8 (H, W, 3)")
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()
