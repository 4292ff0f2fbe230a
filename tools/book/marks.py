"""What the site adds to Sphinx: formulas as MathML, terms that lead to the glossary, references that lead to the papers.

A term is linked where a page first uses it in running text, with its definition as the tooltip.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util import logging

from course_utils.desk import latex_html

GLOSSARY = "docs/glossary"
LIVE = "_live"
"""Where pages.py puts the script and the style sheets of explorers and quizzes, and of figures."""

TERM = re.compile(r"- \*\*(.+?)\*\* \([^)]*\): (.+)")
ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")
PAPERS = tomllib.loads(Path(__file__).with_name("papers.toml").read_text(encoding="utf-8"))
WITHIN = (nodes.title, nodes.reference, nodes.literal, nodes.math, nodes.raw, nodes.literal_block)
"""Where no link is put."""

log = logging.getLogger(__name__)


def visit_math(self: Any, node: nodes.math) -> None:
    self.body.append(typeset(f"${node.astext()}$"))
    raise nodes.SkipNode


def visit_math_block(self: Any, node: nodes.math_block) -> None:
    text = node.astext()
    apart = text if text.startswith("\\begin") else f"$${text}$$"
    self.body.append(f'<div class="formula">{typeset(apart)}</div>')
    raise nodes.SkipNode


def typeset(latex: str) -> str:
    """A formula as MathML; one that cannot be read is a warning, and `course.py book` ends with it."""
    return latex_html(latex, log.warning)


def terms(glossary: str) -> dict[str, str]:
    """The glossary's terms as they are written there, each with its definition."""
    return {term: re.sub(r"[*`]", "", said) for term, said in TERM.findall(glossary)}


def address(term: str) -> str:
    """Of a term on the glossary's page."""
    return "term-" + re.sub(r"\W+", "-", term.casefold()).strip("-")


def mark(app: Any, doctree: nodes.document) -> None:
    """Put in the links of one page."""
    page = app.env.current_document.docname
    if page == GLOSSARY:
        for item in doctree.findall(nodes.list_item):
            for strong in item.findall(nodes.strong):
                item["ids"].append(address(strong.astext()))
                break
    elif page.startswith(("notebooks/", "docs/")):
        glossary = terms((Path(app.srcdir) / f"{GLOSSARY}.md").read_text(encoding="utf-8"))
        link_terms(doctree, glossary, "../" * page.count("/") + f"{GLOSSARY}.html")
    link_papers(doctree)


def running_text(doctree: nodes.document) -> list[nodes.Text]:
    """The pieces of text in which a link may stand."""
    return [
        text
        for paragraph in doctree.findall(nodes.paragraph)
        for text in paragraph.findall(nodes.Text)
        if not any(isinstance(above, WITHIN) for above in ancestors(text))
    ]


def ancestors(node: nodes.Node) -> list[nodes.Node]:
    """All that a node stands in."""
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def link_terms(doctree: nodes.document, glossary: dict[str, str], page: str) -> None:
    """Each term once, where it stands first; of two that begin alike the longer one."""
    left = dict(glossary)
    for text in running_text(doctree):
        if not left:
            return
        words = "|".join(re.escape(term) for term in sorted(left, key=len, reverse=True))
        pieces, at = [], 0
        for found in re.finditer(rf"(?<![\w-])({words})(?:s|es)?(?![\w-])", str(text)):
            if found[1] in left:
                pieces += [nodes.Text(text[at : found.start()]), term_link(found, left.pop(found[1]), page)]
                at = found.end()
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(text[at:])])


def term_link(found: re.Match[str], said: str, page: str) -> nodes.reference:
    """A link to the glossary."""
    attributes = {"refuri": f"{page}#{address(found[1])}", "reftitle": said, "classes": ["term"]}
    return nodes.reference("", found[0], internal=True, **attributes)


def link_papers(doctree: nodes.document) -> None:
    """Numbers of arXiv, and the titles that papers.toml has an address for."""
    for text in running_text(doctree):
        found = list(ARXIV.finditer(str(text)))
        title = isinstance(text.parent, nodes.emphasis) and PAPERS.get(" ".join(text.split()))
        if title:
            text.parent.replace(text, nodes.reference("", text, refuri=title))
        elif found:
            pieces, at = [], 0
            for each in found:
                link = nodes.reference("", each[0], refuri=f"https://arxiv.org/abs/{each[1]}")
                pieces += [nodes.Text(text[at : each.start()]), link]
                at = each.end()
            text.parent.replace(text, [*pieces, nodes.Text(text[at:])])


def link_pictures(app: Any, doctree: nodes.document, page: str) -> None:
    """A picture leads to its file, which a browser shows in full size."""
    for image in list(doctree.findall(nodes.image)):
        if image["uri"] in app.env.images and not isinstance(image.parent, nodes.reference):
            file = "../" * page.count("/") + f"{app.builder.imagedir}/{app.env.images[image['uri']][1]}"
            image.replace_self(nodes.reference("", "", image.deepcopy(), refuri=file, classes=["picture"]))


def bring_scripts(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """What explorers and quizzes need, to the pages that have some."""
    if doctree is not None and any("course-live" in raw.astext() for raw in doctree.findall(nodes.raw)):
        app.add_css_file("live.css")
        app.add_js_file("live.js", loading_method="defer")


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.config.html_static_path.append(str(Path(app.srcdir) / LIVE))
    app.add_css_file("figures.css")
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("doctree-read", mark)
    app.connect("doctree-resolved", link_pictures)
    app.connect("html-page-context", bring_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
