"""Ray by its Jobs REST interface, with the standard library alone, on a file system that the nodes
share: the kind ``ray``.

``host`` is the address of the dashboard, ``http://HOST:8265``, or a name of the machine it is on. A
job's ``submission_id`` follows from run and attempt, so that a second submission is refused by Ray.
Output is read from the attempt folder: Ray keeps a job's log on the node that ran it and cannot give
it out when that node is gone. "Job supervisor actor died" is Ray's word for a node that went down:
the attempt is lost, not failed.

A token (``RAY_AUTH_TOKEN``, the file ``RAY_AUTH_TOKEN_PATH`` names, ``~/.ray/auth_token``) is sent
where there is one. Every command that Ray starts can be read by whoever can reach its dashboard:
no variable of the caller is given to Ray.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping

from leadline.adapters.executors.shared_folder import SharedFolderExecutor, unreachable
from leadline.core.canonical import object_in
from leadline.core.errors import environment, usage
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.ports.attempt import Handle
    from leadline.ports.executor_setup import ExecutorSetup

ANSWERS_WITHIN_S = 30.0
PORT = 8265
STATES = {
    "PENDING": "queued",
    "RUNNING": "running",
    "SUCCEEDED": "gone",
    "FAILED": "gone",
    "STOPPED": "gone",
}


class RayExecutor(SharedFolderExecutor):
    """``address``: of the dashboard. ``needs``: what Ray deals out to each job: ``CPU``, ``GPU``,
    ``memory`` in bytes, and resources of the cluster's own."""

    def __init__(
        self,
        name: str = "ray",
        address: str = f"http://127.0.0.1:{PORT}",
        needs: Mapping[str, float] | None = None,
        python: str = "",
    ) -> None:
        super().__init__(name, python)
        self.address = address.rstrip("/")
        self.needs = {"CPU": 1.0, **(needs or {})}

    def _find(self, job: str) -> dict[str, object] | None:
        code, said = self._ask_ray("GET", f"/api/jobs/{job}")
        if code == 404:
            return None
        if code != 200:
            raise self._no_answer(code, said)
        return {"job": job}

    def _start(
        self, job: str, argv: list[str], folder: str, resources: Mapping[str, object]
    ) -> dict[str, object]:
        own = {k: v for k, v in self.needs.items() if k not in ("CPU", "GPU", "memory")}
        # What Ray keeps of the output is a second copy of what only says why nothing started.
        entrypoint = f"exec {shlex.join(argv)} 2>>{shlex.quote(f'{folder}/supervisor.err')}"
        asked: dict[str, object] = {
            "entrypoint": entrypoint,
            "submission_id": job,
            "entrypoint_num_cpus": self.needs["CPU"],
            "entrypoint_resources": own,
            "metadata": {"leadline": job},
        }
        if "GPU" in self.needs:
            asked["entrypoint_num_gpus"] = self.needs["GPU"]
        if "memory" in self.needs:
            asked["entrypoint_memory"] = int(self.needs["memory"])
        code, said = self._ask_ray("POST", "/api/jobs/", asked)
        if code == 200 or "already" in said:
            return {"job": job}
        raise self._no_answer(code, said)

    def _engine_states(self, jobs: Mapping[str, Handle]) -> dict[str, str]:
        if len(jobs) > 8:  # the list has every job that Ray ever had, and is one exchange
            code, said = self._ask_ray("GET", "/api/jobs/")
            listed = _listed(said) if code == 200 else None
            if listed is None:
                return dict.fromkeys(jobs, "unknown")
            known = {str(job.get("submission_id")): job for job in listed}
            return {job: _state(known.get(job)) for job in jobs}
        found = {}
        for job in jobs:
            code, said = self._ask_ray("GET", f"/api/jobs/{job}")
            found[job] = "gone" if code == 404 else "unknown"
            if code == 200:
                found[job] = _state(object_in(said))
            if code == 0:
                return {**dict.fromkeys(jobs, "unknown"), **found}
        return found

    def _end(self, job: str, handle: Handle) -> None:
        self._ask_ray("POST", f"/api/jobs/{job}/stop", {})

    def _ask_ray(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Status and text of the answer; status 0 when there is none."""
        import http.client
        import urllib.error
        import urllib.request

        request = urllib.request.Request(
            self.address + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", **_token()},
        )
        # Never by a proxy: a cluster is near, and its token is for it alone.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=ANSWERS_WITHIN_S) as answer:
                return int(answer.status), answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, str(getattr(error, "reason", error))

    def _no_answer(self, code: int, said: str) -> Exception:
        again = f"leadline executor check {self.name}"
        if code == 0 or code >= 502:
            return unreachable(f"Ray at {self.address}", said, again)
        if code in (401, 403):
            return environment(
                "ray-token",
                f"Ray at {self.address} wants another token",
                why=f"it answered {code}; nothing was started",
                do=["export RAY_AUTH_TOKEN=…", again],
            )
        last = said.strip().rpartition("\n")[2][-300:]
        return environment(
            "ray-refused", f"Ray did not take the job: HTTP {code}", why=last, do=again
        )


def made(setup: ExecutorSetup) -> RayExecutor:
    """As declared: ``devices`` (``GPU:1``, ``TPU:4``) and the limits ``cpus`` and ``memory_mb`` are
    what Ray deals out. Raises LeadlineError(usage): a device without a number."""
    needs: dict[str, float] = {}
    for device in setup.devices:
        kind, _, number = device.partition(":")
        try:
            needs["GPU" if kind.lower() == "gpu" else kind] = float(number or 1)
        except ValueError:
            raise usage(
                "ray-device",
                f"{device!r} is no device that Ray can deal out",
                why="it counts them: GPU:1, TPU:4",
                do=f"leadline executor show {setup.name}",
            ) from None
    if cpus := setup.limits.get("cpus"):
        needs["CPU"] = float(cpus)
    if memory := setup.limits.get("memory_mb"):
        needs["memory"] = float(memory) * 2**20
    address = setup.host or "127.0.0.1"
    if "://" not in address:
        address = f"http://{address}" if ":" in address else f"http://{address}:{PORT}"
    return RayExecutor(setup.name, address, needs, setup.options.get("python", ""))


def _token() -> dict[str, str]:
    """The header for a cluster in token mode; empty where no token is known."""
    if os.environ.get("RAY_AUTH_MODE") == "disabled":
        return {}
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    if not token:
        path = os.environ.get("RAY_AUTH_TOKEN_PATH") or os.path.expanduser("~/.ray/auth_token")
        try:
            with open(path, encoding="utf-8") as file:
                token = file.read(10_000)
        except OSError:
            return {}
    return {"Authorization": f"Bearer {token.strip()}"} if token.strip() else {}


def _state(job: Mapping[str, Any] | None) -> str:
    """``job``: as Ray lists it; None where it does not. A word that is not Ray's is no news."""
    return "gone" if job is None else STATES.get(str(job.get("status")), "unknown")


def _listed(text: str) -> list[dict[str, Any]] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return [job for job in found if isinstance(job, dict)] if isinstance(found, list) else None
