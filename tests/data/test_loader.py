"""Batches: the same whatever the workers, the ranks and the step they start from."""

import io
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from stcnet_lib.config import ReIDConfig
from stcnet_lib.data.clips.choice import sample_clip
from stcnet_lib.data.clips.loader import (
    ClipDataset,
    EpochBatches,
    clip_loader,
    frame_batches,
    steps_per_epoch,
)
from stcnet_lib.data.clips.transforms import IMAGENET_MEAN, IMAGENET_STD, TestTransform
from stcnet_lib.data.store.images import ImageError, encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore

CPU = torch.device("cpu")
BAD = 3  # the tracklet with a corrupt frame in the damaged store
LENGTHS = [5, 2, 12, 7, 1, 9, 4, 20, 6, 3]  # tracklets 0-8 are for training
SETTINGS = {
    "dataset": "d",
    "layout": "folder",
    "licence": "",
    "citation": "",
    "config": "{}",
}


@dataclass(frozen=True)
class Here:
    """A place on the CPU."""

    device: torch.device = CPU
    rank: int = 0
    world_size: int = 1


def truncated_jpeg():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 16, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()[:-200]


def write(path, damaged=False, blue=0, first_pid=100):
    """Even pictures: red is the tracklet, green the frame, blue the store, as a clip then shows."""
    with StoreWriter(path, **SETTINGS) as writer:
        for n, length in enumerate(LENGTHS):
            frames = []
            for t in range(length):
                # Sizes differ from frame to frame in the last train tracklet.
                image = np.zeros((32 + (t if n == 8 else 0), 16, 3), np.uint8)
                image[...] = 10 * n, 5 * t, blue
                frames.append((t, f"{n}/{t}.png", encode_png(image)))
            if damaged and n == BAD:
                frames = [(t, source, truncated_jpeg()) for t, source, _ in frames]
            writer.add_tracklet(first_pid - n // 2, n % 2, f"t{n}", frames)
        writer.set_roles(0, np.array([Role.TRAIN] * 9 + [Role.QUERY]))
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return TrackletStore(write(tmp_path_factory.mktemp("loader") / "tracklets.h5"))


CONFIG = ReIDConfig(
    pretrained="none",
    height=32,
    width=16,
    clip_length=3,
    clip_stride=2,
    batch=4,
    epochs=3,
    flip=0,
)
JITTER = CONFIG.model_copy(update={"flip": 0.5, "colour_jitter": 0.4})


def batches(store, config=JITTER, seed=0, first=0, workers=0, place=None, batch=None):
    dataset = ClipDataset([store], 0, config, seed)
    return list(clip_loader(dataset, batch or config.batch, first, workers, place or Here()))


def equal(some, others):
    return len(some) == len(others) and all(
        torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(some, others, strict=True)
    )


def test_item_is_the_clip_its_key_describes(store):
    """Frames recomputed from the documented seed sequence, pixels read off the pictures."""
    dataset = ClipDataset([store], 0, CONFIG, seed=7)
    assert dataset.num_classes == 5
    mean, std = np.array(IMAGENET_MEAN), np.array(IMAGENET_STD)
    for i, length in enumerate(LENGTHS[:9]):
        clip, label = dataset[(2, i)]
        assert clip.shape == (3, 3, 32, 16)
        colours = np.rint((clip.permute(0, 2, 3, 1).numpy() * std + mean) * 255).astype(int)
        frames = sample_clip(length, 3, 2, np.random.default_rng([1, 7, 2, i]))
        assert (colours[..., 0] == 10 * i).all()
        assert (colours[..., 1] == 5 * frames[:, None, None]).all()
        assert label == 4 - i // 2  # pids 96…100, ascending


def test_every_clip_is_from_one_of_several_stores(store, tmp_path):
    others = [TrackletStore(write(tmp_path / f"{blue}.h5", blue=blue)) for blue in (100, 200)]
    dataset, alone = ClipDataset([store, *others], 0, CONFIG, seed=7), ClipDataset([store], 0, CONFIG, seed=7)
    std, mean = IMAGENET_STD[2], IMAGENET_MEAN[2]
    seen = np.zeros((60, 9), int)
    for epoch in range(60):
        for i in range(9):
            clip, label = dataset[(epoch, i)]
            plain, wanted = alone[(epoch, i)]
            (blue,) = np.unique(np.rint((clip[:, 2].numpy() * std + mean) * 255).astype(int))  # one store
            assert torch.equal(clip[:, :2], plain[:, :2])  # the same frames as without a choice
            assert label == wanted
            seen[epoch, i] = blue
    assert torch.equal(dataset[(3, 2)][0], dataset[(3, 2)][0])
    # A third each of 540 draws: 180, deviation 11.
    assert all(abs((seen == blue).sum() - 180) < 45 for blue in (0, 100, 200))
    assert all(len(set(seen[:, i])) == 3 for i in range(9))


def test_stores_of_other_people_are_refused(store, tmp_path):
    other = TrackletStore(write(tmp_path / "other.h5", first_pid=200))
    with pytest.raises(ValueError, match=r"other\.h5: got other train tracklets than .*, wanted the same"):
        ClipDataset([store, other], 0, CONFIG, 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(store, workers):
    alone = batches(store)
    assert len(alone) == 6
    assert alone[0][0].shape == (4, 3, 3, 32, 16)
    assert equal(alone, batches(store, workers=workers))


def test_seed_and_epoch_change_everything(store):
    first = batches(store)
    assert equal(first, batches(store))
    assert not equal(first, batches(store, seed=1))
    assert not equal(first[:2], first[2:4])


@pytest.mark.parametrize("first", [1, 2, 3, 5, 6])
def test_resume_at_any_step(store, first):
    assert equal(batches(store)[first:], batches(store, first=first))


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_share_the_global_batch(store, ranks):
    """Interleaved, the ranks' batches are the batch of one process."""
    whole = batches(store)
    parts = [batches(store, place=Here(rank=rank, world_size=ranks)) for rank in range(ranks)]
    for step, (clips, labels) in enumerate(whole):
        assert torch.equal(clips, torch.stack([part[step][0] for part in parts], 1).flatten(0, 1))
        assert torch.equal(labels, torch.stack([part[step][1] for part in parts], 1).flatten())


def test_epochs_are_permutations():
    """11 items in batches of 4: two whole batches an epoch, no item twice."""
    keys = list(EpochBatches(11, 4, seed=3, first=0, total=200))
    assert steps_per_epoch(11, 4) == 2
    seen = []
    for epoch in range(100):
        part = keys[2 * epoch] + keys[2 * epoch + 1]
        assert {e for e, _ in part} == {epoch}
        items = [i for _, i in part]
        assert len(set(items)) == 8
        seen.append(tuple(items))
    assert len(set(seen)) == 100
    assert set(np.concatenate(seen).tolist()) == set(range(11))


def test_an_incomplete_batch_is_used_only_if_it_is_alone():
    assert [steps_per_epoch(n, 4) for n in (1, 3, 4, 7, 8)] == [1, 1, 1, 1, 2]
    (keys,) = EpochBatches(3, 4, seed=0, first=0, total=1)
    assert sorted(keys) == [(0, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize(("length", "batch", "ranks"), [(9, 4, 3), (3, 4, 2)])
def test_unequal_shares_are_refused(length, batch, ranks):
    with pytest.raises(ValueError, match=f"multiple of the {ranks} GPUs"):
        EpochBatches(length, batch, 0, 0, 1, rank=0, world_size=ranks)


def test_split_without_train_tracklets(tmp_path):
    with StoreWriter(tmp_path / "s.h5", **SETTINGS) as writer:
        writer.add_tracklet(1, 0, "t", [(0, "f", b"x")])
    with pytest.raises(ValueError, match="no train tracklets in split 0"):
        ClipDataset([TrackletStore(tmp_path / "s.h5")], 0, CONFIG, 0)


def test_global_random_state_is_left_alone(store):
    torch.manual_seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    batches(store)
    batches(store, workers=1)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002


@pytest.mark.parametrize("workers", [0, 2])
def test_corrupt_frame_is_one_line(tmp_path, workers):
    damaged = TrackletStore(write(tmp_path / "damaged.h5", damaged=True))
    with pytest.raises(ImageError, match=rf"damaged\.h5: frame \d+ \({BAD}/\d\.png\)") as caught:
        batches(damaged, workers=workers)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_frames_come_in_the_order_asked(store, workers):
    start = store.frames_of(8).start  # pictures of differing sizes
    frames = [start + 3, 0, start, start, 7, 1, start + 5]
    got = list(frame_batches(store, frames, TestTransform(32, 16), 3, workers, Here()))
    assert [len(part) for part in got] == [3, 3, 1]
    for image, frame in zip(torch.cat(got), frames, strict=True):
        single = torch.from_numpy(store.read_image(frame)).permute(2, 0, 1)[None]
        assert torch.equal(image, TestTransform(32, 16)(single)[0])


def test_frames_may_stay_bytes_and_be_none(store):
    (images,) = frame_batches(store, range(4), lambda clip: clip, 8, 0, Here())
    assert images.dtype == torch.uint8
    assert images.shape == (4, 3, 32, 16)
    assert list(frame_batches(store, [], TestTransform(32, 16), 8, 0, Here())) == []


def test_stop_signals_reach_only_the_main_process(store):
    """SIGTERM and SIGINT to the workers, as a scheduler sends them to all: the batches still come."""
    expected = batches(store, workers=0)
    loader = clip_loader(ClipDataset([store], 0, JITTER, 0), 4, 0, 2, Here())
    got = [next(loader), next(loader)]  # one of each worker
    listing = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children")
    if not listing.is_file():
        pytest.skip("the system does not list child processes")
    children = [int(pid) for pid in listing.read_text().split()]
    assert len(children) >= 2
    for child in children:
        os.kill(child, signal.SIGTERM)
        os.kill(child, signal.SIGINT)
    got += list(loader)
    assert equal(got, expected)


ENDING = """
import sys, torch
from stcnet_lib.config import ReIDConfig
from stcnet_lib.data.clips.loader import ClipDataset, clip_loader
from stcnet_lib.data.store.tracklets import TrackletStore
from types import SimpleNamespace

place = SimpleNamespace(device=torch.device("cpu"), rank=0, world_size=1)
config = ReIDConfig(pretrained="none", height=32, width=16, batch=4, epochs=50)
batches = clip_loader(ClipDataset([TrackletStore(sys.argv[1])], 0, config, 0), 4, 0, 2, place)
next(batches)
raise RuntimeError("the training failed")
"""


def test_a_failing_process_ends_although_its_workers_ignore_signals(store):
    """The iterator is alive in the main module when the process ends; a deadlock would last for ever."""
    done = subprocess.run(
        [sys.executable, "-c", ENDING, str(store.path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "RuntimeError: the training failed"
