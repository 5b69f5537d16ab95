"""The Region page: what it reads, draws and lists, and how it moves."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from itertools import pairwise

import polars as pl
import pytest
from app_pages import Open, charts, sound, texts
from hypothesis import given
from hypothesis import strategies as st
from real_data import SLICES, real, tool

from medallion import Lake
from medallion.cohorts import Cohort, save_cohort
from medallion.figures.region import MOST_DOTS, Tracks, region_tracks
from medallion.ondemand import region
from medallion.ondemand.region import FREQUENCY_BINS, View
from pages.shared import draw

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def page(open_page: Open, demo_lake: Lake) -> Open:
    """The page on the demo, as a link with these parameters opens it."""
    return partial(open_page, demo_lake, "explore/region")


def variants(lake: Lake) -> pl.LazyFrame:
    return lake.scan("gold.variants", build=False)


@pytest.fixture(scope="module")
def bounds(demo_lake: Lake) -> View:
    row = variants(demo_lake).select(pl.col("pos").min(), end=pl.col("pos").max()).collect()
    return View("22", row["pos"][0], row["end"][0])


# What is read


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0.2, 0.35), (0.4, 0.401)])
def test_sums_are_those_of_the_rows(
    demo_lake: Lake, bounds: View, start: float, end: float
) -> None:
    view = View("22", bounds.start + round(start * bounds.width),
                bounds.start + round(end * bounds.width) - 1)  # fmt: skip
    width = region.bins_of(view, 100)
    rows = region.alleles_in(variants(demo_lake), view).collect()
    assert rows["pos"].is_between(view.start, view.end).all()
    counted = region.density(variants(demo_lake), view, width)
    assert counted["alleles"].sum() == rows.height
    by_hand: dict[tuple[int, str], int] = {}
    for pos, kind in rows.select("pos", "variant_type").iter_rows():
        key = ((pos - 1) // width * width + 1, kind)
        by_hand[key] = by_hand.get(key, 0) + 1
    assert {(s, k): n for s, k, n in counted.iter_rows()} == by_hand
    heat = region.heat(variants(demo_lake), view, width)
    known = rows.drop_nulls("af")
    assert heat["alleles"].sum() == known.height
    for rank, (low, high) in enumerate(pairwise(FREQUENCY_BINS)):
        within = known.filter((pl.col("af") > low) | (rank == 0), pl.col("af") <= high)
        assert heat.filter(frequency=rank)["alleles"].sum() == within.height


def test_counts_are_those_of_bcftools(chr22_lake: Lake) -> None:
    bcftools = tool("bcftools")
    row = chr22_lake.scan("gold.variants", build=False)
    pos = row.select("pos").collect()["pos"].sort()
    view = View("22", int(pos[len(pos) // 3]), int(pos[len(pos) // 2]))
    text = subprocess.run(
        [bcftools, "query", "-f", "%POS\\t%ALT\\n", "-t", f"22:{view.start}-{view.end}",
         str(real(SLICES["chr22"].vcf))], capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    places = [line.split("\t") for line in text.splitlines()]
    own = [
        alt for at, alts in places if view.start <= int(at) <= view.end for alt in alts.split(",")
    ]
    counted = region.density(row, view, 1000)
    assert counted["alleles"].sum() == len(own) > 100


@given(
    st.integers(1, 10**8), st.integers(0, 10**7), st.floats(0.01, 100), st.floats(-2, 2),
    st.integers(1, 300),
)  # fmt: skip
def test_moving_stays_within_and_bins_cover(
    start: int, more: int, factor: float, share: float, most: int
) -> None:
    first, last = 1, 2 * 10**8
    view = View("1", start, start + more)
    for other in (view.zoomed(factor, first, last), view.moved(share, first, last)):
        assert first <= other.start <= other.end <= last
    assert view.moved(share, first, last).width == view.width
    width = region.bins_of(view, most)
    assert view.width / width <= most
    assert str(width).strip("0") in ("1", "2", "5")


def test_windows_are_those_that_reach_in(demo_lake: Lake, bounds: View) -> None:
    view = View("22", bounds.start + 25_000, bounds.start + 47_000)
    frame = demo_lake.scan("gold.windows", build=False)
    got = region.windows_in(frame, view, 10_000)
    assert got["start"].n_unique() == 3
    assert (got["size"] == 10_000).all()
    fst = region.windows_in(demo_lake.scan("gold.windows_fst", build=False), view, 10_000)
    mean = region.mean_fst(fst)
    for row in mean.iter_rows(named=True):
        own = fst.filter(pl.col("start") == row["start"])["fst"].drop_nulls()
        assert row["fst"] == pytest.approx(own.mean())
        assert row["highest_fst"] == own.max()


# What is drawn


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_allele_is_a_dot_or_counted(demo_lake: Lake, bounds: View, theme: str) -> None:
    frame = variants(demo_lake)
    rows = region.alleles_in(frame, bounds).head(500).collect()
    rows = rows.with_columns(id=pl.when(pl.int_range(pl.len()) == 3).then(pl.lit(NASTY)))
    width = region.bins_of(bounds, 100)
    tracks = Tracks(
        chrom=NASTY, start=bounds.start, end=bounds.end, total=rows.height, bin_width=width,
        density=region.density(frame, bounds, width),
        windows=region.windows_in(demo_lake.scan("gold.windows", build=False), bounds, 100_000),
        fst=region.mean_fst(
            region.windows_in(demo_lake.scan("gold.windows_fst", build=False), bounds, 100_000)
        ),
        dots=rows, heat=None, classes=FREQUENCY_BINS, picked=(int(rows["pos"][0]), 0.5),
    )  # fmt: skip
    figure = region_tracks(tracks, theme=theme)
    assert figure.layout.meta["alt"].startswith(f"Five tracks along {NASTY} from")
    text = json.dumps([t.to_plotly_json() for t in figure.data], default=list)
    text += json.dumps(figure.layout.to_plotly_json() | {"meta": None}, default=list)
    assert NASTY not in text
    marks = [t for t in figure.data if t.type == "scatter" and t.yaxis == "y5"]
    dots = [t for t in marks if t.customdata is not None]
    assert sorted(c[0] for t in dots for c in t.customdata) == list(range(rows.height))
    heat = region.heat(frame, bounds, width)
    wide = region_tracks(Tracks(**{**vars(tracks), "dots": None, "heat": heat, "picked": None}))
    [cells] = [t for t in wide.data if t.type == "heatmap"]
    told = sum(int(c[1].replace(",", "")) for row in cells.customdata for c in row if c[1] != "–")
    assert told == heat["alleles"].sum()
    assert wide.layout.dragmode == "select"
    # Below the tracks, not beside them: on a phone it would take a third of their width.
    assert cells.colorbar.orientation == "h"
    assert wide.layout.margin.r == figure.layout.margin.r


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (20_011_000, 20_013_000),
        (20_009_500, 20_010_499),
        (20_012_345, 20_012_345),
        (20_003_000, 20_047_000),
    ],
)
def test_windows_are_steps_across_a_view_of_any_width(start: int, end: int) -> None:
    """Each value covers its window, as far as the view shows it; a missing window is a gap."""
    windows = pl.DataFrame(
        {"start": [20_000_001, 20_010_001, 20_030_001], "end": [20_010_000, 20_020_000, 20_040_000],
         "population": ["AFR"] * 3, "level": ["super_population"] * 3,
         "segregating_sites": [7, 8, 9], "pi": [0.1, 0.2, 0.3], "tajima_d": [-1.0, None, 0.5]},
    ).filter(pl.col("end") >= start, pl.col("start") <= end)  # fmt: skip
    fst = windows.select("start", "end", pl.col("pi").alias("fst"), highest_pair=pl.lit("AFR-EUR"),
                         highest_fst=pl.lit(0.5))  # fmt: skip
    figure = region_tracks(
        Tracks(chrom="22", start=start, end=end, total=0, bin_width=1000, windows=windows, fst=fst,
               density=pl.DataFrame(schema={"start": pl.Int64, "variant_type": pl.String,
                                            "alleles": pl.Int64}),
               dots=None, heat=None, classes=FREQUENCY_BINS)
    )  # fmt: skip
    low, high = figure.layout.xaxis.range
    for axis, column in (("y2", "pi"), ("y3", "tajima_d"), ("y4", "fst")):
        shown = (fst if column == "fst" else windows).drop_nulls(column)
        lines = [t for t in figure.data if t.yaxis == axis]
        if shown.is_empty():
            assert not lines
            assert any("Tajima's D is not known" in a.text for a in figure.layout.annotations)
            continue
        [line] = lines
        bottom, top = figure.layout[f"yaxis{axis[1:]}"].range or (None, None)
        assert (top is None) == (column != "fst" and len(set(shown[column])) > 1)
        if top is not None:  # the values fill the axis, which plotly draws of one from -1 to 1
            assert bottom < shown[column].min()
            assert shown[column].max() < top
            assert shown[column].abs().max() > 0.7 * max(-bottom, top)
        told: dict[str, list[float]] = {}
        for x, y, custom in zip(line.x, line.y, line.customdata, strict=True):
            if x is not None:
                told.setdefault(custom[0], []).append(x)
                assert y in shown[column].to_list()
        # A step goes on at its height until the next one begins.
        assert line.line.shape == "hv"
        bounds = shown.select("start", "end").rows()
        assert list(told) == [f"{a:,} to {b:,}" for a, b in bounds]
        for i, ((a, b), xs) in enumerate(zip(bounds, told.values(), strict=True)):
            assert xs[0] == max(a - 0.5, low)
            followed = i + 1 < len(bounds) and bounds[i + 1][0] == b + 1
            assert followed or xs[-1] == min(b + 0.5, high)
            # Wherever the pointer is, a point of its window is near.
            assert max(q - p for p, q in pairwise([*xs, min(b + 0.5, high)])) <= (high - low) / 20
        breaks = (shown["start"].diff().drop_nulls() != 10_000).sum()
        assert list(line.x).count(None) == breaks


@pytest.mark.parametrize(("width", "unit"), [(500, "500 bp"), (2000, "2 kb"), (5_000_000, "5 Mb")])
def test_bins_have_their_unit(width: int, unit: str) -> None:
    none = pl.DataFrame(schema={"start": pl.Int64, "end": pl.Int64, "population": pl.String,
                                "level": pl.String,
                                "pi": pl.Float64, "tajima_d": pl.Float64, "fst": pl.Float64,
                                "variant_type": pl.String})  # fmt: skip
    figure = region_tracks(
        Tracks(chrom="22", start=1, end=9, total=0, bin_width=width, density=none, windows=none,
               fst=none, dots=None, heat=None, classes=FREQUENCY_BINS)
    )  # fmt: skip
    assert figure.layout.yaxis.title.text == f"Alleles / {unit}"


def test_hardly_any_fst_is_drawn_as_little() -> None:
    none = pl.DataFrame(schema={"start": pl.Int64, "end": pl.Int64, "population": pl.String,
                                "level": pl.String, "pi": pl.Float64, "tajima_d": pl.Float64,
                                "variant_type": pl.String})  # fmt: skip
    fst = pl.DataFrame({"start": [1], "end": [9], "fst": [-0.0001], "highest_pair": ["A-B"],
                        "highest_fst": [0.0]})  # fmt: skip
    figure = region_tracks(
        Tracks(chrom="22", start=1, end=9, total=0, bin_width=5, density=none, windows=none,
               fst=fst, dots=None, heat=None, classes=FREQUENCY_BINS)
    )  # fmt: skip
    assert figure.layout.yaxis4.range[1] > 0.02


def test_zero_has_no_sign() -> None:
    columns = {"fst": draw.number("FST", "", "%.4f"), "d": draw.number("d", "", "%+.2f"),
               "n": draw.number("n", "")}  # fmt: skip
    frame = pl.DataFrame({"fst": [-0.00004, -0.00006, None], "d": [-0.004, -0.006, 0.0],
                          "n": [-0.00001, 0.0, 1.0]})  # fmt: skip
    shown = draw.unsigned_zeros(frame, columns)
    assert [f"{value:.4f}" for value in shown["fst"][:2]] == ["0.0000", "-0.0001"]
    assert [f"{value:+.2f}" for value in shown["d"]] == ["+0.00", "-0.01", "+0.00"]
    assert shown["fst"][2] is None
    assert shown["n"].equals(frame["n"])


# The page


def test_the_whole_chromosome_is_shown_first(page: Open, demo_lake: Lake) -> None:
    app = page()
    total = variants(demo_lake).select(pl.len()).collect().item()
    assert len(app.get("plotly_chart")) == 1
    assert f"of {total:,} alleles of the view" in texts(app)
    assert len(app.dataframe[0].value) == MOST_DOTS


def test_what_the_tracks_draw_can_be_downloaded(
    page: Open, demo_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: dict[str, pl.DataFrame] = {}
    monkeypatch.setattr(
        draw, "made_downloads", lambda make, name, *_: offered.update({name.split("_")[0]: make()})
    )
    app = page()
    spans = {"alleles", "windows", "fst", "frequencies"}
    assert offered.keys() == {*spans, "22"}
    total = variants(demo_lake).select(pl.len()).collect().item()
    assert offered["22"].height == offered["alleles"]["alleles"].sum() == total
    drawn = next(c for c in charts(app))
    lines = {t["yaxis"]: t["name"] for t in drawn["data"] if t["type"] == "scatter"}
    assert {"y2", "y3", "y4"} <= lines.keys()
    assert offered["windows"]["population"].cast(pl.String).unique().len() == 6
    assert offered["fst"].columns == ["start", "end", "fst", "highest_pair", "highest_fst"]
    cells = offered["frequencies"]
    assert (cells["above"] < cells["up_to"]).all()
    known = variants(demo_lake).filter(pl.col("af").is_not_null()).select(pl.len()).collect().item()
    assert cells["alleles"].sum() == known
    assert all((offered[name]["end"] >= offered[name]["start"]).all() for name in spans)


def test_the_download_has_the_cohorts_that_the_table_has(
    open_page: Open, own_demo: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_cohort(own_demo.path, Cohort("=cases", super_populations=("AFR",)))
    offered: dict[str, pl.DataFrame] = {}
    monkeypatch.setattr(
        draw, "made_downloads", lambda make, name, *_: offered.update({name.split("_")[0]: make()})
    )
    app = open_page(own_demo, "explore/region", region="22:16,100,000-16,200,000")
    shown = app.dataframe[0].value
    assert offered["22"].height == len(shown)
    assert offered["22"]["af_=cases"].to_list() == shown["af_cohort_1"].to_list()


def test_buttons_zoom_and_the_table_follows(page: Open) -> None:
    app = page(region="22:16,100,000-16,500,000")
    app.button(key="go Zoom in").click()
    sound(app.run())
    assert app.text_input(key="region").value == "22:16,250,000-16,349,999"
    frame = app.dataframe[0].value
    assert frame["pos"].between(16_250_000, 16_350_000).all()
    app.button(key="go Right").click()
    sound(app.run())
    assert app.text_input(key="region").value == "22:16,300,000-16,399,999"
    app.button(key="go Whole chromosome").click()
    sound(app.run())
    assert len(app.dataframe[0].value) == MOST_DOTS


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("21:1-1000", "no such chromosome"),
        ("22:1-1000", "No variant lies here"),
        ("#5", "not a region"),
        ("22:9-1", "no region"),
        (f"{NASTY} x", "no region"),
    ],
)
def test_what_cannot_be_shown_is_said(page: Open, typed: str, said: str) -> None:
    app = page(region=typed)
    assert any(said in m.value for m in app.markdown), [m.value for m in app.markdown]
    assert not any("<script>" in m.value for m in app.markdown)


@pytest.mark.parametrize("typed", ["22", "chr22:16,077,687", "chr22:16,000,000-16,200,000"])
def test_a_contig_a_position_and_chr_are_understood(page: Open, typed: str) -> None:
    assert len(page(region=typed).get("plotly_chart")) == 1


def test_the_code_is_explained_in_the_order_of_its_letters(page: Open) -> None:
    columns = json.loads(page(region="22:16,100,000-16,500,000").dataframe[0].proto.columns)
    told = columns["geographic_code"]["help"]
    assert "AFR, AMR, EAS, EUR, SAS" in told
    assert "rarer over all samples" in told
    assert "a dot not called" in told
