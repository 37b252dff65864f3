"""The section `dataset` of a source that is given by its path alone, without a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stcnet_lib.config import DatasetConfig, validate
from stcnet_lib.data.source.guess import guess_layout
from stcnet_lib.data.source.single_video import folder_of

AUTO = "auto"


@contextmanager
def given_dataset(
    source: Path, layout: str = AUTO, boxes: Path | None = None, settings: Mapping[str, Any] | None = None
) -> Iterator[DatasetConfig]:
    """The settings of a folder, or of a single video, which hold inside the block.

    Args:
        layout: auto: by what stands in the source.
        boxes: of a single video; None: the text of the same name beside it.
        settings: others of the section.

    Raises:
        ValueError: no such source, or settings that are none.
    """
    with folder_of(source, boxes) as folder:
        given = {
            "name": name_of(source),
            "layout": guess_layout(folder) if layout == AUTO else layout,
            "root": str(folder),
        }
        yield validate(DatasetConfig, given | dict(settings or {}))


def name_of(source: Path) -> str:
    """The name of a folder or video, in the letters that `dataset.name` allows.

    >>> name_of(Path("/data/Tür 3"))
    'T_r_3'
    """
    return re.sub(r"[^A-Za-z0-9_+.-]", "_", source.resolve().stem).lstrip("_+.-") or "source"
