"""COCO's JSON with track ids: `images`, and `annotations` with `bbox` [x, y, width, height] in pixels.

The track of an annotation is its `track_id`, `instance_id` or `attributes.track_id`. The number of an image
is its `frame_id` or `frame_index`, else the last number in its `file_name`; where any of these is 0, frames
are counted from 0. A confidence is a `score`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.video.formats.boxes import UNKNOWN, Box

_TRACKS, _NUMBERS = ("track_id", "instance_id"), ("frame_id", "frame_index")
_WANTED = "wanted COCO's JSON: images and annotations, each with bbox and track_id"


def read_coco(path: Path) -> list[Box]:
    """All boxes of a file.

    Raises:
        DataError: another form, several videos, images without numbers, annotations without tracks.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DataError(f"{path}: not readable as JSON ({error}), {_WANTED}") from None
    parts = [values.get(key) for key in ("images", "annotations")] if isinstance(values, dict) else [None]
    if not all(isinstance(part, list) for part in parts):
        raise DataError(f"{path}: got no lists images and annotations, {_WANTED}")
    images, annotations = parts
    videos = {image.get("video_id") for image in images} - {None}
    if len(videos) > 1:
        raise DataError(f"{path}: got images of {len(videos)} videos, wanted a file of one video")
    frames = _frames(path, images)
    return [_box(path, annotation, frames) for annotation in annotations]


def _frames(path: Path, images: list[dict[str, Any]]) -> dict[Any, int]:
    """The frame, from 1, of every image by its id."""
    numbers = {image.get("id"): _number(path, image) for image in images}
    if len(set(numbers.values())) < len(images):
        raise DataError(f"{path}: got images with one number or one id, wanted each once (frame_id)")
    first = int(0 in numbers.values())
    return {image: number + first for image, number in numbers.items()}


def _number(path: Path, image: Mapping[str, Any]) -> int:
    for key in _NUMBERS:
        if isinstance(image.get(key), int):
            return image[key]
    found = re.findall(r"\d+", PurePosixPath(str(image.get("file_name", ""))).stem)
    if not found:
        raise DataError(f"{path}: image {image.get('id')}: got no frame_id and no number in its file_name")
    return int(found[-1])


def _box(path: Path, annotation: Mapping[str, Any], frames: Mapping[Any, int]) -> Box:
    where = f"{path}: annotation {annotation.get('id')}"
    if annotation.get("image_id") not in frames:
        raise DataError(f"{where}: got image_id {annotation.get('image_id')}, wanted the id of an image")
    box = annotation.get("bbox")
    if not (isinstance(box, list) and len(box) == 4 and all(isinstance(v, int | float) for v in box)):
        raise DataError(f"{where}: got bbox {box}, wanted [x, y, width, height] in pixels")
    track = _track(annotation)
    if track is None:
        raise DataError(f"{where}: got no {', '.join(_TRACKS)} or attributes.track_id: {_WANTED}")
    confidence, category = annotation.get("score", UNKNOWN), annotation.get("category_id", UNKNOWN)
    return Box(frames[annotation["image_id"]], track, *map(float, box), float(confidence), int(category))


def _track(annotation: Mapping[str, Any]) -> int | None:
    """The number of its track; tools that write numbers as texts count too."""
    given = [annotation.get(key) for key in _TRACKS]
    if isinstance(annotation.get("attributes"), dict):
        given.append(annotation["attributes"].get("track_id"))
    found = [
        value for value in given if isinstance(value, int) or (isinstance(value, str) and value.isdecimal())
    ]
    return int(found[0]) if found else None
