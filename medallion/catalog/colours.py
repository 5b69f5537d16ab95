"""The colour and the mark of every group, for light and for dark backgrounds.

One colour means one super-population everywhere. A population has a shade of its
super-population's colour and a marker of its own within it; the shade is a help, never
the only cue: charts also label, order and mark. What is not here: fonts, layouts.

Where the palette is from
-------------------------
The hues are those of Okabe & Ito, "Color Universal Design", 2008,
https://jfly.uni-koeln.de/color/ (orange, vermillion, bluish green, blue, reddish
purple). As published, orange has a contrast of 2.3 on white, and bluish green and
reddish purple come near each other for deuteranopes. So lightness and chroma were
moved in the OKLab space (B. Ottosson 2020, https://bottosson.github.io/posts/oklab/),
by search, for the greatest smallest distance between any two of the five, seen with
normal sight and with full protanopia, deuteranopia and tritanopia (Machado, Oliveira &
Fernandes, IEEE TVCG 15:1291, 2009), while each keeps a contrast (WCAG 2.2) of at least
3 against the background. The smallest distance is 0.11 (light) and 0.14 (dark); it was
0.076. On light the vermillion was then made a darker red: its CIEDE2000 distance to the
orange, seen with deuteranopia, was 12.0 and is 23.5. tests/test_catalog.py holds
contrasts and distances.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from medallion.catalog.populations import ALL, POPULATIONS_BY_CODE, UNASSIGNED, populations_of

__all__ = [
    "BACKGROUNDS",
    "POPULATION_COLOURS",
    "SUPER_POPULATION_COLOURS",
    "UNASSIGNED",
    "Theme",
    "colour",
    "marker",
]

Theme = Literal["light", "dark"]

BACKGROUNDS: Mapping[Theme, str] = MappingProxyType({"light": "#FFFFFF", "dark": "#0E1117"})
"""The backgrounds that the colours are meant for, and tested on."""

SUPER_POPULATION_COLOURS: Mapping[Theme, Mapping[str, str]] = MappingProxyType(
    {
        "light": MappingProxyType(
            {
                "AFR": "#E37405",
                "AMR": "#A8231C",
                "EAS": "#459B83",
                "EUR": "#4661A5",
                "SAS": "#C26ADF",
                ALL: "#262730",
                UNASSIGNED: "#767676",
            }
        ),
        "dark": MappingProxyType(
            {
                "AFR": "#EDC24A",
                "AMR": "#C44901",
                "EAS": "#35AE8C",
                "EUR": "#50709A",
                "SAS": "#B87EEE",
                ALL: "#FAFAFA",
                UNASSIGNED: "#8A8A8A",
            }
        ),
    }
)
"""Colour (#RRGGBB) of each super-population, of ALL and of UNASSIGNED, by theme."""

# Equal steps of OKLab lightness at the super-population's hue, lightest first, in the
# display order of the populations; every one has a contrast of at least 3.
# fmt: off
_SHADES_LIGHT = {
    "GWD": "#E37405", "MSL": "#CC690C", "ESN": "#B65D0C", "YRI": "#A25100",
    "LWK": "#8D4605", "ACB": "#793B00", "ASW": "#663000",
    "MXL": "#E25C4E", "PUR": "#BF3B31", "CLM": "#9C1310", "PEL": "#700002",
    "JPT": "#4AA087", "CHB": "#308971", "CHS": "#10725C", "CDX": "#005B48",
    "KHV": "#024435",
    "FIN": "#5C79BF", "GBR": "#4762A7", "CEU": "#344D8F", "TSI": "#213878",
    "IBS": "#102361",
    "PJL": "#C56DE2", "GIH": "#AD56C9", "ITU": "#953EB1", "STU": "#7E2498",
    "BEB": "#66057F",
}
_SHADES_DARK = {
    "GWD": "#FFE6A6", "MSL": "#FCD05A", "ESN": "#E9BF46", "YRI": "#D7AD2F",
    "LWK": "#C59B0E", "ACB": "#B18B11", "ASW": "#9E7B00",
    "MXL": "#FFBCA3", "PUR": "#FE8655", "CLM": "#DD6028", "PEL": "#B44200",
    "JPT": "#6BDDB9", "CHB": "#4EC3A0", "CHS": "#2EA987", "CDX": "#059070",
    "KHV": "#05755B",
    "FIN": "#A8CBFA", "GBR": "#8FB2DF", "CEU": "#7799C5", "TSI": "#6080AB",
    "IBS": "#496992",
    "PJL": "#DDBFFE", "GIH": "#CD9AFF", "ITU": "#B67CEC", "STU": "#9D64D1",
    "BEB": "#854BB7",
}
# fmt: on
POPULATION_COLOURS: Mapping[Theme, Mapping[str, str]] = MappingProxyType(
    {"light": MappingProxyType(_SHADES_LIGHT), "dark": MappingProxyType(_SHADES_DARK)}
)
"""Shade (#RRGGBB) of each population, by theme."""

# Plotly's names; told apart by outline, as a super-population has at most seven.
_MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")


def colour(code: str, theme: Theme = "light") -> str:
    """Colour (#RRGGBB) of a population, a super-population or ALL.

    Any other code, such as a population of the user's own, gets the colour of
    UNASSIGNED: a chart must not fail on a name it does not know.
    """
    groups = SUPER_POPULATION_COLOURS[theme]
    return POPULATION_COLOURS[theme].get(code) or groups.get(code) or groups[UNASSIGNED]


def marker(code: str) -> str:
    """Plotly marker symbol of a population, its own within its super-population.

    Groups and unknown codes are circles.
    """
    population = POPULATIONS_BY_CODE.get(code)
    if population is None:
        return _MARKERS[0]
    return _MARKERS[populations_of(population.super_population).index(population)]
