"""`threshold.json` comes back as it was written, with the store that it is of."""

import pytest

from stcnet_lib.common.forms import FormError
from stcnet_lib.config import OcclusionConfig
from stcnet_lib.localisation.threshold import Threshold
from stcnet_lib.localisation.threshold_file import read_thresholds, write_thresholds

FOUND = [Threshold(tau, "otsu", {"train_share_under": tau / 10}) for tau in (0.7, 0.8, 0.9)]


@pytest.mark.parametrize(("scores", "reference"), [("cosine", "median"), ("planted", None)])
def test_thresholds_come_back(tmp_path, scores, reference):
    config = OcclusionConfig(threshold="otsu", scores=scores, reference="median", trim=0.3)
    write_thresholds(tmp_path / "threshold.json", FOUND, config, {"frames": 7}, "digest")
    assert read_thresholds(tmp_path / "threshold.json", "digest") == {
        "tau": [0.7, 0.8, 0.9],
        "rule": "otsu",
        "scores": scores,
        "reference": reference,  # detectors have none
        "settings": {
            "scores": scores,
            "reference": "median",
            "trim": 0.3,
            "power": 1.0,
            "smoothing": 0.0,
            "threshold": "otsu",
            "most_flagged": 1.0,
        },
        "details": [{"train_share_under": tau / 10} for tau in (0.7, 0.8, 0.9)],
        "counts": {"frames": 7},
    }


def test_thresholds_of_another_store_are_refused(tmp_path):
    write_thresholds(tmp_path / "threshold.json", FOUND, OcclusionConfig(), {}, "digest")
    read_thresholds(tmp_path / "threshold.json")  # who has no store to compare with
    with pytest.raises(FormError, match="got a file of another data set"):
        read_thresholds(tmp_path / "threshold.json", "another")
