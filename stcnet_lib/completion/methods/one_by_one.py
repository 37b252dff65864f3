"""Fillers that need no network and look at one task at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stcnet_lib.completion.task import Filling, FillTask
from stcnet_lib.completion.views import views


@dataclass(frozen=True)
class OneByOne:
    """A filler that looks at one task at a time: its frames as the task needs them, and the flags (T, K)."""

    fill_one: Callable[[FillTask, dict[int, np.ndarray], np.ndarray], Filling | None]

    def fill(self, tasks, images, flags):
        return [
            None if task.leave else self.fill_one(task, views(task, images, flags), flags) for task in tasks
        ]
