"""Which file imports which, read from the sources without running them.

A part is a file that lies directly in a room (`bridge.sample`), or a folder there with all below it
(`service.engine`); `doors` are a part of their own, since they lie above what they open to. Imports
for type checkers alone are none.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("rialto", "service", "export", "bridge")

Graph = dict[str, set[str]]


def files(root: Path = ROOT) -> dict[str, Path]:
    """Every file of the rooms by its module's name."""
    found = {}
    for file in (path for room in ROOMS for path in sorted((root / room).rglob("*.py"))):
        name = ".".join(file.relative_to(root).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = file
    return found


def module_graph(known: Mapping[str, Path]) -> Graph:
    """The modules that each module imports, itself left out."""
    return {name: _imported(file, known) - {name} for name, file in known.items()}


def part_graph(known: Mapping[str, Path]) -> Graph:
    """The parts that each part imports, itself left out."""
    parts: Graph = {}
    for name, imported in module_graph(known).items():
        if "." in name:  # a room's own file says what it is for and imports nothing
            part = part_of(name)
            others = {part_of(other) for other in imported if "." in other}
            parts.setdefault(part, set()).update(others - {part})
    return parts


def part_of(name: str) -> str:
    """The part that a module belongs to."""
    room, part, *below = name.split(".")
    return ".".join([room, part, *(below[:1] if below[:1] == ["doors"] else [])])


def circle(graph: Graph) -> list[str]:
    """One way round by which something imports itself; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def reduced(graph: Graph) -> Graph:
    """Without the imports that a longer way makes plain: of a → b → c and a → c, the last."""
    below = {name: _reach(graph, imported) for name, imported in graph.items()}
    return {
        name: {
            one for one in imported if not any(one in below[other] for other in imported - {one})
        }
        for name, imported in graph.items()
    }


def _reach(graph: Graph, begin: Iterable[str]) -> set[str]:
    """Everything that is imported on the way down from the imports of `begin`."""
    seen: set[str] = set()
    todo = [other for one in begin for other in graph[one]]
    while todo:
        if (one := todo.pop()) not in seen:
            seen.add(one)
            todo += graph[one]
    return seen


def _imported(file: Path, known: Mapping[str, Path]) -> set[str]:
    names: set[str] = set()
    for node in _nodes(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (whole & set(known)) or {node.module}
    return names & set(known)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node below `tree` but those that only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        test = getattr(node, "test", None)
        if isinstance(node, ast.If) and isinstance(test, ast.Name) and test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _nodes(node)
