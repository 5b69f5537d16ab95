"""The path from the source to gold as a diagram that bends to the page's width.

An ordered list in HTML, so that it reads aloud in order and takes the page's own text
colour. It holds our words and numbers only; they are escaped all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["LAYER_COLOURS", "Stage", "flow"]

LAYER_COLOURS = {
    "source": "#7d8590",
    "bronze": "#b06f35",
    "silver": "#8593a8",
    "gold": "#c4941a",
}

_STYLE = """
<style>
.flow-box{container-type:inline-size}
.flow-box ol.flow{list-style:none;margin:0;padding:0;display:flex;align-items:stretch;gap:.25rem}
.flow-box ol.flow>li{margin:0}
.flow .stage{flex:1 1 0;min-width:0;border:1px solid var(--c);border-top-width:4px;
  border-radius:.5rem;padding:.6rem .8rem;
  background:color-mix(in srgb,var(--c) 9%,transparent)}
.flow .name{font-weight:650;display:block}
.flow .fact{display:block;font-size:1.2rem;font-weight:600;line-height:1.3;
  font-variant-numeric:tabular-nums}
.flow .more{display:block;font-size:.85rem;opacity:.85}
.flow .step{flex:0 0 6.2rem;display:flex;flex-direction:column;justify-content:center;
  text-align:center;font-size:.78rem;line-height:1.2;opacity:.85}
.flow .step i{font-style:normal;font-size:1.4rem;line-height:1}
.flow .idle{opacity:.55;border-style:dashed;border-top-style:solid}
@container (max-width:900px){
  .flow .step{flex-basis:1.4rem}
  .flow .step span{display:none}
  .flow .fact{font-size:1.05rem}
}
@container (max-width:560px){
  .flow-box ol.flow{flex-direction:column}
  .flow .step span{display:inline}
  .flow .step{flex:none;flex-direction:row;gap:.5rem;align-items:center;
    justify-content:flex-start;text-align:left;padding:.1rem 1rem}
  .flow .step i{transform:rotate(90deg)}
}
</style>
"""


@dataclass(frozen=True)
class Stage:
    """One box of the diagram, and the words on the arrow that leads to it."""

    layer: str
    name: str
    fact: str
    more: tuple[str, ...]
    step: str = ""
    idle: bool = False


def flow(stages: Sequence[Stage]) -> str:
    """Return the diagram as HTML."""
    parts = [_STYLE, '<div class="flow-box"><ol class="flow" aria-label="From source to gold">']
    for stage in stages:
        if stage.step:
            parts.append(
                f'<li class="step"><span>{escape(stage.step)}</span>'
                '<i aria-hidden="true">→</i></li>'
            )
        idle = " idle" if stage.idle else ""
        more = "".join(f'<span class="more">{escape(line)}</span>' for line in stage.more)
        parts.append(
            f'<li class="stage{idle}" style="--c:{LAYER_COLOURS[stage.layer]}">'
            f'<span class="name">{escape(stage.name)}</span>'
            f'<span class="fact">{escape(stage.fact)}</span>{more}</li>'
        )
    parts.append("</ol></div>")
    return "".join(parts)
