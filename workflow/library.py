"""Which source files a script runs: what a rule tracks, so that an edit reruns the stages it concerns.

A rule has `code(script)` among its inputs. Snakemake compares inputs by content, so a checkout or a `touch`
reruns nothing, and an edit reruns the stages whose scripts import the file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # the checkout, which need not be the working directory
PACKAGES = ("stcnet_lib", "workflow")

# Not tracked, because no edit to them changes a result beyond what is tracked already: the whole effect
# of config/ is in the canonical JSON that every rule has as a param (a changed default changes that
# JSON; rows of the tables there say what is in a file), progress.py and commands.py only parse and print, and
# this file only decides what is tracked.
UNTRACKED = (  # how their paths begin
    "stcnet_lib/config/",
    "stcnet_lib/common/commands.py",
    "stcnet_lib/common/progress.py",
    "workflow/library.py",
)


def code(script: str, modules: Iterable[str] = ()) -> list[str]:
    """The source files behind a command of `workflow/scripts`, which its rule tracks as inputs.

    Args:
        script: its name without `.py`.
        modules: files that it loads by name, because only some of its jobs need them.
    """
    path = f"workflow/scripts/{script}.py"
    others = {file for module in modules for file in (module, *imported_files(module))}
    files = [path, *sorted(others.union(imported_files(path)) - {path})]
    # Found from the working directory; within the checkout they keep the names that results were made with.
    return files if Path.cwd() == ROOT else [str(ROOT / file) for file in files]


def imported_files(script: str | Path, root: str | Path = ROOT) -> list[str]:
    """The files of our own packages that `script` imports, directly or not, without the script itself.

    Paths are sorted and relative to `root`, the repository. Imports inside functions count. A script
    that does not exist imports nothing: Snakemake reports missing inputs better than this can.
    """
    return list(_reached(str(script), Path(root).resolve()))


@cache  # plans of a thousand variants ask two thousand times
def _reached(script: str, root: Path) -> tuple[str, ...]:
    first = (root / script).resolve().relative_to(root).as_posix()
    found, waiting = {first}, [first]
    while waiting:
        new = set(_imports(root, waiting.pop())) - found
        found |= new
        waiting += new
    return tuple(sorted(found - {first}))


@cache
def _imports(root: Path, path: str) -> tuple[str, ...]:
    """Tracked files that importing `path` executes: its modules and the `__init__.py` of their packages."""
    if not (root / path).is_file():
        return ()
    tree = ast.parse((root / path).read_text(encoding="utf-8"), filename=path)
    modules = [module for node in ast.walk(tree) for module in _modules(node, path)]
    files = dict.fromkeys(file for module in modules for file in _files(root, module))
    return tuple(file for file in files if not file.startswith(UNTRACKED))


def _modules(node: ast.AST, path: str) -> Iterator[str]:
    """Dotted names that an import statement may load; `from a import b` may mean the module a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        # A relative import: one level up is the package that holds this file.
        package = Path(path).parts[: -node.level] if node.level else ()
        base = ".".join((*package, *([node.module] if node.module else [])))
        yield from (f"{base}.{alias.name}" for alias in node.names)


def _files(root: Path, module: str) -> Iterator[str]:
    """The files behind a dotted name of one of our packages: every `__init__.py` on the way, and its own."""
    parts = module.split(".")
    if parts[0] not in PACKAGES:
        return
    for end in range(1, len(parts) + 1):
        stem = "/".join(parts[:end])
        yield from (name for name in (f"{stem}/__init__.py", f"{stem}.py") if (root / name).is_file())
