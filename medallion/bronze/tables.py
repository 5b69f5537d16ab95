"""The tables of bronze, declared as data."""

from __future__ import annotations

from medallion.storage.schema import Column, Table

__all__ = ["BLOCKS", "FILES", "TABLES"]

FILES = Table(
    "bronze.files",
    "source file",
    (
        Column("file", "string", "name of the file in the bronze folder", nullable=False),
        Column("kind", "string", "vcf or samples", nullable=False),
        Column("dataset", "string", "data set that the file belongs to", nullable=False),
        Column("chrom", "string", "chromosome that the data set says the file holds"),
        Column("url", "string", "where the bytes came from: an address, or a path", nullable=False),
        Column("bytes", "int64", "size", "bytes", nullable=False),
        Column("md5", "string", "MD5 of the bytes, as publishers state it", nullable=False),
        Column("sha256", "string", "SHA-256 of the bytes", nullable=False),
        Column("fetched_at", "timestamp", "when the bytes arrived", "UTC", nullable=False),
        Column("version", "string", "version of the file, where its publisher names one"),
        Column("etag", "string", "ETag that the server sent with the bytes"),
        Column("container", "string", "how a VCF is packed: bgzf, gzip or text"),
        Column("blocks", "int64", "blocks of a VCF", "blocks"),
        Column("text_bytes", "int64", "size of a VCF's text, inflated", "bytes"),
        Column("lines", "int64", "lines of a VCF, its header's included", "lines"),
        Column("records", "int64", "lines of a VCF after its header", "records"),
        Column("samples", "int64", "samples that a VCF's header names", "samples"),
    ),
    key=("file",),
)

BLOCKS = Table(
    "bronze.blocks",
    "block of a VCF (a BGZF block, or a piece of text) and contig in it",
    (
        Column("file", "string", "name of the file in the bronze folder", nullable=False),
        Column("block", "int64", "number of the block in the file, from 0", nullable=False),
        Column("offset", "int64", "where the block starts in the file", "bytes", nullable=False),
        Column("bytes", "int64", "size of the block in the file", "bytes", nullable=False),
        Column("text_offset", "int64", "where its text starts in the inflated text", "bytes",
               nullable=False),
        Column("text_bytes", "int64", "size of its text", "bytes", nullable=False),
        Column("line", "int64", "newlines before the block", "lines", nullable=False),
        Column("chrom", "string",
               "contig of lines that begin after a newline of the block; null: there are none"),
        Column("pos_min", "int64", "smallest position of those lines, 1-based"),
        Column("pos_max", "int64", "largest position of those lines, 1-based"),
        Column("certain", "boolean",
               "whether all lines of the block that have a position are told of here",
               nullable=False),
    ),
    pruned_by=("file", "block"),
    key=("file", "block", "chrom"),
)  # fmt: skip

TABLES = (FILES, BLOCKS)
