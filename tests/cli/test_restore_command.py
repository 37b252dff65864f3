"""`stcnet restore`: one line from crops, or a video, to restored crops; nothing else is touched."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from runs import write_crops
from videos import write_boxes, write_video

from stcnet_lib.cli.main import main

REPOSITORY = Path(__file__).parents[2]
LINE = re.compile(
    r"(?P<tracklets>[\d,]+) tracklets, (?P<frames>[\d,]+) frames: (?P<flagged>[\d,]+) flagged, "
    r"(?P<replaced>[\d,]+) replaced \((?P<method>\w+)\), (?P<left>[\d,]+) left as they were: (?P<folder>\S+) "
    r"\(layout (?P<layout>\w+)\)"
)
QUICK = ("--device", "cpu", "--threads", "1", "--processes", "1")


def restore(capsys, source, run, out, *options: str) -> dict[str, str]:
    """What the last line of the command says."""
    main(["restore", str(source), "--trained", str(run), "--out", str(out), *QUICK, *options])
    return LINE.fullmatch(capsys.readouterr().out.strip()).groupdict()


def refused(capsys, *arguments: object) -> str:
    """The message of a command that must fail."""
    with pytest.raises(SystemExit) as done:
        main([*map(str, arguments), *QUICK])
    assert done.value.code == 1
    told = capsys.readouterr().err
    assert told.count("error: ") == 1
    return told[told.index("error: ") + len("error: ") :].rstrip("\n")


def state(root: Path) -> dict[str, tuple[str, int, int]]:
    """Digest, names and time of the last change of every file below a folder."""
    found = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(root)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_nlink,
            path.stat().st_mtime_ns,
        )
        for path in found
    }


def test_a_process_of_its_own_restores_strangers(tiny_run, tmp_path):
    """People whom the run never met. Progress goes to the log, one line to the output; no file is left."""
    source = write_crops(tmp_path / "source/crops", people=range(20, 23))
    before, temporary = state(source), tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "stcnet_lib", "restore", source, "--trained", tiny_run.folder]
    done = subprocess.run(
        [*map(str, command), "--out", str(tmp_path / "out"), *QUICK],
        cwd=REPOSITORY,
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    found = LINE.fullmatch(done.stdout.strip()).groupdict()
    assert (found["tracklets"], found["frames"], found["layout"]) == ("6", "48", "crops")
    assert int(found["replaced"]) > 0
    assert re.search(r"restoring: 100% 48/48 \[[\d:]+<[\d:]+, +[\d.]+ frames/s\]", done.stderr)
    assert state(source) == before
    assert not list(temporary.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out", "tmp"}
    changed = 0
    for name in before:
        one, other = (np.asarray(Image.open(root / name)) for root in (source, tmp_path / "out"))
        changed += bool((one != other).any())
    assert changed == int(found["replaced"])


def test_folders_with_roles_come_back_in_their_layout(tiny_run, tmp_path, capsys):
    source = write_crops(tmp_path / "data", people=range(30, 32), split="train")
    write_crops(tmp_path / "data", people=range(32, 34), split="query")
    found = restore(capsys, source, tiny_run.folder, tmp_path / "out", "--method", "median")
    assert (found["layout"], found["method"], found["tracklets"]) == ("folder", "median", "8")
    assert {str(path.relative_to(source)) for path in source.rglob("*.png")} == {
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")
    }


def test_changed_frames_as_jpeg(tiny_run, tiny_crops, tmp_path, capsys):
    found = restore(
        capsys, tiny_crops, tiny_run.folder, tmp_path / "out", "--method", "copy", "--format", "jpeg"
    )
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == int(found["replaced"]) > 0


@pytest.mark.parametrize("given", ["beside", "elsewhere", "folder"])
def test_a_video_and_its_boxes(tiny_run, tmp_path, capsys, given):
    """A grey video, whose pictures are all alike: 12 boxes of one track become 12 crops of 90×60 pixels."""
    root = tmp_path / "videos"
    root.mkdir()
    write_video(root / "door.mkv", 12)
    boxes = tmp_path / "boxes.txt" if given == "elsewhere" else root / "door.txt"
    write_boxes(boxes, range(1, 13))
    source = root if given == "folder" else root / "door.mkv"
    options = ("--boxes", str(boxes)) if given == "elsewhere" else ()
    found = restore(capsys, source, tiny_run.folder, tmp_path / "out", "--method", "copy", *options)
    assert (found["tracklets"], found["frames"], found["layout"]) == ("1", "12", "folder")
    written = sorted((tmp_path / "out/train").rglob("*.png"))
    assert [Image.open(path).size for path in written] == [(60, 90)] * 12


def test_what_is_wrong_is_told_before_anything_is_read(tiny_run, tiny_crops, tmp_path, capsys):
    run, taken = tiny_run.folder, tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.tex").write_text("years of work")
    restoring = ("restore", tiny_crops, "--trained", run, "--out")
    assert "got a folder with other things in it" in refused(capsys, *restoring, taken)
    assert (taken / "thesis.tex").read_text() == "years of work"
    assert "within the source" in refused(capsys, *restoring, tiny_crops / "out")
    out = tmp_path / "out"
    assert "wanted a run" in refused(
        capsys, "restore", tiny_crops, "--trained", tmp_path / "no", "--out", out
    )
    assert "got no run" in refused(capsys, "restore", tiny_crops, "--trained", taken, "--out", out)
    gather = refused(capsys, *restoring, out, "--method", "gather")
    assert "gather/model.json: got no such file, wanted the network that gathers pixels" in gather
    quality = refused(capsys, *restoring, out, "--quality", 7)
    assert quality == "quality: got 7, wanted at least 50"
    video = refused(capsys, "restore", taken / "thesis.tex", "--trained", run, "--out", out)
    assert video.endswith("thesis.txt: got no such file, wanted the boxes of thesis.tex; see --boxes")
    assert not out.exists()


def test_an_older_restoration_gives_way_and_a_failed_one_leaves_it(tiny_run, tiny_crops, tmp_path, capsys):
    out = tmp_path / "out"
    restore(capsys, tiny_crops, tiny_run.folder, out, "--method", "copy")
    before = state(out)
    broken = tmp_path / "broken"
    (broken / "a").mkdir(parents=True)
    (broken / "a/1.png").write_bytes(b"no picture")
    told = refused(capsys, "restore", broken, "--trained", tiny_run.folder, "--out", out, "--method", "copy")
    assert "a/1.png" in told
    assert state(out) == before
    found = restore(capsys, tiny_crops, tiny_run.folder, out, "--method", "mean")
    assert found["method"] == "mean"
    assert state(out) != before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
