"""The reader's own list of variants: the box for it, an example, and what its names mean.

One list for all views that take one, in the URL as ?ld_variants=.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import streamlit as st

from medallion import Lake
from medallion.errors import MedallionError
from medallion.ondemand import MOST_IN_HAPLOTYPES, MOST_IN_MATRIX, Found
from medallion.ondemand.named import forms
from pages.shared import cache, draw, find, long_text, pick, place, say
from pages.shared.words import allele_label, plural

__all__ = ["ask", "choose_alleles"]

_KEY = "ld_variants"
_SHOWN = 30  # names in one sentence
_MOST_REASONS = 5
_LOOKED_AT = 12_000  # alleles of which the examples are, so that this takes a moment only


def ask(lake: Lake, examples: int) -> tuple[str, Found] | None:
    """Draw the box and return its text and what that means; None having said what to do.

    With an empty box so many `examples` are a press away. Names that are no variant of the
    lake are told.
    """
    typed = long_text.area(
        "Variants",
        _KEY,
        height=90,
        placeholder=forms(cache.example(str(lake.path), lake.version("silver"))),
        meaning="Of one chromosome, parted by lines, commas or blanks: 2 to "
        f"{MOST_IN_MATRIX} to see each with each, up to {MOST_IN_HAPLOTYPES} for haplotypes, where "
        "a name means the whole record, with all its alleles.",
    )
    if not typed:
        st.caption(
            "Name the variants whose alleles you want to see together. The Variant page lists "
            "what is in linkage with one."
        )
        _offer_example(lake, examples)
        return None
    version = lake.version("silver")
    try:
        found = cache.search(str(lake.path), version, typed)
    except MedallionError as error:
        say.failure("This list cannot be read.", str(error), "Change the list above.")
        return None
    for note in found.notes:
        st.text(note)
    known = {*found.variants["asked"], *found.ambiguous["asked"]}
    if unknown := [name for name in found.terms if name not in known]:
        reasons = list(dict.fromkeys(found.reasons))[:_MOST_REASONS]
        _left_out(unknown, "not found", *reasons or ["What is named must be a variant."])
        find.lines_set_apart(found)
    return (typed, found) if known else None


def choose_alleles(found: Found, listed: cache.Listed) -> None:
    """Say which names of a list are left out and why, and let the reader name one allele each."""
    if listed.elsewhere:
        _left_out(
            listed.elsewhere,
            "of another chromosome or file",
            "Linkage is known within one alone: choose it above.",
        )
    if listed.bare:
        _left_out(
            listed.bare, "without genotypes", "There is no GT in its record: nobody carries it."
        )
    if listed.unclear.is_empty():
        return
    names = listed.unclear["asked"].unique(maintain_order=True).to_list()
    _left_out(
        names,
        "with several alleles",
        "Tick the allele that you mean: its name takes the place of yours in the list.",
    )
    # Another list, another table: nothing is ticked.
    key = f"ld unclear {sha256(chr(10).join(names).encode()).hexdigest()[:16]}"

    def take() -> None:
        if rows := st.session_state[key]["selection"]["rows"]:
            row = listed.unclear.row(rows[0], named=True)
            name = f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"
            _write([name if each == row["asked"] else each for each in found.terms])

    columns = pick.variant_columns()
    draw.table(
        listed.unclear,
        {"asked": draw.text("Asked for", "The name as you gave it.")}
        | {name: columns[name] for name in ("ref", "alt", "id", "pos")}
        | {
            "ac": draw.number("AC", "Copies of the ALT allele over all samples."),
            "an": draw.number("AN", "Called alleles over all samples."),
        },
        alt="Alleles with the same name",
        height=220,
        key=key,
        chosen=take,
    )


def _write(names: Sequence[str]) -> None:
    """Put names into the box; for callbacks. On lines, for a name may hold blanks and commas."""
    st.session_state[_KEY] = "\n".join(dict.fromkeys(names))


def _left_out(names: Sequence[str], why: str, *steps: str) -> None:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    say.text_note(
        f"{plural(len(names), 'name')} of the list {why}, and left out.",
        [", ".join(name[:80] for name in names[:_SHOWN]) + more, *steps],
    )


def _offer_example(lake: Lake, examples: int) -> None:
    """Draw a button that names some alleles, so that nobody begins with an empty page."""
    contig = next(iter(place.contigs(lake, lake.version("silver")).values()), None)
    if contig is None:
        return
    view = place.some(contig, _LOOKED_AT)
    found = cache.most_different(str(lake.path), lake.version("gold"), examples, view)
    if found.height < examples:
        return
    rows = found.select("chrom", "pos", "ref", "alt").iter_rows()
    st.button(
        f"Show {examples} that differ much between groups",
        icon=":material/lightbulb:",
        on_click=_write,
        args=([allele_label(*row) for row in rows],),
        help=f"Of the alleles of {place.label(view)}.",
    )
