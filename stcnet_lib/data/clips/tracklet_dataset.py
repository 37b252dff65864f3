"""Any store as a `torch.utils.data.Dataset`, one item a tracklet, for programs of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional

from stcnet_lib.data.clips.choice import spread_clip
from stcnet_lib.data.store.tracklets import Role, TrackletStore


class Item(NamedTuple):
    """One tracklet; a `DataLoader` batches items with a stated number of frames as they are."""

    images: Tensor  # uint8 (T, 3, H, W)
    pid: int
    camera: int
    role: int  # a value of `Role`
    tracklet: int  # its number in the store


class TrackletDataset(Dataset):
    """The tracklets of `tracklets.h5`, raw or completed, that have one of some roles.

    Frames are resized to H×W with antialiasing. Workers of a `DataLoader` open the file themselves.
    """

    def __init__(
        self,
        path: str | Path,
        frames: int | None = None,
        size: tuple[int, int] = (128, 64),
        roles: Sequence[str] = (),
        split: int = 0,
    ) -> None:
        """
        Args:
            frames: T, spread evenly over the tracklet, of a shorter one some twice; None: all frames.
            size: (H, W) in pixels.
            roles: train, query, gallery, distractor, junk or unused; none: all tracklets.
            split: which row of roles.

        Raises:
            ValueError: no such file, split or role, or a number of frames that is none.
        """
        if frames is not None and frames < 1:
            raise ValueError(f"frames: got {frames}, wanted 1 or more, or None for all")
        self.store, self.frames, self.size = TrackletStore(path), frames, size
        wanted = [_role(name) for name in roles] or list(Role)
        self.tracklets = self.store.tracklets_with(split, *wanted)  # (n,)
        self._roles = self.store.roles[split]

    def __len__(self) -> int:
        return len(self.tracklets)

    def __getitem__(self, place: int) -> Item:
        tracklet = int(self.tracklets[place])
        frames = self.store.frames_of(tracklet)
        chosen = range(len(frames)) if self.frames is None else spread_clip(len(frames), self.frames)
        images = [self._image(frames[int(t)]) for t in chosen]
        row = self.store.tracklets.iloc[tracklet]
        role = int(self._roles[tracklet])
        return Item(torch.stack(images), int(row.pid), int(row.camera), role, tracklet)

    def _image(self, frame: int) -> Tensor:
        """uint8 (3, H, W)."""
        image = torch.from_numpy(np.ascontiguousarray(self.store.read_image(frame))).permute(2, 0, 1)
        return functional.resize(image, list(self.size), antialias=True)


def _role(name: str) -> Role:
    names = [role.name.lower() for role in Role]
    if name not in names:
        raise ValueError(f"roles: got '{name}', wanted some of {', '.join(names)}")
    return Role[name.upper()]
