"""Decoding against pictures whose pixels are known."""

import io

import numpy as np
import pytest
from PIL import Image

from stcnet_lib.data.store.images import ImageError, decode, encode_png

HALVES = np.zeros((16, 12, 3), np.uint8)  # red above blue: orientation and channel order show
HALVES[:8, :, 0] = 255
HALVES[8:, :, 2] = 255


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_png_is_lossless_and_deterministic():
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    assert encode_png(image) == encode_png(image.copy())
    np.testing.assert_array_equal(decode(encode_png(image), "x"), image)
    np.testing.assert_array_equal(decode(encode_png(image[:, ::-1]), "x"), image[:, ::-1])
    assert decode(encode_png(image), "x").flags.writeable


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 2, 3)), np.zeros((2, 2), np.uint8), np.zeros((0, 2, 3), np.uint8)]
)
def test_encode_refuses_other_arrays(bad):
    with pytest.raises(ValueError, match="wanted uint8"):
        encode_png(bad)


@pytest.mark.parametrize("mode", ["P", "RGBA", "CMYK"])
def test_modes_become_rgb(mode):
    image = Image.fromarray(HALVES).convert(mode)
    data = encoded(image, "TIFF" if mode == "CMYK" else "PNG")
    np.testing.assert_array_equal(decode(data, "x"), HALVES)


def test_grey_becomes_rgb():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    expected = np.repeat(grey[:, :, None], 3, 2)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(grey)), "x"), expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_upper_byte(kind):
    deep = (np.arange(256, dtype=np.uint16).reshape(16, 16) << 8) + 77
    expected = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16)[:, :, None], 3, 2)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(deep), kind), "x"), expected)


def test_exif_orientation_is_applied():
    """Orientation 6: the stored picture is to be turned clockwise by a quarter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.rot90(HALVES).copy())  # anticlockwise
    decoded = decode(encoded(stored, "JPEG", exif=exif, quality=95), "x")
    assert decoded.shape == HALVES.shape
    assert np.abs(decoded.astype(int) - HALVES)[[0, -1]].max() < 20  # JPEG; rows far from the edge


def test_bad_files_are_named():
    jpeg = encoded(Image.fromarray(HALVES), "JPEG")
    png = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)))
    cases = {
        "empty": b"",
        "text": b"not an image",
        "truncated jpeg": jpeg[: len(jpeg) // 2],
        "truncated png": png[: len(png) // 2],
        "header only": jpeg[:20],
        "flipped png": png[:60] + bytes(byte ^ 0xFF for byte in png[60:200]) + png[200:],
    }
    for name, data in cases.items():
        with pytest.raises(ImageError, match=name) as caught:
            decode(data, name)
        assert "\n" not in str(caught.value)
