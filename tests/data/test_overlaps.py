"""Overlapping boxes, against counting pixels."""

import numpy as np
import pandas as pd

from stcnet_lib.data.source.video.overlaps import LEAST, MIDDLE, overlapped_thirds


def test_against_a_raster():
    rng = np.random.default_rng(3)
    boxes = pd.DataFrame(
        {
            "frame": np.repeat(np.arange(12), 5),
            "left": rng.integers(0, 200, 60),
            "top": rng.integers(0, 100, 60),
            "width": 10 * rng.integers(2, 7, 60),  # the middle has whole pixels
            "height": 3 * rng.integers(10, 40, 60),
        }
    )
    wanted = np.zeros((60, 3), bool)
    for i, own in boxes.iterrows():
        for j, other in boxes.iterrows():
            if i == j or own["frame"] != other["frame"]:
                continue
            covered = np.zeros((400, 400), bool)
            covered[
                other["top"] : other["top"] + other["height"], other["left"] : other["left"] + other["width"]
            ] = True
            margin = round(own["width"] * (1 - MIDDLE) / 2)
            third = own["height"] // 3
            for k in range(3):
                rows = slice(own["top"] + k * third, own["top"] + (k + 1) * third)
                part = covered[rows, own["left"] + margin : own["left"] + own["width"] - margin]
                wanted[i, k] |= part.mean() >= LEAST - 1e-9
    found = overlapped_thirds(boxes)
    assert np.array_equal(found, wanted)
    assert 0.1 < wanted.mean() < 0.9
