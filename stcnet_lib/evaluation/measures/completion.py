"""Stage `measure_completion`: restored pixels and features against the clean twin, frame by frame.

The whole hole misleads: a network that paints the background well beats copying a neighbour by 2 dB there
and loses by 6 points of mAP. So the pixels of the person are measured on their own, and so is what
re-identification sees: the cosine of the guider's feature of a frame with that of its clean twin. Beside them
stand what was visible and replaced all the same (`damage.py`), and how sharp the hole is (`sharpness.py`).
`completion_summary.py` pools the frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from PIL import Image

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.data.truth import hidden_thirds
from stcnet_lib.evaluation.measures.artefacts import border_steps
from stcnet_lib.evaluation.measures.damage import replaced_flags, rows_of
from stcnet_lib.evaluation.measures.sharpness import high_frequency_energy

TIMES = ("before", "after")  # the completion: the occluded frame, the restored one
SEVERAL, NO_EVENT = "several", "no event"  # beside the occluders' kinds

_WINDOW = 11  # pixels, and sigma 1.5: Wang et al., "Image quality assessment", 2004
_SIGMA = 1.5
_PEAK = 255.0
_BATCH = 32  # frames in memory at a time
MOST_FRAMES = 1000  # that are measured of a completion: enough for the intervals, and ten seconds of work

Features = Callable[[np.ndarray], np.ndarray]  # uint8 (n, H, W, 3) -> float (n, D)


def ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity around every pixel, the mean over channels: uint8 (n, H, W, C) -> (n, H, W).

    Windows that leave the image see it mirrored at its edge.
    """
    if a.shape != b.shape or a.ndim != 4 or min(a.shape[1:3]) < _WINDOW:
        raise ValueError(
            f"images: got {a.shape} and {b.shape}, wanted the same (n, H, W, C) of {_WINDOW} pixels at least"
        )
    rows, columns = _window_matrix(a.shape[1]), _window_matrix(a.shape[2]).T

    def blur(images: np.ndarray) -> np.ndarray:
        return rows @ images @ columns  # two small products for every channel: far faster than shifted sums

    a, b = (np.moveaxis(images, 3, 1).astype(np.float64) for images in (a, b))  # (n, C, H, W)
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (likeness / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean(axis=1)


def _window_matrix(size: int) -> np.ndarray:
    """The Gaussian window as a matrix (size, size): row i holds the weights of the pixels around pixel i."""
    offsets = np.arange(_WINDOW) - _WINDOW // 2
    window = np.exp(-0.5 * (offsets / _SIGMA) ** 2)
    window /= window.sum()
    mirrored = np.pad(np.eye(size), ((_WINDOW // 2, _WINDOW // 2), (0, 0)), mode="symmetric")
    return sum(weight * mirrored[i : i + size] for i, weight in enumerate(window))


def _crop(mask: np.ndarray) -> tuple[slice, slice, slice]:
    """The part of the frames that decides the SSIM of the pixels of a mask (n, H, W)."""
    slices = [slice(None)]
    for axis, size in ((2, mask.shape[1]), (1, mask.shape[2])):
        inside = np.flatnonzero(mask.any(axis=(0, axis)))
        first, last = (int(inside[0]), int(inside[-1])) if len(inside) else (0, 0)
        # Half a window around it; a full one on both sides of the first pixel, so that SSIM takes the crop.
        low = max(0, min(first - _WINDOW // 2, size - _WINDOW))
        slices.append(slice(low, min(size, max(last + _WINDOW // 2 + 1, low + _WINDOW))))
    return tuple(slices)


def completion_quality(
    restored: np.ndarray, clean: np.ndarray, hole: np.ndarray, person: np.ndarray
) -> pd.DataFrame:
    """One row a frame: quality over the hole, and over the clean person's pixels in the hole.

    Args:
        restored, clean: uint8 (n, H, W, 3).
        hole, person: (n, H, W) bool.

    Returns:
        For `hole` and `person` each: `…_pixels`, `…_mse` (mean over pixels and channels) and `…_ssim` (mean
        of the SSIM map over the pixels); NaN where there are no pixels.
    """
    part = _crop(hole)
    restored, clean, hole, person = restored[part], clean[part], hole[part], person[part]
    similarity = ssim_map(restored, clean)
    columns = {}
    for name, mask in (("hole", hole), ("person", hole & person)):
        pixels = mask.sum(axis=(1, 2))
        columns[f"{name}_pixels"] = pixels
        columns[f"{name}_mse"] = mean_error(restored, clean, mask)
        safe = np.where(pixels > 0, pixels, np.nan)
        columns[f"{name}_ssim"] = (similarity * mask).sum(axis=(1, 2)) / safe
    return pd.DataFrame(columns)


def mean_error(images: np.ndarray, clean: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean squared error of every frame over the pixels of a mask and channels; NaN without pixels.

    uint8 (n, H, W, 3) twice, bool (n, H, W) -> float64 (n,).
    """
    difference = images.astype(np.int32) - clean
    error = (difference * difference).mean(axis=3)
    pixels = mask.sum(axis=(1, 2))
    return (error * mask).sum(axis=(1, 2)) / np.where(pixels > 0, pixels, np.nan)


def measure_frames(
    source: TrackletStore,
    completed: TrackletStore,
    truth: TrackletStore,
    regions: pd.DataFrame,
    features: Features,
    hidden_share: float,
    most_frames: int = MOST_FRAMES,
) -> pd.DataFrame:
    """One row a changed frame, measured against its clean twin before and after the completion.

    Pixels are those that the occluder covers (elsewhere the source shows the truth already) inside the
    flagged regions: `hole_…`, `person_…` as in `completion_quality`. `false_…` is about false alarms,
    flagged regions that are not hidden, over all of their pixels. `visible_…` and `body_…` are about damage:
    pixels in replaced regions that no occluder covers and that changed, all and those of the person.
    `sharpness_…` is the high-frequency energy in the hole over that of the clean frame, `sharpness_energy`;
    `seam_…` the step in brightness across the borders of replaced regions over that of the clean frame,
    `seam_energy`.
    `feature_cosine_…` compares whole frames that have a hole. Where frames differ in size, as crops of videos
    do, all are brought to that of the first one.

    Args:
        regions: `regions.parquet` of the completion; the completed store has the frames of the source.
        hidden_share: of the person's pixels in a region, above which it counts as hidden.
        most_frames: of more changed frames, evenly spaced ones stand for all.
    """
    parts = []
    replaced = replaced_flags(regions, source.num_frames)
    size = None
    for frames, flags in _chosen_frames(regions, most_frames):
        masks = [truth.read_truth(range(frame, frame + 1)) for frame in frames]
        size = size or masks[0][0].shape[1:]
        clean, before, after = (
            np.stack([_fitted(store.read_image(frame), size) for frame in frames])
            for store in (truth, source, completed)
        )
        occluder, person = (
            np.stack([_fitted(mask[0], size) for mask in kind]) for kind in zip(*masks, strict=True)
        )
        false_alarm = flags & ~hidden_thirds(occluder, person, hidden_share)
        hole = rows_of(flags, *person.shape[1:]) & occluder
        changed = (before != after).any(axis=3)
        visible = rows_of(replaced[frames], *person.shape[1:]) & ~occluder & changed
        areas = {
            "false": rows_of(false_alarm, *person.shape[1:]),
            "visible": visible,
            "body": visible & person,
        }
        part = pd.DataFrame(
            {"frame": frames, "regions": flags.sum(axis=1), "false_regions": false_alarm.sum(axis=1)}
            | _pixel_columns(clean, (before, after), hole, person, areas, replaced[frames])
        )
        some = np.flatnonzero(hole.any(axis=(1, 2)))
        part["feature_frames"] = hole.any(axis=(1, 2)).astype(np.int64)
        cosines = _cosines(features, clean[some], before[some], after[some])
        for time, cosine in zip(TIMES, cosines, strict=True):
            part[f"feature_cosine_{time}"] = pd.Series(cosine, index=some)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"frame": []})


def _fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 (h, w, 3) or bool (h, w), at the size (H, W); a pixel of a mask is that of its middle."""
    if picture.shape[:2] == tuple(size):
        return picture
    method = Image.Resampling.NEAREST if picture.dtype == bool else Image.Resampling.BILINEAR
    values = picture.astype(np.uint8)
    return np.asarray(Image.fromarray(values).resize(size[::-1], method)).astype(picture.dtype)


def _pixel_columns(
    clean: np.ndarray,
    made: tuple[np.ndarray, np.ndarray],
    hole: np.ndarray,
    person: np.ndarray,
    areas: dict[str, np.ndarray],
    replaced: np.ndarray,
) -> dict[str, np.ndarray]:
    """What `measure_frames` says of pixels, a value a frame: errors, similarity, sharpness and seams.

    Args:
        clean: uint8 (n, H, W, 3); made: the same before and after the completion.
        hole, person: bool (n, H, W); areas: others like them, of which the error alone is measured.
        replaced: bool (n, K).
    """
    energy, steps = high_frequency_energy(clean, hole), border_steps(clean, replaced)
    columns = {"sharpness_energy": energy, "seam_energy": steps}
    columns |= {f"{n}_pixels": m.sum(axis=(1, 2)) for n, m in areas.items()}
    for time, images in zip(TIMES, made, strict=True):
        quality = completion_quality(images, clean, hole, person)
        for name in quality:
            key = name if name.endswith("pixels") else f"{name}_{time}"
            columns[key] = quality[name].to_numpy()
        for name, mask in areas.items():
            columns[f"{name}_mse_{time}"] = mean_error(images, clean, mask)
        own = high_frequency_energy(images, hole)
        columns[f"sharpness_{time}"] = own / np.where(energy > 0, energy, np.nan)
        columns[f"seam_{time}"] = border_steps(images, replaced) / np.where(steps > 0, steps, np.nan)
    return columns


def _chosen_frames(regions: pd.DataFrame, most: int) -> Iterator[tuple[list[int], np.ndarray]]:
    """Batches of changed frames and their flags (n, K), frames with the same flags beside each other.

    So the holes of a batch lie together, and the SSIM needs a part of the frames only.
    """
    flags = pd.crosstab(regions["frame"], regions["region"]).reindex(columns=range(3), fill_value=0) > 0
    count = min(len(flags), most)
    flags = flags.iloc[np.arange(count) * len(flags) // max(count, 1)].sort_values([0, 1, 2], kind="stable")
    for _, group in flags.groupby([0, 1, 2], sort=False):
        for start in range(0, len(group), _BATCH):
            part = group.iloc[start : start + _BATCH]
            yield [int(frame) for frame in part.index], part.to_numpy()


def _cosines(features: Features, clean: np.ndarray, *others: np.ndarray) -> Iterator[np.ndarray]:
    """Of the features of each of `others` with those of their clean twins, (n,)."""
    if not len(clean):
        return iter([np.zeros(0)] * len(others))
    vectors = features(np.concatenate([clean, *others])).astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    twin, *rest = np.split(vectors, 1 + len(others))
    return ((twin * other).sum(axis=1) for other in rest)


def occluder_kinds(events: pd.DataFrame, tracklets: pd.DataFrame) -> np.ndarray:
    """What hides the person in every frame, (F,) texts: a kind of occluder, SEVERAL or NO_EVENT.

    An event lasts from the first frame in which it hides a third to the last one, so a frame without event
    may still show the edge of an occluder that comes or goes.

    Args:
        events: as `walkers.dataset.read_events` gives them.
        tracklets: of the store, with `start` and `length`.
    """
    kinds = np.full(int(tracklets["length"].sum()), NO_EVENT, dtype=object)
    start = tracklets["start"].to_numpy()
    for event in events.itertuples():
        active = slice(start[event.tracklet] + event.first, start[event.tracklet] + event.last + 1)
        others = (kinds[active] != NO_EVENT) & (kinds[active] != event.kind)
        kinds[active] = np.where(others, SEVERAL, event.kind)
    return kinds
