"""The one loop of all trainings: steps from where the state left off, told of, checked, kept and stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.state import TrainingState, check_finite, stop_signals


@dataclass(frozen=True)
class Course:
    """What a training is called, and how long it is."""

    name: str  # in lines of progress
    section: str  # of the configuration, for the error of a training that diverges
    shown: tuple[str, str]  # the loss in lines of progress: its name there, and in the step's values
    total: int  # steps


def run_steps(
    course: Course,
    first: int,
    batches: Iterable[Any],
    step: Callable[[int, Any], tuple[dict[str, Tensor], float]],
    state: TrainingState,
    history: History,
    compute: Compute,
    progress_seconds: float,
    measure: Callable[[int], dict[str, float] | None] | None = None,
    after: Callable[[int], None] | None = None,
) -> None:
    """Take a step with every batch.

    Args:
        first: finished steps that the state was resumed with; `batches` begin after them.
        step: of its number and batch; returns losses, of which the sum must be finite, and the rate.
        measure: of the number of finished steps; columns of `history.csv`, if it is time to measure.
        after: called with the number of finished steps, once the state knows of them.

    Raises:
        Stopped: after SIGTERM or SIGINT, with the state saved.
        Diverged: if a loss is no longer a number.
    """
    label, key = course.shown
    progress = Progress(course.name, course.total, "steps", done=first, seconds=progress_seconds)
    with stop_signals() as signals, progress:
        for number, batch in enumerate(batches, start=first):
            started = time.perf_counter()
            losses, rate = step(number, batch)
            values = compute.average(losses)
            check_finite(sum(values.values()), number, state, course.section)
            seconds = time.perf_counter() - started
            measured = None if measure is None else measure(number + 1)
            history.record(number, values, measured, lr=rate, seconds=seconds)
            progress.advance(**{label: values[key]})
            state.after_step(number + 1, signals)
            if after is not None:
                after(number + 1)
