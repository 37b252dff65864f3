"""`stcnet doctor`: counts of a sound source, every fault of another, and nothing left behind."""

import json
import subprocess
import sys

import pytest
from trees import TREES, plant, put

from stcnet_lib.cli.main import main
from stcnet_lib.data.source.guess import guess_layout


def test_a_sound_folder_of_tracklets(tiny_crops, tmp_path, capsys):
    main(["doctor", str(tiny_crops), "--processes", "1", "--report", str(tmp_path / "found.json")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "crops (crops): usable"
    assert lines[2].split() == ["train", "16", "16", "128"]  # people, tracklets, frames
    assert lines[-1].strip() == "nothing wrong was found"
    assert json.loads((tmp_path / "found.json").read_text())["usable"]


def test_a_broken_frame_is_named_and_the_exit_code_is_1(tiny_crops, tmp_path):
    """As a process of its own, without torch."""
    root = tmp_path / "crops"
    for name in ("p1c1", "p2c1"):
        (root / name).mkdir(parents=True)
        for path in sorted((tiny_crops / name).iterdir()):
            (root / name / path.name).write_bytes(path.read_bytes())
    (root / "p2c1/004.png").write_bytes(b"no picture")
    program = (
        "import sys; sys.modules['torch'] = None\nfrom stcnet_lib.cli.main import main\nmain(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "doctor", str(root), "--processes", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("crops (crops): not usable")
    assert "p2c1/004.png" in done.stdout
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
    done = subprocess.run([*command, "--on-bad-frame", "exclude"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.splitlines()[2].split() == ["train", "2", "2", "15"]


@pytest.mark.parametrize("kind", TREES)
def test_layouts_are_told_by_what_stands_in_the_root(kind, tmp_path):
    config = plant(kind, tmp_path / "root")
    assert guess_layout(tmp_path / "root") == config.layout


def test_tracklets_that_are_called_like_splits_are_tracklets(tmp_path):
    put(tmp_path / "test/1.jpg", b"x")
    put(tmp_path / "other/1.jpg", b"x")
    assert guess_layout(tmp_path) == "crops"


def test_an_export_says_its_layout(tmp_path):
    put(tmp_path / "export.json", b'{"layout": "mars"}')
    assert guess_layout(tmp_path) == "mars"
    for text in (b'{"layout": "walkers"}', b"[]", b"no JSON"):
        put(tmp_path / "export.json", text)
        assert guess_layout(tmp_path) == "crops"


def test_a_folder_without_images_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as done:
        main(["doctor", str(tmp_path)])
    assert done.value.code == 1
    assert f"{tmp_path}: got no image in it or below, wanted <tracklet>/*.jpg" in capsys.readouterr().err


def test_settings_of_the_data_are_checked(tmp_path, capsys):
    for text, told in (
        ('{"vidio": {}}', "vidio: unknown key"),
        ('{"video": {"least_frames": 0}}', "video.least_frames: got 0, wanted at least 1"),
    ):
        with pytest.raises(SystemExit) as done:
            main(["doctor", str(tmp_path), "--dataset", text])
        assert done.value.code == 1
        assert told in capsys.readouterr().err
