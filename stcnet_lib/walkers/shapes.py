"""Anti-aliased shapes, drawn for all frames of a tracklet at once.

A shape is a signed distance evaluated on the pixel grid, so its edge is smooth without supersampling and
one numpy expression draws it in every frame. Positions are in body units: 1 is the height of the person,
y runs down from the top of the head (0) to the ground (1), x from the body's axis to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[float, float, float]  # red, green, blue in [0, 1]


@dataclass(frozen=True)
class Grid:
    """Where the pixel centres of T frames lie, in body units."""

    x: np.ndarray  # (T, 1, W)
    y: np.ndarray  # (T, H, 1)
    scale: np.ndarray  # (T, 1, 1) pixels in one body unit

    @classmethod
    def of_boxes(cls, height: int, width: int, scale: np.ndarray, left: np.ndarray, top: np.ndarray) -> Grid:
        """The grid of crops in which the body's axis stands at pixel `left` and its head's top at `top`.

        Args:
            scale, left, top: (T,) pixels.
        """
        scale, left, top = (np.asarray(v, np.float32)[:, None, None] for v in (scale, left, top))
        columns = np.arange(width, dtype=np.float32)[None, None, :] + 0.5
        rows = np.arange(height, dtype=np.float32)[None, :, None] + 0.5
        return cls((columns - left) / scale, (rows - top) / scale, scale)

    def frame(self, number: int) -> Grid:
        """The grid of one frame alone (T = 1)."""
        one = slice(number, number + 1)
        return Grid(self.x[one], self.y[one], self.scale[one])


@dataclass(frozen=True)
class Patch:
    """A drawn shape within the smallest rectangle that holds it in all frames."""

    rows: slice
    columns: slice
    alpha: np.ndarray  # (T, h, w) coverage in [0, 1]
    along: np.ndarray  # (T, h, w or 1) position from the shape's start (0) to its end (1)
    across: np.ndarray  # (T, h, w) position from the left edge (-1) over the axis (0) to the right edge (1)


class Layer:
    """Premultiplied colour and coverage of what has been painted so far."""

    def __init__(self, grid: Grid) -> None:
        shape = (grid.x.shape[0], grid.y.shape[1], grid.x.shape[2])
        self.grid = grid
        self.rgb = np.zeros((3, *shape), np.float32)
        self.alpha = np.zeros(shape, np.float32)

    def paint(
        self,
        patch: Patch | None,
        colour: Colour,
        shade: np.ndarray | float = 1.0,
        second: Colour | None = None,
        mix: np.ndarray | float = 0.0,
    ) -> None:
        """Lay a shape over the layer.

        Args:
            shade: (T, h, w) brightness factor.
            second, mix: a second colour and its share (T, h, w): patterns.
        """
        if patch is None:
            return
        index = (slice(None), patch.rows, patch.columns)
        keep = 1 - patch.alpha
        lit = patch.alpha * shade
        for channel in range(3):
            value = colour[channel]
            if second is not None:
                value = value + mix * (second[channel] - value)
            plane = self.rgb[channel][index]
            plane *= keep
            plane += lit * value
        alpha = self.alpha[index]
        alpha *= keep
        alpha += patch.alpha


def capsule(grid: Grid, start: np.ndarray, end: np.ndarray, first: float, last: float) -> Patch | None:
    """A limb: the points around a segment, the radius running from `first` to `last`.

    Args:
        start, end: (T, 2) or (2,) x and y.
    """
    start, end = _points(grid, start), _points(grid, end)
    window = _window(grid, np.concatenate([start, end]), np.concatenate([start, end]), max(first, last))
    if window is None:
        return None
    rows, columns = window
    x = grid.x[:, :, columns] - start[:, 0, None, None]
    y = grid.y[:, rows] - start[:, 1, None, None]
    axis = (end - start)[:, :, None, None]
    length = np.maximum(np.hypot(axis[:, 0], axis[:, 1]), 1e-4)
    ux, uy = axis[:, 0] / length, axis[:, 1] / length
    along = np.clip((x * ux + y * uy) / length, 0, 1)
    across = x * uy - y * ux  # positive to the right of a limb that hangs down
    radius = first + along * (last - first)
    off = x * ux + y * uy - along * length  # beyond the ends
    distance = np.sqrt(across * across + off * off) - radius
    alpha = np.clip(0.5 - distance * grid.scale, 0, 1)
    return Patch(rows, columns, alpha, along, np.clip(across / radius, -1, 1))


def ellipse(grid: Grid, centre: np.ndarray, rx: float, ry: float) -> Patch | None:
    """An upright ellipse; `along` runs from its top to its bottom."""
    centre = _points(grid, centre)
    window = _window(grid, centre, centre, max(rx, ry))
    if window is None:
        return None
    rows, columns = window
    u = (grid.x[:, :, columns] - centre[:, 0, None, None]) / rx
    v = (grid.y[:, rows] - centre[:, 1, None, None]) / ry
    radius = np.sqrt(u * u + v * v)
    alpha = np.clip(0.5 + (1 - radius) * min(rx, ry) * grid.scale, 0, 1)
    return Patch(rows, columns, alpha, (v + 1) / 2, np.clip(u, -1, 1) + 0 * v)


def box(
    grid: Grid, centre: np.ndarray, half_width: float, half_height: float, corner: float = 0.0
) -> Patch | None:
    """An upright rectangle with rounded corners; `along` runs from its top to its bottom."""
    centre, reach = _points(grid, centre), np.float32([half_width, half_height])
    window = _window(grid, centre - reach, centre + reach, 2 / grid.scale.min())
    if window is None:
        return None
    rows, columns = window
    x = grid.x[:, :, columns] - centre[:, 0, None, None]
    y = grid.y[:, rows] - centre[:, 1, None, None]
    dx = np.abs(x) - (half_width - corner)
    dy = np.abs(y) - (half_height - corner)
    outside = np.sqrt(np.maximum(dx, 0) ** 2 + np.maximum(dy, 0) ** 2)
    distance = outside + np.minimum(np.maximum(dx, dy), 0) - corner
    alpha = np.clip(0.5 - distance * grid.scale, 0, 1)
    along = (y / half_height + 1) / 2
    return Patch(rows, columns, alpha, along, np.clip(x / half_width, -1, 1) + 0 * y)


def column(
    grid: Grid, top: np.ndarray, bottom: np.ndarray, profile: np.ndarray, widen: np.ndarray | float = 0.0
) -> Patch | None:
    """An upright body of varying width: torso, skirt, hair, trunk.

    Args:
        top, bottom: (T, 2) ends of the axis.
        profile: (P, 2) rows of (position along the axis in [0, 1], half width).
        widen: (T,) added to the half width at the lower end, growing from nothing at the upper.
    """
    top, bottom = _points(grid, top), _points(grid, bottom)
    widest = float(profile[:, 1].max() + np.max(widen))
    window = _window(grid, np.concatenate([top, bottom]), np.concatenate([top, bottom]), widest)
    if window is None:
        return None
    rows, columns = window
    y = grid.y[:, rows]  # (T, h, 1)
    length = np.maximum(bottom[:, 1] - top[:, 1], 1e-4)[:, None, None]
    along = (y - top[:, 1, None, None]) / length
    inside = np.clip(along, 0, 1)
    axis = top[:, 0, None, None] + inside * (bottom[:, 0] - top[:, 0])[:, None, None]
    half = np.interp(inside, profile[:, 0], profile[:, 1]).astype(np.float32)
    half = half + inside * np.asarray(widen, np.float32).reshape(-1, 1, 1)
    x = grid.x[:, :, columns] - axis
    edge = np.clip(0.5 + (half - np.abs(x)) * grid.scale, 0, 1)
    ends = np.clip(0.5 + along * length * grid.scale, 0, 1)
    ends = ends * np.clip(0.5 + (1 - along) * length * grid.scale, 0, 1)
    across = np.clip(x / np.maximum(half, 1e-3), -1, 1)
    return Patch(rows, columns, edge * ends, inside, across)


def polygon(grid: Grid, corners: list[tuple[float, float]]) -> Patch | None:
    """A convex polygon, corners clockwise as seen on the screen."""
    points = np.asarray(corners, np.float32)
    low, high = points.min(0), points.max(0)
    window = _window(grid, low[None], high[None], 2 / grid.scale.min())
    if window is None:
        return None
    rows, columns = window
    x, y = grid.x[:, :, columns], grid.y[:, rows]
    distance = None
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = float(np.hypot(bx - ax, by - ay))
        edge = ((x - ax) * (by - ay) - (y - ay) * (bx - ax)) / length
        distance = edge if distance is None else np.maximum(distance, edge)
    alpha = np.clip(0.5 - distance * grid.scale, 0, 1)
    middle, half = (low + high) / 2, (high - low) / 2
    across = np.clip((x - middle[0]) / half[0], -1, 1) + 0 * y
    return Patch(rows, columns, alpha, (y - low[1]) / (high[1] - low[1]), across)


def stripes(position: np.ndarray, period: float, sharpness: float, duty: float = 0.5) -> np.ndarray:
    """1 on a share `duty` of every period of `position`, 0 between, with soft edges."""
    wave = np.abs(((position / period) % 1) - 0.5) * 2  # 1 at the borders of a period, 0 in its middle
    return np.clip(0.5 + (duty - wave) * sharpness, 0, 1)


def _points(grid: Grid, points: np.ndarray) -> np.ndarray:
    """(T, 2) float32."""
    return np.broadcast_to(np.asarray(points, np.float32), (grid.x.shape[0], 2))


def _window(grid: Grid, low: np.ndarray, high: np.ndarray, margin: float) -> tuple[slice, slice] | None:
    """The rows and columns that hold the points `low` to `high` and `margin` around them in all frames."""
    margin = float(margin + 1.5 / grid.scale.min())
    inside = []
    for coordinate, axis in ((grid.y[:, :, 0], 1), (grid.x[:, 0, :], 0)):
        hit = (coordinate >= low[:, axis].min() - margin) & (coordinate <= high[:, axis].max() + margin)
        found = np.flatnonzero(hit.any(0))
        if not len(found):
            return None
        inside.append(slice(int(found[0]), int(found[-1]) + 1))
    return inside[0], inside[1]
