"""Re-ID networks that state only what differs from another one: `{like: nl, head: max}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stcnet_lib.config.errors import one_of


def written_out(networks: Mapping[str, Any]) -> dict[str, Any]:
    """Parsed rows of `networks:` with all that they have from the row that `like` names.

    Rows that are no mapping stay as they are, for whoever checks them.

    Raises:
        ValueError: one line a row that is like none, or like itself through others.
    """
    problems, found = [], {}
    for name in networks:
        try:
            found[name] = _row(networks, name, ())
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    return found


def _row(networks: Mapping[str, Any], name: str, above: tuple[str, ...]) -> Any:
    row = networks[name]
    if not isinstance(row, dict) or "like" not in row:
        return row
    other, known = row["like"], set(networks) - {name, *above}
    if not isinstance(other, str) or other not in known:
        raise ValueError(f"{name}.like: got '{other}', wanted {one_of(str(other), known)}")
    base = _row(networks, other, (*above, name))
    own = {key: value for key, value in row.items() if key != "like"}
    if not isinstance(base, dict):
        return own
    # Blocks stand in the place of the other's: who names some need not take the non-local ones away as well.
    replaced = {"non_local"} if own.get("blocks") is not None else set()
    return {key: value for key, value in base.items() if key not in replaced} | own
