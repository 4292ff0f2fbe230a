from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from test_circuit_plots import marked_graph, small_graph
from test_html import EVIL, summary

from course_utils.widgets import circuit_panel

plt.switch_backend("Agg")


def test_the_panel_begins_with_the_whole_graph_in_words_and_as_a_picture():
    panel = circuit_panel(marked_graph(), labels={3: "whales"})
    assert "Replacement" in panel.html and "Completeness" in panel.html and "data:image/png" in panel.html
    assert "latent 0/17 “whales”" in panel.html  # in the sentence for those who do not see the picture
    options = [name for name, _ in panel.controls["node"].options]
    assert options[:2] == ["every edge", "answer ' ship'"] and len(options) == 7


def test_a_node_shows_what_flows_in_where_it_leads_and_its_card():
    panel = circuit_panel(marked_graph(), summaries={(0, 17): summary()})
    html = panel.set(node=3).html
    assert "Latent 17 of layer 0" in html and "whales" in html
    for said in ("+0.500", "+2.500", "+2.000", "+3.000", "agrees with an intervention"):
        assert said in html
    assert "contradicted" in panel.set(node=4).html and "-1.500" in panel.html
    error = panel.set(node=2).html
    assert "nothing that is drawn" in error and "Latent" not in error


@pytest.mark.parametrize("node", range(-1, 6))
def test_words_from_data_are_escaped(node):
    graph = replace(small_graph(), tokens=(EVIL, EVIL), question=EVIL)
    html = circuit_panel(graph, labels={3: EVIL}).set(node=node).html
    assert "<script" not in html and "&lt;script" in html
