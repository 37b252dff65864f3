"""Stage `measure_planted`: are flags right, and is what replaces a third better? On planted occluders.

Thirds of which nobody knows whether something real hides them (`planting/doubt.py`) count neither as hidden
nor as visible; `…_with_doubtful` counts them as visible, so that the truth lies between both. Features are
the guider's of whole frames; a completion is the better the nearer they come to those of the clean frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.evaluation.measures.localisation import auroc, average_precision

VISIBLE = 0.05  # share of the person covered up to which an untouched third counts as visible
HALF = 0.5  # share of the person covered from which a third is hidden by half

FrameFeatures = Callable[[list[np.ndarray]], np.ndarray]  # n frames, uint8 (h, w, 3) each -> float (n, D)


def measure_flags(
    scores: np.ndarray,
    flags: np.ndarray,
    covered: np.ndarray,
    doubtful: np.ndarray,
    hidden_share: float,
    chosen: np.ndarray,
) -> dict[str, Any]:
    """How well scores and flags find the planted occluders.

    Args:
        scores, flags, covered, doubtful: (F, K); `covered` is the share of the person behind an occluder.
        chosen: bool (F,) frames that count.
    """
    scores, flags, covered, doubtful = (part[chosen] for part in (scores, flags, covered, doubtful))
    hidden, half = covered > hidden_share, covered >= HALF
    known = hidden | ~doubtful
    some = 0 < hidden[known].sum() < known.sum()

    def share(values: np.ndarray) -> float | None:
        return float(values.mean()) if values.size else None

    return {
        "thirds": int(covered.size),
        "hidden": int(hidden.sum()),
        "hidden_by_half": int(half.sum()),
        "doubtful": share(doubtful & ~hidden),
        "auroc": auroc(-scores[known], hidden[known]) if some else None,
        "average_precision": average_precision(-scores[known], hidden[known]) if some else None,
        "recall": share(flags[hidden]),
        "recall_by_half": share(flags[half]),
        "false_flags": share(flags[(covered <= VISIBLE) & ~doubtful]),
        "false_flags_with_doubtful": share(flags[covered <= VISIBLE]),
        "flagged_frames": share(flags.any(axis=1)),
    }


def measure_change(counts: pd.DataFrame, chosen: np.ndarray) -> dict[str, Any]:
    """`changed_visible`: the share of visible pixels that a completion replaced.

    Args:
        counts: `count_replaced` of all pixels that are known to be visible.
        chosen: bool (F,) frames that count.
    """
    visible, changed = (int(counts.loc[chosen, name].sum()) for name in ("visible", "replaced"))
    return {"changed_visible": changed / visible if visible else None}


def frame_cosines(
    occluded: TrackletStore,
    completed: Mapping[str, TrackletStore],
    truth: TrackletStore,
    thirds: np.ndarray,
    features: FrameFeatures,
    batch: int = 96,
) -> pd.DataFrame:
    """One row a third (frame, region) of `thirds` (n, 2): the cosine of its frame's feature with the clean.

    Columns `frame`, `region`, `occluded`, and one for each completion by its name.
    """
    stores = {"occluded": occluded, **completed}
    frames = np.unique(thirds[:, 0]) if len(thirds) else np.zeros(0, np.int64)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in stores}
    for start in range(0, len(frames), batch):
        part = frames[start : start + batch].tolist()
        clean = _unit(features([truth.read_image(frame) for frame in part]))
        for name, store in stores.items():
            found = _unit(features([store.read_image(frame) for frame in part]))
            columns[name].append((clean * found).sum(axis=1))
    of_frame = pd.DataFrame(
        {name: np.concatenate(values) if values else np.zeros(0) for name, values in columns.items()},
        index=frames,
    )
    table = pd.DataFrame({"frame": thirds[:, 0], "region": thirds[:, 1]})
    return table.join(of_frame, on="frame")


def _unit(features: np.ndarray) -> np.ndarray:
    values = features.astype(np.float64)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)


def measure_gain(
    cosines: pd.DataFrame, replaced: Mapping[str, np.ndarray], control: str | None
) -> dict[str, dict[str, Any]]:
    """Of each completion: are the hidden thirds that it replaced nearer to the clean ones?

    Args:
        cosines: `frame_cosines` of hidden thirds.
        replaced: (F, K) bool of each completion, thirds that it replaced.
        control: a completion that the others are compared with, on thirds that both replaced.
    """
    at = cosines["frame"].to_numpy(np.int64), cosines["region"].to_numpy(np.int64)
    result = {}
    for name, flags in replaced.items():
        own = cosines[flags[at]]
        entry: dict[str, Any] = {"thirds": len(own)}
        if len(own):
            entry |= {
                "cosine_occluded": float(own["occluded"].mean()),
                "cosine": float(own[name].mean()),
                "better": float((own[name] > own["occluded"]).mean()),
            }
        if control is not None and name != control:
            both = cosines[flags[at] & replaced[control][at]]
            differ = both[both[name] != both[control]]
            entry["compared_thirds"] = len(differ)
            if len(differ):
                entry |= {
                    f"cosine_{control}": float(both[control].mean()),
                    f"better_than_{control}": float((differ[name] > differ[control]).mean()),
                }
        result[name] = entry
    return result


def mean_of(values: list[Any]) -> Any:
    """Means of equal structures: numbers over those that are known, None where none is."""
    if isinstance(values[0], dict):
        return {key: mean_of([value.get(key) for value in values if value]) for key in values[0]}
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
