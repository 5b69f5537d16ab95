"""What a file is that is not a VCF, told by its first bytes, and what to do about it."""

from __future__ import annotations

__all__ = ["foreign"]

_KINDS = (
    (b"\xff\xfe", "UTF-16 text", "Save it as UTF-8 text"),
    (b"\xfe\xff", "UTF-16 text", "Save it as UTF-8 text"),
    (b"\xef\xbb\xbf", "text with a byte order mark", "Save it as UTF-8 without one"),
    (b"\x1f\x8b", "gzip inside of gzip", "Unpack it once (gunzip)"),
    (b"BZh", "a bzip2 archive", "Unpack it (bunzip2)"),
    (b"\xfd7zXZ", "an xz archive", "Unpack it (unxz)"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it (unzstd)"),
    (b"PK\x03\x04", "a ZIP archive", "Unpack it (unzip)"),
    (b"BCF", "a BCF", "Convert it (bcftools view -Oz)"),
    (b"BAM\x01", "a BAM of reads", "Name the VCF that was called from it"),
    (b"CRAM", "a CRAM of reads", "Name the VCF that was called from it"),
    (b"TBI\x01", "an index of a VCF", "Name the VCF that it belongs to"),
    (b"CSI\x01", "an index of a VCF", "Name the VCF that it belongs to"),
    (b"\x89PNG", "a PNG picture", "Name a .vcf.gz or .vcf file"),
    (b"%PDF", "a PDF", "Name a .vcf.gz or .vcf file"),
    (b"<", "a web page or XML", "Get the file itself, not the page about it"),
)
_SHOWN = 40


def foreign(text: bytes) -> str:
    """What `text`, which is no VCF, begins with, and what to do: `found ... . Do ... .`"""
    if not text:
        return "found no text at all. Get the file again."
    for start, kind, remedy in _KINDS:
        if text.startswith(start):
            return f"found {kind}. {remedy}."
    line = text[:_SHOWN].decode("utf-8", "replace").split("\n")[0]
    return f"found {line!r}. Name a .vcf.gz or .vcf file."
