"""The state of a training: saved as it goes, so that a killed training ends with the same weights.

Everything random about the data is a pure function of the seed and the step (`data/clips/loader.py`), and the
learning rate one of the step, so the state is the networks, the optimisers, torch's random state, the
step and the history. The file is not an output of the rule (Snakemake deletes those of a failed job);
its name holds a digest of all that the training depends on, so that other settings never resume from it.
"""

from __future__ import annotations

import io
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.files import replacing

logger = logging.getLogger(__name__)


class TrainingState:
    """Saves and restores named parts (anything with `state_dict`) together with the step and the history."""

    def __init__(self, folder: Path, key: str, parts: dict[str, Any], compute: Compute, every: int) -> None:
        self._path = folder / f".resume-{key[:16]}.pt"
        self._parts = parts
        self._compute = compute
        self._every = every
        self.history: list[dict[str, float]] = []
        self.saved_step = 0

    def resume(self) -> int:
        """Load the newest state, if there is one; returns how many steps are already done."""
        if not self._path.is_file():
            return 0
        saved = torch.load(self._path, map_location="cpu", weights_only=True)
        for name, part in self._parts.items():
            part.load_state_dict(saved["parts"][name])
        self.history = saved["history"]
        self.saved_step = saved["step"]
        _set_random_state(saved["random"][self._compute.rank], self._compute)
        logger.info("resuming after step %d from %s", self.saved_step, self._path.name)
        return self.saved_step

    def after_step(self, done: int, signals: list[int]) -> None:
        """Save when it is time to, and leave if a signal came.

        Args:
            done: finished steps.
            signals: what `stop_signals` has collected so far.

        Raises:
            Stopped: with the state saved; in all processes at the same step.
        """
        stop = self._compute.any_process(bool(signals))
        if stop or done % self._every == 0:
            self.save(done)
        if stop:
            raise Stopped(signals[0] if signals else signal.SIGTERM, done)

    def save(self, step: int) -> None:
        """Write the state after `step` finished steps; one process writes, all contribute random states."""
        random = _gather(_random_state(self._compute), self._compute)
        if self._compute.is_main:
            parts = {name: part.state_dict() for name, part in self._parts.items()}
            saved = {"step": step, "parts": parts, "history": self.history, "random": random}
            buffer = io.BytesIO()  # torch would report a full disk as a RuntimeError of its own
            torch.save(saved, buffer)
            with replacing(self._path) as partial:
                partial.write_bytes(buffer.getbuffer())
        self.saved_step = step

    def remove(self) -> None:
        """The training is complete and its weights are written: the state is of no more use."""
        if self._compute.is_main:
            self._path.unlink(missing_ok=True)


class Diverged(ValueError):
    """The loss is no longer a number."""


def check_finite(loss: float, step: int, state: TrainingState, section: str) -> None:
    """Stop a training whose loss became NaN or infinite, before its state overwrites the last good one.

    Raises:
        Diverged: naming the step and the last good state.
    """
    if loss == loss and abs(loss) != float("inf"):
        return
    kept = (
        f"the state after step {state.saved_step} is kept" if state.saved_step else "no state was saved yet"
    )
    raise Diverged(
        f"the loss became {loss} at step {step + 1}; {kept}. Lower lr, or set precision to fp32, under "
        f"{section} in config.yaml"
    )


class Stopped(SystemExit):
    """SIGTERM or SIGINT asked the training to stop; its state is saved. The exit code is the signal's."""

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(128 + signal_number)
        logger.info("stopped by %s; state saved after step %d", signal.Signals(signal_number).name, step)


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect SIGTERM and SIGINT in a list instead of dying of them: a loop leaves between two steps."""
    received: list[int] = []
    previous = {
        number: signal.signal(number, lambda signum, _frame: received.append(signum))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _random_state(compute: Compute) -> dict[str, torch.Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if compute.device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(compute.device)
    return state


def _set_random_state(state: dict[str, torch.Tensor], compute: Compute) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and compute.device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], compute.device)


def _gather(value: Any, compute: Compute) -> list[Any]:
    if compute.world_size == 1:
        return [value]
    gathered: list[Any] = [None] * compute.world_size
    torch.distributed.all_gather_object(gathered, value)
    return gathered
