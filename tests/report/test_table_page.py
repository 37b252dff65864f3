"""The HTML page: well-formed, alone in the world, and with the numbers of the comparison."""

import json
from html.parser import HTMLParser

import pytest

from stcnet_lib.report.figures.table import draw_table, table_page
from stcnet_lib.report.tables.tables import result_table, run_table, spread_table, strata_table

VOID = {"meta", "line", "circle"}


SPREAD = {"least": 0.4, "most": 0.6, "deviation": 0.125}


def variant(train: str, test: str, value: float, difference: float | None, runs: int = 1) -> dict:
    """One of `means`."""
    return {
        "network": "nl",
        "train": train,
        "test": test,
        "runs": runs,
        "mean": {"mAP": value, "rank1": value, "rank10": 0.9},
        "spread": dict.fromkeys(("mAP", "rank1", "rank10"), SPREAD),
        "mAP_interval": [value - 0.04, value + 0.05],
        "rank1_interval": [None, None],
        "difference": difference
        and {
            key: {"value": difference, "low": None, "high": None, "spread": SPREAD}
            for key in ("mAP", "rank1")
        },
        "gap_closed": None,
        "strata": [{"hidden": "0 %", "queries": 7.0, "mAP": value, "rank1": None}],
    }


def run(mean: dict, seed: int) -> dict:
    """One of `rows`."""
    kept = {k: v for k, v in mean.items() if k not in ("runs", "mean", "spread")}
    return kept | mean["mean"] | {"split": 0, "seed": seed, "queries": 1360}


MEANS = [variant("raw", "raw", 0.5, None), variant("raw", "x", 0.6, 0.1), variant("x", "x", 0.7, 0.2)]
COMPARISON = {
    "dataset": "a <b> & c",
    "protocol": "gallery-only",
    "rows": [run(mean, 0) for mean in MEANS],
    "means": MEANS,
    "hidden_source": "truth",
}


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects texts and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.dots: list[float] = []
        self.whiskers: list[tuple[float, float]] = []
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.attributes |= set(values)
        if tag == "tr":
            self.rows.append([])
        if tag == "circle":
            self.dots.append(float(values["cx"]))
        if tag == "line":
            self.whiskers.append((float(values["x1"]), float(values["x2"])))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


def test_the_page_is_well_formed_and_holds_the_table():
    page = Page(table_page(COMPARISON, provenance="comparison.json 12345678"))
    assert page.open == []
    table = result_table(COMPARISON)
    assert page.rows[0] == [*table.head[:3], "mAP", *table.head[3:]]
    assert page.rows[1:4] == table.rows
    assert page.rows[4:] == [strata_table(COMPARISON).head, *strata_table(COMPARISON).rows]
    text = "".join(page.text)
    assert "Re-identification on a <b> & c" in text
    assert "comparison.json 12345678" in text


def test_the_page_needs_nothing_else():
    text = table_page(COMPARISON, provenance="")
    assert not {"src", "href", "srcset"} & Page(text).attributes
    for forbidden in ("http:", "https:", "//", "@import", "url(", "<script", "<link"):
        assert forbidden not in text


def test_bars_are_in_proportion_to_the_values():
    page = Page(table_page(COMPARISON, provenance=""))
    low, middle, high = page.dots
    assert middle - low == pytest.approx(high - middle, abs=0.15)  # 0.5, 0.6, 0.7; places have one decimal
    for dot, (left, right) in zip(page.dots, page.whiskers, strict=True):
        assert (right - dot) / (dot - left) == pytest.approx(0.05 / 0.04, abs=0.02)


def test_of_repeated_runs_the_page_shows_spread_and_every_run():
    means = [mean | {"runs": 2} for mean in MEANS]
    repeated = COMPARISON | {"means": means, "rows": [run(mean, seed) for mean in means for seed in (0, 1)]}
    page = Page(table_page(repeated, provenance=""))
    assert page.open == []
    tables = [result_table(repeated), spread_table(repeated), strata_table(repeated), run_table(repeated)]
    assert [len(table.rows) for table in tables] == [3, 3, 3, 6]
    assert len(page.rows) == sum(1 + len(table.rows) for table in tables)
    assert page.rows[-6:] == tables[3].rows


def test_a_page_without_variants():
    page = Page(table_page(COMPARISON | {"rows": [], "means": []}, provenance=""))
    assert page.open == []
    assert page.rows == []


def test_the_file_depends_on_its_input_alone(tmp_path):
    path = tmp_path / "comparison.json"
    pages = []
    for value in (0.5, 0.5, 0.4):
        path.write_text(json.dumps(COMPARISON | {"means": [variant("raw", "raw", value, None)]}))
        draw_table(path, tmp_path / "comparison.html")
        pages.append((tmp_path / "comparison.html").read_bytes())
    assert pages[0] == pages[1] != pages[2]
    with pytest.raises(ValueError, match=r"ends in \.html"):
        draw_table(path, tmp_path / "comparison.svg")
