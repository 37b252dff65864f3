"""The parts of the page, one function each, with the words that say how to read them."""

from __future__ import annotations

from collections.abc import Sequence

from stcnet_lib.report.summary import charts, markup
from stcnet_lib.report.summary.found import Found
from stcnet_lib.report.summary.key_rows import KeyRow
from stcnet_lib.report.summary.pictures import strip_figures
from stcnet_lib.report.summary.provenance import data_notes, provenance_table, run_settings, settings_table
from stcnet_lib.report.summary.published import has_published, published_table
from stcnet_lib.report.summary.result_tables import hidden_table, key_table, quality_table, rank_table
from stcnet_lib.report.summary.times import time_table
from stcnet_lib.report.tables.conclusions import localisation_parts
from stcnet_lib.report.tables.skills import skill_lines
from stcnet_lib.report.tables.tables import result_table, strata_title


def strips(found: Found) -> str:
    """Three strips of frames before, restored and true."""
    title = "Before and after"
    if not found.strips:
        return markup.section(title, markup.paragraph("No frame of a test person was changed in this run."))
    known = "clean" in found.strips[0].rows
    truth = " The lowest row is the truth, which no stage but the measurements sees." if known else ""
    measure = "Error: mean |restored − truth|" if known else "Change: mean |restored − before|"
    note = (
        f"Frames of {len(found.strips)} tracklets of test people, drawn by lot {found.pool}, as they were "
        f"and as completion {found.completion} left them.{truth} Bars beside a frame mark a flagged third: "
        "orange if it was replaced, grey if it was left. Look at clothes that should keep their colour, and "
        f"at the borders of thirds. {measure} in the replaced thirds of one frame, in grey levels (0 to 255)."
    )
    return markup.section(title, markup.paragraph(note, "faint"), *strip_figures(found.strips))


def results(found: Found, rows: Sequence[KeyRow], protocol: str) -> str:
    """The table of the key rows, two charts, and all other rows behind a toggle."""
    if not rows:
        return markup.section("Results", markup.paragraph("No variants are configured."))
    network, train, _ = rows[0].names
    caption = (
        f"The network {network}, trained on {train} data, on the same test people: {protocol}. Against raw: "
        "points of difference to the network trained and tested on raw data, paired. A difference whose "
        "interval holds 0 may be chance."
    )
    drawn = [markup.figure(charts.interval_chart(rows), _INTERVALS)]
    curves = {row.kind: found.curves[row.names] for row in rows if row.names in found.curves}
    if curves:
        drawn.append(markup.figure(charts.cmc_chart(curves), _CMC))
    swatches = [charts.swatch(row.kind) for row in rows]
    return markup.section(
        "Results",
        markup.table(key_table(rows), caption, swatches, kind="key"),
        markup.element("div", *drawn, class_="charts"),
        markup.folded(
            "Every row of this run",
            markup.table(result_table(found.comparison), _ALL_ROWS),
            markup.table(rank_table(found.comparison), "CMC of every row in per cent."),
        ),
    )


_INTERVALS = (
    "mAP in per cent: the dot is the value, the bar its 95 % interval. Further right is better. The rows are "
    "of the same people, so differences are surer than overlapping bars suggest: read them in the table."
)
_CMC = (
    "CMC: the share of queries in per cent (upward) with a true match among the first k candidates (to the "
    "right). Higher is better; at k = 1 it is rank-1. The lines in the table are the legend."
)
_ALL_ROWS = "Network, training data and test data of every row, in per cent and points of difference."


def hidden(found: Found, rows: Sequence[KeyRow]) -> str:
    """Results by how much of the query is hidden, or nothing where that is not known."""
    shown = hidden_table(rows)
    if shown is None:
        return ""
    caption = (
        f"{strata_title(found.comparison)}; n is the number of queries. The gallery is "
        "not divided: its tracklets may be hidden whatever the query is."
    )
    swatches = [charts.swatch(row.kind) for row in rows]
    return markup.section("By how much is hidden", markup.table(shown, caption, swatches, kind="key"))


def finding(found: Found) -> str:
    """How well hidden thirds are found and restored, as far as the truth is known."""
    parts = []
    for title, lines in localisation_parts(found.comparison)[:1]:
        parts += [markup.paragraph(f"{title}:"), markup.bullets(lines)]
    parts.append(markup.bullets(skill_lines(found.comparison.get("restoration"))))
    if found.qualities:
        shown = markup.table(quality_table(found.qualities), _QUALITY)
        parts.append(markup.folded("Restored pixels against the truth", shown))
    return markup.section("Is what is hidden found, and what is restored right?", *parts)


_QUALITY = (
    "Test frames, before → after (gain). In the hole: flagged pixels that an occluder covered; person: those "
    "of them that show the person in the clean frame. PSNR in dB; sharpness is 1 in clean frames."
)


def published(found: Found) -> str:
    """The paper's numbers beside ours, or the words that there are none."""
    title, layout = "The paper's numbers", found.store["layout"]
    if not has_published(layout, found.comparison["dataset"]):
        words = f"The paper has no results on the data set {found.store['dataset']} to hold these against."
        return markup.section(title, markup.paragraph(words))
    caption = (
        "Per cent. Hou et al., VRSTC, CVPR 2019, Tables 1 and 2. The paper's settings are those of "
        "workflow/presets/paper.yaml; smaller networks do not compare. It names no protocol, and on MARS "
        "those in use differ by up to a point of rank-1 and two of mAP."
    )
    return markup.section(title, markup.table(published_table(found.comparison, layout), caption))


def settings(found: Found) -> str:
    """How occlusions were found and frames restored; all settings of the networks behind toggles."""
    folds = [
        markup.folded(f"Settings: {name}", markup.table(settings_table(model), "As trained."))
        for name, model in found.networks.items()
    ]
    return markup.section("Settings", markup.bullets(run_settings(found.comparison)), *folds)


def provenance(found: Found) -> str:
    """Digests, versions, devices, seeds."""
    shown = provenance_table(found.comparison, found.stores, found.networks)
    caption = (
        "Digests are the first 16 digits of sha256, over content: equal ones mean equal data or weights."
    )
    return markup.section("Provenance", markup.table(shown, caption))


def times(found: Found) -> str:
    """What each stage took, or nothing without benchmark files."""
    if not found.times:
        return ""
    caption = (
        "Wall time in minutes and seconds, summed over jobs. Jobs run side by side, so a run takes less than "
        "the sum. Drawing and writing of tables are not in it."
    )
    return markup.section("Wall time by stage", markup.table(time_table(found.times), caption))


def rights(found: Found) -> str:
    """Licence, source and privacy."""
    return markup.section("Licence and privacy", markup.bullets(data_notes(found.store)))
