"""A page of a lake that is out of date: what a build would take is known without much work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from app_pages import Open, texts
from streamlit.testing.v1 import AppTest

from medallion import Lake
from medallion.cli import main
from medallion.storage import delta
from medallion.tables import TABLES
from pages.shared import panels
from pages.shared.words import duration

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("bronze", "silver", "gold")


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("dataset", ["demo", "phase3"])
def test_what_is_to_be_downloaded_is_what_the_whole_plan_says(
    demo_lake: Lake, tmp_path: Path, dataset: str, layer: str, *, force: bool
) -> None:
    lake = demo_lake if dataset == "demo" else Lake(tmp_path / "lake", dataset="phase3")
    planned = sum(step.download_bytes for step in lake.plan(layer, force=force))
    assert (planned > 0) == (dataset == "phase3")
    assert panels.download_size(lake, layer, force=force) == planned


def test_a_stale_lake_s_pages_open_no_table_to_say_so(
    demo_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lake"
    shutil.copytree(demo_lake.path, path)
    record = path / "gold" / "layer.json"
    told = json.loads(record.read_text("utf-8"))
    told["fingerprint"]["code"] = "another"  # as if other code had made it
    record.write_text(json.dumps(told), "utf-8")
    lake = Lake(path)
    assert lake.status()["gold"].state == "stale"
    looked: list[str] = []
    plain = delta.damaged

    def damaged(root: Path, layer: str, versions: dict[str, int]) -> list[str]:
        looked.append(layer)
        return plain(root, layer, versions)

    monkeypatch.setattr(delta, "damaged", damaged)
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.setenv("MEDALLION_LAKE", str(path))
    for page in ("layers/overview", "layers/gold", "explore/variant"):
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert any("Update gold" in button.label for button in app.button), page
        assert set(looked) == {"bronze"}


@pytest.mark.parametrize("opened_before", [False, True])
@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_a_page_that_meets_a_file_gone_or_cut_says_what_mends_it(
    harm: str, *, opened_before: bool, demo_lake: Lake, open_page: Open, tmp_path: Path
) -> None:
    lake = Lake(shutil.copytree(demo_lake.path, tmp_path / "lake"))
    if opened_before:
        open_page(lake, "layers/gold")
    version = lake.status()["gold"].versions["frequencies"]
    part = delta.part_paths(lake.path, TABLES["gold.frequencies"], version)[0]
    if harm == "gone":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    for page in ("layers/gold", "explore/variant", "explore/region"):
        app = open_page(lake, page, variant="sim64")
        told = texts(app)
        assert "gone or damaged" in told, page
        assert "medallion build gold" in told or "Update gold" in [b.label for b in app.button]
    assert any(badge.value.count("Out of date") for badge in app.sidebar.markdown), "the sidebar"


def test_the_buttons_say_what_would_be_built_and_how_long_it_took(
    demo_lake: Lake, open_page: Open, tmp_path: Path
) -> None:
    lake = Lake(shutil.copytree(demo_lake.path, tmp_path / "lake"))
    for layer, seconds in (("silver", 75.0), ("gold", 2.5)):
        record = lake.path / layer / "layer.json"
        told = json.loads(record.read_text("utf-8"))
        told["fingerprint"]["code"], told["seconds"] = "another", seconds
        record.write_text(json.dumps(told), "utf-8")
    gold = lake.status()["gold"].seconds
    assert gold is not None
    steps = lake.plan()
    assert [(step.layer, step.last_seconds) for step in steps] == [("silver", 75.0), ("gold", gold)]
    for layer, force in ((layer, force) for layer in LAYERS for force in (False, True)):
        said = panels.would_build(lake, layer, force=force)
        for name in LAYERS:
            planned = name in [step.layer for step in lake.plan(layer, force=force)]
            assert (f"{name} (took" in said) == planned
    both = f"Makes silver (took 1 min 15 s the last time), then gold (took {duration(gold)}"
    assert both in texts(open_page(lake, "explore/variant"))
    app = open_page(lake, "layers/overview")
    helps = {button.label: button.help for button in app.button}
    assert both in helps["Update gold"]
    assert "Makes bronze (took" in helps["Rebuild bronze"]


def test_a_plan_tells_how_long_a_layer_took_the_last_time(
    demo_lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = demo_lake.status()["gold"].seconds
    assert main(["plan", "gold", "--force", "--lake", str(demo_lake.path)]) == 0
    assert f"took {seconds:.1f} s the last time" in capsys.readouterr().out
    new = Lake(tmp_path / "new", dataset="demo")
    assert [step.last_seconds for step in new.plan()] == [None] * 3
