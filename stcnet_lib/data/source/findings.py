"""What was found about a source: how grave each kind is, and a list that stays small.

A data set with a million broken frames has a million findings. All are counted, and of every kind the first
`MOST_LISTED` are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from enum import Enum
from typing import Any

from stcnet_lib.data.source.layouts.base import Finding

MOST_LISTED = 10_000  # of one kind
_PRINTED = 10  # problems in an error message


class Level(Enum):
    """What follows from a finding."""

    FATAL = "stops in any case"
    BAD = "stops, or is left out: dataset.on_bad_frame"
    WARNING = "worth a look"
    NOTE = "harmless"


# Kinds that are not named here are warnings.
_LEVELS = {
    "shared_identity": Level.FATAL,
    "missing": Level.BAD,
    "empty": Level.BAD,
    "truncated": Level.BAD,
    "zero_size": Level.BAD,
    "undecodable": Level.BAD,
    "no_frames": Level.BAD,
    "empty_folder": Level.BAD,
    # These a layout has left out already.
    "odd_name": Level.BAD,
    "odd_row": Level.BAD,
    "not_utf8": Level.BAD,
    "mixed_tracklet": Level.BAD,
    # These nobody has read.
    "misnamed_folder": Level.BAD,
    "no_pictures": Level.BAD,
    "other_folder": Level.NOTE,
    "box_file": Level.NOTE,
    "box_columns": Level.NOTE,
    "left_out": Level.NOTE,
    "other_file": Level.NOTE,
    "other_table": Level.NOTE,
    "one_frame": Level.NOTE,
    "short_track": Level.NOTE,
    "small_box": Level.NOTE,
    "no_track": Level.NOTE,
}


def level_of(kind: str) -> Level:
    """How grave findings of a kind are."""
    return _LEVELS.get(kind, Level.WARNING)


class Findings:
    """All that was found, in order; of every kind the first `most_listed` in full."""

    def __init__(self, most_listed: int = MOST_LISTED) -> None:
        self.counts: Counter[str] = Counter()
        self._listed: list[Finding] = []
        self._most_listed = most_listed

    def add(self, finding: Finding) -> None:
        """One more."""
        self.counts[finding.kind] += 1
        if self.counts[finding.kind] <= self._most_listed:
            printable = {
                key: text.encode("utf-8", "backslashreplace").decode() for key, text in vars(finding).items()
            }
            self._listed.append(replace(finding, **printable))  # a file's name may be any bytes

    def extend(self, findings: Iterable[Finding]) -> None:
        """Several more."""
        for finding in findings:
            self.add(finding)

    def listed(self, *levels: Level) -> list[Finding]:
        """Those kept in full, of some levels."""
        return [finding for finding in self._listed if level_of(finding.kind) in levels]

    def number(self, *levels: Level) -> int:
        """How many there are of some levels, listed or not."""
        return sum(count for kind, count in self.counts.items() if level_of(kind) in levels)

    def problems(self, on_bad_frame: str) -> str | None:
        """The message of an error, if anything was found that must stop."""
        levels = (Level.FATAL, Level.BAD) if on_bad_frame == "stop" else (Level.FATAL,)
        count = self.number(*levels)
        return self._message(count, self.listed(*levels)) if count else None

    def nothing_left(self) -> str:
        """The message of an error: all frames are bad."""
        # Harmless ones too: tracks that are all too short are a reason as good as files that are broken.
        why = sorted(self._listed, key=lambda finding: list(Level).index(level_of(finding.kind)))
        nothing = Finding("nothing_left", "", "no tracklet has a usable frame")
        return self._message(1 + self.number(*Level), [nothing, *why])

    def _message(self, count: int, problems: list[Finding]) -> str:
        lines = [f"{count} problem{'s' if count > 1 else ''} in the source:"]
        lines += [f"  {p.source}: {p.reason}" if p.source else f"  {p.reason}" for p in problems[:_PRINTED]]
        if count > _PRINTED:
            lines.append(f"  … and {count - _PRINTED} more")
        if any(level_of(problem.kind) is Level.BAD for problem in problems):
            lines.append(
                "Mend them, or leave them out: dataset.on_bad_frame: exclude in config.yaml, and "
                "--on-bad-frame exclude of stcnet."
            )
        return "\n".join(lines)

    def report(self) -> dict[str, Any]:
        """The part of `integrity.json` about them; `not_listed` counts those that are only counted."""
        kept = Counter(finding.kind for finding in self._listed)
        serious = self.listed(Level.FATAL, Level.BAD, Level.WARNING)
        return {
            "found": dict(self.counts),
            "findings": [vars(finding) for finding in serious],
            "notes": [vars(finding) for finding in self.listed(Level.NOTE)],
            "not_listed": dict(self.counts - kept),
        }
