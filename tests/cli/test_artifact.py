"""Artifacts as a user meets them: logged in a job or named by `run --artifact`, killed, listed,
fetched, checked, and seen from another machine."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from leadline.core.record import artifact
from leadline.testing.builders import ThreadBuilder
from tests.cli.test_sync import clone, remote  # noqa: F401
from tests.conftest import Lab

PY = sys.executable
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GIB = 1 << 30


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def job(lab: Lab, code: str, *options: str, **env: str) -> dict[str, Any]:
    """Run ``code`` with `leadline run` and return what the record says of its artifacts, and the
    run's id."""
    done = lab.json("run", *options, "--", PY, "-c", "import leadline as ll, os\n" + code, env=env)
    [run] = done["data"]["runs"]
    return {"id": run["id"], "uid": run["uid"], "state": run["state"], **run["artifacts"]}


def blob(lab: Lab, name: str) -> Path:
    name = name.removeprefix("sha256:")
    return lab.repo / ".git/leadline/blobs" / name[:2] / name[2:]


def attempt(lab: Lab, uid: str) -> Path:
    return lab.repo / ".git/leadline/runs" / uid / "attempt-1/artifacts"


def reasons(done: dict[str, Any]) -> dict[str, str]:
    return {gap["name"]: gap["reason"] for gap in done.get("gaps", [])}


def names(done: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in done.get("kept", [])]


# ---- logged in a job -----------------------------------------------------------------------------


def test_a_killed_job_keeps_what_it_logged(thread_lab: Lab) -> None:
    done = job(
        thread_lab, "ll.log_artifact(b'weights', name='m.pt', step=4); os.kill(os.getpid(), 9)"
    )
    assert done["state"] == "failed"
    [kept] = done["kept"]
    assert {k: kept[k] for k in ("name", "kind", "digest", "size_bytes", "step")} == {
        "name": "m.pt", "kind": "model", "digest": digest(b"weights"), "size_bytes": 7, "step": 4,
    }  # fmt: skip
    assert blob(thread_lab, kept["digest"]).read_bytes() == b"weights"
    # moved, no second copy
    assert not [p for p in attempt(thread_lab, done["uid"]).iterdir() if len(p.name) == 64]
    assert thread_lab.run("verify").returncode == 0


def test_a_killed_watcher_and_job_keep_it_all_the_same(thread_lab: Lab, tmp_path: Path) -> None:
    """Everything dies at once, the supervisor too; the next command ends the run."""
    ready = tmp_path / "ready"
    code = (
        "import leadline as ll, time, pathlib\nll.log_artifact(b'weights', name='m.pt')\n"
        f"pathlib.Path({str(ready)!r}).touch()\ntime.sleep(600)"
    )
    argv = [PY, "-m", "leadline", "run", "--artifact", "late=out.txt", "--", PY, "-c", code]
    watcher = subprocess.Popen(
        argv, cwd=thread_lab.repo, env=thread_lab.env, stdout=subprocess.DEVNULL, stderr=-3
    )
    while not ready.exists():
        assert watcher.poll() is None
        time.sleep(0.01)
    thread_lab.write("out.txt", "written late")
    [owner] = (thread_lab.repo / ".git/leadline/runs").glob("*/attempt-1/owner.json")
    supervisor = json.loads(owner.read_text())["pid"]
    watcher.kill()
    watcher.wait()
    os.kill(supervisor, signal.SIGKILL)
    while thread_lab.json("show", "P-001-r1")["data"]["state"] not in ("lost", "failed"):
        thread_lab.run("status")
    assert thread_lab.run("show", "P-001-r1").returncode == 0
    record = thread_lab.json("show", "P-001-r1")["data"]["artifact_record"]
    assert [(k["name"], k["digest"]) for k in record["kept"]] == [
        ("m.pt", digest(b"weights")),
        ("late", digest(b"written late")),
    ]
    assert blob(thread_lab, digest(b"weights")).exists()


def test_the_ending_can_be_repeated_after_a_crash_in_between(thread_lab: Lab) -> None:
    """Contents already moved, the record not yet written: nothing is missing, nothing twice."""
    from leadline.bootstrap import open_context
    from leadline.services.artifact.intake import take_in

    done = job(thread_lab, "ll.log_artifact(b'one', name='a'); ll.log_artifact(b'one', name='b')")
    context = open_context(str(thread_lab.repo))
    folder = attempt(thread_lab, done["uid"]).parent
    again, left = take_in(
        context, {}, str(folder), str(thread_lab.repo), {}, context.redactor, lambda text: None
    )
    assert again == {k: done[k] for k in ("kept", "total", "size_bytes")} and left == []


def test_versions_are_all_kept_and_the_same_content_once(thread_lab: Lab) -> None:
    code = (
        "[ll.log_artifact(d, name=n, step=i) for i, (d, n) in "
        "enumerate([(b'1','x'),(b'2','x'),(b'1','y'),(b'1','x')])]"
    )
    done = job(thread_lab, code)
    assert done["total"] == 4 and done["size_bytes"] == 2
    rows = thread_lab.json("artifact", "list", "P-001")["data"]["artifacts"]
    assert [(r["name"], r["version"], r["step"]) for r in rows] == [
        ("x", 1, 0),
        ("x", 2, 1),
        ("y", 1, 2),
        ("x", 3, 3),
    ]
    thread_lab.ok("artifact", "get", "P-001", "x", "--version", "2", "--out", "two")
    thread_lab.ok("artifact", "get", "P-001", "x", "--step", "0", "--out", "one")
    assert (thread_lab.repo / "two").read_text() + (thread_lab.repo / "one").read_text() == "21"


def test_a_version_that_is_not_there_is_answered_with_those_that_are(thread_lab: Lab) -> None:
    job(
        thread_lab,
        "for i in range(3): ll.log_artifact(b'%d' % i, name='x', step=i)\nll.log_artifact(b'y', name='y')",
    )
    for verb in ("get", "verify"):
        done = thread_lab.json("artifact", verb, "P-001", "x", "--version", "9")
        assert (
            done["error"]["code"] == "no-such-artifact" and "'x' version 9" in done["error"]["what"]
        )
        assert (
            done["error"]["why"]
            == "it has version 1 at step 0, version 2 at step 1, version 3 at step 2"
        )
    assert (
        thread_lab.json("artifact", "get", "P-001", "x", "--step", "7")["error"]["code"]
        == "no-such-artifact"
    )
    assert (
        thread_lab.json("artifact", "verify", "P-001", "z")["error"]["code"] == "no-such-artifact"
    )
    blob(thread_lab, digest(b"0")).chmod(0o644)
    blob(thread_lab, digest(b"0")).write_bytes(b"damaged")
    # all its versions, not the last alone
    assert "2 of 3" in thread_lab.run("artifact", "verify", "P-001", "x").stdout
    assert "1 of 1" in thread_lab.ok("artifact", "verify", "P-001", "x", "--version", "2")


def test_what_two_runs_logged_is_on_the_disk_once(thread_lab: Lab) -> None:
    for _ in range(2):
        done = job(thread_lab, "ll.log_artifact(b'weights', name='m.pt')")
    assert names(done) == ["m.pt"]
    stored = [
        p
        for p in (thread_lab.repo / ".git/leadline").rglob("*")
        if p.is_file() and p.read_bytes() == b"weights"
    ]
    assert stored == [blob(thread_lab, digest(b"weights"))]


@pytest.mark.parametrize(
    "code, name, reason",
    [
        (
            "open('.env','w').write('A=1'); ll.log_artifact('.env', name='settings')",
            "settings",
            "environment file",
        ),
        ("ll.log_artifact(b'x', name='id_rsa')", "id_rsa", "private key"),
        (
            "ll.log_artifact(b'-----BEGIN' + b' RSA PRIVATE KEY-----', name='a')",
            "a",
            "a private key",
        ),
        (
            "open('k.pem','w').write('A'); os.symlink('k.pem', 'l'); ll.log_artifact('l')",
            "l",
            "key or certificate",
        ),
        (
            "ll.log_artifact(b'key: ' + os.environ['MY_API_KEY'].encode(), name='c.yaml')",
            "c.yaml",
            "$MY_API_KEY",
        ),
    ],
)
def test_what_looks_like_a_secret_is_left_out(
    thread_lab: Lab, code: str, name: str, reason: str
) -> None:
    secret = "s3cr3tV4lue9876Zq"
    done = job(thread_lab, code, MY_API_KEY=secret)
    assert reason in reasons(done)[name] and "kept" not in done
    stored = [p for p in (thread_lab.repo / ".git/leadline").rglob("*") if p.is_file()]
    assert not [p for p in stored if len(p.name) == 64 or secret.encode() in p.read_bytes()]
    assert reason in thread_lab.ok("artifact", "list", "P-001")


def test_more_than_the_record_lists_are_in_a_manifest(thread_lab: Lab) -> None:
    done = job(thread_lab, "for i in range(230): ll.log_artifact(b'%d' % i, name=f'n{i:03}')")
    assert done["total"] == 230 and len(done["kept"]) == 200
    listed = thread_lab.json("artifact", "list", "P-001")
    assert (
        listed["counts"]["artifacts"] == 230
        and listed["truncated"]
        and len(listed["data"]["artifacts"]) == 50
    )
    assert "… and 180 more" in thread_lab.ok("artifact", "list", "P-001")
    assert (
        thread_lab.json("artifact", "list", "P-001", "--all")["data"]["artifacts"][-1]["name"]
        == "n229"
    )
    thread_lab.ok("artifact", "get", "P-001", "n229", "--out", "last")
    assert (thread_lab.repo / "last").read_text() == "229"
    assert "… and 218 more" in thread_lab.ok("show", "P-001-r1")


def test_a_job_that_writes_nonsense_lines_ends_all_the_same(thread_lab: Lab) -> None:
    code = r"""
folder = os.environ["LEADLINE_RUN_DIR"] + "/artifacts"
ll.log_artifact(b"good", name="good")
with open(folder + "/odd.jsonl", "wb") as file:
    file.write(b'{"name":"../../x","digest":"sha256:%s","t":1e99}\n[1]\n{"digest":3}\nnull\n\xff\n' % (b"0" * 64))
    file.write(b'{"name":{"a":1},"kind":[],"step":"x","digest":"../../../etc/passwd","t":"now"}\n{"na')
"""
    done = job(thread_lab, code)
    assert done["state"] == "done" and names(done) == ["good"] and len(done["gaps"]) == 3
    assert thread_lab.run("verify").returncode == 0


# ---- run --artifact ------------------------------------------------------------------------------


def test_files_of_a_command_that_says_nothing(thread_lab: Lab) -> None:
    thread_lab.write("plots/old.png", "of an earlier run")
    os.utime(thread_lab.repo / "plots/old.png", (1e9, 1e9))
    script = "mkdir -p plots deep/er; echo 1 >plots/a.png; echo 2 >plots/b.png; echo 3 >deep/er/c.txt; echo 4 >lr=0.1"
    options = [
        "plots/*.png",
        "sum=plots/a.png",
        "deep/**/*.txt",
        "lr=0.1",
        "gone-*",
        "missing.txt",
        "all=plots/*",
    ]
    done = thread_lab.json(
        "run", *(w for o in options for w in ("--artifact", o)), "--", "sh", "-c", script
    )
    record = done["data"]["runs"][0]["artifacts"]
    kept = {entry["name"]: entry for entry in record["kept"]}
    assert set(kept) == {
        "plots/a.png",
        "plots/b.png",
        "sum",
        "deep/er/c.txt",
        "lr=0.1",
        "all/a.png",
        "all/b.png",
    }
    assert kept["plots/a.png"]["kind"] == "image" and kept["sum"]["digest"] == digest(b"1\n")
    assert kept["sum"]["source"] == "plots/a.png"
    found = reasons(record)
    assert "before this run started" in found["plots/old.png"]
    assert "no file matched" in found["gone-*"] and "no file matched" in found["missing.txt"]


def test_links_and_folders_and_pipes_that_match(thread_lab: Lab, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    script = (
        f"mkdir -p o/sub; echo x >{outside}; ln -s {outside} o/link; echo y >o/real; ln -s real o/inner; mkfifo "
        "o/p"
    )
    done = thread_lab.json(
        "run",
        "--artifact",
        "o/*",
        "--artifact",
        "named=o/link",
        "--artifact",
        "o/sub",
        "--",
        "sh",
        "-c",
        script,
    )
    record = done["data"]["runs"][0]["artifacts"]
    assert sorted(names(record)) == ["named", "o/inner", "o/real"]
    found = reasons(record)
    assert (
        "leads out" in found["o/link"]
        and "no regular file" in found["o/p"]
        and "is a folder" in found["o/sub"]
    )


@pytest.mark.parametrize("pattern", ["", " ", "name="])
def test_an_option_that_names_nothing_is_refused_before_the_run(
    thread_lab: Lab, pattern: str
) -> None:
    done = thread_lab.json("run", "--artifact", pattern, "--", "true")
    assert (
        done["error"]["code"] == "bad-artifact"
        and thread_lab.json("status", "--runs")["counts"]["runs"] == 0
    )


def test_bad_limits_are_refused_before_the_run(thread_lab: Lab) -> None:
    thread_lab.write("leadline.toml", '[artifact]\nmax_file_bytes = "1 GB"\n')
    assert thread_lab.json("run", "--", "true")["error"]["code"] == "bad-settings"


def test_limits_from_the_settings_reach_the_job_and_the_option(thread_lab: Lab) -> None:
    thread_lab.write("leadline.toml", "[artifact]\nmax_file_bytes = 1000\nmax_run_bytes = 2500\n")
    code = (
        "open('big', 'wb').truncate(10 << 30)\nfor n in 'abc': ll.log_artifact(n.encode() * 1000, name=n)\n"
        "ll.log_artifact('big'); open('more', 'w').write('m' * 600)"
    )
    done = job(thread_lab, code, "--artifact", "big", "--artifact", "more")
    assert names(done) == ["a", "b"]
    assert [g["reason"] for g in done["gaps"] if g["name"] == "big"] == [
        "larger than 1000 bytes (10 GiB)"
    ] * 2
    assert all("more than 2.441 KiB" in reasons(done)[name] for name in ("c", "more"))
    assert done["gaps"][1]["size_bytes"] == 10 * GIB


# ---- list, get, verify ---------------------------------------------------------------------------


def test_get_never_overwrites_and_never_writes_elsewhere(thread_lab: Lab, tmp_path: Path) -> None:
    job(thread_lab, "ll.log_artifact(b'new', name='plots/x.txt')")
    sub = thread_lab.repo / "sub"
    sub.mkdir()
    assert thread_lab.json("artifact", "get", "P-001", cwd=sub)["data"]["written"] == str(
        sub / "x.txt"
    )
    again = thread_lab.json("artifact", "get", "P-001", "plots/x.txt", cwd=sub)
    assert again["error"]["code"] == "file-exists" and sorted(p.name for p in sub.iterdir()) == [
        "x.txt"
    ]
    target = tmp_path / "target"
    target.write_text("mine")
    (sub / "link").symlink_to(target)
    (sub / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling"):
        assert (
            thread_lab.json("artifact", "get", "P-001", "--out", name, cwd=sub)["error"]["code"]
            == "file-exists"
        )
        thread_lab.ok("artifact", "get", "P-001", "--out", name, "--force", cwd=sub)
        assert (sub / name).read_text() == "new" and not (sub / name).is_symlink()
    assert target.read_text() == "mine" and not (tmp_path / "nowhere").exists()
    assert (
        thread_lab.json("artifact", "get", "P-001", "--out", "code.py/x")["error"]["code"]
        == "cannot-write"
    )
    (thread_lab.repo / "made/here").mkdir(parents=True)
    written = thread_lab.json(
        "artifact", "get", "P-001", digest(b"new")[:15], "--out", "made/here/"
    )["data"]["written"]
    assert written == str(thread_lab.repo / "made/here/x.txt") and os.access(written, os.W_OK)


@pytest.mark.parametrize(
    "verb",
    [
        ("artifact", "get", "P-001"),
        ("report",),
        ("logbook",),
        ("plot", "P-001", "--metric", "loss"),
    ],
)
def test_no_verb_makes_folders_by_the_way(thread_lab: Lab, verb: tuple[str, ...]) -> None:
    job(thread_lab, "ll.log_artifact(b'new', name='x.txt'); ll.log(step=1, loss=1)")
    for out in ("gone/a/x.svg", *(["gone/"] if verb[0] == "artifact" else [])):
        done = thread_lab.json(*verb, "--out", out)
        folder = thread_lab.repo / os.path.dirname(out)
        assert done["error"]["code"] == "no-folder" and done["next"] == [f"mkdir -p {folder}"], done
        assert not (thread_lab.repo / "gone").exists()
    thread_lab.ok("report")


def test_of_several_that_write_one_file_at_once_one_does(thread_lab: Lab) -> None:
    job(thread_lab, "ll.log_artifact(b'x' * 1_000_000, name='x')")
    argv = [PY, "-m", "leadline", "artifact", "get", "P-001", "--out", "x"]
    quiet = subprocess.DEVNULL
    writers = [
        subprocess.Popen(argv, cwd=thread_lab.repo, env=thread_lab.env, stdout=quiet, stderr=quiet)
        for _ in range(6)
    ]
    assert sorted(w.wait(timeout=60) for w in writers) == [0, 4, 4, 4, 4, 4]
    assert (thread_lab.repo / "x").stat().st_size == 1_000_000 and not list(
        thread_lab.repo.glob("*.tmp")
    )


def test_a_file_made_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    from leadline.services.artifact.artifacts import _publish, _Taken

    (tmp_path / "new").write_text("new")
    (tmp_path / "there").write_text("mine")
    with pytest.raises(_Taken):
        _publish(str(tmp_path / "new"), str(tmp_path / "there"), force=False)
    assert (tmp_path / "there").read_text() == "mine"


def test_a_name_from_another_program_cannot_lead_outside(thread_lab: Lab, tmp_path: Path) -> None:
    job(thread_lab, "ll.log_artifact(b'data', name='mine')")
    builder = ThreadBuilder("demo", "P", started=False)
    builder.now_ms = time.time_ns() // 1_000_000
    kept = [
        {"name": n, "kind": "file", "digest": digest(b"data"), "size_bytes": 4}
        for n in ("../../up", "..", "a\x1b[2J/\x07")
    ]
    builder.run("", {}, {}, ended={"artifacts": {"kept": kept, "total": len(kept)}})
    ill_typed = {"kept": [*kept, {"name": 3, "digest": "x"}, None], "gaps": "no", "total": "x"}
    builder.run("", {}, {}, ended={"artifacts": ill_typed})
    events = thread_lab.repo / ".git/leadline/threads/demo/events/wother-1.jsonl"
    events.write_bytes(b"".join(record.line() for record in builder.records))
    inside = thread_lab.repo / "a/b"
    inside.mkdir(parents=True)
    other = "P-001b"  # the later of two that got the same id apart
    for name in ("../../up", "..", kept[2]["name"]):
        thread_lab.ok("artifact", "get", other, name, cwd=inside)
    left_out = thread_lab.json("artifact", "get", "P-002", "../../up", cwd=inside)["error"]
    assert left_out["code"] == "no-artifacts"  # its record is no record of an end
    assert sorted(p.name for p in inside.iterdir()) == ["_", "artifact", "up"]
    assert "\x1b" not in thread_lab.ok("artifact", "list", other) + thread_lab.ok(
        "show", f"{other}-r1"
    )


def test_questions_without_an_answer(thread_lab: Lab) -> None:
    thread_lab.ok("run", "--", "true")
    job(thread_lab, "[ll.log_artifact(b'x', name=n) for n in ('one', 'two')]")
    for args, code in (
        (("get", "P-001"), "no-artifacts"),
        (("get", "P-002"), "which-artifact"),
        (("get", "P-002", "three"), "no-such-artifact"),
        (("get", "P-002", "one", "--version", "2"), "no-such-artifact"),
        (("verify", "P-002", "three"), "no-such-artifact"),
        (("list", "P-009"), "unknown-id"),
    ):
        error = thread_lab.json("artifact", *args)["error"]
        assert error["code"] == code and error["next"], error
    assert thread_lab.ok("artifact", "list", "P-001").strip() == "P-001-r1 kept no artifact"


@pytest.mark.parametrize("harm", ["alter", "remove"])
def test_verify_notices_an_altered_and_a_missing_content(thread_lab: Lab, harm: str) -> None:
    job(thread_lab, "[ll.log_artifact(n.encode() * 9, name=n) for n in ('one', 'two')]")
    path = blob(thread_lab, digest(b"one" * 9))
    if harm == "alter":
        path.chmod(0o644)
        path.write_bytes(b"ONE" * 9)
    else:
        path.unlink()
    done = thread_lab.run("artifact", "verify", "P-001")
    assert done.returncode == 6 and "1 of 2 have their digest" in done.stdout
    assert ("damaged" if harm == "alter" else "missing") in done.stdout
    assert thread_lab.ok("artifact", "verify", "P-001", "two").strip() == "1 of 1 have their digest"
    whole = thread_lab.run("verify")
    assert (
        whole.returncode == 6
        and ("blob-damaged" if harm == "alter" else "blob-missing") in whole.stdout
    )
    assert "'one'" in whole.stdout and "'two'" not in whole.stdout
    got = thread_lab.json("artifact", "get", "P-001", "one", "--out", "copy")
    assert got["error"]["kind"] == "check_failed" and not (thread_lab.repo / "copy").exists()
    assert not list(thread_lab.repo.glob("*.tmp"))


# ---- where they are shown ------------------------------------------------------------------------


def test_logbook_show_report_bundle_and_library(thread_lab: Lab) -> None:
    evil = "<img src=x onerror=alert(1)>.png"
    code = (
        f"ll.log_artifact({PNG!r}, name='plots/loss.png', step=3)\n"
        f"ll.log_artifact({PNG!r} + b'x', name={evil!r})\n"
        "ll.log_artifact(b'<svg onload=alert(1)>', name='not.png')\nll.log_artifact('gone.csv')\n"
        "ll.log(time_ms=1.0)"
    )
    done = job(thread_lab, code)
    short = digest(PNG)[:19]
    logbook = thread_lab.ok("logbook")
    assert f"- Artifact `plots/loss.png`: image, {len(PNG)} B, `{short}`, step 3" in logbook
    assert "- Not kept: `gone.csv`: no such file or directory" in logbook
    assert f"`{evil}`" in logbook
    shown = thread_lab.ok("show", "P-001-r1")
    assert short in shown and "not kept: gone.csv" in shown
    thread_lab.ok("report", "--out", "r.html")
    page = (thread_lab.repo / "r.html").read_text()
    assert (
        f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in page
        and page.count("<img") == 2
    )
    assert (
        "img-src data:;" in page and "onerror=alert(1)>" not in page and "<svg onload" not in page
    )
    assert "&lt;img src=x onerror=alert(1)&gt;.png" in page
    thread_lab.ok("seal", "first")
    bundle = thread_lab.git("show", "leadline/records:demo/snapshots/first/bundle.json")
    assert f'"digest":"{digest(PNG)}"' in bundle
    assert "the contents of 3 artifacts of 1 run: it has their digests" in bundle

    import leadline as ll

    repository = ll.open(str(thread_lab.repo))  # type: ignore[operator]
    kept = repository.artifacts("P-001")
    assert [(a.name, a.step, a.read()) for a in kept[:1]] == [("plots/loss.png", 3, PNG)]
    assert Path(kept[0].path).read_bytes() == PNG and "plots/loss.png" in repr(kept[0])
    run = repository.thread().runs_of(done["id"])[0]
    assert [a.name for a in artifact.listed(run)] == ["plots/loss.png", evil, "not.png"]


# ---- two machines --------------------------------------------------------------------------------


def test_small_ones_travel_and_large_ones_are_said_to_be_elsewhere(
    tmp_path: Path,
    thread_lab: Lab,
    remote: Path,  # noqa: F811
) -> None:
    code = "ll.log_artifact(b'small', name='small.txt'); ll.log_artifact(b'L' * 100_000, name='large.bin')"
    job(thread_lab, code)
    thread_lab.ok("sync")
    other = clone(tmp_path, remote)
    other.ok("sync")
    states = {
        r["name"]: r["state"] for r in other.json("artifact", "list", "P-001")["data"]["artifacts"]
    }
    assert states == {"small.txt": "here", "large.bin": "elsewhere"}
    assert "1 of 2 are not on this machine" in other.ok("artifact", "list", "P-001")
    other.ok("artifact", "get", "P-001", "small.txt")
    assert (other.repo / "small.txt").read_text() == "small"
    error = other.json("artifact", "get", "P-001", "large.bin")["error"]
    assert (error["kind"], error["code"]) == ("not_found", "artifact-elsewhere")
    assert other.json("artifact", "verify", "P-001")["counts"]["elsewhere"] == 1
    whole = other.run("verify", "--json")
    assert (
        whole.returncode == 0
        and "artifact-elsewhere" in whole.stdout
        and "blob-missing" not in whole.stdout
    )

    blob(thread_lab, digest(b"small")).unlink()  # lost here, and the branch has it
    assert thread_lab.run("verify").returncode == 6
    thread_lab.ok("sync")
    assert thread_lab.run("verify").returncode == 0


def test_very_many_small_ones_do_not_fill_the_branch(thread_lab: Lab) -> None:
    job(thread_lab, "for i in range(40): ll.log_artifact(b'%05d' % i * 10_000, name=f'n{i}')")
    assert thread_lab.json("sync")["data"]["committed"]
    there = thread_lab.git("ls-tree", "-r", "-l", "leadline/records", "demo/blobs").splitlines()
    sizes = [int(line.split()[3]) for line in there]
    assert sizes.count(50_000) == 20


# ---- no room, and large --------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting needs rights that this machine does not give")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_costs_the_artifact_and_nothing_else(thread_lab: Lab, small_disk: Path) -> None:
    """The attempt folder's artifacts on a disk of 2 MiB; later the disk has not even room for a
    line."""
    code = f"""
os.symlink({str(small_disk)!r}, os.environ["LEADLINE_RUN_DIR"] + "/artifacts")
assert ll.log_artifact(b"a" * 1_000_000, name="fits")
assert ll.log_artifact(b"b" * 3_000_000, name="too large") is None
assert ll.log_artifact(b"c" * 500_000, name="fits too")
with open({str(small_disk / "ballast")!r}, "wb", buffering=0) as file:
    try:
        while True: file.write(bytes(4096))
    except OSError: pass
assert ll.log_artifact(b"d" * 100_000, name="no room") is None
print("went on")
"""
    done = job(thread_lab, code)
    assert done["state"] == "done" and names(done) == ["fits", "fits too"]
    assert reasons(done)["too large"] == "no space left"
    for entry in done["kept"]:
        assert blob(thread_lab, entry["digest"]).exists()
    assert sorted(p.name for p in small_disk.iterdir() if p.suffix != ".jsonl") == [
        "ballast",
        "total",
    ]
    assert thread_lab.run("verify").returncode == 0


def test_a_content_that_cannot_be_moved_stays_in_the_folder_of_its_run(
    thread_lab: Lab, small_disk: Path
) -> None:
    job(thread_lab, "ll.log_artifact(b'first', name='first')")
    blobs = thread_lab.repo / ".git/leadline/blobs"
    blobs.rename(blobs.with_name("blobs-before"))
    blobs.symlink_to(small_disk)
    done = job(
        thread_lab,
        "ll.log_artifact(b'a' * 1_000_000, name='fits'); ll.log_artifact(b'b' * 3_000_000, name='not')",
    )
    assert done["state"] == "done" and names(done) == ["fits"]
    assert (
        "stays in the run's folder" in reasons(done)["not"]
        and "no space left" in reasons(done)["not"]
    )
    stays = attempt(thread_lab, done["uid"]) / digest(b"b" * 3_000_000).removeprefix("sha256:")
    assert stays.stat().st_size == 3_000_000
    assert not [p for p in small_disk.rglob("*.tmp")]


@pytest.mark.parametrize("gib", [1, pytest.param(5, marks=pytest.mark.long)])
def test_a_sparse_file_of_gibibytes_goes_through_bounded(thread_lab: Lab, gib: int) -> None:
    """Kept where the limit allows it, its holes as holes: little disk, little memory, the whole way
    to a copy."""
    thread_lab.write(
        "leadline.toml", f"[artifact]\nmax_file_bytes = {20 * GIB}\nmax_run_bytes = {20 * GIB}\n"
    )
    code = (
        f"f = open('big', 'wb'); f.truncate({gib} << 30); f.seek({gib} << 29); f.write(b'x'); "
        "f.close(); ll.log_artifact('big')"
    )
    # A process of its own asks: a child counts what its parent had when it was made.
    measured = (
        "import resource as r, subprocess, sys; subprocess.run(sys.argv[1:]); "
        "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"
    )
    job = [PY, "-c", f"import leadline as ll\n{code}"]
    command = [PY, "-c", measured, PY, "-m", "leadline", "run", "--json", "--", *job]
    done = subprocess.run(command, cwd=thread_lab.repo, env=thread_lab.env, stdout=-1, timeout=170)
    envelope, peak_kib = done.stdout.splitlines()[-2:]
    [kept] = json.loads(envelope)["data"]["runs"][0]["artifacts"]["kept"]
    stat = blob(thread_lab, kept["digest"]).stat()
    assert stat.st_size == kept["size_bytes"] == gib * GIB and stat.st_blocks * 512 < 16 << 20
    assert int(peak_kib) < 200 * 1024  # of the command and of all that it waited for
    thread_lab.ok("sync", "--dry-run")


# ---- the other verbs that run commands -----------------------------------------------------------


def kept_of(lab: Lab, run: str) -> dict[str, str]:
    record = lab.json("show", run)["data"]["artifact_record"]
    return {entry["name"]: entry["digest"] for entry in record.get("kept", [])}


def test_a_sweep_keeps_the_files_of_each_cell(thread_lab: Lab) -> None:
    thread_lab.write(".gitignore", "out-*\n")
    line = ("--", "sh", "-c", "echo {n} >out-{n}.txt")
    done = thread_lab.json(
        "sweep", "--axis", "n=1,2", "--jobs", "2", "--artifact", "out-{n}.txt", *line
    )
    assert done["ok"], done
    kept = [kept_of(thread_lab, run["id"]) for run in done["data"]["runs"]]
    assert sorted(kept, key=str) == [{f"out-{n}.txt": digest(f"{n}\n".encode())} for n in (1, 2)]
    again = thread_lab.json(
        "sweep", "--axis", "n=1,2", "--jobs", "2", "--artifact", "out-{n}.txt", *line
    )
    assert again["data"]["id"] == done["data"]["id"] and again["data"]["runs"] == []
    # a sweep without artifacts is another one
    thread_lab.ok("sweep", "--axis", "n=1,2", "--again", *line)


@pytest.mark.parametrize(
    "options, code",
    [
        (("--artifact", "out.txt", "--jobs", "2"), "artifact-of-which-run"),
        (("--artifact", "{m}.txt"), "unknown-placeholder"),
        (("--artifact", " "), "bad-artifact"),
    ],
)
def test_a_sweep_refuses_artifacts_that_name_no_run(
    thread_lab: Lab, options: tuple[str, ...], code: str
) -> None:
    done = thread_lab.json("sweep", "--axis", "n=1,2", *options, "--", "echo", "{n}")
    assert done["error"]["code"] == code and done["error"]["next"]
    assert not list(thread_lab.repo.glob(".git/leadline/runs/*"))


def test_a_sweep_that_goes_on_two_at_a_time_is_asked_too(thread_lab: Lab) -> None:
    thread_lab.write(".gitignore", "out.txt\n")
    thread_lab.ok(
        "sweep", "--axis", "n=1", "--artifact", "out.txt", "--", "sh", "-c", "echo {n} >out.txt"
    )
    done = thread_lab.json("sweep", "resume", "P-W1", "--jobs", "2")
    assert done["error"]["code"] == "artifact-of-which-run"


def test_both_sides_of_a_measurement_in_turns_keep_theirs(thread_lab: Lab) -> None:
    options = (
        "--a",
        "n=1",
        "--b",
        "n=2",
        "--blocks",
        "1",
        "--metric",
        "wall_s",
        "--artifact",
        "f={n}.txt",
    )
    thread_lab.ok("ab", *options, "--", "sh", "-c", "echo {n} >{n}.txt")
    assert kept_of(thread_lab, "P-001-r1") == {"f": digest(b"1\n")}
    assert kept_of(thread_lab, "P-002-r1") == {"f": digest(b"2\n")}
    sides = ("--", "sh", "-c", "echo 3 >x", "--", "sh", "-c", "echo 4 >x")
    thread_lab.ok("ab", "--blocks", "1", "--metric", "wall_s", "--artifact", "x", *sides)
    assert kept_of(thread_lab, "P-004-r1") == {"x": digest(b"4\n")}


SAME_AND_NOT = """
import leadline as ll, os, pathlib
ll.log_artifact(b"same", name="same"); ll.log_artifact(os.urandom(8), name="noise")
if not pathlib.Path({marker!r}).exists():
    ll.log_artifact(b"once", name="once")
else:
    ll.log_artifact(b"late", name="late")
pathlib.Path("table.csv").write_text("x\\n"); ll.log(time_ms=4)
"""


def test_a_reproduction_holds_its_artifacts_against_the_originals(
    thread_lab: Lab, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    code = SAME_AND_NOT.format(marker=str(marker))
    thread_lab.ok("run", "--artifact", "*.csv", "--", PY, "-c", code)
    marker.touch()
    done = thread_lab.json("reproduce", "P-001", "--quiet", "--artifact", "nothing.txt")
    assert done["ok"] and done["data"]["verdict"] == "agrees", done  # it decides nothing
    found = done["data"]["artifacts"]
    assert found["counts"] == {"equal": 2, "different": 1, "missing": 1, "new": 1}
    verdicts = {row["name"]: row["verdict"] for row in found["rows"]}
    assert verdicts == {
        "noise": "different", "once": "missing", "late": "new", "same": "equal", "table.csv": "equal",
    }  # fmt: skip
    shown = thread_lab.ok("show", done["data"]["id"])
    assert (
        "2 equal, 1 different, 1 missing, 1 new" in shown
        and "different  P-001 noise: sha256:" in shown
    )
    strict = thread_lab.run("reproduce", "P-001", "--quiet", "--same-artifacts")
    assert strict.returncode == 6
    assert "had to be the same: P-001 noise is different, P-001 once is missing" in strict.stdout
    assert thread_lab.run("verify").returncode == 0


def test_a_file_of_the_code_state_is_no_artifact_of_the_reproduction(
    thread_lab: Lab, tmp_path: Path
) -> None:
    """The file was there, not ignored, when the original started: it is unpacked, and only the
    command may renew it."""
    marker = tmp_path / "marker"
    thread_lab.write("out.txt", "1\n")
    script = f"test -e {marker} || echo 1 >out.txt; echo '{{\"time_ms\": 1}}'"
    thread_lab.ok("run", "--artifact", "out.txt", "--", "sh", "-c", script)
    marker.touch()
    done = thread_lab.json("reproduce", "P-001", "--quiet")["data"]
    [row] = done["artifacts"]["rows"]
    assert row["verdict"] == "missing" and "before this run started" in row["why"]
