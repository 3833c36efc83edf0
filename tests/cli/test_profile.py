"""Profiles through the real program: chosen at the start or later, in the record, and what they change."""

from __future__ import annotations

import json

import pytest

BENCH = "import json; print(json.dumps({'time_ms': 5.0, 'max_err': 1e-6, 'made_up': 3}))"


def _kernel(lab):
    lab.write("bench.py", BENCH)
    lab.git("add", "bench.py")
    lab.git("commit", "-qm", "bench")
    lab.ok(
        "start", "k", "--profile", "kernel", "--no-branch", "--baseline-case", "shape=64 in bf16"
    )


@pytest.fixture
def kernel(as_built, lab_template):
    return as_built(_kernel, lab_template)


def missing(lab) -> dict[str, str]:
    return {m["code"]: m["mend"] for m in lab.json("check", "kickoff")["data"]["missing"]}


def test_the_kickoff_names_the_keys_that_nobody_said_and_the_files_that_measure(kernel):
    found = missing(kernel)
    assert found["profile-dtype"] == "leadline profile use kernel --default dtype=VALUE"
    assert "profile-shape" not in found and "profile-device_count" not in found
    assert found["profile-ruler"] == "leadline measure protect bench.py"
    kernel.ok(*found["profile-dtype"].replace("VALUE", "bf16").split()[1:])
    kernel.ok(*found["profile-ruler"].split()[1:])
    assert not {"profile-dtype", "profile-ruler"} & set(missing(kernel))


def test_a_run_is_warned_once_takes_the_defaults_and_its_metrics_need_no_typing(kernel):
    kernel.ok("profile", "use", "kernel", "--default", "dtype=bf16", "--default", "precision=fp8")
    done = kernel.run(
        "run", "--set", "shape=64", "--set", "pass=forward", "--", "python", "bench.py"
    )
    assert done.returncode == 0
    assert done.stderr.count("this run does not say backend") == 1
    assert "leadline run --set backend=VALUE -- python bench.py" in done.stderr
    run = kernel.json("show", "K-001")["data"]["runs"][0]
    assert run["config"] == {"shape": 64, "pass": "forward", "dtype": "fp8"}
    assert run["extraction"]["contract"]["time_ms"] == {
        "unit": "ms",
        "direction": "lower",
        "reduce": "median",
    }
    known = {m["name"]: m for m in kernel.json("metric")["data"]}
    assert known["max_err"]["direction"] == "lower" and not known["made_up"]["defined"]
    assert "redefined" not in kernel.ok("logbook")
    again = kernel.run("run", "--experiment", "K-001")
    assert "does not say" not in again.stderr


def test_a_sweep_takes_its_axes_for_said_and_the_defaults_for_the_rest(kernel):
    kernel.ok(
        "profile", "use", "kernel", "--default", "backend=triton", "--default", "pass=forward"
    )
    done = kernel.run(
        "sweep", "--axis", "shape=1,2", "--set", "dtype=bf16", "--", "python", "bench.py", "{shape}"
    )
    assert done.returncode == 0 and "does not say" not in done.stderr
    runs = [r for e in ("K-001", "K-002") for r in kernel.json("show", e)["data"]["runs"]]
    assert [r["config"]["shape"] for r in runs] in ([1, 2], [2, 1])
    assert {r["config"]["backend"] for r in runs} == {"triton"}


def test_chosen_later_it_explains_what_was_measured_before_and_changes_no_value(lab):
    lab.write("bench.py", BENCH)
    lab.ok("start", "k", "--no-branch")
    lab.ok("run", "--", "python", "bench.py")
    used = lab.json("profile", "use", "kernel", "--why", "it is one")["data"]
    assert used["defined"] == ["max_err", "time_ms"] and used["agreed"]
    assert lab.json("profile", "use", "kernel")["data"]["changed"] is False
    text = lab.ok("logbook")
    assert "Profile kernel (shipped)" in text and "it is one" in text and "redefined" not in text


def test_a_comparison_and_the_issue_say_what_it_wants_stated(kernel):
    for block in ("1", "2"):
        kernel.ok("run", "--set", f"shape={block}", "--", "python", "bench.py", block)
    compared = kernel.run("compare", "K-001", "K-002", "--axis", "shape")
    assert "profile kernel: backend, dtype, pass not stated by all runs" in compared.stdout
    assert "**Profile:** `kernel`" in kernel.ok("issue", "show")


def test_another_machine_has_it_from_the_record(kernel, tmp_path):
    body = kernel.json("profile", "show")["data"]
    assert body["name"] == "kernel" and body["keys"]["dtype"]["required"]
    assert kernel.json("profile", "show", "training")["data"]["keys"]["seed"]["required"]


def test_one_of_the_checkout_starts_nothing_before_it_is_agreed_to(thread_lab, tmp_path):
    lab, mark = thread_lab, tmp_path / "started"
    lab.write("checks/idle.sh", f"#!/bin/sh\ntouch {mark}\necho busy; exit 1\n").chmod(0o755)
    made = lab.json("profile", "new", "ours", "--tracked")["data"]["path"]
    with open(made, "a", encoding="utf-8") as file:
        file.write('\n[[preflight]]\nname = "idle"\ncommand = ["checks/idle.sh"]\n')
        file.write(
            '\n[[check]]\nname = "data"\nat = "close"\ncommand = ["checks/idle.sh"]\nmend = "leadline next"\n'
        )
    used = lab.run("profile", "use", "ours")
    assert "not yet agreed to here: starts before a run: checks/idle.sh" in used.stdout
    done = lab.run("run", "--", "true")
    assert done.returncode == 0 and "leadline profile agree" in done.stderr and not mark.exists()
    assert "profile-not-agreed" in missing(lab)
    lab.ok("profile", "agree")
    done = lab.run("run", "--", "true")
    assert mark.exists() and "profile ours, idle: busy" in done.stderr
    items = lab.json("check", "close")["data"]["missing"]
    assert {"code": "profile-data", "what": "profile ours: busy", "mend": "leadline next"} in items
    mark.unlink()
    lab.write("checks/idle.sh", f"#!/bin/sh\ntouch {mark}\n")
    lab.run("run", "--", "true")
    assert not mark.exists()


def test_a_strict_one_refuses_before_anything_is_recorded(thread_lab):
    lab = thread_lab
    path = lab.json("profile", "new", "strict")["data"]["path"]
    with open(path, "w", encoding="utf-8") as file:
        file.write("strict = true\n[keys.seed]\nrequired = true\n")
    lab.ok("profile", "use", "strict")
    done = lab.json("run", "--", "true")
    assert done["error"]["code"] == "profile-key-missing"
    assert lab.json("status", "--runs")["counts"]["runs"] == 0
    lab.ok("run", "--set", "seed=1", "--", "true")


def test_a_package_brings_one_by_an_entry_point(thread_lab, tmp_path):
    folder = tmp_path / "site"
    (folder / "lab_profiles-1.dist-info").mkdir(parents=True)
    (folder / "lab_profiles-1.dist-info" / "METADATA").write_text(
        "Name: lab-profiles\nVersion: 1\n"
    )
    (folder / "lab_profiles-1.dist-info" / "entry_points.txt").write_text(
        "[leadline.profiles]\nwetlab = lab_profiles:WETLAB\nbroken = lab_profiles:NOTHING\n"
    )
    (folder / "lab_profiles.py").write_text(
        "WETLAB = {'about': 'wet', 'keys': {'buffer': {'required': True}},"
        " 'check': [{'name': 'ph', 'at': 'kickoff', 'call': 'lab_profiles:ph'}]}\n"
        "def ph(folder): return 'the buffer has no pH'\n"
    )
    env = {"PYTHONPATH": str(folder)}
    rows = {r["name"]: r for r in thread_lab.json("profile", "list", env=env)["data"]}
    assert rows["wetlab"]["source"] == "a package" and rows["broken"]["problem"]
    thread_lab.ok("profile", "use", "wetlab", env=env)
    items = thread_lab.json("check", "kickoff", env=env)["data"]["missing"]
    assert "profile wetlab: the buffer has no pH" in [m["what"] for m in items]
    # where the package is missing, the thread still knows what it asks
    assert "profile-buffer" in missing(thread_lab)


def test_what_is_wrong_is_said_before_the_thread_starts(lab):
    done = lab.json("start", "k", "--profile", "kernle")
    assert done["error"]["code"] == "no-such-profile" and "kernel" in done["error"]["why"]
    assert lab.json("status")["error"]["code"] == "no-thread"
    lab.write("bad.toml", "keys = 3\n")
    assert lab.json("start", "k", "--profile", "./bad.toml")["error"]["code"] == "bad-profile"
    lab.write("kickoff.toml", 'goal = "g"\nprofile = "training"\n')
    lab.ok("start", "k", "--from", "kickoff.toml", "--no-branch")
    assert lab.json("profile", "show")["data"]["name"] == "training"
    done = lab.json("correct", "k", "profile=kernel")
    assert done["error"]["next"] == ["leadline profile use NAME"]


def test_its_executor_is_preferred_where_this_machine_has_it(thread_lab):
    lab = thread_lab
    path = lab.json("profile", "new", "quiet")["data"]["path"]
    with open(path, "w", encoding="utf-8") as file:
        file.write('executor = "still"\nproduction_path = "slurm"\n')
    lab.ok("profile", "use", "quiet")
    assert lab.json("executor", "list")["data"][0]["threads"] != ["demo"]
    lab.ok("executor", "add", "still", "--kind", "local")
    lab.ok("profile", "use", "quiet")
    lab.ok("run", "--", "true")
    assert lab.json("show", "P-001")["data"]["runs"][0]["executor"] == "still"
    assert json.loads(lab.ok("brief", "--json"))["ok"]
