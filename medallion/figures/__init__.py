"""Frame in, plotly figure out: what the dashboard draws, usable without it.

A figure reads frames with the columns of the lake's tables and the catalogue's facts;
it knows nothing of lakes, layers or pages. Every figure has a title, axis titles with
units, hover text and a sentence for a screen reader in `figure.layout.meta["alt"]`.
Text that comes from data is escaped: plotly would read it as markup.
"""

from __future__ import annotations

from medallion.figures.frequencies import frequency_by_population
from medallion.figures.populations import MEASURES, Measure, population_summary
from medallion.figures.result import MOST_MARKS, result_chart
from medallion.figures.samples import samples_by_population, samples_sunburst
from medallion.figures.spectrum import BINS, bin_frequencies, frequency_spectrum

__all__ = [
    "BINS",
    "MEASURES",
    "MOST_MARKS",
    "Measure",
    "bin_frequencies",
    "frequency_by_population",
    "frequency_spectrum",
    "population_summary",
    "result_chart",
    "samples_by_population",
    "samples_sunburst",
]
