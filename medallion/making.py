"""Making the layers of a lake that are missing or stale, a chromosome after another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from medallion.bronze import build as bronze
from medallion.bronze.ahead import Ahead
from medallion.bronze.source import Source, write_source
from medallion.files import Place
from medallion.gold import build as gold
from medallion.silver import build as silver
from medallion.silver.limit import Limit
from medallion.status import Step, plan
from medallion.storage.history import recorded
from medallion.storage.publish import remove_unreadable
from medallion.storage.work import Work

__all__ = ["make_layers"]


def make_layers(
    root: Place, source: Source, layer: str, work: Work, *, force: bool, limit: Limit | None,
    asked_by: str,
) -> Iterator[str]:  # fmt: skip
    """Make what is missing or stale up to `layer`, and give the name of each layer made.

    Chromosomes that have yet to be downloaded go all the way up one after another, the next
    one on its way meanwhile. So a build that stops has made those before, and goes on there.
    """
    stages = bronze.stages(root, source)
    with Ahead(work.root / bronze.LAYER) as ahead:
        for number, (now, following) in enumerate(pairwise([*stages, None])):
            if now is None:
                raise AssertionError(stages)
            if following is not None:
                ahead.begin(bronze.downloads(following))
            steps = plan(root, now, layer, force=force and not number)
            if limit and layer != bronze.LAYER and silver.LAYER not in {s.layer for s in steps}:
                silver.check_limit(root, limit)  # silver is not made anew
            for step in steps:
                with recorded(root, step.layer, step.reasons, asked_by, work):
                    _make(now, step, work, ahead, limit)
                if step.layer == bronze.LAYER:
                    # Remembered once its bytes are there: a source that could not be had
                    # does not stand in the way of another.
                    write_source(root, source)
                yield step.layer


def _make(source: Source, step: Step, work: Work, ahead: Ahead, limit: Limit | None) -> None:
    if step.anew:
        remove_unreadable(work.root, step.layer)
    if step.layer == bronze.LAYER:
        bronze.build(work.root, source, work, ahead, force=step.anew)
    elif step.layer == silver.LAYER:
        silver.build(work.root, work, force=step.anew, max_quarantined=limit)
    else:
        gold.build(work.root, work, force=step.anew)
