"""The course of a training: some 400 rows at the most, whatever its length."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stcnet_lib.common.files import replacing
from stcnet_lib.common.training.state import TrainingState

ROWS = 400


class History:
    """Rows of step, losses and rates; kept in the training state, so that a resumed run has them all."""

    def __init__(self, state: TrainingState, total: int) -> None:
        self.total = total
        self._state = state
        self._every = max(1, total // ROWS)

    def record(
        self, step: int, values: dict[str, float], validation: dict[str, float] | None = None, **more: float
    ) -> None:
        """Keep this step's values if its turn has come; `seconds` is what one step took.

        Args:
            validation: what was measured on held-out samples after this step, which is always kept.
        """
        if validation or step % self._every == 0 or step == self.total - 1:
            self._state.history.append({"step": step + 1, **values, **more, **(validation or {})})

    def finish(self, path: Path) -> dict[str, float]:
        """Write `history.csv`; returns the means over the last tenth, for `model.json`."""
        table = pd.DataFrame(self._state.history)
        with replacing(path) as partial:
            table.to_csv(partial, index=False, float_format="%.6g", lineterminator="\n")
        last = table.iloc[-max(1, len(table) // 10) :].mean()
        return {f"final_{name}": float(last[name]) for name in table.columns if name != "step"}
