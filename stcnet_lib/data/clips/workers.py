"""Worker processes that fail with one clear line, and leave signals to the process they serve.

PyTorch turns an error of a worker into a traceback of many lines. Here a worker hands the error of a bad
file over as a value, and the main process raises it.
"""

from __future__ import annotations

import atexit
import signal
import weakref
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from stcnet_lib.data.store.images import ImageError
from stcnet_lib.data.store.tracklets import StoreError


@dataclass(frozen=True)
class _Failure:
    """An error on its way to the main process."""

    error: Exception


class _Guarded(Dataset):
    """A data set whose items are failures where reading them raises the error of a bad file."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._dataset[key]
        except (ImageError, StoreError, OSError) as error:
            return _Failure(error)


def _collate(items: list[Any]) -> Any:
    failure = next((item for item in items if isinstance(item, _Failure)), None)
    return failure or default_collate(items)


def _leave_signals(_: int) -> None:
    # A scheduler, or Ctrl-C, signals the whole process group. The main process finishes its step and
    # saves its state, and needs its workers until then; they end with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def load_batches(dataset: Dataset, batches: Any, workers: int, device: torch.device) -> Iterator[Any]:
    """The collated items of each list of keys in `batches`, in order, decoded by `workers` processes.

    The workers live as long as the iterator; with 0 of them this process does the work.

    Raises:
        ImageError, StoreError, OSError: when the batch with the bad file is its turn.
    """
    loader = DataLoader(
        _Guarded(dataset),
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=_collate,
        pin_memory=device.type == "cuda",
        worker_init_fn=_leave_signals,
        generator=torch.Generator(),  # the loader's own seed must not draw from the global state
    )
    loaded = _checked(loader)
    # A process that ends with this iterator still alive, after an error, waits for workers that it asks to
    # stop with SIGTERM, which they ignore. Closing the iterator first stops them in the regular way.
    atexit.register(_close, weakref.ref(loaded))
    return loaded


def _checked(loader: DataLoader) -> Generator[Any, None, None]:
    for batch in loader:
        if isinstance(batch, _Failure):
            raise batch.error
        yield batch


def _close(reference: weakref.ref[Generator[Any, None, None]]) -> None:
    loaded = reference()
    if loaded is not None:
        loaded.close()
