"""Writing a packed tracklet store in one pass, with bounded memory (`docs/architecture.md`)."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np

from stcnet_lib.common.files import replacing
from stcnet_lib.common.hdf5 import Hdf5Writer

FORMAT = "stcnet-tracklets"
VERSION = 1

_BUFFER_BYTES = 8 << 20
_BUFFER_FRAMES = 8192
_ROLES = range(6)  # the values of store.Role


class StoreWriter:
    """Writes a store; it appears at `path` when the `with` block ends without an error.

    Equal content gives an equal digest, and an equal file.

    Example:
        with StoreWriter(path, dataset="mine", layout="folder", licence="", citation="", config="{}") as w:
            w.add_tracklet(7, 0, "0007/0/a", [(1, "0007/0/a/1.jpg", data)])
            w.set_roles(0, np.array([Role.TRAIN]))
    """

    def __init__(
        self,
        path: str | Path,
        *,
        dataset: str,
        layout: str,
        licence: str,
        citation: str,
        config: str,
        splits: int = 1,
        planted: str | None = None,
    ) -> None:
        if splits < 1:
            raise ValueError(f"splits: got {splits}, wanted at least 1")
        self.path = Path(path)
        self._attributes = {
            "format": FORMAT,
            "version": VERSION,
            "dataset": dataset,
            "layout": layout,
            "licence": licence,
            "citation": citation,
            "config": config,
        }
        if planted is not None:  # occluders that somebody pasted in: every reader can tell
            self._attributes["planted"] = planted
        self._splits = splits
        self._roles: dict[int, np.ndarray] = {}
        self._tracklets: list[tuple[int, int, str, int]] = []  # pid, camera, name, end
        self._frames: list[tuple[int, int, str]] = []  # number, end, source; not yet in the file
        self._pieces: list[bytes] = []  # of the frames not yet in the file
        self._pending = 0  # bytes in _pieces
        self._num_frames = 0
        self._total = 0  # bytes of all frames
        self._digest = hashlib.sha256()
        self._truth_digest = hashlib.sha256()
        self._truth_shape: tuple[int, int] | None = None
        self._sized: dict[str, list[np.ndarray]] = {n: [] for n in ("occluder", "person", "size", "doubtful")}
        self._overlapped: list[np.ndarray] = []  # (T, K) of every tracklet

    def __enter__(self) -> StoreWriter:
        self._stack = ExitStack()
        partial = self._stack.enter_context(replacing(self.path))
        self._disk = Hdf5Writer(partial, self.path)
        self._file = self._disk.file
        frames = self._file.create_group("frames")
        frames.create_dataset("bytes", (0,), np.uint8, chunks=(1 << 18,), maxshape=(None,))
        frames.create_dataset("end", (0,), np.int64, chunks=(_BUFFER_FRAMES,), maxshape=(None,))
        frames.create_dataset("number", (0,), np.int32, chunks=(_BUFFER_FRAMES,), maxshape=(None,))
        frames.create_dataset("source", (0,), h5py.string_dtype(), chunks=(_BUFFER_FRAMES,), maxshape=(None,))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if error is None:
            with self._stack:  # an error of these two removes the file
                try:
                    self._finish()
                finally:
                    self._disk.close()
            return None
        with contextlib.suppress(OSError, RuntimeError):  # e.g. a full disk again; `error` says it already
            self._disk.close()
        return self._stack.__exit__(kind, error, trace)

    def add_tracklet(
        self,
        pid: int,
        camera: int,
        name: str,
        frames: Iterable[tuple[int, str, bytes]],
        overlapped: np.ndarray | None = None,
    ) -> int:
        """Append a tracklet.

        Args:
            pid: identity; -1 or 0 where the source says junk or distractor.
            camera: number of the camera.
            name: what reports call the tracklet.
            frames: (number, path relative to the source, encoded image), numbers strictly rising.
            overlapped: bool (T, K), thirds that somebody else's box reaches into, where boxes are known;
                of all tracklets or of none.

        Returns:
            The number of the tracklet.
        """
        before, last = self._num_frames, None
        for number, source, data in frames:
            if last is not None and number <= last:
                raise ValueError(f"{name}: got frame {number} after {last}, wanted rising numbers")
            self._add_frame(number, source, data)
            last = number
        if self._num_frames == before:
            raise ValueError(f"{name}: got a tracklet without frames, wanted at least one")
        if overlapped is not None:
            self._overlapped.append(np.asarray(overlapped, dtype=bool))
        self._tracklets.append((int(pid), int(camera), str(name), self._num_frames))
        _update(self._digest, "tracklet", int(pid), int(camera), str(name), self._num_frames)
        return len(self._tracklets) - 1

    def _add_frame(self, number: int, source: str, data: bytes) -> None:
        if len(data) == 0:
            raise ValueError(f"{source}: got an empty file, wanted an encoded image")
        self._num_frames += 1
        self._total += len(data)
        self._pending += len(data)
        self._frames.append((int(number), self._total, str(source)))
        self._pieces.append(data)
        _update(self._digest, "frame", int(number), str(source), len(data))
        self._digest.update(data)
        if self._pending >= _BUFFER_BYTES or len(self._frames) >= _BUFFER_FRAMES:
            self._flush()

    def add_truth(self, occluder: np.ndarray, person: np.ndarray) -> None:
        """Append the masks of the next frames: pixels the occluder covers, pixels of the clean person.

        Both bool (n, H, W), H and W the same in every call; at the end there is one mask a frame.
        """
        if occluder.shape != person.shape or occluder.ndim != 3:
            raise ValueError(f"masks: got {occluder.shape} and {person.shape}, wanted two (n, H, W)")
        _, height, width = occluder.shape
        if self._truth_shape is None:
            self._truth_shape = (height, width)
            self._attributes["width"] = width
            for name in ("occluder", "person"):
                shape = (height, -(-width // 8))
                self._file.create_dataset(
                    f"truth/{name}",
                    (0, *shape),
                    np.uint8,
                    chunks=(16, *shape),
                    maxshape=(None, *shape),
                    compression="gzip",
                    compression_opts=1,
                )
        if self._truth_shape != (height, width):
            raise ValueError(f"masks: got {height}×{width} pixels, wanted {self._truth_shape} as before")
        for name, mask in (("occluder", occluder), ("person", person)):
            packed = np.packbits(mask.astype(bool), axis=2)
            _append(self._file[f"truth/{name}"], packed)
            _update(self._truth_digest, name, *mask.shape)
            self._truth_digest.update(packed.tobytes())

    def add_sized_truth(self, occluder: np.ndarray, person: np.ndarray, doubtful: np.ndarray) -> None:
        """Append the masks of the next frames, which may have another size than those before.

        Args:
            occluder, person: bool (n, H, W), as in `add_truth`; a store has masks of one of the two kinds.
            doubtful: bool (n, K), thirds of which nobody can say whether they are hidden.
        """
        if occluder.shape != person.shape or occluder.ndim != 3 or len(doubtful) != len(occluder):
            raise ValueError(
                f"masks: got {occluder.shape}, {person.shape} and {len(doubtful)} rows, wanted two (n, H, W) "
                "and n rows"
            )
        if "truth" not in self._file:
            self._truth_shape = (0, 0)
            for name in ("occluder", "person"):
                self._file.create_dataset(
                    f"truth/{name}",
                    (0,),
                    np.uint8,
                    chunks=(1 << 16,),
                    maxshape=(None,),
                    compression="gzip",
                    compression_opts=1,
                )
            for name, width, kind in (("size", 2, np.int32), ("doubtful", doubtful.shape[1], bool)):
                chunks = (_BUFFER_FRAMES, width)
                self._file.create_dataset(
                    f"truth/{name}", (0, width), kind, chunks=chunks, maxshape=(None, width)
                )
        for name, mask in (("occluder", occluder), ("person", person)):
            packed = np.packbits(mask.astype(bool), axis=2)
            self._sized[name].append(packed.reshape(-1))
            _update(self._truth_digest, name, *mask.shape)
            self._truth_digest.update(packed.tobytes())
        self._truth_digest.update(np.packbits(doubtful).tobytes())
        self._sized["size"].append(np.tile(np.int32(occluder.shape[1:]), (len(occluder), 1)))
        self._sized["doubtful"].append(np.asarray(doubtful, dtype=bool))
        if sum(len(part) for part in self._sized["person"]) >= _BUFFER_BYTES:
            self._flush_sized()

    def _flush_sized(self) -> None:
        """Masks come a few at a time, and every append takes HDF5 a millisecond."""
        for name, parts in self._sized.items():
            if parts:
                _append(self._file[f"truth/{name}"], np.concatenate(parts))
                parts.clear()

    def set_roles(self, split: int, roles: np.ndarray) -> None:
        """Give every tracklet its `Role` (N,) in one split; call it when all tracklets are in."""
        roles = np.asarray(roles)
        if not 0 <= split < self._splits:
            raise ValueError(f"split: got {split}, wanted one in 0…{self._splits - 1}")
        if roles.shape != (len(self._tracklets),):
            raise ValueError(f"roles: got shape {roles.shape}, wanted ({len(self._tracklets)},)")
        if not np.isin(roles, list(_ROLES)).all():
            raise ValueError(f"roles: got values {np.unique(roles).tolist()}, wanted 0…{_ROLES[-1]}")
        self._roles[split] = roles.astype(np.int8)

    def _flush(self) -> None:
        if not self._frames:
            return
        numbers, ends, sources = zip(*self._frames, strict=True)
        group = self._file["frames"]
        _append(group["bytes"], np.frombuffer(b"".join(self._pieces), np.uint8))
        _append(group["end"], np.array(ends, np.int64))
        _append(group["number"], np.array(numbers, np.int32))
        _append(group["source"], np.array(sources, object))
        self._frames, self._pieces, self._pending = [], [], 0
        self._disk.check()

    def _finish(self) -> None:
        """Write the tables and, last of all, the attributes that declare the file complete."""
        if not self._tracklets:
            raise ValueError(f"{self.path}: got no tracklets, wanted at least one")
        self._flush()
        self._flush_sized()
        pids, cameras, names, ends = zip(*self._tracklets, strict=True)
        group = self._file.create_group("tracklets")
        group.create_dataset("pid", data=np.array(pids, np.int32))
        group.create_dataset("camera", data=np.array(cameras, np.int32))
        group.create_dataset("name", data=np.array(names, object), dtype=h5py.string_dtype())
        group.create_dataset("end", data=np.array(ends, np.int64))
        if self._overlapped:
            overlapped = np.concatenate(self._overlapped)
            if len(overlapped) != self._num_frames:
                raise ValueError(
                    f"{self.path}: got overlaps of {len(overlapped)} frames, wanted {self._num_frames}"
                )
            self._file.create_dataset("frames/overlapped", data=overlapped, compression="gzip")
            _update(self._digest, "overlapped", *overlapped.shape)
            self._digest.update(np.packbits(overlapped).tobytes())
        unused = np.zeros(len(names), np.int8)
        roles = np.stack([self._roles.get(split, unused) for split in range(self._splits)])
        self._file.create_dataset("roles", data=roles)
        if self._truth_shape is not None:
            for name in ("size",) if "truth/size" in self._file else ("occluder", "person"):
                masks = len(self._file[f"truth/{name}"])
                if masks != self._num_frames:
                    raise ValueError(
                        f"{self.path}: got {masks} masks, wanted {self._num_frames}, one a frame"
                    )
            _update(self._digest, "truth", self._truth_digest.hexdigest())
        _update(self._digest, "roles", *roles.shape)
        self._digest.update(roles.tobytes())
        self._attributes["digest"] = self._digest.hexdigest()
        for key, value in self._attributes.items():
            self._file.attrs[key] = value


def _append(dataset: h5py.Dataset, rows: np.ndarray) -> None:
    start = len(dataset)
    dataset.resize(start + len(rows), axis=0)
    dataset[start:] = rows


def _update(digest: hashlib._Hash, *values: str | int) -> None:
    """Feed values so that no two different lists of them look alike."""
    for value in values:
        text = str(value).encode()
        digest.update(b"%d:%b" % (len(text), text))
