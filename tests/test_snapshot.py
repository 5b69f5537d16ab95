"""The snapshot of a layer, and fingerprints."""

from __future__ import annotations

import dataclasses
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from medallion.errors import LakeError, LayerFormatError
from medallion.storage.fingerprint import Fingerprint, code_digest, digest_file
from medallion.storage.snapshot import Snapshot, TableState, read_snapshot, write_snapshot


def snapshot(**changes: object) -> Snapshot:
    plain = Snapshot(
        "silver",
        {"things": TableState(3, 10, 99)},
        Fingerprint({"The VCF a": "00"}, {}, 1, "c0de"),
        datetime.now(UTC),
        1.5,
        {"ledger": []},
    )
    return dataclasses.replace(plain, **changes)


def test_a_snapshot_comes_back(tmp_path: Path) -> None:
    assert read_snapshot(tmp_path, "silver") is None
    written = snapshot()
    write_snapshot(tmp_path, written)
    assert read_snapshot(tmp_path, "silver") == written
    assert [p.name for p in (tmp_path / "silver").iterdir()] == ["layer.json"]


def test_the_token_changes_with_every_build() -> None:
    one = snapshot()
    later = snapshot(built_at=datetime(2030, 1, 1, tzinfo=UTC))
    other = snapshot(tables={"things": TableState(4, 10, 99)})
    assert len({one.token, later.token, other.token}) == 3


@pytest.mark.parametrize(
    ("content", "error", "word"),
    [
        ("", LakeError, "cannot be read"),
        ("{not json", LakeError, "cannot be read"),
        ("[]", LayerFormatError, "format"),
        ('{"format": 99}', LayerFormatError, "99"),
        ('{"tables": {}}', LayerFormatError, "None"),
        ('{"format": 1}', LakeError, "tables"),
        ('{"format": 1, "tables": {"a": {}}}', LakeError, "TableState"),
        ('{"format": 1, "tables": []}', LakeError, "items"),
    ],
)
def test_a_damaged_or_foreign_snapshot_is_refused_in_one_line(
    content: str, error: type[LakeError], word: str, tmp_path: Path
) -> None:
    (tmp_path / "silver").mkdir()
    (tmp_path / "silver" / "layer.json").write_text(content, encoding="utf-8")
    with pytest.raises(LakeError) as raised:
        read_snapshot(tmp_path, "silver")
    assert type(raised.value) is error
    assert word in str(raised.value)
    assert "\n" not in str(raised.value)
    assert str(tmp_path / "silver") in str(raised.value)


def test_a_reader_sees_the_old_snapshot_or_the_new_one(tmp_path: Path) -> None:
    """Written over and over while it is read over and over: never half of one."""
    stop = threading.Event()
    write_snapshot(tmp_path, snapshot())

    def write() -> None:
        while not stop.is_set():
            write_snapshot(tmp_path, snapshot(summary={"x": "y" * 5000}))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            for _ in range(200):
                assert read_snapshot(tmp_path, "silver") is not None
        finally:
            stop.set()
        writing.result()


# Fingerprints


def test_a_fingerprint_says_in_words_what_differs() -> None:
    before = Fingerprint({"The VCF a": "1", "The VCF b": "2"}, {"x": 1}, 1, "aa")
    assert before.differences(before) == ()
    now = Fingerprint({"The VCF a": "9", "The table c": "3"}, {"x": 2}, 2, "bb")
    assert before.differences(now) == (
        "The VCF a changed.",
        "The VCF b was removed.",
        "The table c was added.",
        "The parameter x changed from 1 to 2.",
        "The tables have format 1; this version writes 2.",
        "The code that makes this layer changed.",
    )
    assert before.digest != now.digest
    again = Fingerprint.from_json(json.loads(json.dumps(before.to_json())))
    assert again.digest == before.digest


def test_the_code_digest_follows_the_code() -> None:
    assert code_digest("silver") != code_digest("gold")
    assert code_digest("silver", "gold") != code_digest("gold")
    assert code_digest("vcf/blocks.py") != code_digest("vcf/lines.py")


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert digest_file(tmp_path / "a") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
