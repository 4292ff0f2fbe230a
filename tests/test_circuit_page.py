"""The page of a graph: everything is on it, in words as well, and nothing that comes from data is ever run."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import torch
from test_circuit_plots import marked_graph, small_graph
from test_html import EVIL, example, summary

from course_utils.circuits import Grouping, completeness, links_of, replacement
from course_utils.reading import LabelGuess
from course_utils.views import circuit_page, describe_circuit, export_circuit, latent_labels, node_name

HOSTILE = "</script><script>alert('&')</script><img src=x onerror=alert(1)>\""


class Elements(HTMLParser):
    """Every tag with its attributes; void and foreign elements included."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def with_(self, attribute):
        return [attributes for _, attributes in self.found if attribute in attributes]


def test_every_node_and_every_edge_is_in_the_picture_and_in_words():
    graph = marked_graph()
    page = circuit_page(graph, labels={3: "whales"})
    elements = Elements(page)
    options = elements.with_("data-i")
    assert [a["aria-label"].split(", ")[0] for a in options] == [
        "token “BOS” (0)", "token “sea” (1)", "error of layer 0 at “sea” (1)", "latent 0/17 “whales” at “sea” (1)",
        "latent 1/4 at “sea” (1)", "answer ' ship'",
    ]  # fmt: skip
    assert all(a["role"] == "option" for a in options) and [a["tabindex"] for a in options] == ["-1"] * 5 + [
        "0"
    ]
    drawn = {(int(a["data-s"]), int(a["data-t"]), a["class"]) for a in elements.with_("data-s")}
    assert drawn == {
        (e.source, e.target, f"edge {'raises' if e.weight > 0 else 'lowers'}") for e in links_of(graph)
    }
    assert (
        page.count("<tr>") == 1 + len(links_of(graph)) and page.count('class="cross"') == 2
    )  # one in the key
    assert page.count("<td>contradicts</td>") == 1 and page.count("<td>agrees</td>") == 3


def test_what_the_answer_is_made_of_adds_up():
    graph = small_graph()
    cut = replace(graph, edges=graph.edges * (graph.edges.abs() > 0.6))
    said = re.search(
        r"([-+.\d]+) logits: ([-+.\d]+) come .*?, ([-+.\d]+) along others, ([-+.\d]+) from biases",
        circuit_page(cut),
    )
    total, *parts = (float(number) for number in said.groups())
    assert total == 5.0 and sum(parts) == pytest.approx(total, abs=0.02) and parts[1] == 0.5


def test_scores_are_of_the_whole_graph_if_it_is_given():
    whole = small_graph()
    few = replace(whole, edges=whole.edges * (whole.edges.abs() > 1.2))
    of_whole, of_few = (f"Replacement {replacement(graph):.2f}:" for graph in (whole, few))
    assert of_whole != of_few and of_whole in circuit_page(whole) and of_few in circuit_page(few)
    page = circuit_page(few, whole=whole)
    assert of_whole in page and f"Completeness {completeness(whole):.2f}:" in page
    assert "with 6 nodes; 6 are drawn" in page


def test_a_graph_that_nobody_checked_says_nothing_of_interventions():
    page = circuit_page(small_graph())
    assert (
        "ntervention"
        not in page.replace("agrees with an intervention", "").split("<script>")[0].split("</style>")[1]
    )
    assert "made on 4 of 8 edges; 1 of them is contradicted" in circuit_page(marked_graph())


def test_a_card_is_there_once_for_each_latent():
    page = circuit_page(small_graph(), summaries={(0, 17): summary(), (3, 9): summary(latent=9)})
    assert page.count("data-of=") == 1 and "Latent 17 of layer 0" in page and 'data-card="0/17"' in page
    assert latent_labels(small_graph(), {(0, 17): summary()}) == {3: "whales"}
    assert latent_labels(small_graph(), {(0, 17): summary(label=None)}) == {3: "sea"}


def test_nothing_is_fetched_and_nothing_from_data_is_run(tmp_path):
    graph = replace(marked_graph(), tokens=("<|endoftext|>", HOSTILE), question=HOSTILE)
    evil = summary(label=LabelGuess(EVIL, 0.9), top=(example(HOSTILE),), promoted=((HOSTILE, 1.0),))
    path = tmp_path / "circuit.html"
    export_circuit(
        graph, path, title=HOSTILE, labels={3: HOSTILE}, summaries={(0, 17): evil},
        grouping=Grouping(pinned=(3,), groups=((HOSTILE, (3,)),)),
    )  # fmt: skip
    html = path.read_text(encoding="utf-8")
    elements = Elements(html)
    assert [tag for tag, _ in elements.found].count("script") == 1
    assert not any(tag in ("img", "link", "iframe") for tag, _ in elements.found)
    assert not any(name.startswith("on") for _, attributes in elements.found for name in attributes)
    assert not any({"src", "href", "xlink:href"} & set(attributes) for _, attributes in elements.found)
    outside = html.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|url\((?!#hatch)", outside)
    assert "default-src 'none'" in html
    (main,) = elements.with_("data-grouping")
    assert json.loads(main["data-grouping"]) == {"pinned": [3], "groups": [[HOSTILE, [3]]]}


def test_the_script_stands_alone():
    """Only what comes from the template is between its tags: two graphs have the same script."""
    one, other = (
        re.search(r"<script>(.*)</script>", circuit_page(g)).group(1)
        for g in (small_graph(), replace(small_graph(), question=HOSTILE))
    )
    assert one == other and "innerHTML" not in one and "//" not in one.replace("http://www.w3.org", "")


def test_what_a_graph_looks_like_in_one_sentence():
    said = describe_circuit(small_graph(), {3: "whales"}, n_edges=1)
    assert said == (
        "Attribution graph of ' ship': 2 tokens, 2 latents, 1 error, 8 edges. Most passes along "
        "token “sea” (1) → latent 0/17 “whales” at “sea” (1) (+2.50)."
    )


def test_a_graph_from_elsewhere_has_a_page_too():
    """What its file did not say is not said, and never shown as nan."""
    unknown = torch.full((3,), torch.nan)
    nodes = tuple(node._replace(value=float("nan")) for node in small_graph().nodes)
    page = circuit_page(replace(small_graph(), nodes=nodes, sums=unknown, constants=unknown))
    assert (
        "nan" not in page.split("</style>")[1].split("<script>")[0].lower().replace("explan", "")
        and "from biases" not in page
    )


def test_labels_and_groups_are_of_nodes_that_there_are():
    with pytest.raises(ValueError, match="no node 6"):
        circuit_page(small_graph(), labels={6: "x"})
    with pytest.raises(ValueError, match="no node 9"):
        circuit_page(small_graph(), grouping=Grouping(pinned=(9,)))
    assert node_name(small_graph(), 0) == "token “BOS” (0)"
