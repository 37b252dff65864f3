"""The Markdown page, read back by a small parser of its own."""

import pytest
from report.test_conclusions import DETECTION, made

from stcnet_lib.report.tables.conclusions import conclusion
from stcnet_lib.report.tables.pages import localisation_sections, markdown_table, results_page
from stcnet_lib.report.tables.tables import result_table, spread_table, strata_table


def parse(page: str) -> list[list[list[str]]]:
    """The tables of a page: rows of cells, without the rule below the heading."""
    tables: list[list[list[str]]] = []
    inside = False
    for line in page.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        if not inside:
            tables.append([])
        inside = True
        cells = [cell.strip().replace("\0", "|") for cell in line.replace("\\|", "\0").split("|")[1:-1]]
        if not set("".join(cells)) <= set(":- "):
            tables[-1].append(cells)
    return tables


def test_a_table_is_aligned_and_escaped():
    assert markdown_table(["a", "b|c"], [["x", "1.0"], ["y\nz", "−2"]]).splitlines() == [
        "| a | b\\|c |",
        "| :-- | --: |",
        "| x | 1.0 |",
        "| y z | −2 |",
    ]
    assert markdown_table(["a", "b"], [], names=2).splitlines()[1] == "| :-- | :-- |"
    with pytest.raises(ValueError, match="row 1: got 1 cells, wanted 2"):
        markdown_table(["a", "b"], [["x", "y"], ["z"]])


def test_the_page_holds_the_tables_of_the_comparison():
    comparison = made({("raw", "raw"): 0.3, ("tem", "tem"): 0.6, ("clean", "clean"): 0.9}, seeds=(0, 1))
    comparison["localisation"] = []
    page = results_page(comparison, more=["## More\n\nready-made"])
    tables = [result_table(comparison), spread_table(comparison), strata_table(comparison)]
    assert parse(page) == [[table.head, *table.rows] for table in tables]
    assert page.startswith("# Re-identification on walkers\n")
    assert page.endswith("## More\n\nready-made\n")
    assert conclusion(comparison) in page
    assert "(ground truth)" in page
    assert "means over splits and seeds" in page
    assert "over people and runs, the noise of training in it" in page
    assert "chance of who was tested and of training" in page


def test_a_page_without_repeats_or_variants():
    single = made({("raw", "raw"): 0.3, ("tem", "tem"): 0.6})
    page = results_page(single)
    assert "Spread over runs" not in page
    assert "One split and one seed: the intervals are over people alone. The noise of training is not" in page
    assert "over people alone, the noise of training not in it" in page
    assert "(not that of training)" in page
    assert "No variants" in results_page(single | {"rows": [], "means": []})


def test_localisation_is_the_mean_of_the_runs_that_have_a_value():
    other = DETECTION | {"auroc": 0.9, "recall": 0.5, "flagged": 190}
    runs = [
        {
            "test": {
                "all": found,
                "by_region": {"lower": found, "upper": DETECTION},
                "by_hidden_frames": {"0-20 %": found},
            }
        }
        for found in (DETECTION, other)
    ]
    everything, by_region, by_hidden = parse("\n\n".join(localisation_sections(runs)))
    line = dict(zip(everything[0], everything[1], strict=True))
    assert line["AUROC"] == f"{(0.9444 + 0.9) / 2:.3f}"
    assert line["recall"] == "0.500"  # the other run has none
    assert line["flagged"] == "185"
    assert line["F1 of the best τ"] == "0.770"
    assert [row[0] for row in by_region] == ["third", "upper", "lower"]  # from the top, not by letter
    assert by_hidden[1][1:] == everything[1][1:]
    assert "means of 2 runs" in localisation_sections(runs)[1]
    assert localisation_sections([]) == []
