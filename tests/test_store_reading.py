"""A lake in an object store as commands and pages read it: the same answers, few bytes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import s3_server
from in_store import copy, same, store
from real_data import PANEL, SLICES, real, thorough
from streamlit.testing.v1 import AppTest
from test_readme import MEDALLION, commands

from medallion import Lake, cli
from pages.shared import cache

__all__ = ["store"]  # a fixture

ROOT = Path(__file__).resolve().parents[1]
PAGE_BYTES = 5_000_000
FRONT = "layers/overview"


@pytest.fixture(scope="module")
def copied(store: s3_server.Server, demo_lake: Lake) -> Lake:
    """The demo, built on the disk and copied. For reading only."""
    return copy(demo_lake, "copied")


def test_a_lake_that_was_copied_is_fresh_and_its_tables_are_the_same(
    copied: Lake, demo_lake: Lake
) -> None:
    assert {s.state for s in copied.status().values()} == {"fresh"}
    assert copied.plan() == []
    same(demo_lake, copied)


COMMANDS = [
    "raw 22:16050000-16060000",
    "raw #5000-5002",
    "variant 22:16056829",
    "variant 22:16056829 --json",
    "trace gold.frequencies 22-16056829-T-A EUR",
    "search 22:16056829",
    "linked 22:16056901 --limit 5",
    "ld 22:16056829 22:16056901",
    "haplotypes 22:16056829 22:16056901",
    "cohort 22:16050000-16060000 --population GBR",
    "versions gold.variants",
    "plan",
    "history",
    "status",
    "query select_population,_sum(an)_from_gold.frequencies_group_by_all_order_by_1",
    "query select_*_from_silver.variants_where_pos_=_16056829",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_of_a_lake_in_a_store_what_it_says_of_one_on_the_disk(
    command: str, copied: Lake, demo_lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.replace("_", " ") if "select" in word else word for word in command.split()]
    said = []
    for lake in (demo_lake, copied):
        assert cli.main([*words, "--lake", str(lake.path)]) == 0, capsys.readouterr().err
        said.append(capsys.readouterr().out.replace(str(lake.path), "LAKE"))
    assert said[0] == said[1]
    assert said[0].strip()


@thorough
def test_what_the_readme_says_to_do_can_be_done(store: s3_server.Server) -> None:
    told = [c for c in commands() if "s3://" in c and c.startswith(MEDALLION)]
    assert len(told) > 2
    for command in told:
        assert cli.main(shlex.split(command)[3:]) == 0


def test_verify_finds_all_well_and_a_changed_byte(
    demo_lake: Lake, store: s3_server.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = copy(demo_lake, "verified")
    assert cli.main(["verify", "--lake", str(lake.path)]) == 0
    path = lake.path / "bronze" / "demo.chr22.vcf.gz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    capsys.readouterr()
    assert cli.main(["verify", "--lake", str(lake.path)]) == 1
    assert "bronze.sha256" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["x.csv", "x.parquet", "x.vcf"])
def test_an_export_is_the_same_file(
    target: str, copied: Lake, demo_lake: Lake, tmp_path: Path
) -> None:
    what = "vcf" if target.endswith("vcf") else "gold.populations"
    written = []
    for lake in (demo_lake, copied):
        lake.export(what, tmp_path / target)
        written.append((tmp_path / target).read_bytes().replace(str(lake.path).encode(), b"LAKE"))
    assert written[0] == written[1] or target.endswith("parquet")  # which tells its lake's name
    if target.endswith("parquet"):
        assert pl.read_parquet(tmp_path / target).height == 32


def test_a_line_is_read_without_its_file(copied: Lake, store: s3_server.Server) -> None:
    copied.raw("#1")
    store.sent()
    assert copied.raw("#7000")[0].record == 7000
    fetched = sum(n for _, path, n in store.sent() if path.endswith(".vcf.gz"))
    whole = (copied.path / "bronze" / "demo.chr22.vcf.gz").stat().st_size
    assert 0 < fetched < whole / 2


# The app


Open = Callable[..., AppTest]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """A page of the app on a lake, as a link with these parameters opens it."""

    def opened(lake: Lake, name: str, **query: str) -> AppTest:
        monkeypatch.setenv("MEDALLION_LAKE", str(lake.path))
        monkeypatch.setattr("sys.argv", ["app.py"])
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        app.switch_page(f"pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, [element.message for element in app.exception]
        return app

    return opened


@thorough
@pytest.mark.slow
def test_every_page_shows_a_lake_in_a_store(copied: Lake, page: Open) -> None:
    app = page(copied, "layers/bronze")
    for path in sorted((ROOT / "pages").glob("*/*.py")):
        if path.parent.name != "shared":
            app.switch_page(str(path.relative_to(ROOT))).run()
            assert not app.exception, (path, [element.message for element in app.exception])


@pytest.fixture(scope="module")
def large(store: s3_server.Server, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """25,000 real records of 2,504 samples: 29 MB of a lake."""
    lake = Lake(
        tmp_path_factory.mktemp("large") / "lake", vcf=real(SLICES["chr20"].vcf),
        samples=real(PANEL),
    )  # fmt: skip
    lake.build("gold")
    return copy(lake, "large")


@thorough
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "query", "shown"),
    [
        (FRONT, {}, "this one differs most between groups"),
        ("explore/variant", {"variant": "20-467283-G-C"}, "467,283"),
        ("explore/region", {"region": "20:460000-480000"}, "20:460,000-480,000"),
        ("layers/bronze", {"bronze": "Records", "at": "20:467283"}, "467283"),
    ],
)
def test_a_page_fetches_a_few_megabytes(
    name: str, query: dict[str, str], shown: str, large: Lake, store: s3_server.Server, page: Open
) -> None:
    whole = sum(large.path.sizes().values())
    assert whole > 4 * PAGE_BYTES
    page(large, "trust/history")  # what the sidebar reads is not the page's
    if name == FRONT:
        cache.most_different.clear()  # it was on the way
    store.sent()
    app = page(large, name, **query)
    fetched = sum(n for *_, n in store.sent())
    assert 0 < fetched < PAGE_BYTES
    texts = [str(getattr(e, "value", "")) for kind in ("title", "text", "caption", "markdown",
             "code", "metric", "text_input") for e in app.get(kind)]  # fmt: skip
    assert any(shown in text or shown.replace(",", "") in text for text in texts)


def test_a_profile_tells_who_one_is(copied: Lake, tmp_path: Path, store: s3_server.Server) -> None:
    """Each library that goes there (obstore, delta-rs, polars, Arrow) knows it."""
    profile = tmp_path / "credentials"
    profile.write_text("[me]\naws_access_key_id = me\naws_secret_access_key = secret\n")
    told = {k: v for k, v in os.environ.items() if "KEY" not in k}
    told |= {"AWS_PROFILE": "me", "AWS_SHARED_CREDENTIALS_FILE": str(profile)}
    store.sent()
    for command in (["query", "select count(*) from gold.fst"], ["variant", "22:16056829"]):
        done = subprocess.run(
            [sys.executable, "-m", "medallion", *command, "--lake", str(copied.path)], cwd=ROOT,
            env=told, text=True, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def fails(environment: dict[str, str | None], *arguments: str) -> str:
    """What the command says, in one line, with exit code 1."""
    changed = {**os.environ, **{k: v for k, v in environment.items() if v is not None}}
    for name, value in environment.items():
        if value is None:
            del changed[name]
    done = subprocess.run(
        [sys.executable, "-m", "medallion", *arguments], cwd=ROOT, env=changed, text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("environment", "lake", "said"),
    [
        ({}, "s3://no-such-bucket/lake", "has no bucket 'no-such-bucket'"),
        ({"AWS_ACCESS_KEY_ID": s3_server.STRANGER}, "s3://bucket/copied", "refuses these cred"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "s3://bucket/copied", "cannot be reached"),
        ({"AWS_ALLOW_HTTP": None}, "s3://bucket/copied", "AWS_ALLOW_HTTP=true"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_in_one_line(
    environment: dict[str, str | None], lake: str, said: str, store: s3_server.Server
) -> None:
    assert said in fails(environment, "status", "--lake", lake)
    if not environment:
        assert said in fails(environment, "build", "--dataset", "demo", "--lake", lake)


@pytest.mark.parametrize(
    ("address", "said"),
    [("gs://bucket/lake", "expected a folder"), ("s3://no-such-bucket/lake", "has no bucket")],
)
def test_the_app_says_why_a_place_cannot_be_opened(
    address: str, said: str, monkeypatch: pytest.MonkeyPatch, store: s3_server.Server
) -> None:
    monkeypatch.setenv("MEDALLION_LAKE", address)
    monkeypatch.setattr("sys.argv", ["app.py"])
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not app.exception
    assert any(said in element.value for element in app.code)
