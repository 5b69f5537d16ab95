"""The buttons above each chart: its picture as PNG and as SVG.

Plotly's toolbar has one camera, which saves in one format. A second button is put beside
it, of the same kind, that has the camera save SVG.
"""

from __future__ import annotations

import streamlit as st

__all__ = ["two_cameras"]

_HOOK = """<script>
if (!window.medallionCameras) {
  window.medallionCameras = true;
  const PNG = "Save as PNG, three times as fine as on the screen";
  const SVG = "Save as SVG, to edit";
  const add = camera => {
    const plot = camera.closest(".js-plotly-plot");
    if (!plot || camera.nextElementSibling?.dataset.title === SVG) return;
    const other = camera.cloneNode(true);
    for (const [button, words] of [[camera, PNG], [other, SVG]]) {
      button.dataset.title = words;
      // Where plotly names its buttons so; on a link without an address it may not stand.
      if (button.hasAttribute("aria-label")) button.setAttribute("aria-label", words);
    }
    other.querySelector("path")?.setAttribute("d", "M100 0h500l300 300v700H100z"
      + "M200 100v800h600V350H550V100zM300 550h400v80H300zM300 700h400v80H300z");
    other.querySelector("path")?.setAttribute("fill-rule", "evenodd");
    other.querySelector("path")?.removeAttribute("transform");
    other.querySelector("svg")?.setAttribute("viewBox", "0 0 1000 1000");
    other.addEventListener("click", () => {
      const settings = plot._context.toImageButtonOptions;
      plot._context.toImageButtonOptions = { ...settings, format: "svg" };
      camera.click();
      plot._context.toImageButtonOptions = settings;
    });
    camera.after(other);
  };
  let waiting = false;
  const look = () => {
    waiting = false;
    document.querySelectorAll(
      ".modebar-btn[data-title^='Download plot'], .modebar-btn[data-title^='Save as PNG']"
    ).forEach(add);
  };
  new MutationObserver(() => {
    if (!waiting) { waiting = true; setTimeout(look, 100); }
  }).observe(document.body, { childList: true, subtree: true });
  look();
}
</script>"""


def two_cameras() -> None:
    """Have each chart offer its picture in both formats; draws nothing."""
    st.html(_HOOK, unsafe_allow_javascript=True)
