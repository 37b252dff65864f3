"""The methods of completion, and what the workflow must know of each; no import of theirs happens here.

A method is a file of `completion/methods/`, which has `filler(config, network, compute)`, and a row here.
Methods that fill by a network have no file: the kind of the network has it (`config/kinds.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """One row: what a completion of this method needs and does."""

    module: str | None = None  # that has its `filler`; None: it fills nothing, or by a network
    pixels: str | None = None  # the module whose `filler` fills single pixels (`completion/pixels`)
    needs_network: bool = False  # of completion, which fills
    gathers: bool = False  # by the network of the section gather
    kind: str | None = None  # of that network, if no other one can
    chooses_references: bool = False  # `references` may differ from those of the network
    looks_around: bool = False  # at many frames that show the third, and not at two references alone
    drops_frames: bool = False  # flagged frames are left out, so that nothing can be shown beside them

    @property
    def files(self) -> list[str]:
        """What a rule tracks beside its script, relative to the repository."""
        return _files(self.module)

    @property
    def pixel_files(self) -> list[str]:
        """The same where single pixels are filled."""
        return _files(self.pixels)


def _files(module: str | None) -> list[str]:
    return [module.replace(".", "/") + ".py"] if module else []


_ROOM, _PIXELS = "stcnet_lib.completion.methods", "stcnet_lib.completion.pixels"

METHODS = {
    "stcnet": Method(needs_network=True),
    "spatial": Method(needs_network=True, kind="stcnet"),
    "copy": Method(f"{_ROOM}.copy", f"{_PIXELS}.nearest", chooses_references=True),
    "median": Method(f"{_ROOM}.median", f"{_PIXELS}.median", chooses_references=True, looks_around=True),
    "gather": Method(pixels="stcnet_lib.completion.gather.filling", gathers=True),
    "flow": Method(f"{_ROOM}.flow", chooses_references=True),
    "telea": Method(f"{_ROOM}.telea", f"{_PIXELS}.telea"),
    "mean": Method(f"{_ROOM}.mean", chooses_references=True),
    "discard": Method(drops_frames=True),
}
