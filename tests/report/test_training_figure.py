"""Training curves: a panel a quantity, smoothing that invents nothing."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.report.figures import style
from stcnet_lib.report.figures.training import (
    draw_training,
    quantities,
    read_history,
    smoothed,
    training_figure,
)


def history(**columns) -> pd.DataFrame:
    return pd.DataFrame({"step": np.arange(1, 61), "seconds": 0.5, **columns})


@pytest.mark.parametrize("window", [1, 2, 3, 8, 200])
def test_smoothing_equals_a_loop(window):
    values = np.random.default_rng(0).normal(size=50)
    reach = window // 2
    expected = [values[max(0, i - reach) : i + reach + 1].mean() for i in range(50)]
    np.testing.assert_allclose(smoothed(values, window), expected, rtol=0, atol=1e-12)


def test_panels_come_in_a_fixed_order_and_only_for_quantities():
    table = history(lr=1e-3, mine=1.0, entropy=2.0, note="text", empty=np.nan, l1_spatial=0.1, epoch=1)
    assert quantities(table) == ["l1_spatial", "entropy", "mine", "lr"]


def test_each_panel_shows_its_column_raw_and_smoothed():
    rng = np.random.default_rng(1)
    table = history(loss=rng.random(60), accuracy=rng.random(60), lr=np.linspace(3e-4, 1e-4, 60))
    with style.styled():
        figure = training_figure(table, title="x", provenance="")
    loss, accuracy, rate = figure.axes
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        raw, smooth = axes.lines
        np.testing.assert_array_equal(raw.get_ydata(), table[name])
        np.testing.assert_array_equal(smooth.get_ydata(), smoothed(table[name].to_numpy(), 4))
    np.testing.assert_allclose(rate.lines[0].get_ydata(), 1e4 * table["lr"])  # the axis says × 10^-4
    assert "-4" in rate.get_ylabel()


def test_gaps_in_a_column_are_left_out():
    values = np.arange(60.0)
    values[::2] = np.nan
    with style.styled():
        figure = training_figure(history(loss=values), title="x", provenance="")
    assert list(figure.axes[0].lines[0].get_xdata()) == list(range(2, 61, 2))


@pytest.mark.parametrize("rate", [0.0, 1e-4])
def test_a_single_row_and_a_rate_of_zero_are_drawn(tmp_path, rate):
    pd.DataFrame({"step": [1], "loss": [2.0], "lr": [rate]}).to_csv(tmp_path / "history.csv", index=False)
    draw_training(tmp_path / "history.csv", "one step", tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size > 1000


@pytest.mark.parametrize("text", ["", "step,loss\n", "loss\n1\n", "step,lr_text\n1,abc\n"])
def test_histories_without_anything_to_draw_are_refused(tmp_path, text):
    path = tmp_path / "history.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"history\.csv: got .* wanted rows of step"):
        read_history(path)


def test_equal_bytes_for_equal_histories(tmp_path):
    pictures = []
    for scale in (1, 1, 2):
        history(loss=scale * np.linspace(2, 1, 60)).to_csv(tmp_path / "history.csv", index=False)
        draw_training(tmp_path / "history.csv", "x", tmp_path / "a.svg")
        pictures.append((tmp_path / "a.svg").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]


def test_what_needs_no_training_is_a_line_in_the_panel_of_held_out_samples():
    """Validations are rows here and there; the controls' errors are constants, and no panels of their own."""
    now_and_then = np.where(np.arange(60) % 20 == 19, 0.2, np.nan)
    controls = {f"val_l1_{name}": now_and_then + i for i, name in enumerate(("median", "mean", "nearest"))}
    table = history(l1_temporal=0.1, val_l1=now_and_then / 2, skill=now_and_then * 2, **controls)
    assert quantities(table) == ["l1_temporal", "val_l1", "skill"]
    with style.styled():
        figure = training_figure(table, title="x", provenance="")
    lines = [line.get_ydata()[0] for line in figure.axes[1].lines]
    assert lines == pytest.approx([0.1, 0.1, 0.2, 1.2, 2.2])
    assert {text.get_text() for text in figure.axes[1].texts} >= {"median", "mean", "nearest"}
