"""`leadline reproduce`: the exact code again, whatever became of the work tree, and a verdict by a
named rule."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import Lab, sealed_environment

PY = sys.executable


def reproduce(lab: Lab, *args: str, **kwargs: Any) -> dict[str, Any]:
    done = lab.json("reproduce", "--quiet", *args, **kwargs)
    assert "data" in done, done
    return {"ok": done["ok"], **done["data"]}


def test_an_untracked_file_that_was_deleted(thread_lab: Lab) -> None:
    made = thread_lab.write("sub/bench.py", "print('{\"time_ms\": 42}')\n")
    thread_lab.ok("run", "--repeat", "2", "--", PY, "bench.py", cwd=thread_lab.repo / "sub")
    made.unlink()
    thread_lab.git("checkout", "-q", "--detach")
    done = reproduce(thread_lab, "P-001", "--repeat", "2")
    assert done["ok"] and done["verdict"] == "agrees" and done["id"] == "P-R1", done
    assert done["runs"] == ["P-001-r3", "P-001-r4"] and "exactly" in done["table"][0]["rule"]
    assert not made.exists() and not list((thread_lab.repo / ".git/leadline/reproduce").glob("*"))
    shown = thread_lab.ok("show", "P-R1")
    assert "allowed" in shown and "rule  " in shown and "{'" not in shown
    runs = thread_lab.json("show", "P-R1")
    assert runs["ok"] and "agrees" in json.dumps(runs["data"])
    assert thread_lab.json("verify")["ok"]


def test_what_was_not_checked_out_is_not_there_again(thread_lab: Lab) -> None:
    count = "import glob; print('{\"time_ms\": %d}' % len(glob.glob('*/*.txt')))\n"
    for path, text in (("n.py", count), ("a/a.txt", "a"), ("b/b.txt", "b"), ("c/c.txt", "c")):
        thread_lab.write(path, text)
    thread_lab.git("add", ".")
    thread_lab.git("commit", "-qm", "files")
    thread_lab.git("sparse-checkout", "set", "a")
    thread_lab.ok("run", "--", PY, "n.py")
    done = reproduce(thread_lab, "P-001")
    assert done["verdict"] == "agrees" and done["table"][0]["again"]["mean"] == 1, done


def test_numbers_that_changed_disagree_and_exit_6(thread_lab: Lab, tmp_path: Path) -> None:
    value = tmp_path / "value"
    value.write_text("10")
    thread_lab.ok(
        "run", "--repeat", "2", "--", "sh", "-c", f"echo '{{\"time_ms\": '$(cat {value})'}}'"
    )
    value.write_text("11")
    assert thread_lab.run("reproduce", "P-001").returncode == 6
    done = reproduce(thread_lab, "P-001")
    assert done["verdict"] == "disagrees" and "10 ms then, 11 ms now" in done["why"]
    value.write_text("10")
    # judged by the originals, not by reproductions
    assert reproduce(thread_lab, "P-001")["verdict"] == "agrees"


def test_one_original_run_is_judged_by_the_tolerance(thread_lab: Lab, tmp_path: Path) -> None:
    value = tmp_path / "value"
    value.write_text("100")
    thread_lab.ok("run", "--", "sh", "-c", f"echo '{{\"time_ms\": '$(cat {value})'}}'")
    value.write_text("108")
    assert reproduce(thread_lab, "P-001")["verdict"] == "agrees"
    assert reproduce(thread_lab, "P-001", "--tolerance", "0.05")["verdict"] == "disagrees"


def test_a_command_that_fails_now_says_why(thread_lab: Lab, tmp_path: Path) -> None:
    needed = tmp_path / "data.txt"
    needed.write_text("1")
    thread_lab.ok("run", "--", "sh", "-c", f"cat {needed} > /dev/null && echo '{{\"time_ms\": 1}}'")
    needed.unlink()
    done = reproduce(thread_lab, "P-001")
    assert (
        not done["ok"] and done["verdict"] == "cannot be compared" and "No such file" in done["why"]
    )
    assert done["runs"] == ["P-001-r2"]


def test_ignored_files_and_absolute_paths(thread_lab: Lab) -> None:
    thread_lab.write(".gitignore", "env/\n")
    thread_lab.write("tool.py", "print('{\"time_ms\": 7}')\n")
    tool = thread_lab.repo / "env" / "python"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec {PY} "$@"\n')
    tool.chmod(0o755)
    thread_lab.ok("run", "--", "./env/python", str(thread_lab.repo / "tool.py"))
    thread_lab.write("tool.py", "print('{\"time_ms\": 99}')\n")
    done = reproduce(thread_lab, "P-001")
    assert done["verdict"] == "agrees", done
    notes = " ".join(done["notes"])
    assert (
        "./env/python is not in the code state" in notes
        and "tool.py was rewritten to the unpacked code" in notes
    )


def test_recorded_variables_are_set_again_and_others_taken_away(thread_lab: Lab) -> None:
    script = "import os; print('{\"time_ms\": %s}' % (os.environ.get('OMP_NUM_THREADS', '0') + "
    thread_lab.write("v.py", script + "os.environ.get('MKL_NUM_THREADS', '')))\n")
    thread_lab.ok("run", "--", PY, "v.py", env={"OMP_NUM_THREADS": "3"})
    done = reproduce(thread_lab, "P-001", env={"OMP_NUM_THREADS": "5", "MKL_NUM_THREADS": "8"})
    assert done["verdict"] == "agrees" and done["table"][0]["again"]["mean"] == 3


def test_bytes_that_are_no_text_come_back(thread_lab: Lab) -> None:
    """In an argument, the working folder and a variable, beside a text that only looks like one."""
    folder = os.fsdecode(b"d\xff")
    script = (
        "import os, sys; w = [*sys.argv[1:], os.environ['OMP_X'], os.path.basename(os.getcwd())]\n"
    )
    script += "print('{\"time_ms\": %d}' % int(b''.join(map(os.fsencode, w)).hex()[:12], 16))\n"
    thread_lab.write(f"{folder}/p.py", script)
    words = [os.fsdecode(b"\xfe"), "\\xfe"]
    given = {"OMP_X": os.fsdecode(b"\xfd")}
    thread_lab.ok("run", "--", PY, "p.py", *words, cwd=thread_lab.repo / folder, env=given)
    for env in ({}, given):
        done = reproduce(thread_lab, "P-001", env=env)
        assert done["verdict"] == "agrees", done
        table = done["table"][0]
        assert table["again"]["mean"] == table["original"]["mean"]
    assert thread_lab.json("verify")["ok"]


def test_metrics_files_are_read_in_the_unpacked_tree(thread_lab: Lab) -> None:
    thread_lab.write("w.py", "open('out.csv', 'w').write('time_ms\\n5\\n')\n")
    thread_lab.ok("run", "--metrics", "out.csv:time_ms=time_ms,rows=1", "--", PY, "w.py")
    (thread_lab.repo / "out.csv").write_text("time_ms\n500\n")
    assert reproduce(thread_lab, "P-001")["verdict"] == "agrees"
    assert (thread_lab.repo / "out.csv").read_text() == "time_ms\n500\n"


def test_a_snapshot_by_id_name_or_tag_on_another_machine(thread_lab: Lab, tmp_path: Path) -> None:
    thread_lab.write("b.py", "import sys; print('{\"time_ms\": %s}' % sys.argv[1])\n")
    for value in ("4", "8"):
        thread_lab.ok("run", "--set", f"v={value}", "--repeat", "2", "--", PY, "b.py", value)
    thread_lab.run("run", "--", "false")
    thread_lab.ok("seal", "one")
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True, env=thread_lab.env)
    thread_lab.git("remote", "add", "origin", str(remote))
    thread_lab.git("push", "-q", "origin", "main")
    thread_lab.ok("sync")
    other = Lab(tmp_path / "other", sealed_environment(tmp_path / "home2"))
    subprocess.run(
        ["git", "clone", "-q", "--no-local", str(remote), str(other.repo)],
        check=True,
        env=other.env,
    )
    other.ok("sync")
    missing = reproduce(other, "P-S1")
    assert (
        missing["verdict"] == "cannot be compared"
        and "sync --code" in missing["why"]
        and missing["runs"] == []
    )
    thread_lab.ok("sync", "--code")
    other.ok("sync", "--code")
    for name in ("P-S1", "one", "leadline/demo/one"):
        done = reproduce(other, name, *(["--only", "P-002"] if name == "one" else []))
        assert done["verdict"] == "agrees" and done["target"] == "P-S1", done
        assert {r["experiment"] for r in done["table"]} == (
            {"P-002"} if name == "one" else {"P-001", "P-002"}
        )
    verified = other.run("verify")
    assert verified.returncode == 0, verified.stdout


def test_a_part_that_cannot_run_leaves_the_whole_open(thread_lab: Lab, tmp_path: Path) -> None:
    needed = tmp_path / "data.txt"
    needed.write_text("1")
    thread_lab.ok("run", "--set", "k=1", "--", "echo", '{"time_ms": 3}')
    thread_lab.ok(
        "run", "--set", "k=2", "--", "sh", "-c", f"cat {needed} >&2 && echo '{{\"time_ms\": 1}}'"
    )
    thread_lab.ok("seal", "both")
    needed.unlink()
    done = reproduce(thread_lab, "both")
    assert [r["verdict"] for r in done["table"]] == ["agrees", "cannot be compared"]
    assert done["verdict"] == "cannot be compared" and "P-002-r2 failed" in done["why"]


def test_what_cannot_be_reproduced_is_said(thread_lab: Lab) -> None:
    thread_lab.run("run", "--", "false")
    done = reproduce(thread_lab, "P-001")
    assert done["verdict"] == "cannot be compared" and "no run of P-001 counts" in done["why"]
    assert thread_lab.run("reproduce", "P-777").returncode == 3
    assert thread_lab.run("reproduce", "P-001", "--repeat", "0").returncode == 2


def test_a_seal_is_judged_by_the_runs_it_sealed(thread_lab: Lab, tmp_path: Path) -> None:
    """The command looks up by itself where its number is: no file of it is named."""
    value = tmp_path / "value"
    value.write_text("10")
    thread_lab.env["HOME"] = str(tmp_path)
    print_value = "echo '{\"time_ms\": '$(cat ~/val*)'}'"
    thread_lab.ok("run", "--repeat", "2", "--", "sh", "-c", print_value)
    thread_lab.ok("seal", "ten")
    value.write_text("11")
    thread_lab.ok("run", "--experiment", "P-001")
    value.write_text("10")
    row = reproduce(thread_lab, "ten")["table"][0]
    assert row["original"]["n"] == 2 and row["verdict"] == "agrees"
