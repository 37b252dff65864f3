"""Completion quality of whole stores against a loop over pixels."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.data.images import encode_png
from stcnet_lib.data.store import Role, StoreWriter, TrackletStore
from stcnet_lib.evaluation.completion import measure_completion
from stcnet_lib.regions import region_rows

FRAMES, HEIGHT, WIDTH = 6, 30, 16


def write(path, images, masks=None):
    with StoreWriter(path, dataset="d", layout="folder", licence="", citation="", config="{}") as writer:
        writer.add_tracklet(1, 1, "t", [(t, f"{t}.png", encode_png(image)) for t, image in enumerate(images)])
        if masks is not None:
            writer.add_truth(*masks)
        writer.set_roles(0, np.array([Role.QUERY]))
    return TrackletStore(path)


@pytest.fixture
def stores(tmp_path):
    random = np.random.default_rng(0)
    shape = (FRAMES, HEIGHT, WIDTH)
    clean, occluded, restored = (random.integers(0, 256, (*shape, 3), np.uint8) for _ in range(3))
    occluder, person = random.random(shape) < 0.5, random.random(shape) < 0.6
    paths = [tmp_path / name for name in ("source.h5", "completed.h5", "truth.h5")]
    opened = [
        write(paths[0], occluded),
        write(paths[1], restored),
        write(paths[2], clean, (occluder, person)),
    ]
    return opened, (occluded, restored, clean, occluder, person)


def psnr_by_loops(image, clean, occluder, person, flags):
    bounds, squares = region_rows(HEIGHT), []
    for frame, region in flags:
        for y in range(bounds[region], bounds[region + 1]):
            for x in range(WIDTH):
                if occluder[frame, y, x] and person[frame, y, x]:
                    squares += list((image[frame, y, x].astype(float) - clean[frame, y, x]) ** 2)
    return 10 * np.log10(255**2 / np.mean(squares))


def test_psnr_is_over_covered_person_pixels_of_the_flagged_regions(stores):
    (source, completed, truth), (occluded, restored, clean, occluder, person) = stores
    flags = [(1, 0), (1, 2), (4, 1)]
    regions = pd.DataFrame(flags, columns=["frame", "region"])
    found = measure_completion(source, completed, truth, regions)
    for name, image in (("occluded", occluded), ("restored", restored)):
        wanted = psnr_by_loops(image, clean, occluder, person, flags)
        assert found[name]["person_psnr"] == pytest.approx(wanted, rel=1e-9)
        assert found[name]["person_frames"] == 2


def test_evenly_spaced_frames_stand_for_many(stores):
    (source, completed, truth), (_, restored, clean, occluder, person) = stores
    regions = pd.DataFrame({"frame": range(FRAMES), "region": [0] * FRAMES})
    found = measure_completion(source, completed, truth, regions, most_frames=3)
    wanted = psnr_by_loops(restored, clean, occluder, person, [(0, 0), (2, 0), (4, 0)])
    assert found["restored"]["person_psnr"] == pytest.approx(wanted, rel=1e-9)
    assert found["restored"]["person_frames"] == 3


def test_nothing_changed_is_no_quality(stores):
    (source, completed, truth), _ = stores
    assert measure_completion(source, completed, truth, pd.DataFrame({"frame": [], "region": []})) == {}
