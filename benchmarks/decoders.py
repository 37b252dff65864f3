"""How fast JPEG decoders are on one core: frames of pedestrians, from bytes in memory to RGB arrays.

python -m benchmarks.decoders
"""

from __future__ import annotations

import argparse
import importlib
import io
from collections.abc import Callable, Iterator

import numpy as np
import torch
from PIL import Image

from benchmarks.measuring import Row, machine, table, timed
from stcnet_lib.data.store.images import decode

QUALITY = 90
Decoder = Callable[[bytes], np.ndarray]


def frames(count: int, height: int, width: int) -> list[bytes]:
    """JPEGs of smooth random pictures with a little noise."""
    rng = np.random.default_rng(0)
    encoded = []
    for _ in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
        picture = np.clip(smooth + rng.integers(-8, 9, smooth.shape), 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=QUALITY)
        encoded.append(buffer.getvalue())
    return encoded


def ours(data: bytes) -> np.ndarray:
    """As the library reads every image: Pillow, with the checks of other kinds of images."""
    return decode(data, "frame")


def pillow() -> Decoder:
    """Pillow alone."""
    return lambda data: np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def torchvision() -> Decoder:
    """libjpeg-turbo as torchvision calls it."""
    from torchvision.io import ImageReadMode, decode_jpeg

    def read(data: bytes) -> np.ndarray:
        encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        return decode_jpeg(encoded, mode=ImageReadMode.RGB).permute(1, 2, 0).numpy()

    return read


def simplejpeg() -> Decoder:
    """libjpeg-turbo as simplejpeg calls it."""
    module = importlib.import_module("simplejpeg")
    return lambda data: module.decode_jpeg(data, colorspace="RGB")


def turbojpeg() -> Decoder:
    """libjpeg-turbo as PyTurboJPEG calls it."""
    module = importlib.import_module("turbojpeg")
    reader = module.TurboJPEG()
    return lambda data: reader.decode(data, pixel_format=module.TJPF_RGB)


def compare(count: int, repeats: int) -> Iterator[Row]:
    """A row a decoder and size; those that are not installed say so."""
    for height, width in ((128, 64), (256, 128)):
        encoded = frames(count, height, width)
        expected = [ours(data) for data in encoded]
        rate = count / timed(_all, ours, encoded, repeats=repeats).cpu_seconds
        what = f"decoding JPEG {height}×{width}, one core"
        for make in (pillow, torchvision, simplejpeg, turbojpeg):
            try:
                decoder = make()
            except (ImportError, RuntimeError, OSError) as error:
                yield Row(what, None, None, "frames/s", make.__name__, "", f"skipped: {error}")
                continue
            off = max(
                int(np.abs(decoder(data).astype(int) - wanted).max())
                for data, wanted in zip(encoded, expected, strict=True)
            )
            theirs = count / timed(_all, decoder, encoded, repeats=repeats).cpu_seconds
            yield Row(what, rate, theirs, "frames/s", make.__name__, f"within {off} of 255", "CPU time")


def _all(decoder: Decoder, encoded: list[bytes]) -> None:
    for data in encoded:
        decoder(data)


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--count", type=int, default=500, help="of frames of each size")
    commandline.add_argument("--repeats", type=int, default=3, help="the fastest of which counts")
    options = commandline.parse_args()
    torch.set_num_threads(1)
    print(machine(), "\n")
    print("\n".join(table(compare(options.count, options.repeats))))


if __name__ == "__main__":
    main()
