"""How sharp a restored hole is: its high frequencies, as a share of those of the clean frame.

PSNR rewards blur. The mean of eight frames of a walking person has fewer squared errors than any one of them
and shows nobody; what it lacks are edges. Their energy is that of the Laplacian (four neighbours) on grey
values, over pixels whose neighbours lie in the hole as well, so that no border between old and new counts.
"""

from __future__ import annotations

import numpy as np

_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def interior(mask: np.ndarray) -> np.ndarray:
    """Pixels of a mask (n, H, W) whose four neighbours belong to it; none at the border of the image."""
    inner = np.zeros_like(mask)
    inner[:, 1:-1, 1:-1] = (
        mask[:, 1:-1, 1:-1] & mask[:, :-2, 1:-1] & mask[:, 2:, 1:-1] & mask[:, 1:-1, :-2] & mask[:, 1:-1, 2:]
    )
    return inner


def high_frequency_energy(images: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Sum of squared Laplacians over the interior of a mask: uint8 (n, H, W, 3), bool (n, H, W) -> (n,)."""
    grey = images @ _GREY  # (n, H, W) float64
    laplacian = np.zeros_like(grey)
    laplacian[:, 1:-1, 1:-1] = (
        4 * grey[:, 1:-1, 1:-1]
        - grey[:, :-2, 1:-1]
        - grey[:, 2:, 1:-1]
        - grey[:, 1:-1, :-2]
        - grey[:, 1:-1, 2:]
    )
    return (laplacian**2 * interior(mask)).sum(axis=(1, 2))
