"""What an eye sees at once in a restored band and no mean error shows: woven patterns, and seams."""

from __future__ import annotations

import numpy as np

from stcnet_lib.common.regions import region_rows

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


def border_steps(images: np.ndarray, flags: np.ndarray) -> np.ndarray:
    """How much brightness changes across the borders of replaced regions with visible ones.

    The mean absolute difference of the rows on either side, over columns, channels and borders; 0 without a
    border. Over that of the clean frames it says whether a seam shows.

    Args:
        images: uint8 (n, H, W, 3); flags: bool (n, K), regions that were replaced.

    Returns:
        (n,) grey levels.
    """
    steps, borders = np.zeros(len(images)), (flags[:, 1:] != flags[:, :-1])  # (n, K - 1)
    for k, border in enumerate(region_rows(images.shape[1])[1:-1]):
        across = np.abs(images[:, border].astype(np.float64) - images[:, border - 1]).mean(axis=(1, 2))
        steps += np.where(borders[:, k], across, 0)
    return steps / np.maximum(borders.sum(axis=1), 1)
