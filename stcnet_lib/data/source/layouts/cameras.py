"""Which pictures and which box file are a camera of the layout `video`, and what else lies beside them.

Of several box files the user's own, beside the pictures, comes first, then MOTChallenge's `gt/gt.txt`, then
`det/det.txt` if a tracker gave it ids. Whatever is not used is a finding.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from stcnet_lib.data.source.layouts.base import DataError, Finding, images_in, natural_order, subfolders
from stcnet_lib.data.source.layouts.others import other_files
from stcnet_lib.data.source.video.box_lines import COLUMNS, box_lines
from stcnet_lib.data.source.video.frames import is_video
from stcnet_lib.data.source.video.mot import has_ids
from stcnet_lib.data.store.images import is_image

_GROUND_TRUTH, _DETECTIONS = "gt/gt.txt", "det/det.txt"
_SAMPLE = 20  # lines that tell whether a text holds boxes
_TEXTS = frozenset({".txt", ".csv", ".tsv"})


class Camera(NamedTuple):
    """Pictures and their boxes."""

    name: str
    pictures: Path  # a video or a folder of images
    boxes: Path


def find_cameras(root: Path, findings: list[Finding]) -> list[Camera]:
    """All of them, in natural order of their names."""
    found: dict[str, Camera] = {}
    other: list[str] = []
    used: set[Path] = set()
    texts: list[Path] = []
    for path in sorted(root.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            camera = _of_folder(root, path, findings)
        elif path.suffix.lower() in _TEXTS:
            texts.append(path)
            continue
        elif is_video(path):
            camera = _of_video(path, findings)
        else:
            other.append(path.name)
            continue
        if camera is None:
            continue
        if camera.name in found:
            both = f"{found[camera.name].pictures.name} and {path.name}"
            raise DataError(
                f"{root}: got {both}, which would both be camera '{camera.name}', wanted other names"
            )
        found[camera.name] = camera
        used.add(camera.boxes)
    pictures = {path.stem if path.is_file() else path.name for path in root.iterdir() if path not in texts}
    findings += [f for text in texts if text not in used for f in _lonely(text, text.stem in pictures)]
    findings += other_files(other, "PyAV")
    return [found[name] for name in natural_order(found)]


def _of_video(path: Path, findings: list[Finding]) -> Camera | None:
    boxes = _beside(path.parent, path.stem)
    if boxes is None:
        reason = f"no boxes for this video, wanted {path.stem}.txt beside it: passed over"
        findings.append(Finding("no_boxes", path.name, reason))
        return None
    return Camera(_name(path.stem), path, boxes)


def _beside(root: Path, stem: str) -> Path | None:
    """`<stem>.txt`, or `.TXT` as some cameras' cards have it."""
    found = (root / f"{stem}{ending}" for ending in (".txt", ".TXT", ".Txt"))
    return next((path for path in found if path.is_file()), None)


def _of_folder(root: Path, folder: Path, findings: list[Finding]) -> Camera | None:
    """A folder of images, or a sequence of MOTChallenge; None if anything is missing, which is a finding."""
    pictures = _pictures_of(folder, findings)
    wanted = (_beside(root, folder.name), folder / _GROUND_TRUTH, folder / _DETECTIONS)
    given = [file for file in wanted if file is not None and file.is_file()]
    usable = [file for file in given if file != folder / _DETECTIONS or len(given) > 1 or has_ids(file)]
    images = len(images_in(pictures))
    names = [file.relative_to(root).as_posix() for file in given]
    if pictures != folder:
        findings += _unread_images(root, folder, pictures)
    if not images or not usable:
        if given and not usable:
            reason = (
                f"{names[0]} holds detections without ids, wanted tracks in {folder.name}.txt: passed over"
            )
            findings.append(Finding("no_boxes", folder.name, reason))
        elif given:
            reason = f"{names[0]} has boxes, and {pictures.relative_to(root)} holds no images: passed over"
            findings.append(Finding("no_pictures", folder.name, reason))
        elif images:
            reason = (
                f"no boxes for these {images} images, wanted {folder.name}.txt beside the folder: passed over"
            )
            findings.append(Finding("no_boxes", folder.name, reason))
        else:
            findings += _deeper(folder)
        return None
    if len(given) > 1:
        used = usable[0].relative_to(root).as_posix()
        rest = ", ".join(name for name in names if name != used)
        findings.append(Finding("box_file", folder.name, f"boxes are those of {used}; not read: {rest}"))
    return Camera(_name(folder.name), pictures, usable[0])


def _deeper(folder: Path) -> Iterator[Finding]:
    """A folder that is no camera: pictures may lie in it, one level too deep."""
    inside = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    found = [path for path in inside if is_image(path) or is_video(path)]
    if not found:
        yield Finding("other_folder", folder.name, "holds no pictures and is not read")
        return
    reason = (
        f"holds {len(found)} images or videos in folders of its own, wanted cameras beside each other: "
        f"not read; the first is {found[0].relative_to(folder)}"
    )
    yield Finding("unknown_folder", folder.name, reason)


def _unread_images(root: Path, folder: Path, used: Path) -> Iterator[Finding]:
    """Images of a sequence beside the folder that its pictures are in."""
    for name in ("", *subfolders(folder)):
        images = images_in(folder / name) if folder / name != used else []
        if images:
            place = (folder / name).relative_to(root)
            reason = f"{len(images)} images in {place} are not read: those of {used.name} are"
            yield Finding("unread_image", f"{place.as_posix()}/{images[0]}", reason)


def _pictures_of(folder: Path, findings: list[Finding]) -> Path:
    """The folder of the images: `imDir` of seqinfo.ini, `img1`, or the folder itself."""
    settings = folder / "seqinfo.ini"
    if not settings.is_file():
        return folder / "img1" if (folder / "img1").is_dir() else folder
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(settings, encoding="utf-8-sig")
        sequence = parser["Sequence"]
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        raise DataError(f"{settings}: cannot be read ({error}), wanted a section [Sequence]") from None
    pictures = folder / sequence.get("imDir", "img1")
    if not pictures.is_dir():
        raise DataError(f"{settings}: got imDir={sequence.get('imDir', 'img1')}, wanted a folder in {folder}")
    length, images = sequence.get("seqLength", ""), len(images_in(pictures))
    if length.isdecimal() and int(length) != images:
        reason = f"seqinfo.ini says {length} frames, and {pictures.name} holds {images} images"
        findings.append(Finding("sequence_length", folder.name, reason))
    return pictures


def _lonely(text: Path, has_pictures: bool) -> Iterator[Finding]:
    """A text that belongs to no camera: a fault if it holds boxes."""
    try:
        lines = list(islice(box_lines(text), _SAMPLE))
    except DataError:  # a head of other columns, or of anything else: nobody asked to read this file
        lines = []
    if not any(line.values is not None and line.fields in COLUMNS for line in lines):
        yield Finding("other_file", text.name, "holds no boxes, not read")
    elif has_pictures and text.suffix.lower() != ".txt":
        reason = f"holds boxes and is not read: wanted the name {text.stem}.txt"
        yield Finding("no_pictures", text.name, reason)
    elif not has_pictures:
        reason = f"holds boxes, but there is no video or folder of images '{text.stem}' beside it: not read"
        yield Finding("no_pictures", text.name, reason)


def _name(name: str) -> str:
    """As the name of a folder in an export: letters and digits of every script stay."""
    return re.sub(r"[^\w.-]", "_", name)
