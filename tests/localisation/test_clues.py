"""Recurrence of places, against loops."""

import numpy as np
import torch

from stcnet_lib.localisation.clues import SHARES, recurrence


def by_loops(maps: np.ndarray) -> np.ndarray:
    frames, _, height, width = maps.shape
    unit = maps / np.linalg.norm(maps, axis=1, keepdims=True)
    chosen = sorted(set(np.round(np.linspace(0, frames - 1, min(frames, 48))).astype(int)))
    result = np.full((frames, len(SHARES), height, width), -1.0)
    for t in range(frames):
        for y in range(height):
            for x in range(width):
                best = []
                for s in chosen:
                    if abs(s - t) <= min(2, frames // 6):
                        continue
                    around = [
                        float(unit[t, :, y, x] @ unit[s, :, b, a])
                        if 0 <= b < height and 0 <= a < width
                        else 0.0
                        for b in (y - 1, y, y + 1)
                        for a in (x - 1, x, x + 1)
                    ]
                    best.append(max(around))
                best.sort(reverse=True)
                for i, share in enumerate(SHARES):
                    if best:
                        result[t, i, y, x] = best[min(int(np.float32(share) * len(best)), len(best) - 1)]
    return result


def test_against_loops():
    rng = np.random.default_rng(0)
    for frames in (1, 2, 7, 15):
        maps = rng.normal(size=(frames, 5, 4, 3))
        found = recurrence(torch.from_numpy(maps)).numpy()
        np.testing.assert_allclose(found, by_loops(maps), atol=1e-9)


def test_what_passes_recurs_less_than_what_stays():
    rng = np.random.default_rng(1)
    usual = rng.normal(size=(6, 8, 4))
    maps = usual + 0.3 * rng.normal(size=(20, 6, 8, 4))
    maps[8:11, :, 3:6] = rng.normal(size=(6, 3, 4))  # the same for three frames
    found = recurrence(torch.from_numpy(maps)).numpy()[:, 2]
    assert found[8:11, 3:6].mean() < found[:8, 3:6].mean() - 0.2
    assert found[8:11, :2].mean() > 0.7


def test_a_shift_of_one_place_costs_nothing():
    rng = np.random.default_rng(2)
    still = rng.normal(size=(5, 8, 6))
    maps = np.stack([np.roll(still, t % 2, axis=1) for t in range(12)])
    inside = recurrence(torch.from_numpy(maps)).numpy()[:, :, 2:-2, 1:-1]
    np.testing.assert_allclose(inside, 1, atol=1e-9)
