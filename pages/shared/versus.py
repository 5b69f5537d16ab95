"""Two groups against each other: FST, frequencies, joint spectrum, the alleles that differ.

Stored groups over the whole lake, or a cohort of the reader's own over a region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.figures.fst_matrix import METHODS
from medallion.figures.joint_spectrum import Widths, bin_joint, joint_spectrum
from medallion.figures.marks import Level
from medallion.figures.scatter_pair import MOST_POINTS, frequency_scatter
from pages.shared import cache, cohorts, draw, find, lead, own_pair, pick, place, say, state
from pages.shared.cache import Pair
from pages.shared.words import plural

__all__ = ["show"]

_LEVELS: dict[str, Level] = {
    "Super-populations": "super_population",
    "Populations": "population",
}
_WIDTHS: dict[str, Widths] = {"Equal": "equal", "Doubling": "doubling"}
_OWN = "Your cohorts"
_NAMED_IN_CHART = 30


def show(lake: Lake, version: str) -> None:
    """Draw the choice of two groups and all that tells them apart."""
    path = str(lake.path)
    groups = cache.populations(path, version)
    codes = {
        name: groups.filter(pl.col("level").cast(pl.String) == level)["population"].to_list()
        for name, level in _LEVELS.items()
    }
    offered = [name for name in _LEVELS if len(codes[name]) > 1]
    if not groups.is_empty() and cohorts.every(lake):
        offered.append(_OWN)
    if not offered:
        say.text_note(
            "There are no two groups to compare.",
            [
                "All samples of this lake are of one population."
                if not groups.is_empty()
                else "This lake has no genotypes.",
                "Give a sample table that names populations, or open another lake in the sidebar.",
            ],
        )
        return
    name = st.segmented_control(
        "Groups",
        offered,
        default=find.default("pair_level", offered[0]),
        required=True,
        key="pair_level",
        bind="query-params",
    )
    name = name if name in offered else offered[0]
    if name == _OWN:
        _own(lake, version)
        return
    level = _LEVELS[name]
    one, other = _two(codes[name], level)
    if one == other:
        say.text_note("These are the same group.", ["Choose another one on either side."])
        return
    found = cache.pair(path, version, level, one, other)
    _metrics(_stored_fst(path, version, level, (one, other)), found)
    if not _charts((one, other), found, partial(_all, path, version, level, (one, other))):
        return
    find.link(
        "Hold a cohort of your own against a group",
        ":material/group_add:",
        "pages/explore/cohort.py",
        {"cohort_beside": one},
    )
    _made(
        lake,
        ["gold.frequencies", "gold.fst", "gold.joint_spectrum"],
        "Stored in gold."
        if found.stored
        else "Counted from gold.frequencies when asked, for gold stores it of "
        "super-populations only.",
    )


def _own(lake: Lake, version: str) -> None:
    """Draw a cohort of the reader's own against another group, over a region."""
    counted = own_pair.choose(lake, version)
    if counted is None:
        return
    where = place.label(counted.view)
    st.caption(
        f"Counted now, from the genotypes of {where}, which is all of this lake."
        if counted.everything
        else f"Counted now, from the genotypes of {where}: all below is of this region, not of "
        "the whole lake. Name another region above, or a chromosome alone for all of it."
    )
    found = counted.found
    _metrics({"hudson": (found.hudson, None)}, found)
    if _charts(counted.names, found, partial(_own_alleles, counted)):
        _made(lake, ["silver.genotypes", "gold.frequencies"], "Counted with the rest, when asked.")


def _own_alleles(counted: own_pair.Counted) -> pl.DataFrame:
    return _named(counted.alleles(), counted.names)


def _charts(groups: tuple[str, str], found: Pair, alleles: Callable[[], pl.DataFrame]) -> bool:
    """Draw the two charts and the list of alleles; say so, and return False, if none varies.

    `alleles` gives all of them, for a download.
    """
    if not found.varying:
        say.text_note(
            "Nothing to draw.",
            ["No allele varies in either of the two. Choose other groups, or add records."],
        )
        return False
    left, right = st.columns(2, gap="medium")
    with left:
        _scatter(groups, found, alleles)
    with right:
        _joint(groups, found)
    _different(groups, found)
    return True


def _made(lake: Lake, tables: list[str], joint: str) -> None:
    lead.made(
        lake,
        tables,
        [
            (
                f"Where more than {MOST_POINTS:,} alleles vary in one of the two, they are "
                "counted in cells of frequency. Those that vary in neither are left out."
            ),
            "Joint spectrum: SNVs with one ALT, called in as many samples as most such are. "
            + joint,
            (
                "Derived: the allele that INFO AA, the ancestral one, does not name. Folded: the "
                "allele that is rarer in the two together (Gutenkunst et al. 2009, "
                "https://doi.org/10.1371/journal.pgen.1000695)."
            ),
        ],
    )


def _two(codes: list[str], level: Level) -> tuple[str, str]:
    """Draw the two boxes; their keys are a level's own, so that each level keeps its pair."""
    short = "super" if level == "super_population" else "population"
    left, right = st.columns(2)
    one = left.selectbox("One", codes, index=0, key=f"{short}_1", bind="query-params")
    apart = 0 if one == codes[1] else 1
    other = right.selectbox("The other", codes, index=apart, key=f"{short}_2", bind="query-params")
    return one or codes[0], other or codes[1]


def _stored_fst(
    path: str, version: str, level: Level, groups: tuple[str, str]
) -> dict[str, tuple[float | None, float | None]]:
    """Return FST of the two and its standard error, by estimator."""
    found = {}
    for method in METHODS:
        rows = cache.fst(path, version, level, method).filter(
            pl.col("population_1").is_in(groups), pl.col("population_2").is_in(groups)
        )
        row: dict[str, Any] = rows.row(0, named=True) if not rows.is_empty() else {}
        found[method] = (row.get("fst"), row.get("se"))
    return found


def _metrics(fst: Mapping[str, tuple[float | None, float | None]], found: Pair) -> None:
    """Show FST with its standard error, by estimator, and how many alleles the two share."""
    row_of_metrics = st.container(horizontal=True, gap="medium")
    for method, (value, error) in fst.items():
        row_of_metrics.metric(
            f"FST ({METHODS[method]})",
            "–" if value is None else f"{value:.4f}",
            delta=None if error is None else f"± {error:.4f} standard error",
            delta_color="off",
            delta_arrow="off",
            width="content",
            help="Hudson: 1 − differences within / differences between (Bhatia et al. 2013, "
            "https://doi.org/10.1101/gr.154831.113)."
            if method == "hudson"
            else "θ = a / (a + b + c), diploid calls only (Weir & Cockerham 1984, "
            "https://doi.org/10.1111/j.1558-5646.1984.tb05657.x).",
        )
    shared = found.varying - found.only_1 - found.only_2
    for label, number, meaning in (
        ("Alleles in both", shared, "ALT alleles that vary and are seen in both."),
        ("Only in the one", found.only_1, "ALT alleles not seen in the other."),
        ("Only in the other", found.only_2, "ALT alleles not seen in the one."),
    ):
        row_of_metrics.metric(label, f"{number:,}", help=meaning, width="content")


def _scatter(groups: tuple[str, str], found: Pair, alleles: Callable[[], pl.DataFrame]) -> None:
    draw.figure(
        frequency_scatter(
            found.drawn,
            found.most_different.head(_NAMED_IN_CHART),
            groups,
            cells=found.cells,
            theme=state.theme(),
        ),
        key="frequencies of two",
    )
    st.caption(
        f"Diamonds: the {min(_NAMED_IN_CHART, found.most_different.height)} alleles whose "
        "frequency differs most. On the dotted line the two are alike."
    )
    draw.made_downloads(
        alleles,
        "frequencies-of-two",
        "Counts and frequencies of every allele in the two groups, not only those drawn.",
        "All alleles",
    )


def _all(path: str, version: str, level: Level, groups: tuple[str, str]) -> pl.DataFrame:
    return _named(cache.all_of_pair(path, version, level, *groups), groups)


def _named(frame: pl.DataFrame, groups: tuple[str, str]) -> pl.DataFrame:
    return frame.with_columns(group_1=pl.lit(groups[0]), group_2=pl.lit(groups[1]))


def _joint(groups: tuple[str, str], found: Pair) -> None:
    if not found.joint:
        say.text_note(
            "No joint spectrum.",
            ["No SNV with one ALT is called in both groups. The scatter has all alleles."],
        )
        return
    chart, row = st.container(), st.container(horizontal=True)
    kinds = [kind for kind in ("unfolded", "folded") if kind in found.joint]
    kind = row.segmented_control(
        "Allele",
        [_ALLELES[kind] for kind in kinds],
        default=_ALLELES[kinds[0]],
        required=True,
        key="joint",
        bind="query-params",
        help="Derived: unfolded, where the source states the ancestral allele. Rarer: folded.",
    )
    widths = row.segmented_control(
        "Classes",
        list(_WIDTHS),
        default="Equal",
        required=True,
        key="classes",
        bind="query-params",
        help="How copies are put together: in classes of equal width, or such as double (1, 2, "
        "3 to 4, 5 to 8 …), which shows rare alleles apart. None and all stand alone.",
    )
    asked = next((k for k in kinds if _ALLELES[k] == kind), kinds[0])
    width = _WIDTHS[widths or "Equal"]
    sizes = found.sizes[asked]
    binned = bin_joint(found.joint[asked], *sizes, width)
    with chart:
        draw.figure(
            joint_spectrum(binned, groups, sizes, kind=asked, widths=width, theme=state.theme()),
            key="joint spectrum",
        )
    draw.downloads(
        found.joint[asked].with_columns(
            n_1=pl.lit(sizes[0]), n_2=pl.lit(sizes[1]), kind=pl.lit(asked)
        ),
        f"joint-spectrum-{groups[0]}-{groups[1]}-{asked}",
        "the joint spectrum, each number of copies by itself",
    )


_ALLELES = {"unfolded": "Derived", "folded": "Rarer"}


def _different(groups: tuple[str, str], found: Pair) -> None:
    st.subheader("Alleles that differ most", anchor=False)
    st.caption(
        f"{plural(found.most_different.height, 'allele')} of {found.varying:,}, most different "
        "first. Tick a row to open the variant."
    )
    shown = found.most_different
    pick.row_picker(
        shown,
        pick.variant_columns()
        | {
            "af_1": draw.number("In the one", "AC / AN in the first group.", "%.4f"),
            "af_2": draw.number("In the other", "AC / AN in the second group.", "%.4f"),
            "difference": draw.number(
                "Difference, one − other", "Frequency in the one less that in the other.", "%+.4f"
            ),
            "variant_type": draw.text("Type", "snv, insertion, deletion and so on.", "small"),
        },
        key="differ most",
        alt="Alleles whose frequency differs most between the two groups",
        opens=True,
    )
    draw.downloads(shown, f"most-different-{groups[0]}-{groups[1]}", "the alleles listed")
