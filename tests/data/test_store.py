"""The packed store against the lists it was made from."""

import multiprocessing
import os
import pickle
import time

import h5py
import numpy as np
import pytest

from stcnet_lib.common.hdf5 import open_hdf5
from stcnet_lib.data.store.images import ImageError, encode_png
from stcnet_lib.data.store.tracklets import Role, StoreError, StoreWriter, TrackletStore

LENGTHS = [3, 1, 5, 2]
SETTINGS = {
    "dataset": "d",
    "layout": "folder",
    "licence": "L",
    "citation": "C",
    "config": '{"a": 1}',
    "splits": 2,
}


def content(seed=0):
    """Tracklets as lists of (number, source, bytes)."""
    random = np.random.default_rng(seed)
    return [
        [
            (2 * t + 1, f"é{n}/{t}.png", encode_png(random.integers(0, 256, (8, 6 + n, 3), np.uint8)))
            for t in range(length)
        ]
        for n, length in enumerate(LENGTHS)
    ]


def write(path, tracklets, masks=None, **changes):
    with StoreWriter(path, **SETTINGS | changes) as writer:
        for n, frames in enumerate(tracklets):
            assert writer.add_tracklet(n // 2 + 5, n % 2, f"t{n}", iter(frames)) == n
        writer.set_roles(0, np.array([Role.TRAIN, Role.TRAIN, Role.QUERY, Role.GALLERY]))
        if masks is not None:
            for part in np.array_split(np.arange(sum(LENGTHS)), 3):
                writer.add_truth(masks[0][part], masks[1][part])
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "tracklets.h5", content())


def test_roundtrip(path):
    flat = [frame for tracklet in content() for frame in tracklet]
    with TrackletStore(path) as store:
        assert store.num_frames == len(flat) == sum(LENGTHS)
        assert [store.read_bytes(i) for i in range(store.num_frames)] == [data for _, _, data in flat]
        assert store.frame_number.tolist() == [number for number, _, _ in flat]
        assert store.sources(range(2, 7)) == [source for _, source, _ in flat[2:7]]
        assert store.frame_tracklet.tolist() == [0, 0, 0, 1, 2, 2, 2, 2, 2, 3, 3]
        assert store.tracklets.to_dict("list") == {
            "pid": [5, 5, 6, 6],
            "camera": [0, 1, 0, 1],
            "name": ["t0", "t1", "t2", "t3"],
            "start": [0, 3, 4, 9],
            "length": LENGTHS,
        }
        assert store.tracklets.index.tolist() == [0, 1, 2, 3]
        assert [store.frames_of(n) for n in range(4)] == [
            range(0, 3),
            range(3, 4),
            range(4, 9),
            range(9, 11),
        ]
        assert store.roles.tolist() == [[1, 1, 2, 3], [0, 0, 0, 0]]
        assert store.tracklets_with(0, Role.QUERY, Role.GALLERY).tolist() == [2, 3]
        assert store.tracklets_with(1, Role.TRAIN).tolist() == []
        assert (store.attributes["dataset"], store.attributes["licence"]) == ("d", "L")
        assert store.config == '{"a": 1}'
        assert store.read_image(9).shape == (8, 9, 3)


def test_many_frames_pass_through_the_buffers(tmp_path):
    """More frames than one buffer holds, and more bytes than a chunk."""
    frames = [(t, f"{t}.jpg", t.to_bytes(4, "big") * (1 + t % 40)) for t in range(20_000)]
    with StoreWriter(tmp_path / "s.h5", **SETTINGS) as writer:
        writer.add_tracklet(1, 1, "long", frames)
    store = TrackletStore(tmp_path / "s.h5")
    for i in [0, 1, 8191, 8192, 16_384, 19_999]:
        assert store.read_bytes(i) == frames[i][2]
        assert store.sources(range(i, i + 1)) == [frames[i][1]]


def test_equal_content_gives_equal_digest_and_file(tmp_path):
    first = write(tmp_path / "a.h5", content())
    time.sleep(1.1)  # a time stamp of whole seconds would differ
    second = write(tmp_path / "b.h5", content())
    assert first.read_bytes() == second.read_bytes()
    other_settings = write(tmp_path / "c.h5", content(), config='{"a": 2}')
    assert TrackletStore(other_settings).digest == TrackletStore(first).digest


@pytest.mark.parametrize("change", ["pixels", "number", "source", "boundary"])
def test_different_content_gives_another_digest(path, tmp_path, change):
    tracklets = content(seed=1 if change == "pixels" else 0)
    number, source, data = tracklets[0][0]
    if change == "number":
        tracklets[0][0] = (number - 1, source, data)
    elif change == "source":
        tracklets[0][0] = (number, source + "x", data)
    elif change == "boundary":
        tracklets[3].insert(0, (0, *tracklets[2].pop()[1:]))
    assert TrackletStore(write(tmp_path / "o.h5", tracklets)).digest != TrackletStore(path).digest


def test_truth_roundtrip(path, tmp_path):
    """Widths that are no multiple of eight, appended in parts, read in parts."""
    random = np.random.default_rng(3)
    masks = random.random((2, sum(LENGTHS), 8, 13)) < 0.5
    truth = TrackletStore(write(tmp_path / "truth.h5", content(), masks))
    assert truth.has_truth
    for frames in (range(0, 11), range(4, 9), range(10, 11)):
        occluder, person = truth.read_truth(frames)
        assert occluder.dtype == person.dtype == bool
        np.testing.assert_array_equal(occluder, masks[0][frames.start : frames.stop])
        np.testing.assert_array_equal(person, masks[1][frames.start : frames.stop])
    with open_hdf5(truth.path) as file:  # the documented form
        np.testing.assert_array_equal(file["truth/occluder"][:], np.packbits(masks[0], axis=2))
    store = TrackletStore(path)
    assert not store.has_truth
    assert truth.digest != store.digest
    with pytest.raises(ValueError, match=r"wanted a truth\.h5"):
        store.read_truth(range(1))


def test_masks_must_be_one_a_frame(tmp_path):
    writer = StoreWriter(tmp_path / "truth.h5", **SETTINGS)
    with pytest.raises(ValueError, match="got 4 masks, wanted 11"), writer:  # noqa: PT012
        for n, frames in enumerate(content()):
            writer.add_tracklet(n, 0, "", frames)
        writer.add_truth(np.zeros((4, 8, 8), bool), np.zeros((4, 8, 8), bool))
    assert list(tmp_path.iterdir()) == []


def test_error_leaves_what_was_there(path):
    before = path.read_bytes()

    def broken():
        yield 1, "a", b"x"
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        write(path, [broken()])
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "without frames"),
        ([(1, "a", b"")], "empty file"),
        ([(2, "a", b"x"), (2, "b", b"y")], "rising"),
    ],
)
def test_unusable_tracklets_are_refused(tmp_path, frames, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "s.h5", [frames])
    assert list(tmp_path.iterdir()) == []


def test_roles_are_checked(tmp_path):
    with StoreWriter(tmp_path / "s.h5", **SETTINGS) as writer:
        for n, frames in enumerate(content()):
            writer.add_tracklet(n, 0, "", frames)
        for split, roles, message in (
            (0, [1, 1], "shape"),
            (0, [1, 1, 1, 6], "values"),
            (2, [1] * 4, "split"),
        ):
            with pytest.raises(ValueError, match=message):
                writer.set_roles(split, np.array(roles))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_truncated_file(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(StoreError, match="no complete HDF5 file") as caught:
        TrackletStore(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_foreign_files(path, tmp_path):
    text, other = tmp_path / "text.h5", tmp_path / "other.h5"
    text.write_text("no HDF5")
    with h5py.File(other, "w") as file:
        file["x"] = 1
    for name, message in (
        (text, "no complete HDF5"),
        (other, "not a tracklet store"),
        (tmp_path / "none", "no such"),
    ):
        with pytest.raises(StoreError, match=message):
            TrackletStore(name)
    with h5py.File(path, "a") as file:
        file.attrs["version"] = 2
    with pytest.raises(StoreError, match="got version 2 of the format, wanted 1: update"):
        TrackletStore(path)


@pytest.mark.parametrize("missing", ["roles", "frames/end", "digest"])
def test_unfinished_file(path, missing):
    with h5py.File(path, "a") as file:
        del (file.attrs if missing == "digest" else file)[missing]
    with pytest.raises(StoreError, match="unfinished"):
        TrackletStore(path)


def test_tables_that_disagree(path):
    with h5py.File(path, "a") as file:
        file["frames/bytes"].resize(len(file["frames/bytes"]) - 1, axis=0)
    with pytest.raises(StoreError, match="disagree"):
        TrackletStore(path)


def test_corrupt_image_names_store_frame_and_source(tmp_path):
    frames = [[(1, "good.png", content()[0][0][2]), (2, "dir/bad.jpg", b"\xff\xd8\xff\xe0 broken")]]
    with StoreWriter(tmp_path / "s.h5", **SETTINGS) as writer:
        writer.add_tracklet(0, 0, "", frames[0])
    with pytest.raises(ImageError, match=r"s\.h5: frame 1 \(dir/bad\.jpg\): cannot be decoded"):
        TrackletStore(tmp_path / "s.h5").read_image(1)


def test_positions_outside(path):
    store = TrackletStore(path)
    for read in (store.read_bytes, store.read_image, store.frames_of):
        for position in (-1, 11):
            with pytest.raises(IndexError):
                read(position)
    with pytest.raises(ValueError, match="split 2"):
        store.tracklets_with(2, Role.TRAIN)


def test_pickle_carries_no_tables_and_closing_is_not_final(path):
    store = TrackletStore(path)
    expected = store.read_bytes(4)
    assert store.num_frames == 11  # the tables are read now
    data = pickle.dumps(store)
    assert len(data) < 1000
    assert pickle.loads(data).read_bytes(4) == expected
    store.close()
    assert store.read_bytes(4) == expected


def _reads(store, results, order):
    results.put((os.getpid(), [store.read_bytes(i) for i in order]))


def test_fork_with_an_open_handle(path):
    """Two children and the parent read in different orders through one object."""
    store = TrackletStore(path)
    expected = [store.read_bytes(i) for i in range(store.num_frames)]
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    order = list(range(store.num_frames)) * 20
    children = [context.Process(target=_reads, args=(store, results, part)) for part in (order, order[::-1])]
    for child in children:
        child.start()
    assert [store.read_bytes(i) for i in order] == expected * 20
    answers = dict(results.get(timeout=60) for _ in children)
    for child, part in zip(children, (order, order[::-1]), strict=True):
        child.join(60)
        assert answers[child.pid] == [expected[i] for i in part]


def test_reading_is_lazy(path):
    """Opening reads no table; reading a frame leaves roles and names alone."""
    store = TrackletStore(path)
    store.read_bytes(0)
    assert not {"tracklets", "roles", "frame_number", "frame_tracklet"} & set(vars(store))
