"""The sketch that figures are drawn on: the same figure as plotly makes, and checked."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from medallion.figures import sketch
from medallion.figures.sketch import Sketch, stacked
from medallion.figures.style import base_figure, plain


def drawn() -> Sketch:
    figure = base_figure(title="t", subtitle="s", x_title="x", y_title="y", alt="a", height=300)
    figure.add_scatter(x=[1, 2], y=[3.0, None], mode="markers", marker={"color": "#123456"})
    figure.add_bar(x=["a", "b"], y=np.array([1, 2]))
    figure.add_hline(y=1, line={"width": 1, "dash": "dot"})
    figure.add_vline(x=2, line={"width": 1})
    figure.add_annotation(text="words", x=1, y=2, showarrow=False)
    figure.update_xaxes(range=[0, 3])
    figure.update_layout(margin={"t": 70}, showlegend=False)
    return figure


def test_an_unchecked_figure_is_the_checked_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sketch.CHECKED, "conftest asks plotly to check what the tests draw"
    checked = drawn().figure().to_dict()
    monkeypatch.setattr(sketch, "CHECKED", False)
    unchecked = drawn().figure()
    assert isinstance(unchecked, go.Figure)
    found = unchecked.to_dict()
    # Plotly fills in its own template and moves nothing else.
    assert go.Figure(found).to_dict() == checked


@pytest.mark.parametrize(
    "wrong", [{"no_such_property": 1}, {"mode": 7}, {"marker": {"colour": "red"}}]
)
def test_what_plotly_does_not_know_fails_where_it_is_checked(wrong: dict[str, object]) -> None:
    figure = Sketch()
    figure.add_scatter(x=[1], y=[1], **wrong)
    with pytest.raises(ValueError, match=r"colour|no_such_property|mode"):
        figure.figure()


def test_lines_across_are_those_of_plotly() -> None:
    ours = Sketch()
    ours.add_hline(y=3, line={"width": 2})
    ours.add_vline(x=4, line={"width": 2})
    theirs = go.Figure()
    theirs.add_hline(y=3, line={"width": 2})
    theirs.add_vline(x=4, line={"width": 2})
    assert ours.figure().layout.shapes == theirs.layout.shapes


def test_stacked_rows_are_those_of_plotly() -> None:
    heights = (1.0, 2.0, 1.5)
    theirs = make_subplots(
        rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=list(heights)
    )
    ours = stacked(heights, 0.05)
    for row in (1, 2, 3):
        theirs.add_scatter(x=[1], y=[row], row=row, col=1)
        ours.add_scatter(x=[1], y=[row], row=row)
    ours.update_yaxes(title={"text": "second"}, row=2)
    theirs.update_yaxes(title_text="second", row=2, col=1)
    ours.update_xaxes(zeroline=False)
    theirs.update_xaxes(zeroline=False)
    mine, other = ours.figure(), theirs
    # The first row's traces need not say that they are on the first axes.
    for figure in (mine, other):
        figure.update_layout(template=None)
    assert mine.layout == other.layout
    assert [t.yaxis or "y" for t in mine.data] == [t.yaxis for t in other.data]
    assert stacked(heights, 0.05).layout.get("yaxis2", {}).get("title") is None


def test_a_merge_leaves_the_constants_of_callers_alone() -> None:
    legend = {"x": 1}
    figure = Sketch()
    figure.update_layout(legend=legend)
    figure.update_layout(legend={"x": 0, "y": 0})
    assert legend == {"x": 1}
    assert figure.layout["legend"] == {"x": 0, "y": 0}


@pytest.mark.parametrize("text", ["GBR", "Perú", "a\tb", "a\u200bb", "<b>", "a\u2028b", "\x00"])
def test_plain_text_has_no_control_character(text: str) -> None:
    assert not any(char in plain(text) for char in "\t\x00\u200b<")
    assert plain("a\u200bb") == "a b"
