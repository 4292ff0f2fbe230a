"""What needs a script or a network leaves a line on the page, and a word for who makes it."""

import base64

import pytest
from bs4 import BeautifulSoup
from nbformat import v4

from course_utils.desk.inert_html import inert
from course_utils.desk.still_cells import make_still

PNG = base64.b64encode(b"\x89PNG picture").decode()
PLOTLY = '<div id="f" class="plotly-graph-div"></div><script>Plotly.newPlot("f")</script>'
LINE = "An interactive output is left out: it needs a script."


@pytest.fixture
def shown(tmp_path):
    """(what an output is shown as, what was told), or the same of a Markdown cell."""

    def make(data, attachments=None):
        told = []
        if isinstance(data, str):
            cell = v4.new_markdown_cell(data, attachments=attachments or {})
        else:
            cell = v4.new_code_cell("f", outputs=[v4.new_output("display_data", data)])
        make_still([cell], tmp_path, told.append)
        return (cell.source if isinstance(data, str) else cell.outputs[0].data), told

    return make


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": PLOTLY},
        {"application/vnd.plotly.v1+json": {}, "text/html": PLOTLY},
        {"application/vnd.plotly.v1+json": {}, "text/plain": "Figure({})"},
        {"application/vnd.vegalite.v5+json": {}, "text/plain": "<VegaLite 5 object>"},
        {"application/javascript": "draw()", "text/plain": "<IPython.core.display.Javascript object>"},
    ],
)
def test_what_a_script_draws_leaves_a_line(shown, data):
    bundle, told = shown(data)
    assert BeautifulSoup(bundle["text/html"], "html.parser").get_text() == LINE
    assert told == [f"cell 1: {LINE[:-1]}"]


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "image/jpeg"])
def test_a_picture_of_it_is_better_than_a_line(shown, kind):
    assert shown({"text/html": PLOTLY, kind: PNG}) == ({kind: PNG}, [])


def test_what_is_beside_the_script_stays(shown):
    bundle, told = shown({"text/html": f"<table><tr><td>0.5</td></tr></table>{PLOTLY}"})
    assert BeautifulSoup(bundle["text/html"], "html.parser").get_text() == f"0.5{LINE}" and told


def test_a_view_of_ours_keeps_its_first_picture(shown):
    view = {"application/vnd.jupyter.widget-view+json": {}, "text/html": "<b>view</b>", "text/plain": "Panel"}
    assert shown(view) == ({"text/html": "<b>view</b>"}, [])


def test_what_colab_adds_to_a_value_is_nothing_to_warn_of(shown):
    value = {"application/vnd.google.colaboratory.intrinsic+json": {}, "text/plain": "'a'"}
    assert shown(value) == ({"text/plain": "'a'"}, [])


def test_a_frame_leaves_its_address(shown):
    bundle, told = shown({"text/html": '<iframe src="https://example.org/v" width=9></iframe>'})
    soup = BeautifulSoup(bundle["text/html"], "html.parser")
    assert soup.get_text() == "A frame is left out: https://example.org/v" and not soup.find("iframe")
    assert told == ["cell 1: A frame is left out: https://example.org/v"]
    assert "A frame is left out." in shown('text\n\n<iframe srcdoc="<p>map</p>"></iframe>')[0]


def test_a_kind_that_nobody_can_show_leaves_a_line(shown):
    bundle, told = shown({"application/pdf": "JVBERi0="})
    assert "An output is left out: application/pdf." in bundle["text/html"] and told
    assert shown({}) == ({}, [])


def test_animations_are_pictures_too(shown):
    assert (
        f"data:image/gif;base64,{PNG}" in shown({"image/gif": PNG, "text/plain": "<Image>"})[0]["text/html"]
    )


def test_pictures_beside_the_notebook_are_put_in(shown, tmp_path):
    (tmp_path / "my plot.png").write_bytes(b"\x89PNG picture")
    for source in ("![a](my%20plot.png)", '<div><img src="my plot.png"></div>'):
        html, told = shown(source)
        assert f'src="data:image/png;base64,{PNG}"' in html and told == []


@pytest.mark.parametrize(
    "address", ["nowhere.png", "../secret.png", ".", "https://example.org/a.png", "x" * 5000]
)
def test_other_pictures_leave_a_line(shown, tmp_path, address):
    (tmp_path.parent / "secret.png").write_bytes(b"\x89PNG secret")
    html, told = shown(f"![a]({address})")
    assert "A picture is left out" in html and "<img" not in html and len(told) == 1


def test_attachments_are_put_in_and_a_missing_one_leaves_a_line(shown):
    attached = {"my image.png": {"image/png": PNG}}
    html, told = shown("![a](attachment:my%20image.png) ![b](attachment:gone.png)", attached)
    assert PNG in html and "A picture is left out: attachment:gone.png" in html and len(told) == 1


@pytest.mark.parametrize(
    "html",
    [
        '<img src="x.png" onerror="a()">',
        '<a href="java\nscript:a()">x</a>',
        '<b onclick="a()">x</b>',
        '<svg><image href="https://example.org/a.png"/></svg>',
        '<div style="background:url(https://example.org/a.png)">x</div>',
        '<style>@import "https://example.org/a.css"; p {background: url(//example.org/a)}</style>',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        '<video poster="https://example.org/a.png" src="data:video/mp4;base64,AA=="></video>',
        '<meta http-equiv="refresh" content="0;url=https://example.org">',
        '<form action="https://example.org"><button formaction="javascript:a()">x</button></form>',
        '<object data="https://example.org/a.swf"><embed src="https://example.org/b.swf"></object>',
    ],
)
def test_nothing_is_run_and_nothing_is_loaded(html):
    soup = BeautifulSoup(inert(html, lambda address: None, lambda sentence: None), "html.parser")
    for tag in soup.find_all(True):
        assert tag.name not in {"link", "meta", "object", "embed", "script", "iframe"}
        for name, value in tag.attrs.items():
            assert not name.startswith("on") and "script:" not in "".join(str(value).split())
            assert tag.name == "a" or "example.org" not in str(value)
    assert "example.org" not in "".join(style.get_text() for style in soup.find_all("style"))


def test_an_output_cannot_close_the_page(shown):
    assert shown({"text/html": "</div></div></main></body>after"})[0]["text/html"] == "after"


def test_a_text_that_the_parser_cannot_read_is_shown_as_it_was_written(shown, monkeypatch):
    monkeypatch.setattr("course_utils.desk.still_cells.markdown_html", lambda *_: 1 / 0)
    assert shown("a < b") == (
        "<pre>a &lt; b</pre>",
        ["cell 1: The text is shown as it was written: ZeroDivisionError"],
    )
