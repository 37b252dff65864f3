"""Measures of masks of pixels, against sums over single pixels."""

import numpy as np
import pytest

from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import StoreWriter, TrackletStore
from stcnet_lib.evaluation.measures.localisation import average_precision
from stcnet_lib.evaluation.measures.masks import measure_masks
from stcnet_lib.localisation.mask_files import open_masks, writing_masks

SIZE, FRAMES = (12, 8), 6


@pytest.fixture
def known(tmp_path):
    """A truth with random masks, predicted masks, and chances at the frames' own size."""
    rng = np.random.default_rng(3)
    occluder, person, mask = (rng.random((FRAMES, *SIZE)) < share for share in (0.3, 0.5, 0.35))
    chances = rng.random((FRAMES, *SIZE)) * 0.5 + 0.5 * (occluder & (rng.random((FRAMES, *SIZE)) < 0.6))
    doubtful = rng.random((FRAMES, 3)) < 0.2
    path = tmp_path / "truth.h5"
    with StoreWriter(path, dataset="d", layout="folder", licence="", citation="", config="{}") as writer:
        image = encode_png(np.zeros((*SIZE, 3), np.uint8))
        writer.add_tracklet(1, 0, "1", [(t, f"{t}.png", image) for t in range(FRAMES)])
        writer.add_sized_truth(occluder, person, doubtful)
        writer.set_roles(0, np.array([1]))
    with TrackletStore(path) as truth:
        with writing_masks(tmp_path / "masks.h5", truth) as writer:
            writer.append(list(mask), chances)
        with open_masks(tmp_path / "masks.h5", truth) as masks:
            yield truth, masks, occluder, person, mask, np.round(255 * chances), doubtful


def test_values_are_those_of_single_pixels(known):
    truth, masks, occluder, person, mask, level, doubtful = known
    frames = np.array([0, 2, 3, 5])
    kinds = np.array(["bin", "car", "bin", "car", "car", "bin"], object)
    found = measure_masks(masks, truth, frames, kinds)
    rows = np.repeat(doubtful, 4, axis=1)[:, :, None]
    counted = occluder | ~rows
    for area, inside in (("person", person & counted), ("frame", counted)):
        inside = inside[frames]
        hidden, said = occluder[frames][inside], mask[frames][inside]
        both = (hidden & said).sum()
        assert found[area]["pixels"] == inside.sum()
        assert found[area]["hidden"] == hidden.sum()
        assert found[area]["iou"] == pytest.approx(both / (hidden | said).sum())
        assert found[area]["precision"] == pytest.approx(both / said.sum())
        assert found[area]["recall"] == pytest.approx(both / hidden.sum())
        assert found[area]["false_share"] == pytest.approx((said & ~hidden).sum() / (~hidden).sum())
        wanted = average_precision(level[frames][inside], hidden)
        assert found[area]["average_precision"] == pytest.approx(wanted)
    assert sum(kind["pixels"] for kind in found["by_kind"].values()) == found["person"]["pixels"]
    assert set(found["by_kind"]) == {"bin", "car"}


def test_nothing_hidden_has_no_average_precision(known):
    truth, masks, *_ = known
    assert measure_masks(masks, truth, np.array([], int))["person"]["average_precision"] is None
