"""How the images of an export get onto the disk, and the folder into its place, whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from stcnet_lib.config import ExportConfig
from stcnet_lib.data.export.plan import ExportedImage
from stcnet_lib.data.store.images import decode, encode_png


class ImageWriter:
    """Puts images into the folder, and counts in which way."""

    def __init__(self, folder: Path, config: ExportConfig, image_format: str, root: Path | None) -> None:
        self._folder, self._format, self._quality = folder, image_format, config.quality
        self._root = root if config.links else None
        self.counts: Counter[str] = Counter()

    def put(self, images: list[ExportedImage], pool: ThreadPoolExecutor) -> None:
        """Write the images of a tracklet."""
        for parent in sorted({(self._folder / image.path).parent for image in images}):
            parent.mkdir(parents=True, exist_ok=True)
        self.counts.update(pool.map(self._put, images))

    def _put(self, image: ExportedImage) -> str:
        target = self._folder / image.path
        if not image.changed and self._root and _link(self._root / image.source, target, image.data):
            return "linked"
        data = self._encoded(image) if image.changed else image.data
        try:
            with open(target, "xb") as file:
                file.write(data)
        except FileExistsError:
            raise ValueError(
                f"{image.source}: its place {image.path} in the export is taken by another frame, wanted "
                "names that differ in more than the extension; or see export.format in config.yaml"
            ) from None
        return "changed" if image.changed else "copied"

    def _encoded(self, image: ExportedImage) -> bytes:
        if self._format == "png" and image.is_png:
            return image.data
        pixels = decode(image.data, image.source)
        return encode_png(pixels) if self._format == "png" else encode_jpeg(pixels, self._quality)


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """JPEG of a uint8 (H, W, 3) image without colour subsampling; equal images give equal bytes."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def _link(source: Path, target: Path, data: bytes) -> bool:
    """Hard-link an unchanged source file, if it still holds `data` and the file system can."""
    try:
        if source.read_bytes() != data:
            return False
        os.link(source.resolve() if source.is_symlink() else source, target)
    except OSError:  # gone, another file system, one without links, too many of them, or not allowed
        return False
    return True


def check_replaceable(folder: Path, sign: str) -> None:
    """That a place for a new folder is free, or taken by an older one of this kind.

    Raises:
        ValueError: it is not.
    """
    if folder.exists() and not (folder.is_dir() and ((folder / sign).is_file() or not any(folder.iterdir()))):
        what = "a folder with other things in it" if folder.is_dir() else "a file"
        raise ValueError(f"{folder}: got {what}, wanted none or an older export")


@contextmanager
def replacing_folder(folder: Path, sign: str) -> Iterator[Path]:
    """A new folder beside `folder`, which takes its place when the block ends without an error.

    Args:
        sign: a file by which an older folder of this kind is known; no other is ever replaced.
    """
    partial, older = (folder.with_name(f".{folder.name}.{state}") for state in ("partial", "older"))
    check_replaceable(folder, sign)
    if older.exists() and not folder.exists():  # killed between the two renamings below
        os.replace(older, folder)
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
    partial.mkdir(parents=True)
    try:
        yield partial
        # Removing takes minutes, renaming does not: a kill leaves no half-removed folder at this place.
        if folder.exists():
            shutil.rmtree(older, ignore_errors=True)
            os.replace(folder, older)
        os.replace(partial, folder)
        shutil.rmtree(older, ignore_errors=True)
    finally:
        if older.exists() and not folder.exists():
            os.replace(older, folder)
        shutil.rmtree(partial, ignore_errors=True)
