"""CMC curves: what is drawn is what the files say."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.report.figures import style
from stcnet_lib.report.figures.cmc import cmc_figure, draw_cmc, read_cmc


def curve(first: float, ranks: int = 50) -> pd.DataFrame:
    rank = np.arange(1, ranks + 1)
    return pd.DataFrame({"rank": rank, "cmc": 1 - (1 - first) / rank})


def figure_of(curves, **options):
    with style.styled():
        return cmc_figure(curves, max_rank=20, provenance="", **options)


def test_lines_hold_the_values_up_to_the_last_rank_and_are_listed_best_first():
    axes = figure_of({"low": curve(0.5), "high": curve(0.8)}).axes[0]
    assert [line.get_label().split() for line in axes.lines] == [["80.0", "high"], ["50.0", "low"]]
    low = axes.lines[1]
    np.testing.assert_array_equal(low.get_xdata(), np.arange(1, 21))
    np.testing.assert_allclose(low.get_ydata(), 100 * (1 - 0.5 / np.arange(1, 21)))


def test_a_variant_keeps_its_look_when_the_results_change_and_no_two_share_one():
    names = [f"variant {i}" for i in range(20)]

    def looks(best):
        curves = {name: curve(0.9 if name == best else 0.5) for name in names}
        lines = figure_of(curves).axes[0].lines
        return {line.get_label()[7:]: (line.get_color(), str(line._unscaled_dash_pattern)) for line in lines}

    assert looks("variant 3") == looks("variant 17")
    assert len(set(looks("variant 3").values())) == 20


def test_a_short_gallery_is_drawn_as_far_as_it_goes():
    line = figure_of({"a": curve(0.5, ranks=4)}).axes[0].lines[0]
    assert list(line.get_xdata()) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rank,share\n1,0.5\n", "wanted rank and cmc"),
        ("rank,cmc\n", "empty"),
        ("rank,cmc\n1,0.5\n2,0.4\n", "falls"),
        ("rank,cmc\n1,50\n", "leaves 0 to 1"),
        ("rank,cmc\n1,\n", "leaves 0 to 1"),
    ],
)
def test_unusable_files_are_refused(tmp_path, text, message):
    path = tmp_path / "cmc.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_cmc(path)


def test_labels_must_fit_the_files(tmp_path):
    curve(0.5).to_csv(tmp_path / "a.csv")
    with pytest.raises(ValueError, match="one a file"):
        draw_cmc([tmp_path / "a.csv"], ["a", "b"], tmp_path / "a.svg")
    with pytest.raises(ValueError, match="more than once"):
        draw_cmc([tmp_path / "a.csv"] * 2, ["a", "a"], tmp_path / "a.svg")


def test_the_file_answers_to_its_input(tmp_path):
    pictures = []
    for first in (0.5, 0.5, 0.6):
        curve(first).to_csv(tmp_path / "cmc.csv", index=False)
        draw_cmc([tmp_path / "cmc.csv"], ["a"], tmp_path / "cmc.svg")
        pictures.append((tmp_path / "cmc.svg").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]
