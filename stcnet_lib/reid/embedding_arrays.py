"""Embeddings as `.npz`, NumPy's archive of arrays, from and for other programs.

| key | |
|---|---|
| features | float (N, D), one row a tracklet, of any length but 0: they are L2-normalised when read |
| pid, camera | whole numbers (N,) |
| role | (N,), query, gallery, distractor or junk, or the numbers of these (2, 3, 4, 5) |
| tracklet | optional whole numbers (N,) of the tracklets; by default the rows |
| name | optional texts (N,), of the tracklets in their source; only written |
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stcnet_lib.common.files import replacing
from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.reid.embeddings import Embeddings

_NEEDED = ("features", "pid", "camera", "role")
_ROLES = (Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK)


def read_embeddings(path: Path) -> Embeddings:
    """Embeddings of `embeddings.h5`, or of an `.npz` as above.

    Raises:
        ValueError: a file of another form, arrays that are absent or do not fit, a feature of length 0.
    """
    if not path.is_file():
        raise ValueError(f"{path}: got no such file, wanted embeddings (.h5 or .npz)")
    return _read_arrays(path) if path.suffix.lower() == ".npz" else Embeddings.read(path)


def write_arrays(path: Path, embeddings: Embeddings, names: Sequence[str] | None = None) -> None:
    """Write an `.npz` as above, its roles as words.

    Args:
        names: of the N tracklets.
    """
    roles = np.array([Role(role).name.lower() for role in embeddings.role.tolist()])
    arrays = vars(embeddings) | {"role": roles}
    if names is not None:
        arrays["name"] = np.array(names)
    with replacing(path) as partial, open(partial, "wb") as file:
        np.savez(file, **arrays)


def _read_arrays(path: Path) -> Embeddings:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: not readable as an archive of arrays ({error})") from None
    if missing := [name for name in _NEEDED if name not in arrays]:
        raise ValueError(f"{path}: got no {', '.join(missing)}, wanted the arrays {', '.join(_NEEDED)}")
    features = np.asarray(arrays["features"])
    rows = len(features)
    if features.ndim != 2 or any(arrays[name].shape != (rows,) for name in _NEEDED[1:]):
        shapes = ", ".join(f"{name} {arrays[name].shape}" for name in _NEEDED)
        raise ValueError(f"{path}: got {shapes}, wanted features (N, D) and the others (N,)")
    numbers = [_whole(path, name, arrays[name]) for name in ("pid", "camera")]
    tracklet = _whole(path, "tracklet", arrays.get("tracklet", np.arange(rows)))
    return Embeddings(_unit(path, features), tracklet, *numbers, _roles(path, arrays["role"]))


def _unit(path: Path, features: np.ndarray) -> np.ndarray:
    """float32 rows of length 1."""
    features = features.astype(np.float32)
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(norms[:, 0]) & (norms[:, 0] > 0)))
    if len(bad):
        length = f"{norms[bad[0], 0]:g}"
        raise ValueError(f"{path}: features: got length {length} in row {bad[0]}, wanted more than 0")
    return features / norms


def _whole(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "iu":
        raise ValueError(f"{path}: {name}: got values of type {values.dtype}, wanted whole numbers")
    return values


def _roles(path: Path, values: np.ndarray) -> np.ndarray:
    """int8 (N,) of words or numbers."""
    words = {role.name.lower(): int(role) for role in _ROLES} | {str(int(role)): int(role) for role in _ROLES}
    found = [words.get(str(value).lower()) for value in values.tolist()]
    if None in found:
        raise ValueError(
            f"{path}: role: got '{values[found.index(None)]}', wanted query, gallery, distractor or junk"
        )
    return np.array(found, np.int8)
