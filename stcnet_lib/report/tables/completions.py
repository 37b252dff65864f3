"""All completions side by side against the walkers' clean twins: rows for a CSV file, texts for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stcnet_lib.common.files import read_json
from stcnet_lib.report.tables.texts import NOTHING

PLACE = ("completion", "split", "seed")  # which the files carry
KEYS = ("completion", "method", "masks", "split", "seed", "part", "kind")  # what a row is about
ALL_KINDS = "all"

Row = dict[str, Any]


def completion_rows(quality_paths: Sequence[Path], restoration_paths: Sequence[Path]) -> list[Row]:
    """One row a completion, part (test, train) and kind of occluder: KEYS and what `quality_summary` has.

    Args:
        quality_paths, restoration_paths: `quality.json` and `restoration.json` of the same completions.
    """
    rows = []
    for quality_path, restoration_path in zip(quality_paths, restoration_paths, strict=True):
        quality, made = read_json(quality_path), read_json(restoration_path)
        if any(quality[key] != made[key] for key in PLACE):
            raise ValueError(
                f"{quality_path}: got the quality of {_place(quality)}, wanted that of {_place(made)}, as "
                f"{restoration_path} is"
            )
        keys = {
            "completion": made["completion"],
            "method": made.get("method_used") or made["method"],
            "masks": made["masks"],
            "split": made["split"],
            "seed": made["seed"],
        }
        for part in ("test", "train"):
            kinds = {ALL_KINDS: quality[part]["all"], **quality[part]["by_kind"]}
            rows += [keys | {"part": part, "kind": kind} | values for kind, values in kinds.items()]
    return rows


def _place(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {said[key]}" for key in PLACE)


def flat_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows with every interval in two columns, `…_low` and `…_high`, as a CSV file wants them."""
    return [
        {key: value for key, value in row.items() if key != "intervals"}
        | {
            f"{name}_{end}": bound
            for name, bounds in row.get("intervals", {}).items()
            for end, bound in zip(("low", "high"), bounds, strict=True)
        }
        for row in rows
    ]


def completion_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Head and texts of the main table: every completion on test data, all kinds of occluder together."""
    head = ["completion", "method", "masks", *_run_head(rows), "regions", "hole frames"]
    head += ["hole PSNR", "hole SSIM", "person PSNR", "person SSIM", "sharpness", "seam", "feature cosine"]
    chosen = [row for row in rows if row["part"] == "test" and row["kind"] == ALL_KINDS]
    return head, [
        [
            *(str(row[key]) for key in ("completion", "method", "masks", *_run_head(rows))),
            *(f"{row[key]:,}" for key in ("regions", "hole_frames")),
            _change(row, "hole_psnr", 1),
            _change(row, "hole_ssim", 3),
            _change(row, "person_psnr", 1),
            _change(row, "person_ssim", 3),
            _change(row, "sharpness", 2),
            _change(row, "seam", 2),
            _change(row, "feature_cosine", 3),
        ]
        for row in chosen
    ]


def damage_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Head and texts of what was replaced although it was visible: every completion, on test data."""
    head = ["completion", "method", "masks", *_run_head(rows)]
    head += ["visible person pixels replaced", "in changed frames"]
    head += ["PSNR of these", "PSNR of all visible ones"]
    head += ["false alarms", "their PSNR"]
    chosen = [row for row in rows if row["part"] == "test" and row["kind"] == ALL_KINDS]
    return head, [
        [
            *(str(row[key]) for key in ("completion", "method", "masks", *_run_head(rows))),
            _share(row, "replaced_share"),
            _share(row, "replaced_share_changed"),
            _after(row, "body_psnr"),
            _after(row, "visible_psnr"),
            f"{row['false_regions']:,}",
            _after(row, "false_psnr"),
        ]
        for row in chosen
    ]


def kind_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Head and texts by kind of occluder, on test data: person PSNR and feature cosine."""
    head = ["kind of occluder", "completion", *_run_head(rows), "frames", "person PSNR", "feature cosine"]
    chosen = [row for row in rows if row["part"] == "test" and row["kind"] != ALL_KINDS]
    return head, [
        [
            row["kind"],
            *(str(row[key]) for key in ("completion", *_run_head(rows))),
            f"{row['person_frames']:,}",
            _change(row, "person_psnr", 1),
            _change(row, "feature_cosine", 3),
        ]
        for row in sorted(chosen, key=lambda row: row["kind"])
    ]


def _run_head(rows: Sequence[Row]) -> list[str]:
    """Split and seed, where there are several."""
    return [key for key in ("split", "seed") if len({row[key] for row in rows}) > 1]


def _share(row: Row, name: str) -> str:
    """`12.3 % [11.0, 13.5]`."""
    share, bounds = row[name], row.get("intervals", {}).get(name)
    if share is None:
        return NOTHING
    interval = "" if bounds is None else f" [{100 * bounds[0]:.1f}, {100 * bounds[1]:.1f}]"
    return f"{100 * share:.1f} %{interval}"


def _after(row: Row, metric: str) -> str:
    """The value after the completion alone: before it, what was visible had no error."""
    value = row[f"{metric}_after"]
    if value is None:
        return NOTHING
    bounds = row.get("intervals", {}).get(f"{metric}_after")
    return f"{value:.1f}" + ("" if bounds is None else f" [{bounds[0]:.1f}, {bounds[1]:.1f}]")


def _change(row: Row, metric: str, digits: int) -> str:
    """`12.1 → 15.0 (+2.9 [+2.5, +3.2])`; the interval is the gain's."""
    before, after, gain = (row[f"{metric}_{reading}"] for reading in ("before", "after", "gain"))
    text = " → ".join(NOTHING if value is None else f"{value:.{digits}f}" for value in (before, after))
    if gain is None:
        return text
    bounds = row.get("intervals", {}).get(f"{metric}_gain")
    interval = "" if bounds is None else f" [{bounds[0]:+.{digits}f}, {bounds[1]:+.{digits}f}]"
    return f"{text} ({gain:+.{digits}f}{interval})".replace("-", "−")
