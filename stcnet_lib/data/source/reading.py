"""Every frame of a source, read and decoded once, by several processes and in the order of the source.

The processes are forked, so that they share the tables of a large layout with this one. They work a
bounded number of frames ahead: memory does not grow with the data set.
"""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from stcnet_lib.data.source.layouts.base import Finding, Frame, Layout, SourceTracklet
from stcnet_lib.data.store.images import ImageError, ImageFacts, examine

_CHUNK = 128  # frames handed to a process at once
_AHEAD = 512  # frames a process may be ahead


class GoodFrame(NamedTuple):
    """A frame that can be used."""

    frame: Frame
    data: bytes  # as in the source
    digest: int  # of the data, 64 bits
    facts: ImageFacts


Read = list[GoodFrame | Finding]


def read_frame(layout: Layout, frame: Frame) -> GoodFrame | Finding:
    """A frame, or what is wrong with it."""
    try:
        frame.source.encode()
    except UnicodeEncodeError:  # tables and manifests are UTF-8 and could not hold it
        return Finding("not_utf8", frame.source, "its name is not UTF-8, wanted another name")
    try:
        data = layout.read(frame)
    except OSError as error:
        return Finding("missing", frame.source, f"cannot be read ({error.strerror or error})")
    if not data:
        return Finding("empty", frame.source, "a file of 0 bytes")
    try:
        facts = examine(data, frame.source)
    except ImageError as error:
        return Finding(error.fault, frame.source, str(error).removeprefix(f"{frame.source}: "))
    digest = hashlib.blake2b(data, digest_size=8).digest()
    return GoodFrame(frame, data, int.from_bytes(digest), facts)


def read_tracklets(layout: Layout, processes: int = 1) -> Iterator[tuple[SourceTracklet, Read]]:
    """All tracklets with their frames, in the order of the layout; one tracklet fits into memory.

    Close the iterator if it is not used up: processes wait for it.

    Raises:
        OSError: a process was killed.
    """
    if processes <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        for tracklet in layout.tracklets():
            yield tracklet, [read_frame(layout, frame) for frame in tracklet.frames]
        return
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_start_worker,
        initargs=(layout,),
    )
    try:
        yield from _read_ahead(layout, pool, processes * _AHEAD)
    except BrokenProcessPool:
        raise OSError(
            f"{layout.root}: a process that checks frames was killed; is there enough memory for "
            f"{processes} of them?"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _read_ahead(
    layout: Layout, pool: ProcessPoolExecutor, ahead: int
) -> Iterator[tuple[SourceTracklet, Read]]:
    waiting: deque[tuple[SourceTracklet, list[Future[Read]]]] = deque()
    frames = 0
    for tracklet in layout.tracklets():
        starts = range(0, len(tracklet.frames), _CHUNK)
        chunks = [pool.submit(_work, tracklet.frames[start : start + _CHUNK]) for start in starts]
        waiting.append((tracklet, chunks))
        frames += len(tracklet.frames)
        while frames > ahead:
            first, chunks = waiting.popleft()
            frames -= len(first.frames)
            yield first, [result for chunk in chunks for result in chunk.result()]
    while waiting:
        first, chunks = waiting.popleft()
        yield first, [result for chunk in chunks for result in chunk.result()]


@functools.cache
def _worker() -> dict[str, Layout]:
    """What a worker process keeps from one task to the next."""
    return {}


def _start_worker(layout: Layout) -> None:
    _worker()["layout"] = layout
    # Ctrl-C reaches the whole process group; the main process ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A main process that is killed cannot end them, and they would wait for work for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(frames: Sequence[Frame]) -> Read:
    layout = _worker()["layout"]
    return [read_frame(layout, frame) for frame in frames]
