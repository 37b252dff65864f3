"""The section of docs/benchmarks.md that is made of what `make bench` measured.

python -m benchmarks.page results/bench.json docs/benchmarks.md
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.measuring import Row, table
from benchmarks.scaling import Curve, lines
from stcnet_lib.common.files import read_json, replacing

BEGIN, END = "<!-- made by benchmarks.page, begin -->", "<!-- made by benchmarks.page, end -->"


def section(found: dict[str, Any]) -> str:
    """Markdown of one run of `benchmarks.suite`."""
    machine = dict(found["machine"])
    processor, cores = machine.pop("processor"), machine.pop("cores")
    before, after = machine.pop("load_before"), machine.pop("load_after")
    versions = ", ".join(f"{name} {number}" for name, number in machine.items())
    rows = [Row(**{name: row[name] for name in row if name != "ratio"}) for row in found["rows"]]
    curves = [Curve.of(values) for values in found["curves"]]
    parts = [
        f"{cores} cores, {processor}; {versions}. Load before and after: {before} and {after}; "
        f"all of it took {found['seconds']:.0f} s.",
        "\n".join(table(rows)),
    ]
    if curves:
        parts.append("\n".join(lines(curves)))
    return "\n\n".join(parts)


def written(page: str, found: dict[str, Any]) -> str:
    """The page with its section renewed.

    Raises:
        ValueError: the page has no place for it.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"got a page without the lines '{BEGIN}' and '{END}', wanted both")
    return f"{before}{BEGIN}\n\n{section(found)}\n\n{END}{after}"


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("json", type=Path, help="what benchmarks.suite wrote")
    commandline.add_argument("page", type=Path, help="the page to renew")
    options = commandline.parse_args()
    try:
        text = written(options.page.read_text(encoding="utf-8"), read_json(options.json))
    except ValueError as error:
        raise SystemExit(f"error: {options.page}: {error}") from None
    with replacing(options.page) as partial:
        partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
