"""The app, served by a Streamlit that tells what each run of the script took.

    uv run python -P tests/bench/timed_app.py PORT LAKE

Without -P, pages.py beside it would stand in for the folder pages/. Writes a line of JSON to
the standard output for each run of a page: wall, the seconds from its start to its end, and
cpu, those that the process worked meanwhile on all cores. Runs of a part alone (the sidebar
looks after the build every few seconds) are left out.
"""

from __future__ import annotations

import json
import sys
import time

from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.web import cli

_run = ScriptRunner._run_script


def timed(runner: ScriptRunner, rerun: RerunData) -> None:
    """Run the script and write what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    _run(runner, rerun)
    if not rerun.fragment_id_queue:
        took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    ScriptRunner._run_script = timed
    port, lake = sys.argv[1:]
    sys.argv = ["streamlit", "run", "app.py", "--server.port", port,
                "--server.headless", "true", "--", "--lake", lake]  # fmt: skip
    cli.main()
