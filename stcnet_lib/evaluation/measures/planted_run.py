"""Everything that `planted.json` says of one run: its flags, and the completions that were made with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib.common.files import read_json
from stcnet_lib.completion.record import read_replaced
from stcnet_lib.data.planting.probe import truth_shares
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.evaluation.measures.damage import count_replaced, replaced_flags
from stcnet_lib.evaluation.measures.planted import (
    FrameFeatures,
    frame_cosines,
    measure_change,
    measure_flags,
    measure_gain,
)
from stcnet_lib.localisation.flags import flag_table, score_table

CONTROL = "copy"  # the method of the completion that others are compared with


@dataclass(frozen=True)
class Restored:
    """A completion to measure."""

    method: str
    store: TrackletStore
    replaced: np.ndarray  # bool (F, K)
    counts: pd.DataFrame  # of `count_replaced`, all pixels that are known to be visible


@contextmanager
def opened_restored(
    folders: Sequence[Path], truth: TrackletStore, source: TrackletStore
) -> Iterator[dict[str, Restored]]:
    """The completions in folders of results, by name."""
    with ExitStack() as opened:
        found = {}
        for folder in folders:
            made = read_json(folder / "restoration.json")
            regions = read_replaced(folder / "regions.parquet", source)
            store = opened.enter_context(TrackletStore(folder / "tracklets.h5"))
            found[made["completion"]] = Restored(
                made["method"],
                store,
                replaced_flags(regions, truth.num_frames),
                count_replaced(truth, source, store, regions, background=True, doubtful=False),
            )
        yield found


def measure_planted(
    store: TrackletStore,
    truth: TrackletStore,
    table: pd.DataFrame,
    restored: Mapping[str, Restored],
    split: int,
    hidden_share: float,
    features: FrameFeatures,
) -> dict[str, Any]:
    """`test` and `all`: what `measure_flags` finds, and `completions` by name.

    Args:
        table: the rows of `occlusion.parquet`.
    """
    covered = truth_shares(truth)
    scores, flags = score_table(table, store.num_frames), flag_table(table, store.num_frames)
    replaced = {name: one.replaced for name, one in restored.items()}
    control = next((name for name, one in restored.items() if one.method == CONTROL), None)
    touched = (covered > hidden_share) & np.any([*replaced.values(), np.zeros_like(covered, bool)], axis=0)
    stores = {name: one.store for name, one in restored.items()}
    cosines = frame_cosines(store, stores, truth, np.argwhere(touched), features)
    summary = {}
    for part, chosen in _parts(store, split).items():
        gains = measure_gain(cosines[chosen[cosines["frame"].to_numpy(np.int64)]], replaced, control)
        changes = {name: measure_change(one.counts, chosen) for name, one in restored.items()}
        summary[part] = {
            **measure_flags(scores, flags, covered, truth.doubtful, hidden_share, chosen),
            "completions": {name: changes[name] | gains[name] for name in restored},
        }
    return summary


def _parts(store: TrackletStore, split: int) -> dict[str, np.ndarray]:
    """Bool (F,) each: frames of the test part, and all."""
    roles = store.roles[split][store.frame_tracklet]
    return {"test": np.isin(roles, (Role.QUERY, Role.GALLERY)), "all": np.ones(store.num_frames, dtype=bool)}
