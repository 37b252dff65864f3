"""The methods of completion, and what the workflow must know of each; no import of theirs happens here.

A method is a file of `completion/methods/`, which has `filler(config, network, compute)`, and a row here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """One row: what a completion of this method needs and does."""

    module: str | None  # that has its `filler`; None: it fills nothing
    needs_network: bool = False  # an STCnet
    chooses_references: bool = False  # `references` may differ from those of the network
    looks_around: bool = False  # at many frames that show the third, and not at two references alone
    drops_frames: bool = False  # flagged frames are left out, so that nothing can be shown beside them

    @property
    def files(self) -> list[str]:
        """What a rule tracks beside its script, relative to the repository."""
        return [self.module.replace(".", "/") + ".py"] if self.module else []


_ROOM = "stcnet_lib.completion.methods"

METHODS = {
    "stcnet": Method(f"{_ROOM}.network", needs_network=True),
    "spatial": Method(f"{_ROOM}.network", needs_network=True),
    "copy": Method(f"{_ROOM}.copy", chooses_references=True),
    "median": Method(f"{_ROOM}.median", chooses_references=True, looks_around=True),
    "mean": Method(f"{_ROOM}.mean", chooses_references=True),
    "discard": Method(None, drops_frames=True),
}
