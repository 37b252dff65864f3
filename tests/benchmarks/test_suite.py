"""What the benchmarks compare is equal, and what they write becomes a page (how fast is nobody's test)."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import attention, decoders, planning, ranking, scaling
from benchmarks.measuring import Row, table, timed
from benchmarks.page import BEGIN, END, written
from stcnet_lib.config import load_config

REPOSITORY = Path(__file__).parents[2]


def test_a_function_is_measured_in_another_process_and_its_result_comes_back():
    found = timed(lambda value: (value + 1, os.getpid()), 2, repeats=3)
    assert found.result[0] == 3
    assert found.result[1] != os.getpid()
    assert found.seconds > 0


def test_a_process_that_dies_is_told():
    with pytest.raises(RuntimeError, match="ended early"):
        timed(os._exit, 3)


@pytest.mark.parametrize(("unit", "ratio"), [("s", 4.0), ("MB", 4.0), ("frames/s", 0.25)])
def test_ratios_above_one_are_for_ours(unit, ratio):
    assert Row("a", 2.0, 8.0, unit, "b", "equal").ratio == ratio
    assert Row("a", None, 8.0, unit, "b", "", "skipped").ratio is None


def test_the_loop_over_samples_is_the_attention():
    inputs = attention.maps(3, 8, 4)
    for work in (attention.inference, attention.training):
        ours, loop = (work(attend, inputs) for attend in (attention.blocked, attention.looped))
        np.testing.assert_allclose(ours, loop, rtol=0, atol=1e-5)


def test_ranking_rows_are_of_equal_results():
    rows = list(ranking.compare_ranking(20, 16, repeats=1))
    assert len(rows) == 2 * len(ranking.NOISES)
    for row in rows[::2]:
        assert float(row.equality.split()[-1]) < 1e-6


def test_decoders_that_are_not_installed_say_so(monkeypatch):
    def absent():
        raise ImportError("No module named 'simplejpeg'")

    absent.__name__ = "simplejpeg"
    monkeypatch.setattr(decoders, "simplejpeg", absent)
    rows = list(decoders.compare(2, repeats=1))
    skipped = [row for row in rows if row.against == "simplejpeg"]
    assert [row.note for row in skipped] == ["skipped: No module named 'simplejpeg'"] * 2
    assert all(row.ours > 0 for row in rows if row.against == "pillow")


def test_a_thousand_variants_are_a_configuration():
    embedded = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    values = planning.configuration(10, 9)
    assert len(values["variants"]) == 1000
    assert len(load_config(embedded | values).variants) == 1000


def test_growth_is_the_exponent():
    curve = scaling.Curve("a", "frames", (10, 30, 100), (1.0, 9.0, 100.0), (1.0, 1.0, 1.0))
    assert curve.growth == pytest.approx(2)


def test_a_page_is_renewed_between_its_marks_and_nowhere_else():
    row = Row("decoding", 200.0, 100.0, "frames/s", "Pillow", "within 0", "CPU time")
    curve = scaling.Curve("ranking", "queries", (10, 100), (0.1, 1.0), (1.0, 2.0))
    machine = {"processor": "one", "cores": 2, "load_before": 0.1, "load_after": 0.2, "numpy": "2.0"}
    found = {"machine": machine, "rows": [row.as_dict()], "curves": [curve.as_dict()], "seconds": 12.0}
    page = written(f"before\n{BEGIN}\nold\n{END}\nafter\n", found)
    assert page.startswith("before\n")
    assert page.endswith(f"{END}\nafter\n")
    assert table([row])[-1] in page
    assert "old" not in page
    assert written(page, found) == page
    with pytest.raises(ValueError, match="without the lines"):
        written("nothing", found)
