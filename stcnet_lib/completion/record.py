"""`regions.parquet`: what a completion did, region by region; the file, and its form in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from stcnet_lib.common.forms import Form, read_table, write_table
from stcnet_lib.data.store.tracklets import TrackletStore

REPLACED = Form("stcnet-replaced", 1)
TABLE = pa.schema(  # of regions.parquet: one row a flagged region, frames numbered as in the store
    {
        "tracklet": pa.int64(),
        "frame": pa.int64(),
        "region": pa.int64(),
        "method": pa.string(),
        "references": pa.list_(pa.int64()),
        "confidence": pa.float32(),
    }
)


@dataclass
class Record:
    """What was done: one row a flagged region, and how often each case was met."""

    rows: list[tuple[int, int, int, str, list[int], float]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Record) -> None:
        """What was done to the tracklets that follow."""
        self.rows += other.rows
        self.counts.update(other.counts)  # += would forget cases that were never met

    def table(self) -> pd.DataFrame:
        """What `regions.parquet` holds."""
        return pd.DataFrame(self.rows, columns=TABLE.names)

    def write(self, path: Path, source: TrackletStore) -> None:
        """`regions.parquet` of a completion of this store."""
        write_table(path, self.table(), REPLACED, source.digest, schema=TABLE)


def read_replaced(path: str | Path, source: TrackletStore) -> pd.DataFrame:
    """What `Record.write` wrote of a completion of this store: the columns of `TABLE`.

    Raises:
        FormError: a file of another form, or of another store.
    """
    return read_table(path, REPLACED, source.digest)
