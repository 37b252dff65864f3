"""`judge.json` comes back as it was written, and nothing else is taken for one."""

import json

import numpy as np
import pytest

from stcnet_lib.common.forms import FormError
from stcnet_lib.completion.judging import EVIDENCE, Judge, read_judges, write_judges


def test_judges_come_back(tmp_path):
    rng = np.random.default_rng(0)
    judges = {
        name: Judge(*(rng.normal(size=len(EVIDENCE) + more) for more in (0, 0, 1)))
        for name in ("temporal", "copy")
    }
    write_judges(tmp_path / "judge.json", judges, {"copy": {"cases": 7}})
    found = read_judges(tmp_path / "judge.json")
    assert set(found) == set(judges)
    evidence = rng.normal(size=(5, len(EVIDENCE)))
    for name, judge in judges.items():
        np.testing.assert_array_equal(found[name].confidence(evidence), judge.confidence(evidence))
    assert json.loads((tmp_path / "judge.json").read_text())["methods"] == {"copy": {"cases": 7}}


def test_another_file_is_no_judge(tmp_path):
    (tmp_path / "threshold.json").write_text('{"format": "stcnet-thresholds", "version": 1, "judges": {}}')
    with pytest.raises(FormError, match="got the format stcnet-thresholds, version 1, wanted stcnet-judges"):
        read_judges(tmp_path / "threshold.json")
