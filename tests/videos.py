"""Videos, image sequences and box files whose every picture tells its number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from stcnet_lib.data.source.layouts.base import Finding
from stcnet_lib.data.source.layouts.video import TrackRules, VideoLayout
from stcnet_lib.data.source.video.mot import BoxRules
from stcnet_lib.data.store.images import decode

HEIGHT, WIDTH = 120, 160
ALL = BoxRules(least_confidence=0, least_visibility=0, classes=())
RULES = TrackRules(longest_gap=1000, least_frames=1, least_height=8, least_width=4, boxes=ALL)


def grey(number: int) -> np.ndarray:
    """A picture whose grey level is 3 times its number: coarse enough for lossy codecs."""
    return np.full((HEIGHT, WIDTH, 3), 3 * number, np.uint8)


def level(crop: np.ndarray) -> int:
    """The number of the picture that a crop is from."""
    return round(float(crop.mean()) / 3)


def write_images(folder: Path, names: dict[int, str] | Iterable[int]) -> None:
    """Images of numbers, by default called 000020.png."""
    folder.mkdir(parents=True, exist_ok=True)
    named = names if isinstance(names, dict) else {number: f"{number:06d}.png" for number in names}
    for number, name in named.items():
        Image.fromarray(grey(number)).save(folder / name)


def write_video(path: Path, count: int, codec: str = "ffv1", pixels: str = "bgr0", **options: str) -> None:
    """Pictures 1 to `count`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25), options=options)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, pixels
        for number in range(1, count + 1):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey(number), format="rgb24")))
        container.mux(stream.encode())


def write_boxes(path: Path, frames: Iterable[int], track: int = 1, rest: str = "") -> None:
    """A track that stands still; `rest` holds more columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{frame},{track},20,10,60,90{rest}\n" for frame in frames))


def pictures_by_frame(root: Path, **rules) -> tuple[dict[int, int], list[Finding]]:
    """Frame of the boxes -> number of the picture that its crop shows; and what was found."""
    layout = VideoLayout(root, RULES._replace(**rules))
    shown = {
        frame.number: level(decode(layout.read(frame), frame.source))
        for tracklet in layout.tracklets()
        for frame in tracklet.frames
    }
    return shown, layout.findings()


def kinds(findings: Sequence[Finding]) -> list[str]:
    return [finding.kind for finding in findings]
