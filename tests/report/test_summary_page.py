"""The page of a run: what it says is what the comparison says, and nothing in it comes from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from summary_run import GAP, NASTY, VALUES, attributes, comparison, made, mean_row

from stcnet_lib.report.figures.strip_frames import Strip
from stcnet_lib.report.summary.answer import answer
from stcnet_lib.report.summary.found import Found
from stcnet_lib.report.summary.key_rows import key_rows
from stcnet_lib.report.summary.page import framed, summary_page
from stcnet_lib.report.summary.published import ROWS, has_published

VOID = {"meta", "img"}
ORDER = ["raw", "drop", "near", "stcnet", "clean"]


class Page(HTMLParser):
    """Checks that tags are closed in order; collects texts, cells, attributes and coordinates."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.tables: list[list[list[str]]] = []
        self.attributes: list[tuple[str, str, str]] = []  # tag, name, value
        self.tags: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data

    def values(self, tag: str, name: str) -> list[str]:
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


def strip(height: int = 32, frames: int = 7) -> Strip:
    images = [np.full((height, height // 2, 3), 30 * t, np.uint8) for t in range(frames)]
    rows = {"before": images, "restored": images, "clean": images}
    return Strip(NASTY, rows, list(range(10, 10 + frames)), 3, [(3, 1, True), (4, 0, False)])


def found(**changes) -> Found:
    curves = {("guider", "raw", test): np.linspace(rank, 1, 20) for test, (_, rank) in VALUES.items()}
    values = {
        "comparison": comparison(),
        "store": attributes(),
        "curves": curves,
        "strips": [strip(), strip(), strip()],
        "completion": "stcnet",
        "stores": {"data": "0123456789abcdef" * 4},
    }
    return Found(**(values | changes))


def test_the_page_is_well_formed_and_says_how_much_came_back():
    page = Page(summary_page(found()))
    assert page.open == []
    share, low, high = (f"{100 * GAP[key]:.0f}" for key in ("value", "low", "high"))
    assert f"Restoring brought back {share} [{low}, {high}] % of the mAP that occlusion cost." in page.text


def test_the_first_table_has_the_numbers_of_the_comparison_in_the_order_of_the_question():
    rows = Page(summary_page(found())).tables[0][1:]
    assert [re.search(r"\((.*)\)", row[0])[1] for row in rows] == ORDER
    for (_, *cells), test in zip(rows, ORDER, strict=True):
        precision, rank = VALUES[test]
        assert cells[0] == f"{100 * precision:.1f} [{100 * precision - 4:.1f}, {100 * precision + 5:.1f}]"
        assert cells[1] == f"{100 * rank:.1f} [{100 * rank - 3:.1f}, {100 * rank + 2:.1f}]"
        change = 100 * (precision - VALUES["raw"][0])
        wanted = f"{change:+.1f} [{change - 1:+.1f}, {change + 2:+.1f}]".replace("-", "−")
        assert cells[2] == ("–" if test == "raw" else wanted)


def test_results_by_what_is_hidden():
    table = Page(summary_page(found())).tables[3]
    assert table[0] == ["test data", "0 % [n = 7]", "1-30 % [n = 3]"]
    for row, test in zip(table[1:], ORDER, strict=True):
        precision, rank = VALUES[test]
        assert row[1:] == [
            f"{100 * precision:.1f} / {100 * rank:.1f}",
            f"{100 * (precision - 0.1):.1f} / –",
        ]


def test_curves_are_in_proportion_to_the_cmc():
    """Places on the page are an increasing straight line of the shares, the same for all curves."""
    data = found()
    page = Page(summary_page(data))
    drawn = [
        [float(y) for _, y in (p.split(",") for p in v.split())] for v in page.values("polyline", "points")
    ]
    shares = [data.curves["guider", "raw", test] for test in ORDER]
    assert len(drawn) == len(shares)
    slope, offset = np.polyfit(np.concatenate(shares), np.concatenate(drawn), 1)
    assert slope < 0  # SVG counts downward
    np.testing.assert_allclose(np.concatenate(drawn), slope * np.concatenate(shares) + offset, atol=0.06)


def test_dots_of_the_chart_are_in_proportion_to_the_map():
    places = [float(x) for x in Page(summary_page(found())).values("circle", "cx")]
    values = [VALUES[test][0] for test in ORDER]
    slope, offset = np.polyfit(values, places, 1)
    assert slope > 0
    np.testing.assert_allclose(places, slope * np.array(values) + offset, atol=0.06)


def test_three_strips_of_three_rows_with_words_for_who_does_not_see_them():
    page = Page(summary_page(found()))
    sources = page.values("img", "src")
    assert len(sources) == 9
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    alternatives = page.values("img", "alt")
    assert alternatives[:3] == ["strip 1, before", "strip 1, restored", "strip 1, truth"]
    assert page.text.count("frames 10 to 16") == 3


def test_the_page_asks_for_nothing_and_runs_nothing():
    text = summary_page(found())
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    for _, name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "srcset", "poster", "data"):
            assert value.startswith("data:")
    assert "@import" not in text
    assert "url(" not in text


def test_what_comes_from_data_is_never_markup():
    data = found(
        store=attributes() | {"citation": "<img src=x onerror=alert(1)>"},
        networks={
            "guider": {
                "config": {"<b>": "<i>"},
                "details": {"device": "<u>", "torch": "<s>", "precision": "fp32"},
                "weights_sha256": "ab" * 32,
            }
        },
    )
    page = Page(summary_page(data))
    assert len(page.values("img", "src")) == 9
    assert not {"b", "i", "u", "s", "licence", "citation"} & set(page.tags)
    for text in (NASTY, "<licence>", "<img src=x onerror=alert(1)>", "<b>", "<i>", "<u>", "<s>"):
        assert text in page.text


def test_the_frame_holds_the_page_itself():
    text = summary_page(found())
    page = Page(framed(text))
    assert page.values("iframe", "srcdoc") == [text]
    assert page.tags == ["iframe"]


def test_large_frames_are_shown_small():
    large = summary_page(found(strips=[strip(height=1200)] * 3))
    assert len(large) < 2_000_000
    assert len(large) < 2 * len(summary_page(found(strips=[strip(height=160)] * 3)))


def test_a_run_without_rows_or_strips_says_so():
    bare = comparison() | {"rows": [], "means": [], "restoration": []}
    page = Page(summary_page(found(comparison=bare, strips=[], completion=None)))
    assert page.open == []
    assert "No variants are configured." in page.text
    assert "No frame of a test person was changed" in page.text


def test_rows_of_true_masks_answer_nothing():
    values = comparison()
    row = mean_row("stcnet") | {"test": "stcnet-oracle"}
    values["means"] = [row if old["test"] == "stcnet" else old for old in values["means"]]
    rows = key_rows(values)
    assert [row.kind for row in rows] == ["raw", "discard", "copy", "clean"]
    assert "brought back" not in answer(values, rows)


def test_the_network_with_most_kinds_is_shown_and_of_equals_the_one_trained_on_raw_data():
    values = comparison()
    values["means"] = [
        *(mean_row(test, "nl", "stcnet") for test in ("raw", "stcnet", "clean")),
        *(mean_row(test, "nl") for test in ("raw", "stcnet", "clean")),
        *(mean_row(test) for test in ("raw", "stcnet")),
    ]
    assert {row.names[:2] for row in key_rows(values)} == {("nl", "raw")}


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        ({"value": None, "low": None, "high": None}, "nothing to bring back"),
        ({"value": -0.2, "low": -0.4, "high": 0.1}, "−20 [−40, 10] %"),
        ({"value": 0.5, "low": None, "high": None}, "50 [unbounded] %"),
        (None, "changed the mAP by +15.0 [+14.0, +17.0] points"),
    ],
)
def test_the_first_sentence(gap, words):
    values = comparison()
    for row in values["means"]:
        row["gap_closed"] = gap and {"mAP": gap}
    assert words in answer(values, key_rows(values))


def test_frozen_rows_tell_the_gap_and_what_copies_bring():
    values = comparison()
    gap = {"value": 0.33, "low": 0.1, "high": 0.6}
    copied = {"mAP": {"value": 0.05, "low": 0.01, "high": 0.09}}
    names = {"network": "guider", "train": "raw", "test": "stcnet"}
    values["frozen"] = [names | {"gap_closed": {"mAP": gap}, "against": {"copy": copied, "raw": None}}]
    for row in values["means"]:
        row["gap_closed"] = None
    text = Page(summary_page(found(comparison=values, strips=[]))).text
    assert "33 [10, 60] %" in text
    assert "+5.0 [+1.0, +9.0] points" in text


def test_the_papers_numbers_stand_beside_ours_where_there_are_some():
    """Spot checks of the paper: Table 1, MARS and iLIDS-VID."""
    assert not has_published("walkers", "walkers")
    assert has_published("duke_video", "duke_video")
    assert not has_published("duke_video", "occluded_duke_video")
    assert "The paper has no results" in Page(summary_page(found())).text
    page = Page(summary_page(found(store=attributes("mars"))))
    table = next(table for table in page.tables if "rank-1, paper" in table[0])
    cells = {row[0]: row[1:] for row in table[1:]}
    raw = f"{100 * VALUES['raw'][0]:.1f} [46.0, 55.0]"
    assert cells["baseline (Table 1)"] == ["84.4", "55.0 [52.0, 57.0]", "77.2", raw]
    assert cells["STCnet, restored in training and test (Table 1)"] == ["88.5", "–", "82.3", "–"]
    assert all(row.scores["ilids_vid"][1] is None for row in ROWS)
    assert ROWS[-1].scores["ilids_vid"][0] == 83.4


def test_real_people_are_not_called_drawn():
    assert "No person is shown" in Page(summary_page(found())).text
    text = Page(summary_page(found(store=attributes("duke_video")))).text
    assert "No person is shown" not in text
    assert "withdrawn" in text


def test_every_completion_is_named_once_with_its_masks():
    values = comparison()
    values["restoration"] = [*values["restoration"], made("stcnet", "stcnet") | {"seed": 1}]
    text = Page(summary_page(found(comparison=values))).text
    assert text.count("Completion stcnet: method stcnet, masks predicted, 1,234 frames changed.") == 1
    assert "Completion drop: method discard, masks predicted." in text
