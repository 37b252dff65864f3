"""Several processes that check frames: order, how far they run ahead, and what happens when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from trees import pictures, plant

from stcnet_lib.data.source.layouts.base import Finding, Frame, Layout, SourceTracklet
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.source.reading import _AHEAD, read_frame, read_tracklets
from stcnet_lib.data.store.tracklets import Role

TRACKLETS, LENGTH = 60, 50


class Endless(Layout):
    """Frames that take their time; counts how many tracklets were asked for."""

    def __init__(self, deadly: str = "") -> None:
        super().__init__(Path("nowhere"))
        self.listed = 0
        self._deadly = deadly

    def __len__(self) -> int:
        return TRACKLETS

    def tracklets(self):
        for n in range(TRACKLETS):
            self.listed += 1
            frames = tuple(Frame(t, f"{n}/{t}.jpg") for t in range(LENGTH))
            yield SourceTracklet(n, 1, str(n), (Role.TRAIN,), frames)

    def read(self, frame: Frame) -> bytes:
        if frame.source == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if frame.number == 7:
            raise FileNotFoundError(2, "No such file", frame.source)
        return pictures(1 + frame.number % 8, 1)[0]


@pytest.mark.parametrize("processes", [1, 2])
def test_all_frames_in_order(processes):
    layout = Endless()
    with closing(read_tracklets(layout, processes)) as found:
        for n, (tracklet, read) in enumerate(found):
            assert tracklet.name == str(n)
            assert len(read) == LENGTH
            assert read[7] == Finding("missing", f"{n}/7.jpg", "cannot be read (No such file)")
            good = [result for result in read if not isinstance(result, Finding)]
            assert [result.frame.number for result in good] == [t for t in range(LENGTH) if t != 7]
            assert read[3] == read_frame(layout, tracklet.frames[3])
    assert n == TRACKLETS - 1


def test_they_do_not_run_far_ahead():
    layout = Endless()
    with closing(read_tracklets(layout, 2)) as found:
        for n, _ in enumerate(found, 1):
            assert (layout.listed - n) * LENGTH <= 2 * _AHEAD
            if n > TRACKLETS - 3:
                break
    assert 2 * _AHEAD < TRACKLETS * LENGTH  # else nothing was tested


def test_a_killed_worker_is_an_error():
    with (
        pytest.raises(OSError, match="a process that checks frames was killed"),
        closing(read_tracklets(Endless("30/5.jpg"), 2)) as found,
    ):
        list(found)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Running: neither gone nor a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are listed by Linux only")
def test_a_killed_preparation_leaves_nothing_and_starts_anew(tmp_path):
    """A frame that never ends (a pipe without a writer) holds the first one up until it is killed."""
    config = plant("mars", tmp_path / "source")
    slow = tmp_path / "source/bbox_test/0004/0004C1T0001F005.jpg"
    data = slow.read_bytes()
    slow.unlink()
    os.mkfifo(slow)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "workflow.scripts.prepare_dataset", "--processes", "2"]
    command += ["--config", config.canonical_json(), "--store", str(out / "tracklets.h5")]
    process = subprocess.Popen(
        [*command, "--report", str(out / "integrity.json")],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
    )
    partial = out / ".tracklets.partial.h5"
    workers = min(2, len(os.sched_getaffinity(0)))  # the command asks for no more processes than cores
    if workers < 2:
        process.kill()
        pytest.skip("one core: no processes beside the main one")
    wait_until(lambda: partial.exists() and len(children(process.pid)) == workers)
    orphans = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(map(alive, orphans)))
    assert not (out / "tracklets.h5").exists()
    slow.unlink()
    slow.write_bytes(data)
    prepare(config, out / "tracklets.h5", out / "integrity.json", 1000, 2)
    assert sorted(os.listdir(out)) == ["integrity.json", "tracklets.h5"]
    prepare(config, tmp_path / "other/tracklets.h5", tmp_path / "other/integrity.json", 1000)
    assert (out / "tracklets.h5").read_bytes() == (tmp_path / "other/tracklets.h5").read_bytes()
