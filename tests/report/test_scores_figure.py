"""Score histograms: counts, threshold and shares are those of the table."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import StepPatch

from stcnet_lib.common.forms import FormError
from stcnet_lib.report.figures import style
from stcnet_lib.report.figures.scores import draw_scores, score_bins, scores_figure


def table(seed=0, count=900) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "region": rng.integers(0, 3, count),
            "score": (1 - rng.exponential(0.03, count)).astype(np.float32),
            "part": rng.choice(["train", "test", ""], count),
            "hidden": rng.random(count) < 0.3,
        }
    )


def figure_of(rows, tau=0.95):
    with style.styled():
        return scores_figure(rows, [tau] * 3, provenance="")


def counts(axes) -> list[float]:
    """Sums of the filled histograms of a panel."""
    filled = [patch for patch in axes.patches if isinstance(patch, StepPatch) and patch.get_fill()]
    return [patch.get_data().values.sum() for patch in filled]


def test_panels_count_every_region_of_their_part_and_third():
    rows = table()
    figure = figure_of(rows)
    places = [(part, third) for part in ("train", "test") for third in range(3)]
    for axes, (part, third) in zip(figure.axes, places, strict=True):
        own = rows[(rows["part"] == part) & (rows["region"] == third)]
        assert counts(axes) == [(~own["hidden"]).sum(), own["hidden"].sum()]  # visible, hidden
        assert axes.get_title(loc="left") == f"{part}, {['upper', 'middle', 'lower'][third]} third"


def test_without_truth_there_is_one_histogram():
    rows = table().drop(columns="hidden")
    axes = figure_of(rows).axes[0]
    assert counts(axes) == [((rows["part"] == "train") & (rows["region"] == 0)).sum()]


@pytest.mark.parametrize("tau", [0.5, 0.9, 0.97])
def test_the_threshold_is_where_it_should_be_and_shares_are_of_the_scores_under_it(tau):
    rows = table()
    axes = figure_of(rows, tau).axes[4]  # test, middle
    assert [line.get_xdata() for line in axes.lines if line.get_label() == "tau"] == [[tau, tau]]
    own = rows[(rows["part"] == "test") & (rows["region"] == 1) & rows["hidden"]]
    share = np.mean([score < tau for score in own["score"]])
    assert f"{share:.1%} of {len(own)} hidden" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("tau", [-1.0, 0.3, 0.89, 0.955, 0.9999, 1.0])
@pytest.mark.parametrize("lowest", [-0.2, 0.85, 0.995])
def test_bins_are_equal_end_at_one_and_have_an_edge_at_the_threshold(tau, lowest):
    edges = score_bins(np.linspace(lowest, 1, 500), tau)
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0], rtol=1e-9)
    assert edges[-1] == pytest.approx(1, abs=1e-9)
    assert edges[0] <= tau
    assert 30 <= len(edges) <= 200
    if tau < 0.99:
        assert np.abs(edges - tau).min() < 1e-9


def test_no_scores_of_a_part_are_said_so():
    rows = table()
    axes = figure_of(rows[rows["part"] == "train"]).axes[3]
    assert "no regions" in [text.get_text() for text in axes.texts]


def test_hidden_regions_come_from_the_masks(world, tmp_path):
    """In the small world one third of a frame is hidden; three quarters of those score under τ."""
    options = (world.store, world.scores, world.threshold, 0)
    draw_scores(*options, tmp_path / "plain.svg")
    draw_scores(*options, tmp_path / "truth.svg", truth=world.truth)
    draw_scores(*options, tmp_path / "again.svg", truth=world.truth)
    plain, truth, again = ((tmp_path / f"{name}.svg").read_bytes() for name in ("plain", "truth", "again"))
    assert truth == again != plain


def test_the_small_world_is_counted_by_hand(world, monkeypatch, tmp_path):
    figures = []
    monkeypatch.setattr(style, "save", lambda figure, path: figures.append(figure))
    draw_scores(world.store, world.scores, world.threshold, 0, tmp_path / "a.svg", truth=world.truth)
    texts = [{text.get_text() for text in axes.texts} for axes in figures[0].axes]
    # 4 tracklets of 5 frames each in train and in test; the middle third of one frame is hidden.
    assert {"0.0% of 20 visible"} < texts[0]
    assert {"0.0% of 16 visible", "75.0% of 4 hidden"} < texts[1]
    assert {"75.0% of 4 hidden"} < texts[4]


def test_scores_of_another_store_are_refused(world, tmp_path):
    with pytest.raises(FormError, match="got a file of another data set"):
        draw_scores(world.completed, world.scores, world.threshold, 0, tmp_path / "a.svg")
