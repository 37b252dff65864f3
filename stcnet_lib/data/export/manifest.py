"""`manifest.parquet` of an export: one row an image, with where it came from and what was done to it.

It has the columns of the layout `manifest` (`layouts/manifest.py`), by which any export can be read, and:

| column | |
|---|---|
| source | path of the frame in the source |
| changed | whether the image differs from that file |
| encoding | of a changed image: png, or jpeg with its quality |
| regions, methods | regions that were flagged (0 upper, 1 middle, 2 lower), and how each was filled |
| references | source paths of the frames that filled each region, a list a region |
| scores | occlusion scores of all regions, null where none were taken |
| order | number of the tracklet in this export |
| model | sha256 of the weights that filled regions |
| licence, citation | of the source, which what is derived from it carries |
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stcnet_lib.data.source.layouts.base import Frame, SourceTracklet
from stcnet_lib.data.source.layouts.manifest import role_columns
from stcnet_lib.data.store.tracklets import Role

NAME = "manifest.parquet"
_BUFFER = 8192  # rows
_CONSTANT = pa.dictionary(pa.int32(), pa.string())


def _schema(splits: int, facts: dict[str, str]) -> pa.Schema:
    return pa.schema(
        [
            ("path", pa.string()),
            ("pid", pa.int32()),
            ("camera", pa.int32()),
            ("tracklet", pa.string()),
            ("frame", pa.int32()),
            *((name, _CONSTANT) for name in role_columns((Role.UNUSED,) * splits)),
            ("source", pa.string()),
            ("changed", pa.bool_()),
            ("encoding", _CONSTANT),
            ("regions", pa.list_(pa.int8())),
            ("methods", pa.list_(pa.string())),
            ("references", pa.list_(pa.list_(pa.string()))),
            ("scores", pa.list_(pa.float32())),
            ("order", pa.int32()),
            ("model", _CONSTANT),
            ("licence", _CONSTANT),
            ("citation", _CONSTANT),
        ],
        metadata=facts,
    )


class ManifestWriter:
    """Writes the table in pieces.

    Args:
        facts: about the whole export; they become metadata of the file.
        constants: values of columns that are the same in every row.
    """

    def __init__(self, path: Path, splits: int, facts: dict[str, str], constants: dict[str, Any]) -> None:
        self._schema = _schema(splits, facts)
        self._writer = pq.ParquetWriter(path, self._schema)
        self._constants = constants
        self._rows: list[dict[str, Any]] = []

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Append rows; columns that a row lacks are null."""
        self._rows += [row | self._constants for row in rows]
        if len(self._rows) >= _BUFFER:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows = []

    def __enter__(self) -> ManifestWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._rows:
            self._flush()
        self._writer.close()


class RegionRecord:
    """What `regions.parquet` says of a frame."""

    def __init__(self, table: pd.DataFrame | None) -> None:
        self._table = None if table is None else table.sort_values(["frame", "region"], kind="stable")
        self._frames = np.array([], np.int64) if table is None else self._table["frame"].to_numpy()

    def of(self, frame: int, sources: list[str], start: int) -> dict[str, list[Any]]:
        """Columns of the manifest; references by their place in the source."""
        first, last = np.searchsorted(self._frames, [frame, frame + 1])
        if first == last:
            return {"regions": [], "methods": [], "references": []}
        rows = self._table.iloc[first:last]
        return {
            "regions": rows["region"].tolist(),
            "methods": rows["method"].tolist(),
            "references": [[sources[t - start] for t in references] for references in rows["references"]],
        }


def read_tracklets(path: Path) -> Iterator[SourceTracklet]:
    """The tracklets of an export, in its order; a frame's `source` is its path in the export."""
    with pq.ParquetFile(path) as file:
        roles = [name for name in file.schema_arrow.names if name == "role" or name.startswith("role_")]
        columns = ["path", "pid", "camera", "tracklet", "frame", "order", *roles]
        rows = (row for batch in file.iter_batches(_BUFFER, columns=columns) for row in batch.to_pylist())
        for _, group in groupby(rows, key=lambda row: row["order"]):
            found = list(group)
            first = found[0]
            yield SourceTracklet(
                first["pid"],
                first["camera"],
                first["tracklet"],
                tuple(Role[first[name].upper()] for name in roles),
                tuple(Frame(row["frame"], row["path"]) for row in found),
            )
