"""What an eye sees at once in a restored band and no mean error shows: woven patterns, and seams."""

from __future__ import annotations

import numpy as np

PERIODS = (2, 4)  # pixels: the steps of a decoder
_AROUND = 0.12  # of a period's frequency: how far neighbouring frequencies reach


def pattern_energy(images: np.ndarray, period: int) -> float:
    """Energy at a period over that of the frequencies beside it, along rows or columns; 1 is no pattern.

    Args:
        images: (n, h, w), grey, of any scale; at least 8 periods wide and high.
    """
    ratios = []
    for axis in (1, 2):
        size = images.shape[axis]
        centred = images - images.mean(axis=axis, keepdims=True)
        window = np.hanning(size + 2)[1:-1]
        shape = [1, 1, 1]
        shape[axis] = size
        power = (np.abs(np.fft.rfft(centred * window.reshape(shape), axis=axis)) ** 2).mean(
            axis=tuple(i for i in range(3) if i != axis)
        )
        frequency = np.fft.rfftfreq(size)
        distance = np.abs(frequency * period - 1)
        at = distance <= 1.5 * period / size
        beside = (distance > 1.5 * period / size) & (distance <= _AROUND + 3 * period / size)
        ratios.append(float(power[at].mean() / max(power[beside].mean(), 1e-12)))
    return max(ratios)


def seam(restored: np.ndarray, clean: np.ndarray, border: int) -> float:
    """Mean step across a border of rows over that of the clean frames; 1 is as if nothing was pasted.

    Args:
        restored, clean: uint8 (n, H, W, 3); border: the first row below it.
    """
    steps = [
        np.abs(images[:, border].astype(np.float64) - images[:, border - 1]).mean()
        for images in (restored, clean)
    ]
    return float(steps[0] / max(steps[1], 1e-9))
