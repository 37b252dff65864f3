"""Files appear whole or not at all."""

import os
import signal
import subprocess
import sys

import pytest

from stcnet_lib.common.files import file_digest, read_json, replacing, text_digest, write_json


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})

    def fail_halfway():
        with replacing(path) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert read_json(path) == {"old": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_kill_in_the_middle_leaves_nothing_under_the_final_name(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from stcnet_lib.common.files import replacing\n"
        f"with replacing(Path({str(tmp_path / 'weights.bin')!r})) as partial:\n"
        "    partial.write_bytes(b'x' * 1000); print('written', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "written\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "weights.bin").exists()


def test_the_suffix_stays_so_that_writers_know_the_format(tmp_path):
    with replacing(tmp_path / "deep/er/figure.svg") as partial:
        assert partial.suffix == ".svg"
        assert partial.parent == tmp_path / "deep/er"
        partial.write_text("<svg/>")
    assert (tmp_path / "deep/er/figure.svg").read_text() == "<svg/>"


def test_json_is_deterministic_and_refuses_nan(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": [0.1, None]})
    write_json(tmp_path / "b.json", {"a": [0.1, None], "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert read_json(tmp_path / "a.json") == {"b": 1, "a": [0.1, None]}


def test_digests_are_sha256_and_keep_texts_apart(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_digest(tmp_path / "abc").startswith("ba7816bf8f01cfea")  # the standard's test vector
    assert text_digest("ab", "c") != text_digest("a", "bc")
