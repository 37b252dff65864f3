"""The contact sheet holds every frame, unchanged, in order."""

import numpy as np
import pytest
from PIL import Image

from stcnet_lib.figures.contact_sheet import GAP, MARGIN, draw_contact_sheet


def test_frames_are_found_again(tmp_path):
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 256, (3, 8, 4, 3), np.uint8), rng.integers(0, 256, (2, 6, 5, 3), np.uint8)]
    draw_contact_sheet(rows, ["", ""], tmp_path / "sheet.png")
    sheet = np.array(Image.open(tmp_path / "sheet.png"))
    y = MARGIN
    for row in rows:
        count, height, width, _ = row.shape
        for i in range(count):
            x = MARGIN + i * (width + GAP)
            np.testing.assert_array_equal(sheet[y : y + height, x : x + width], row[i])
        y += height + GAP
    assert sheet.shape[0] == y - GAP + MARGIN


def test_scale_and_label_make_room(tmp_path):
    row = np.zeros((2, 8, 4, 3), np.uint8)
    draw_contact_sheet([row], ["clean"], tmp_path / "sheet.png", scale=3)
    sheet = np.array(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape[0] == 24 + 2 * MARGIN
    pictures = sheet[:, -(MARGIN + 2 * 12 + GAP) :]
    assert (pictures == 0).all(axis=2).sum() == 2 * 24 * 12
    assert (sheet[:, : -(MARGIN + 2 * 12 + GAP)] < 128).any()  # the label's ink


def test_wrong_input_is_refused(tmp_path):
    row = np.zeros((2, 8, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="labels: got 2 for 1 rows"):
        draw_contact_sheet([row], ["a", "b"], tmp_path / "sheet.png")
    with pytest.raises(ValueError, match="rows: got float64"):
        draw_contact_sheet([row.astype(float)], ["a"], tmp_path / "sheet.png")
