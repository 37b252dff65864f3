"""The rooms of `stcnet_lib`: imports go down, so that an edit reruns what builds on it and nothing else."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
# From the ground up. A room may import from itself and from those before it.
ROOMS = (
    "config",
    "common",
    "data/store",
    "data/truth",
    "data/clips",
    "data/source",
    "data/export",
    "walkers",
    "data/planting",
    "reid",
    "localisation",
    "completion",
    "evaluation",
    "report",
    "trained",
    "api",
    "cli",
    "__main__",
)


def modules():
    """Dotted names of the library's files; a package by its name."""
    found = {}
    for path in sorted((ROOT / "stcnet_lib").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imports(path, known, loaded=False):
    """Modules of ours that a file imports; with `loaded` only what is imported while the file is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if loaded else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield from (name for name in (full, node.module) if name in known)


def room(module):
    path = module.removeprefix("stcnet_lib").removeprefix(".").replace(".", "/")
    return next((name for name in ROOMS if path == name or path.startswith(f"{name}/")), None)


def test_every_file_is_in_a_room():
    outside = {name for name in modules() if room(name) is None}
    assert outside == {"stcnet_lib", "stcnet_lib.data"}  # which say what is inside


def test_imports_go_down():
    known = modules()
    upwards = [
        (name, other)
        for name, path in known.items()
        for other in imports(path, known)
        if room(other) and room(name) and ROOMS.index(room(other)) > ROOMS.index(room(name))
    ]
    assert not upwards


def test_no_module_imports_itself_through_others():
    known = modules()
    # A package's own file says what is inside and is loaded with every module of it.
    graph = {
        name: {o for o in imports(path, known, loaded=True) if o != name and not name.startswith(f"{o}.")}
        for name, path in known.items()
    }
    TopologicalSorter(graph).prepare()
