"""The repository's own source, as the house rules read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("cogniflow", "dash_apps", "bench", "tests", "sql/migrations/env.py", "wsgi.py")


def python_files(*places: str) -> list[Path]:
    """Every Python file below the given places of the repository, or of all its code."""
    found: list[Path] = []
    for place in places or CODE:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return found


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public_functions(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions of a file and the methods of its classes that others may call: no underscore, not nested."""
    module = ast.parse(path.read_text("utf-8"))
    for holder in (module, *(node for node in module.body if isinstance(node, ast.ClassDef))):
        yield from (node for node in holder.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"))


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a file that is not a docstring, with its line."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.lineno, node.value
