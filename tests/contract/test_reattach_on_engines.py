"""Another clone finds a detached run on a real engine by the record alone, and records its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Lab
from tests.engines import WORKER, Ray, Slurm

pytestmark = pytest.mark.long
SLURM = ["hpc", "--kind", "slurm", "--partition", WORKER]


def ray_words(ray: Ray) -> list[str]:
    return [
        "cluster",
        "--kind",
        "ray",
        "--host",
        ray.address.partition("//")[2],
        "--limit",
        "cpus=1",
    ]


@pytest.mark.parametrize("engine", ["slurm", "ray"])
def test_another_clone_takes_it_up_and_both_have_one_end(
    engine: str, lab: Lab, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    cluster: Slurm | Ray = request.getfixturevalue(f"{engine}_client")
    declared = ray_words(cluster) if isinstance(cluster, Ray) else SLURM
    lab.env.update(cluster.environ)
    remote, clone, go = tmp_path / "remote.git", tmp_path / "clone", tmp_path / "go"
    script = f"echo up; while ! test -e {go}; do sleep 0.1; done; echo '{{\"time_ms\": 3}}'"
    lab.git("init", "-q", "--bare", str(remote))
    lab.git("remote", "add", "origin", str(remote))
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--success", "time_ms:ms:lower")
    lab.ok("executor", "add", *declared)
    lab.ok("run", "--on", declared[0], "--detach", "--", "sh", "-c", script)
    lab.ok("sync")
    lab.git("clone", "-q", str(remote), str(clone))
    other = Lab(clone, lab.env)
    other.ok("sync")
    other.ok("executor", "add", *declared)
    [job] = other.json("jobs")["data"]
    assert (job["id"], job["state"] in ("queued", "running")) == ("P-001-r1", True)
    go.touch()
    assert other.json("wait", "P-001")["data"][0]["state"] == "done"
    assert other.json("show", "P-001-r1")["data"]["metrics"] == {"time_ms": 3.0}
    other.ok("sync")
    lab.ok("sync")
    assert lab.json("wait", "P-001")["data"][0]["state"] == "done"
    ends = [r for r in lab.json("status", "--runs")["data"] if r["id"] == "P-001-r1"]
    assert [run["state"] for run in ends] == ["done"]
    lab.ok("verify")
