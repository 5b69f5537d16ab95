"""The rows that a check is about, as a question in SQL over the lake's own tables.

A check says how many rows are amiss; its question lists them, for `medallion query` or the
page SQL. Ids are those of `gold.checks` and of `medallion verify`.
"""

from __future__ import annotations

__all__ = ["question"]

_ALLELE = "v.chrom, v.pos, v.id, v.ref, v.alt"
_ROW = "v.file, v.record"
_TOLERANCE = 5.1e-5
_OUTLIER = 1e-6


def question(check: str, about: str = "") -> str | None:
    """SQL for the rows that `check` looks at and that may be amiss; None where it has none.

    `about` is the file, the file and contig, or the group, as `gold.checks` has it.
    """
    name = check.removeprefix("silver.").removeprefix("gold.").removeprefix("bronze.")
    file, _, chrom = about.rpartition(", ")
    if name.startswith("published_"):
        return _published(name.removeprefix("published_"))
    if name.startswith("sum_"):
        return _sum(name.removeprefix("sum_"))
    questions = {
        "sha256": _FILES,
        "blocks": _FILES,
        "end_block": _END_BLOCK,
        "conservation": _CONSERVATION,
        "allele_copies": _COPIES,
        "of_silver": _SILVER_AND_GOLD,
        "all_equals_silver": _SILVER_AND_GOLD,
        "sample_counts": _SAMPLE_COUNTS,
        "sample_sums": _SAMPLE_SUMS,
        "structure_sites": "select * from gold.pca_sites",
        "checks": "select * from gold.checks",
        "duplicates": _DUPLICATES.format(file=_text(about)),
        "release_samples": _SAMPLES.format(code=_text(about)),
        "hardy_weinberg": _HARDY_WEINBERG.format(code=_text(about)),
        "sex_chrx": _SEX.format(file=_text(file), chrom=_text(chrom)),
        "ti_tv": _CHANGES.format(file=_text(file), chrom=_text(chrom)),
    }
    return questions.get(name)


def _published(field: str) -> str:
    """Alleles whose stated AC, AN, AF or frequency of a super-population is not that counted."""
    stated = f"v.published_{field}"
    if field in ("ac", "an"):
        return f"""\
select {_ALLELE}, {stated}, v.{field}, {_ROW}
from silver.variants as v
where {stated} <> v.{field}"""  # noqa: S608  # a name of a column
    code = _text("ALL" if field == "af" else field.removesuffix("_af").upper())
    return f"""\
select {_ALLELE}, {stated}, f.af, {_ROW}
from silver.variants as v
join gold.frequencies as f using (file, record, alt_index)
where f.population = {code} and f.level in ('all', 'super_population') and f.an > 0
  and not (abs({stated} - f.ac / f.an) <= {_TOLERANCE})"""  # noqa: S608  # quoted


def _sum(field: str) -> str:
    """Alleles whose count over all samples is not the sum over the populations."""
    return f"""\
select {_ALLELE}, {_ROW},
  sum(v.{field}) filter (v.level = 'population') as in_populations,
  sum(v.{field}) filter (v.level = 'all') as in_all
from gold.frequencies as v
group by {_ALLELE}, {_ROW}, v.alt_index
having in_populations is distinct from in_all"""  # noqa: S608  # a name of a column


_FILES = "select file, kind, bytes, lines, sha256, url, fetched_at from bronze.files"
_END_BLOCK = "select file, detail from silver.defects where reason = 'end-of-file-block'"
_CONSERVATION = """\
with due as (
  select file, unnest(range(lines - records + 1, lines + 1)) as line
  from bronze.files where kind = 'vcf'
), told as (
  select file, line from silver.variants
  union select file, line from silver.defects where verdict = 'quarantined' and scope = 'record'
)
select file, line from due anti join told using (file, line)
order by file, line"""
_COPIES = """\
select coalesce(v.chrom, g.chrom) as chrom, coalesce(v.pos, g.pos) as pos,
  coalesce(v.ref, g.ref) as ref, coalesce(v.alt, g.alt) as alt, v.ac, g.carried, file, record
from silver.variants as v
full join (
  select chrom, pos, ref, alt, file, record, alt_index, sum(dosage) as carried
  from silver.genotypes group by all
) as g using (file, record, alt_index)
where coalesce(v.ac, 0) <> coalesce(g.carried, 0)"""
_SILVER_AND_GOLD = f"""\
select {_ALLELE}, v.ac, f.ac as gold_ac, v.an, f.an as gold_an,
  v.n_missing, f.n_missing as gold_missing, file, record
from (select * from silver.variants where has_gt) as v
full join (select * from gold.frequencies where level = 'all') as f
using (file, record, alt_index)
where (v.ac, v.an, v.n_missing) is distinct from (f.ac, f.an, f.n_missing)"""  # noqa: S608
_SAMPLE_COUNTS = f"""\
select {_ALLELE}, v.population, v.level, p.samples,
  v.n_hom_ref, v.n_het, v.n_hom_alt, v.n_missing, {_ROW}
from gold.frequencies as v join gold.populations as p using (population, level)
where v.n_hom_ref + v.n_het + v.n_hom_alt + v.n_missing > p.samples"""  # noqa: S608  # constant
_SAMPLE_SUMS = """\
select s.* from silver.samples as s
left join (select population, level from gold.populations where level = 'population') as p
using (population)
where s.in_vcf and p.level is null"""
_DUPLICATES = """\
select file, line, chrom, pos, detail, raw
from silver.defects
where file = {file} and reason = 'duplicate'
order by line"""
_SAMPLES = """\
select sample, population, sex, in_vcf, in_metadata
from silver.samples
where population = {code}
order by sample"""
_HARDY_WEINBERG = f"""\
select {_ALLELE}, v.n_hom_ref, v.n_het, v.n_hom_alt, v.hwe_p, {_ROW}
from gold.frequencies as v
where v.level = 'population' and v.population = {{code}} and v.hwe_p < {_OUTLIER}
order by v.hwe_p"""  # noqa: S608  # constant
_SEX = """\
with one_copy as (
  select distinct c.sample
  from silver.columns as c
  join silver.patterns as p on c."column" between p.first_column and p.last_column
  where c.file = {file} and p.ploidy = 1
    and p.pattern in (select pattern from silver.variants where file = {file} and chrom = {chrom})
)
select s.sample, s.population, s.sex, o.sample is not null as has_one_copy
from silver.samples as s
join silver.columns as c on c.sample = s.sample and c.file = {file}
left join one_copy as o on o.sample = s.sample
where s.sex <> 'unknown' and (s.sex = 'male') <> (o.sample is not null)
order by s.sample"""
_CHANGES = """\
select ref || ' to ' || alt as change, transition, count(*) as alleles
from gold.variants
where file = {file} and chrom = {chrom} and transition is not null
group by change, transition
order by alleles desc"""


def _text(value: str) -> str:
    """`value` as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"
