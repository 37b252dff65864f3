"""What the page is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stcnet_lib.report.figures.strip_frames import Strip
from stcnet_lib.report.summary.times import StageTime
from stcnet_lib.report.tables.tables import Comparison


@dataclass(frozen=True)
class Found:
    """All of it comes from files of one run; what a configuration does not make is empty."""

    comparison: Comparison
    store: Mapping[str, Any]  # attributes of tracklets.h5
    curves: Mapping[tuple[str, str, str], np.ndarray] = field(default_factory=dict)  # variant -> CMC (ranks,)
    strips: Sequence[Strip] = ()
    completion: str | None = None  # of which the strips are
    pool: str = ""  # what the strips were drawn from, in words
    qualities: Sequence[Mapping[str, Any]] = ()  # rows of completion.json
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # what it is -> model.json
    stores: Mapping[str, str] = field(default_factory=dict)  # what it is -> digest
    times: Sequence[StageTime] = ()
