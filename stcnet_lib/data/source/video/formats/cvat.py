"""CVAT for video 1.1: `<track id label>` with a `<box frame outside xtl ytl xbr ybr>` for each frame, from 0.

Boxes that are outside of the picture (`outside="1"`) do not count. Classes are the labels in natural order,
from 1. CVAT for images has no tracks and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from stcnet_lib.data.source.layouts.base import DataError, natural_order
from stcnet_lib.data.source.video.formats.boxes import UNKNOWN, Box

_WANTED = "wanted an export as 'CVAT for video 1.1': tracks with boxes"


def read_cvat(path: Path) -> list[Box]:
    """All boxes of a file.

    Raises:
        DataError: another form, or no track that has boxes.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise DataError(f"{path}: not readable as XML ({error}), {_WANTED}") from None
    tracks = root.findall("track")
    if not any(track.find("box") is not None for track in tracks):
        images = len(root.findall("image"))
        got = f"{images} images, as 'CVAT for images' has them," if images else f"<{root.tag}>"
        raise DataError(f"{path}: got {got} and no track with boxes, {_WANTED}")
    labels = natural_order({track.get("label", "") for track in tracks})
    return [box for track in tracks for box in _boxes(path, track, labels.index(track.get("label", "")) + 1)]


def _boxes(path: Path, track: ElementTree.Element, category: int) -> Iterator[Box]:
    for box in track.findall("box"):
        if box.get("outside") == "1":
            continue
        try:
            left, top, right, bottom = (float(box.attrib[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
            frame, number = int(box.attrib["frame"]) + 1, int(track.attrib["id"])
        except (KeyError, ValueError) as error:
            where = f"{path}: track {track.get('id')}"
            raise DataError(f"{where}: got a box without {error}, {_WANTED}") from None
        yield Box(frame, number, left, top, right - left, bottom - top, UNKNOWN, category)
