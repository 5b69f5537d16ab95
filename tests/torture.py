"""A builder and a reader of a lake as programs of their own, for tests to kill and to watch.

    python tests/torture.py build LAKE VCF SAMPLES SPARE   one build for each line it is sent,
                            cancelled so many seconds after it came to a layer: gold 0.1
    python tests/torture.py read LAKE SEED COUNT           COUNT readers until its input ends

Both answer with JSON, an object a line.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plain_vcf import vcf_text

from medallion import Lake
from medallion.errors import BuildCancelled, MedallionError
from medallion.progress import Progress

_TURN = threading.Lock()
_PAUSE = 0.4  # seconds at most for each reader, to leave a processor to the builder
LAYERS = ("bronze", "silver", "gold")
# When bytes came, and from where, is not what they are.
LEFT_OUT = {"bronze.files": ("fetched_at", "url")}


def say(**told: Any) -> None:
    with _TURN:
        print(json.dumps(told), flush=True)


def tables_of(lake: Lake, layer: str) -> list[str]:
    return [t.name for t in lake.tables() if t.layer == layer]


def whole_layer(lake: Lake, layer: str) -> str:
    """One digest over every row of every table of a layer, had by one query."""
    counted = []
    for table in tables_of(lake, layer):
        without = f" exclude ({', '.join(LEFT_OUT[table])})" if table in LEFT_OUT else ""
        rows = f"(select *{without} from {table})"
        counted.append(
            f"select '{table}' as t, count(*) as n, cast(bit_xor(hash(r)) as varchar) as h "
            f"from {rows} r"
        )
    found = lake.query(f"select * from ({' union all '.join(counted)}) order by t")
    return hashlib.sha256(found.write_csv().encode()).hexdigest()[:12]


def raw_lines(lake: Lake) -> str:
    """A digest of all lines of bronze, by its index."""
    lines = "\n".join(f"{r.record} {r.text}" for r in lake.raw("#1-1000000", limit=None))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def one_table(lake: Lake, table: str) -> str:
    """A digest of a table's rows, had by a scan."""
    frame = lake.scan(table, build=False).collect()
    frame = frame.drop(LEFT_OUT.get(table, ()))
    return hashlib.sha256(frame.sort(frame.columns).write_json().encode()).hexdigest()[:12]


def looked_at(lake: Lake) -> Mapping[str, str]:
    """What a reader may find in this lake, by what it asks."""
    found = {layer: whole_layer(lake, layer) for layer in LAYERS}
    found |= {"raw": raw_lines(lake)}
    return found | {t.name: one_table(lake, t.name) for t in lake.tables()}


def read(root: Path, seed: int, count: int) -> None:
    """Have `count` threads ask for this and that until the input ends; say what they found."""
    over = threading.Event()
    pause = _PAUSE * count
    asked = [(root, seed + i, pause, over) for i in range(count)]
    threads = [threading.Thread(target=_ask, args=each) for each in asked]
    for thread in threads:
        thread.start()
    say(ready=True)
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()


def _ask(root: Path, seed: int, pause: float, over: threading.Event) -> None:
    chosen = random.Random(seed)
    names = [t.name for t in Lake(root).tables()]
    while not over.wait(chosen.uniform(0, pause)):
        lake = Lake(root)
        asked = chosen.choice([*LAYERS, "raw", chosen.choice(names)])
        before = [lake.version(layer) for layer in LAYERS]
        try:
            if asked in LAYERS:
                found = whole_layer(lake, asked)
            else:
                found = raw_lines(lake) if asked == "raw" else one_table(lake, asked)
        except (MedallionError, OSError) as error:
            # A frame is of the version that was there when it was asked for.
            if asked not in names or before == [lake.version(layer) for layer in LAYERS]:
                say(asked=asked, refused=str(error))
        else:
            say(asked=asked, found=found)


def build(root: Path, vcf: str, samples: str, spare: Path) -> None:
    """Build once for each line of the input, and say how far it is."""
    # A first build loads what is loaded when it is needed: that is no part of the builds.
    (spare / "a.vcf").write_text(vcf_text(["1 1 . A C . . . GT 0|1 0|0 0|0"]), encoding="utf-8")
    Lake(spare / "lake", vcf=[spare / "a.vcf"]).build()
    say(ready=True)
    for line in sys.stdin:
        lake = Lake(root, vcf=[vcf], samples=samples)
        cancel = threading.Event()
        tell = _tell(*line.split(), cancel=cancel)
        try:
            lake.build(progress=tell, cancel=cancel)
        except BuildCancelled:
            say(cancelled=list(lake.last_built))
        except MedallionError as error:
            say(refused=str(error))
        else:
            say(built=list(lake.last_built))


def _tell(
    layer: str = "", seconds: str = "0", *, cancel: threading.Event
) -> Callable[[Progress], None]:
    """Say how far a build is, and cancel it some seconds after it came to `layer`."""
    begun = threading.Event()

    def tell(event: Progress) -> None:
        if event.layer == layer and not begun.is_set():
            begun.set()
            threading.Timer(float(seconds), cancel.set).start()
        say(layer=event.layer, step=str(event))

    return tell


if __name__ == "__main__":
    if sys.argv[1] == "read":
        read(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        build(Path(sys.argv[2]), sys.argv[3], sys.argv[4], Path(sys.argv[5]))
