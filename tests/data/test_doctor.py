"""Faults planted in small trees are found, each under its name; clean trees give no findings."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.io
from PIL import Image
from trees import TREES, pictures, plant, put

from stcnet_lib.common.files import read_json
from stcnet_lib.data.source.findings import Findings, Level
from stcnet_lib.data.source.layouts.base import DataError, Finding
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.source.summary import report_text
from stcnet_lib.data.store.tracklets import TrackletStore

PLAIN = "train/0001/c1/t0"  # frames f1, f2, f5, f11
HALVES = np.zeros((48, 24, 3), np.uint8)
HALVES[:24, :, 0] = 255  # red above black
HALVES[24:] = np.arange(24, dtype=np.uint8)[None, :, None]  # no two columns alike


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def deep_png(scale: int = 257) -> bytes:
    """RGB with 16 bits a channel, which Pillow cannot write."""
    rows = (HALVES.astype(np.uint16) * scale).astype(">u2").reshape(48, -1)
    head = struct.pack(">IIBBBBB", 24, 48, 16, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def without_pixels() -> bytes:
    """A JPEG that says it has no rows."""
    data = bytearray(pictures(1, 1)[0])
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 7] = bytes(2)
    return bytes(data)


def grey_of(bits: int) -> bytes:
    """Grey values of that many bits in a PNG of sixteen."""
    values = np.linspace(0, 2**bits - 1, 48 * 24).reshape(48, 24).astype(np.uint16)
    return encoded(Image.fromarray(values), "PNG")


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    return encoded(Image.fromarray(np.rot90(HALVES).copy()), exif=exif)


def frame(data: bytes | Callable[[], bytes], name: str = f"{PLAIN}/f2.jpg") -> Callable[[Path], None]:
    """Replaces an image; as in life, its name may be that of another format."""
    return lambda root: put(root / name, data if isinstance(data, bytes) else data())


def mode(name: str, kind: str = "PNG") -> Callable[[Path], None]:
    return frame(lambda: encoded(Image.fromarray(HALVES).convert(name), kind))


def half_a_file(root: Path) -> None:
    put(root / f"{PLAIN}/f2.jpg", pictures(1, 1)[1][:-300])


def png_without_end(root: Path) -> None:
    put(root / f"{PLAIN}/f2.jpg", encoded(Image.fromarray(HALVES), "PNG")[:-12])


def broken_link(root: Path) -> None:
    path = root / f"{PLAIN}/f2.jpg"
    path.unlink()
    path.symlink_to("gone.jpg")


def copied_frame(root: Path) -> None:
    put(root / f"{PLAIN}/f12.jpg", pictures(1, 1)[0])


def anothers_frame(root: Path) -> None:
    put(root / f"{PLAIN}/f12.jpg", pictures(2, 1)[0])


def small_frame(root: Path) -> None:
    put(root / f"{PLAIN}/f12.jpg", encoded(Image.fromarray(HALVES[:12, :6])))


def rename(root: Path, *names: str) -> None:
    for old, new in zip(("f1", "f2", "f5", "f11"), names, strict=True):
        (root / f"{PLAIN}/{old}.jpg").rename(root / f"{PLAIN}/{new}.jpg")


def person_of_another(root: Path) -> None:
    rename(root, *(f"{pid:04d}C1T0001F00{i}" for i, pid in enumerate((1, 1, 2, 1))))


def camera_of_another(root: Path) -> None:
    rename(root, *(f"0001_c{camera}s1_00{i}_01" for i, camera in enumerate((1, 1, 1, 4))))


def long(root: Path, numbers: list[int]) -> None:
    """A tracklet of grey levels with those frame numbers."""
    for number in numbers:
        image = np.full((48, 24, 3), number % 251, np.uint8)
        image[:8, :8] = number // 251
        put(root / f"train/0001/c1/long/{number:06d}.png", encoded(Image.fromarray(image), "PNG"))


def move(root: Path, old: str, new: str) -> None:
    (root / new).parent.mkdir(parents=True, exist_ok=True)
    (root / old).rename(root / new)


def lone_query(root: Path) -> None:
    put(root / "query/0009/c1/t0/f1.jpg", pictures(8, 1)[0])
    put(root / "query/0009/c1/t0/f2.jpg", pictures(8, 1)[1])


def mars_file_gone(root: Path) -> None:
    (root / "bbox_train/0001/0001C1T0001F005.jpg").unlink()


def mars_mixed(root: Path) -> None:
    old, new = (root / f"bbox_test/0002/0002C{camera}T0001F005.jpg" for camera in (1, 5))
    old.rename(new)
    names = root / "info/test_name.txt"
    names.write_text(names.read_text().replace(old.name, new.name))


def mars_label(root: Path) -> None:
    path = root / "info/tracks_train_info.mat"
    rows = scipy.io.loadmat(path)["track_train_info"]
    rows[0, 3] = 3
    scipy.io.savemat(path, {"track_train_info": rows})


def mars_odd_name(root: Path) -> None:
    put(root / "bbox_train/0001/thumb.jpg", pictures(1, 1)[0])


def duke_other_person(root: Path) -> None:
    put(root / "train/0001/0000/0002_C1_F0003_X30003.jpg", pictures(7, 2)[0])


def manifest_repeats(root: Path) -> None:
    table = pd.read_csv(root / "manifest.csv")
    at = table.index[table["tracklet"] == "train-1-1"]
    table.loc[at[0], "frame"] = table.loc[at[1], "frame"]
    table.to_csv(root / "manifest.csv", index=False)


def manifest_missing(root: Path) -> None:
    (root / "crops/train-1-1_2.jpg").unlink()


def mixed_sequence(root: Path) -> None:
    folder = root / "i-LIDS-VID/sequences/cam1/person001"
    (folder / "cam1_person001_00005.png").rename(folder / "cam1_person002_00005.png")


# (tree, what is done to it, kind, source; what the reason holds)
FAULTS: dict[str, tuple[str, Callable[[Path], object], str, str, str]] = {
    "empty file": ("folder", frame(b""), "empty", f"{PLAIN}/f2.jpg", "0 bytes"),
    "no image": ("folder", frame(b"no image"), "undecodable", f"{PLAIN}/f2.jpg", "no known image format"),
    "truncated": ("folder", half_a_file, "truncated", f"{PLAIN}/f2.jpg", "truncated"),
    "no end": ("folder", png_without_end, "truncated", f"{PLAIN}/f2.jpg", "no end mark"),
    "no pixels": ("folder", frame(without_pixels), "zero_size", f"{PLAIN}/f2.jpg", "0 pixels"),
    "broken link": ("folder", broken_link, "missing", f"{PLAIN}/f2.jpg", "cannot be read"),
    "floats": ("folder", mode("F", "TIFF"), "undecodable", f"{PLAIN}/f2.jpg", "32-bit floats"),
    "integers": ("folder", mode("I", "TIFF"), "undecodable", f"{PLAIN}/f2.jpg", "32-bit integers"),
    "grey": ("folder", mode("L"), "converted", f"{PLAIN}/f2.jpg", "grey: normalised"),
    "CMYK": ("folder", mode("CMYK", "JPEG"), "converted", f"{PLAIN}/f2.jpg", "CMYK: normalised"),
    "palette": ("folder", mode("P"), "converted", f"{PLAIN}/f2.jpg", "palette: normalised"),
    "alpha": ("folder", mode("RGBA"), "converted", f"{PLAIN}/f2.jpg", "alpha: normalised"),
    "16-bit grey": (
        "folder",
        frame(lambda: grey_of(16)),
        "converted",
        f"{PLAIN}/f2.jpg",
        "16-bit grey: normalised",
    ),
    "12 of 16 bits": (
        "folder",
        frame(lambda: grey_of(12)),
        "empty_bits",
        f"{PLAIN}/f2.jpg",
        "need 12 bits, so it decodes to at most 15 of 255",
    ),
    "10 of 16 bits in colour": (
        "folder",
        frame(lambda: deep_png(4)),  # 255 · 4 is just under 2^10
        "empty_bits",
        f"{PLAIN}/f2.jpg",
        "need 10 bits, so it decodes to at most 3 of 255",
    ),
    "16-bit RGB": ("folder", frame(deep_png), "converted", f"{PLAIN}/f2.jpg", "16 bits a channel"),
    "rotated": ("folder", frame(turned), "converted", f"{PLAIN}/f2.jpg", "EXIF orientation 6"),
    "copy": ("folder", copied_frame, "duplicate", f"{PLAIN}/f12.jpg", f"{PLAIN}/f1.jpg"),
    "frame of another": (
        "folder",
        anothers_frame,
        "shared_frame",
        "train/0002/c1/t0/f1.jpg",
        f"{PLAIN}/f12.jpg, of people 1 and 2",
    ),
    "small frame": ("folder", small_frame, "size_jump", f"{PLAIN}/f12.jpg", "6×12 pixels"),
    "other person": (
        "folder",
        person_of_another,
        "mixed_names",
        f"{PLAIN}/0002C1T0001F002.jpg",
        "person 0002",
    ),
    "other camera": (
        "folder",
        camera_of_another,
        "mixed_names",
        f"{PLAIN}/0001_c4s1_003_01.jpg",
        "before camera 4",
    ),
    "gap in steps of one": (
        "folder",
        lambda root: long(root, [1, 2, 3, 4, 5, 6, 8, 9]),
        "gap",
        "train/0001/c1/long/000008.png",
        "the step is 1 elsewhere; 1 such gap",
    ),
    "gap in irregular steps": (
        "folder",
        lambda root: long(root, [1, 3, 4, 6, 9, 10, 400]),
        "gap",
        "train/0001/c1/long/000400.png",
        "the median step is 2;",
    ),
    "unsorted": (
        "folder",
        lambda root: rename(root, "a9", "b3", "c4", "d5"),
        "unsorted",
        f"{PLAIN}/b3.jpg",
        "above that of a9",
    ),
    "no image in a folder": (
        "folder",
        lambda root: (root / "train/0001/c1/t9").mkdir(),
        "no_frames",
        "train/0001/c1/t9",
        "without images",
    ),
    "empty folder": (
        "folder",
        lambda root: (root / "train/0001/c9").mkdir(),
        "empty_folder",
        "train/0001/c9",
        "no folder",
    ),
    "person of train and test": (
        "folder",
        lambda root: move(root, "train/0002/c1/t0", "train/0005/c1/t0"),
        "shared_identity",
        "identity 5",
        "split 0",
    ),
    "unmatched": ("folder", lone_query, "query_without_match", "query/0009/c1/t0", "no other camera"),
    "MARS: listed, gone": (
        "mars",
        mars_file_gone,
        "missing",
        "bbox_train/0001/0001C1T0001F005.jpg",
        "cannot be read",
    ),
    "MARS: camera": (
        "mars",
        mars_mixed,
        "mixed_tracklet",
        "bbox_test/0002/0002C5T0001F005.jpg",
        "camera 5",
    ),
    "MARS: table": (
        "mars",
        mars_label,
        "label_disagrees",
        "bbox_train/0001/0001C1T0001F001.jpg",
        "camera 3",
    ),
    "MARS: name": (
        "mars_by_names",
        mars_odd_name,
        "odd_name",
        "bbox_train/0001/thumb.jpg",
        "wanted a name",
    ),
    "Duke: person": (
        "duke_video",
        duke_other_person,
        "mixed_tracklet",
        "train/0001/0000/0002_C1_F0003_X30003.jpg",
        "person 0002",
    ),
    "iLIDS: person": (
        "ilids_vid",
        mixed_sequence,
        "mixed_names",
        "i-LIDS-VID/sequences/cam1/person001/cam1_person002_00005.png",
        "person 002",
    ),
    "manifest: gone": (
        "manifest_csv",
        manifest_missing,
        "missing",
        "crops/train-1-1_2.jpg",
        "cannot be read",
    ),
    "manifest: number": (
        "manifest_csv",
        manifest_repeats,
        "repeated_number",
        "crops/train-1-1",
        "more than once",
    ),
}
# What a fault brings with it: a name with another person sorts last, a moved folder was the only one.
ALSO = {
    "other person": {"unsorted"},
    "iLIDS: person": {"unsorted"},
    "12 of 16 bits": {"converted"},
    "10 of 16 bits in colour": {"converted"},
    "person of train and test": {"empty_folder"},
}


def examined(config, out: Path, processes: int = 1) -> dict:
    """The report, of usable data or not."""
    try:
        prepare(config, out / "tracklets.h5", out / "integrity.json", 1000, processes)
    except DataError:
        assert not (out / "tracklets.h5").exists()
    return read_json(out / "integrity.json")


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(tmp_path, fault):
    tree, spoil, kind, source, reason = FAULTS[fault]
    config = plant(tree, tmp_path / "source")
    spoil(tmp_path / "source")
    report = examined(config, tmp_path)
    found = [finding for finding in report["findings"] if finding["kind"] == kind]
    assert len(found) == report["found"][kind] == 1
    assert found[0]["source"].startswith(source)
    assert reason in found[0]["reason"]
    assert set(report["found"]) - {kind, "one_frame"} <= ALSO.get(fault, set())
    assert report["usable"] is (kind not in STOPPING)
    text = report_text(report)
    assert kind in text
    assert found[0]["source"] in text


STOPPING = {
    "empty",
    "undecodable",
    "truncated",
    "zero_size",
    "missing",
    "no_frames",
    "empty_folder",
    "odd_name",
    "mixed_tracklet",
    "shared_identity",
}


@pytest.mark.parametrize("tree", TREES)
def test_clean_trees_give_no_findings(tmp_path, tree):
    report = examined(plant(tree, tmp_path / "source"), tmp_path)
    assert report["usable"]
    assert report["findings"] == []
    # Person 4 of the MARS tree has one frame before camera 2.
    assert report["found"] == ({"one_frame": 1} if tree.startswith("mars") else {})
    assert "camera 1" in report_text(report)


def test_normalised_frames_are_read_upright_and_in_eight_bits(tmp_path):
    config = plant("folder", tmp_path / "source")
    frames = {
        "f2": turned(),
        "f12": deep_png(),
        "f13": encoded(Image.fromarray(HALVES).convert("RGBA"), "PNG"),
    }
    for name, data in frames.items():
        put(tmp_path / f"source/{PLAIN}/{name}.jpg", data)
    prepare(config, tmp_path / "tracklets.h5", tmp_path / "integrity.json", 1000)
    with TrackletStore(tmp_path / "tracklets.h5") as store:
        sources = store.sources(range(store.num_frames))
        for name, data in frames.items():
            at = sources.index(f"{PLAIN}/{name}.jpg")
            assert store.read_bytes(at) == data
            image = store.read_image(at)
            assert image.shape == HALVES.shape
            assert image.dtype == np.uint8
            error = np.abs(image.astype(int) - HALVES)
            # JPEG blurs across the edge between red and black; the others are lossless.
            assert (error[:16].max() < 12) if name == "f2" else (error.max() == 0)


def test_processes_change_nothing(tmp_path):
    config = plant("mars", tmp_path / "source")
    put(tmp_path / "source/bbox_train/0001/0001C1T0001F005.jpg", b"")
    config = config.model_copy(update={"on_bad_frame": "exclude"})
    files = []
    for processes in (1, 3):
        out = tmp_path / str(processes)
        examined(config, out, processes)
        files.append([(out / name).read_bytes() for name in ("tracklets.h5", "integrity.json")])
    assert files[0] == files[1]


def test_published_counts_are_laid_beside(tmp_path):
    report = examined(plant("mars", tmp_path / "source"), tmp_path)
    counts = report["published"]["counts"]
    assert counts["train tracklets"] == {"published": 8298, "found": 5}
    assert counts["test tracklets"] == {"published": 12180, "found": 9}  # queries and junk are among them
    assert counts["junk tracklets"] == {"published": 870, "found": 2}
    assert set(report["published"]["differing"]) == set(counts)
    assert "train tracklets: 5, published 8,298" in report_text(report)


def test_prid_has_people_before_both_cameras(tmp_path):
    report = examined(plant("prid2011", tmp_path / "source"), tmp_path)
    assert report["published"]["counts"]["identities before both cameras"]["found"] == 5
    assert report["published"]["differing"] == ["identities before both cameras"]


def test_many_findings_are_counted_and_few_are_kept():
    findings = Findings(most_listed=3)
    findings.extend(Finding("empty", f"{i}.jpg", "a file of 0 bytes") for i in range(1000))
    findings.add(Finding("one_frame", "t", "a tracklet of one frame"))
    report = findings.report()
    assert report["found"] == {"empty": 1000, "one_frame": 1}
    assert [finding["source"] for finding in report["findings"]] == ["0.jpg", "1.jpg", "2.jpg"]
    assert len(report["notes"]) == 1
    assert report["not_listed"] == {"empty": 997}
    assert findings.number(Level.BAD) == 1000
    assert findings.problems("stop").splitlines()[0] == "1000 problems in the source:"
    assert "  … and 990 more" in findings.problems("stop")
    assert findings.problems("exclude") is None
