"""Work on a cluster of machines: a scheduler of Dask's `distributed`, and its executor.

`distributed` comes with the extra `cluster`; nothing here imports it until an address is
given. Workers need this very version of the package, and the lake under the same path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from medallion.errors import UsageError, WorkerError
from medallion.files import Place, is_seen, place
from medallion.storage.fingerprint import code_digest

__all__ = ["connected", "memory", "raised", "submit_options", "width"]

_CONNECT_SECONDS = 10
_WORKERS_SECONDS = 60
# Enough for a cluster that grows with its queue, and soon undone where a build is cancelled.
_FEWEST_TASKS = 32


@contextmanager
def connected(address: str, root: Place) -> Iterator[Executor]:
    """An executor on the cluster whose scheduler is at `address`, for the lake at `root`.

    Raises UsageError where `distributed` is not installed or the address is none;
    WorkerError where no scheduler or no worker answers, or a worker has other code than
    this process or does not see the lake.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            "--cluster needs Dask: install the extra cluster, such as uv sync --extra cluster "
            "or pip install 'medallion[cluster]'."
        ) from error
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except ValueError as error:
        raise UsageError(
            f"{address!r} is no address of a scheduler: expected one such as tcp://host:8786."
        ) from error
    except (OSError, TimeoutError) as error:
        raise WorkerError(
            f"No scheduler answers at {address} within {_CONNECT_SECONDS} s. Start one (dask "
            "scheduler), or check the address and the network."
        ) from error
    try:
        _check_workers(client, address, root.absolute())
        yield client.get_executor()
    finally:
        client.close(timeout=_CONNECT_SECONDS)


def _check_workers(client: Any, address: str, root: Place) -> None:  # noqa: ANN401  # Client
    """Have every worker prove that it can do the work."""
    try:
        client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
    except TimeoutError as error:
        raise WorkerError(
            f"The scheduler at {address} has no worker after {_WORKERS_SECONDS} s. Start some: "
            f"dask worker {address}"
        ) from error
    root.mkdir(parents=True, exist_ok=True)
    answers = client.run(_worker_state, str(root), on_error="return")
    own = _worker_state(str(root))
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            raise WorkerError(
                f"The worker {worker} cannot run this package ({type(answer).__name__}: {answer})."
                " Install the same version there."
            )
        if answer[0] != own[0]:
            raise WorkerError(
                f"The worker {worker} has another version of this package: expected code "
                f"{own[0]}, found {answer[0]}. Install the same version there."
            )
        if not answer[1]:
            raise WorkerError(
                f"The worker {worker} does not see the folder {root}. A lake that a cluster "
                "builds lies where all its machines have it under the same path."
            )


def _worker_state(root: str) -> tuple[str, bool]:
    return code_digest("."), is_seen(place(root))


def _is_cluster(executor: Executor) -> bool:
    return type(executor).__module__.partition(".")[0] == "distributed"


def submit_options(executor: Executor) -> Mapping[str, Any]:
    """What `submit` needs besides: each task run anew, though one like it ran before."""
    return {"pure": False} if _is_cluster(executor) else {}


def width(executor: Executor) -> int | None:
    """Tasks to have under way on a cluster; None where `executor` is of another kind."""
    if not _is_cluster(executor):
        return None
    threads: int = sum(_running(executor).nthreads().values())
    return max(_FEWEST_TASKS, 2 * threads)


def memory(executor: Executor) -> int | None:
    """Bytes of memory that each thread of a cluster's smallest worker may take, if that is told."""
    if not _is_cluster(executor):
        return None
    workers = _running(executor).scheduler_info()["workers"].values()
    return min(
        (w["memory_limit"] // max(1, w["nthreads"]) for w in workers if w.get("memory_limit")),
        default=None,
    )


def _running(executor: Executor) -> Any:  # noqa: ANN401  # Client
    client = executor._client  # type: ignore[attr-defined]  # noqa: SLF001  # no public way
    if client.status != "running":
        raise WorkerError(
            f"The executor's client is out of reach of its scheduler (it is {client.status}). "
            "Connect to a cluster that runs, then build again."
        )
    return client


def raised(error: BaseException) -> bool:
    """Whether an error is the cluster's own: a worker killed, a connection lost."""
    return type(error).__module__.partition(".")[0] in ("distributed", "tornado")
