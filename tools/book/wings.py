"""A page for each wing, from its face and its docstrings: the code is read and not imported.

A docstring is Markdown but for its sections, which become lists; a name in it that is on a face becomes a link.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from textwrap import dedent

SECTION = re.compile(r"^(Args|Attributes|Examples|Raises|Returns|Yields):(?:[ \t]*\n|[ \t]+)", re.MULTILINE)
TITLES = {"Args": "Arguments"}
CODE = re.compile(r"(``.+?``|`[^`\n]+`|^(?: {4}.*\n?)+)", re.MULTILINE)
NAME = re.compile(r"`(\w+)`")
ENTRY = re.compile(r"^(?=\S)", re.MULTILINE)


def with_face(floors: list[dict[str, str]], root: Path) -> dict[str, str]:
    """The wings that make something public, lowest first, and what is in them."""
    faces = {face.parent.name for face in (root / "course_utils").glob("*/__init__.pyi")}
    return {wing: what for floor in floors for wing, what in floor.items() if wing in faces}


def overview(wings: dict[str, str]) -> str:
    """The page that leads to all others."""
    said = "Behind the notebooks stands a package, one part for each thing that a reader looks for."
    lines = [f"- [`{wing}`]({wing}.md): {what}" for wing, what in wings.items()]
    return "\n".join(["# The package `course_utils`", "", said, "", *lines, ""])


def wing_page(wing: str, root: Path) -> str:
    """All that a wing makes public, in the order of its face, with signatures and docstrings."""
    folder = root / "course_utils" / wing
    about = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    parts = [f"# course_utils.{wing}", prose(about, root)]
    for name in exported(wing, root):
        parts.append(described(name, *found(name, wing, root), wing, root))
    return "\n\n".join(parts) + "\n"


@cache
def exported(wing: str, root: Path) -> dict[str, Path]:
    """The public names of a wing, each with the file that it comes from."""
    face = root / "course_utils" / wing / "__init__.pyi"
    tree = ast.parse(face.read_text(encoding="utf-8"))
    return {
        alias.name: face.with_name(f"{node.module}.py")
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@cache
def homes(root: Path) -> dict[str, str]:
    """Public name → its wing."""
    faces = sorted((root / "course_utils").glob("*/__init__.pyi"))
    return {name: face.parent.name for face in faces for name in exported(face.parent.name, root)}


def found(name: str, wing: str, root: Path) -> tuple[ast.stmt, str]:
    """The statement that defines a public name, and its docstring.

    Raises:
        LookupError: if its file does not define it.
    """
    body = ast.parse(exported(wing, root)[name].read_text(encoding="utf-8")).body
    for statement, after in zip(body, [*body[1:], None], strict=True):
        match statement:
            case ast.FunctionDef(name=n) | ast.ClassDef(name=n) if n == name:
                return statement, ast.get_docstring(statement) or ""
            case ast.Assign() | ast.AnnAssign() if name in _assigned(statement):
                return statement, _text_below(after)
    raise LookupError(f"{exported(wing, root)[name]} does not define {name}")


def _assigned(statement: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _text_below(after: ast.stmt | None) -> str:
    match after:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return dedent(text).strip()
    return ""


def described(name: str, statement: ast.stmt, text: str, wing: str, root: Path) -> str:
    """A public name as Sphinx takes it."""
    body = [prose(text, root)]
    match statement:
        case ast.FunctionDef():
            kind, head = "function", name + signature(statement)
        case ast.ClassDef():
            kind, head = "class", name + _made_by(statement)
            body += [
                directive("method", f"{member.name}{signature(member, bound=True)}", prose(said, root))
                for member in statement.body
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("_")
                if (said := ast.get_docstring(member))
            ]
        case ast.AnnAssign():
            kind, head = "data", f"{name}: {ast.unparse(statement.annotation)}"
        case _:
            kind, head = "data", name
    return directive(kind, head, "\n\n".join(body), module=f"course_utils.{wing}")


def directive(kind: str, head: str, body: str, module: str = "") -> str:
    """One object; fences nest by their length."""
    fence = "`" * (3 + max(map(len, re.findall(r"^`{3,}", body, re.MULTILINE)), default=2) - 2)
    option = f":module: {module}\n" if module else ""
    return f"{fence}{{py:{kind}}} {head}\n{option}\n{body}\n{fence}"


def signature(function: ast.FunctionDef, bound: bool = False) -> str:
    """Its arguments and what it returns, in one line."""
    arguments = ast.unparse(function.args)
    if bound:
        arguments = re.sub(r"^(self|cls)(, )?", "", arguments)
    return f"({arguments})" + (f" -> {ast.unparse(function.returns)}" if function.returns else "")


def _made_by(definition: ast.ClassDef) -> str:
    for member in definition.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return signature(member, bound=True).partition(" -> None")[0]
    fields = [ast.unparse(member) for member in definition.body if isinstance(member, ast.AnnAssign)]
    bases = {ast.unparse(base) for base in definition.bases}
    if "NamedTuple" in bases or any("dataclass" in ast.unparse(d) for d in definition.decorator_list):
        return f"({', '.join(field.partition(' = field(')[0] for field in fields)})"
    return ""


def prose(text: str, root: Path) -> str:
    """A docstring as Markdown."""
    first, *rest = SECTION.split(dedent(text).strip())
    parts = [marked(first.strip(), root)]
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        parts.append(f"**{TITLES.get(title, title)}**")
        parts.append(
            f"```pycon\n{dedent(body).strip()}\n```" if title == "Examples" else entries(title, body, root)
        )
    return "\n\n".join(part for part in parts if part)


def entries(title: str, body: str, root: Path) -> str:
    """A section: a list of names, or a sentence on what comes back."""
    body = dedent(body).strip()
    if title in ("Returns", "Yields"):
        return marked(re.sub(r"\n(?=\S)", " ", body), root)
    lines = []
    for entry in filter(None, ENTRY.split(body)):
        names, _, said = entry.partition(":")
        shown = ", ".join(f"`{name.strip()}`" for name in names.split(","))
        lines.append(f"- {shown}: {marked(' '.join(said.split()), root)}")
    return "\n".join(lines)


def marked(text: str, root: Path) -> str:
    """Markdown in which signs outside code stand for themselves, and public names lead to their places."""
    parts = CODE.split(text)
    for place, part in enumerate(parts):
        if place % 2 == 0:
            parts[place] = re.sub(r"([<$*\[\]|])", r"\\\1", part)
        elif (name := NAME.fullmatch(part)) and name[1] in homes(root):
            parts[place] = f"{{py:obj}}`~course_utils.{homes(root)[name[1]]}.{name[1]}`"
    return "".join(parts)
