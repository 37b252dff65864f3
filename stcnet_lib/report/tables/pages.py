"""The results of a data set as one Markdown page, made from `comparison.json` and `completion.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stcnet_lib import REGIONS
from stcnet_lib.evaluation.measures.completion import MOST_FRAMES
from stcnet_lib.report.tables.completions import completion_table, damage_table, kind_table
from stcnet_lib.report.tables.conclusions import across_text, conclusion, frozen_text
from stcnet_lib.report.tables.protocols import protocol_lines, protocol_table, protocol_title
from stcnet_lib.report.tables.reference_study import inversion_table, reference_table
from stcnet_lib.report.tables.skills import skill_lines
from stcnet_lib.report.tables.tables import (
    Comparison,
    Table,
    across_table,
    control_table,
    frozen_table,
    heading,
    repeated,
    result_table,
    spread_table,
    strata_table,
    strata_title,
)
from stcnet_lib.report.tables.texts import decimal

_DETECTION = {  # key of `localisation.detection` -> heading
    "auroc": "AUROC",
    "average_precision": "average precision",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "best_f1": "F1 of the best τ",
}
_ORDER = {region: number for number, region in enumerate(REGIONS)}  # JSON files are sorted by letters
_PARTS = {"by_region": "third", "by_hidden_frames": "hidden in"}


_GALLERY = "The gallery is not divided: its tracklets may be hidden whatever the query is."


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], names: int = 1) -> str:
    """A table in GitHub's Markdown: the first `names` columns to the left, the others to the right."""
    for number, row in enumerate(rows):
        if len(row) != len(head):
            raise ValueError(f"row {number}: got {len(row)} cells, wanted {len(head)}, one a heading")
    rule = [":--" if i < names else "--:" for i in range(len(head))]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in (head, rule, *rows))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def results_page(comparison: Comparison, *, more: Sequence[str] = ()) -> str:
    """The page: re-identification, localisation, and the sections `more`, which come ready-made."""
    title, _, details = heading(comparison).partition(": ")
    sections = [
        f"# {title}",
        f"Made by `write_results` from the files of the comparison: {details}.",
        *reid_sections(comparison),
        *localisation_sections(comparison.get("localisation") or []),
        *more,
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def reid_sections(comparison: Comparison) -> list[str]:
    """Tables of all variants: results, spread over runs, by share of hidden frames; a conclusion."""
    if not comparison["rows"]:
        return ["No variants are configured."]
    sections = [
        "## Variants",
        _reading(comparison),
        _markdown(result_table(comparison)),
        conclusion(comparison),
    ]
    if table := control_table(comparison):
        sections += [
            "### Restored against controls",
            "Points that the data of the default STCnet bring beyond those of another completion: same re-ID "
            "network, same masks, trained likewise (both on the same data, or each on its own), paired.",
            _markdown(table),
        ]
    if table := frozen_table(comparison):
        sections += ["### Frozen rows", frozen_text(comparison), _markdown(table)]
    if table := across_table(comparison):
        sections += ["### Over networks", across_text(), _markdown(table)]
    if lines := comparison.get("controls_left_out"):
        sections.append("\n".join(f"- {line}" for line in lines))
    if lines := skill_lines(comparison.get("restoration")):
        sections += ["### Skill", "\n".join(f"- {line}" for line in lines)]
    if table := protocol_table(comparison):
        sections += [
            "### By protocol",
            f"{protocol_title(comparison)}.",
            "\n".join(f"- {line}" for line in protocol_lines(comparison)),
            _markdown(table),
        ]
    if table := spread_table(comparison):
        sections += [
            "### Spread over runs",
            "Least to most of the runs, and their standard deviation.",
            _markdown(table),
        ]
    if table := strata_table(comparison):
        sections += [
            "### By what is hidden of the query",
            f"{strata_title(comparison)}. {_GALLERY}",
            _markdown(table),
        ]
    return sections


def _reading(comparison: Comparison) -> str:
    """How to read the table of variants."""
    means = (
        "Values are means over splits and seeds; the intervals are of these means, over people and runs: "
        "the chance of who was tested and the noise of training, with Student's width for few runs. "
        if repeated(comparison)
        else "One split and one seed: the intervals are over people alone. The noise of training is not in "
        "them, and another seed may move what was trained again by more. "
    )
    return (
        f"{means}Against raw: points of difference to the same network trained and tested on raw data, "
        "paired. Gap closed: (restored − raw) / (clean − raw) in per cent, with the same network trained and "
        "tested on raw and on clean data."
    )


def localisation_sections(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """How well hidden thirds of test tracklets are found: all, by third, by how long they are hidden.

    Args:
        runs: what is in `localisation.json` of every run; values are means over the runs that have them.
    """
    if not runs:
        return []
    tests = [run["test"] for run in runs]
    several = f", means of {len(runs)} runs" if len(runs) > 1 else ""
    sections = ["## Localisation", f"Hidden thirds of test tracklets, found by low scores{several}."]
    sections.append(_markdown(detection_table("", {"all": [test["all"] for test in tests]})))
    for key, name in _PARTS.items():
        found = sorted(tests[0].get(key) or {}, key=lambda part: (_ORDER.get(part, 0), part))
        parts = {part: [test[key][part] for test in tests] for part in found}
        if parts:
            sections.append(_markdown(detection_table(name, parts)))
    return sections


def reference_sections(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a tracklet is compared with, and how τ is found: every choice measured on the first run.

    Args:
        runs: what is in `localisation.json` of every run.
    """
    entries = runs[0].get("by_reference") if runs else None
    if not entries:
        return []
    return [
        "### Every reference and rule",
        "`configured` keeps smoothing, trim, thresholds for each third and the cap of the configuration; "
        "`paper` has none of them. τ is found on the train split, F1 is of test data. First split and seed.",
        markdown_table(*reference_table(entries), names=3),
        "AUROC by the share of a tracklet's frames in which the third is hidden. Below 0.5 the score is "
        "inverted: the reference shows the occluder.",
        markdown_table(*inversion_table(entries), names=2),
    ]


def completion_sections(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Completions against the clean twins: the rows of `completion.json`."""
    if not rows:
        return []
    first = [row for row in rows if (row["split"], row["seed"]) == (rows[0]["split"], rows[0]["seed"])]
    return [
        "## Completion",
        "Test frames, before → after (gain). In the hole: flagged pixels that an occluder covered; person: "
        "those of them that show the person in the clean frame. Sharpness: high-frequency energy in the "
        "hole, as a share of the clean frame's; 1 is as sharp, and a mean of many frames has a good PSNR and "
        "little of it. Feature cosine: of the guider's features of the whole frame to the clean frame's. "
        f"Of the frames with a flagged third, train and test together, at most {MOST_FRAMES:,} are measured, "
        "evenly spaced: regions, frames and false alarms are counted in these.",
        markdown_table(*completion_table(rows), names=3),
        "### Damage",
        "What was visible and replaced all the same, on test frames; before, it had no error. The first "
        "share is of the person's visible pixels in all frames, the second of those in frames with a "
        "replaced third. False alarms: flagged thirds that were not hidden.",
        markdown_table(*damage_table(rows), names=3),
        "### By kind of occluder",
        "First split and seed.",
        markdown_table(*kind_table(first), names=2),
    ]


def detection_table(name: str, parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """Means over runs of `localisation.detection`, one row a part; `name` heads the column of parts."""
    rows = [
        [
            part,
            *(f"{np.mean([run[key] for run in runs]):,.0f}" for key in ("regions", "hidden", "flagged")),
            *(_mean([run[key] for run in runs]) for key in _DETECTION),
        ]
        for part, runs in parts.items()
    ]
    return Table([name, "regions", "hidden", "flagged", *_DETECTION.values()], rows, names=1)


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return decimal(float(np.mean(known)) if known else None)


def _markdown(table: Table) -> str:
    return markdown_table(table.head, table.rows, table.names)
