from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from leadline.adapters.collectors import (
    environment,
    hardware,
    hygiene,
    interpreter,
    native,
    software,
)

# environment


def test_the_environment_keeps_what_matters_and_counts_the_rest():
    env = {
        "CUDA_VISIBLE_DEVICES": "0",
        "OMP_NUM_THREADS": "4",
        "HOME": "/root",
        "PATH": "/bin",
        "MINE": "1",
        "TEAM_A": "x",
        "TF_VAR_db": "1",
        "TF_DETERMINISTIC_OPS": "1",
        "LD_LIBRARY_PATH": "/opt/s3cr3tvalue/lib",
        "CUDA_TOKEN": "s3cr3tvalue",
    }
    found = environment.collect(env, ["MINE", "TEAM_*"])
    assert found == {
        "variables": {
            "CUDA_TOKEN": "[redacted:env CUDA_TOKEN]",
            "CUDA_VISIBLE_DEVICES": "0",
            "LD_LIBRARY_PATH": "/opt/[redacted:env CUDA_TOKEN]/lib",
            "MINE": "1",
            "OMP_NUM_THREADS": "4",
            "TEAM_A": "x",
            "TF_DETERMINISTIC_OPS": "1",
        },
        "not_recorded": 3,
    }


def test_a_suspicious_name_without_a_secret_needs_no_rules(monkeypatch):
    monkeypatch.setitem(sys.modules, "leadline.core.secrets.redact", None)  # who imports it fails
    found = environment.collect({"SSH_AUTH_SOCK": "/tmp/agent", "OMP_NUM_THREADS": "4"})
    assert found == {"variables": {"OMP_NUM_THREADS": "4"}, "not_recorded": 1}
    with pytest.raises(ImportError):
        environment.collect({"HF_TOKEN": "some-token-9", "OMP_NUM_THREADS": "4"})


def test_an_endless_value_is_cut_with_its_digest():
    value = environment.collect({"PYTHONPATH": "/a:" * 5000}, [])["variables"]["PYTHONPATH"]
    assert len(value) < 400 and "15000 characters" in value and "sha256:" in value


# which interpreter


@pytest.fixture
def venv(tmp_path):
    """A virtual environment laid out by hand: only its files are read."""
    site = tmp_path / "venv/lib/python3.9/site-packages"
    site.mkdir(parents=True)
    (tmp_path / "venv/bin").mkdir()
    for name in ("python", "python3"):
        (tmp_path / "venv/bin" / name).symlink_to(sys.executable)
    (tmp_path / "venv/pyvenv.cfg").write_text(
        "home = /nowhere\ninclude-system-site-packages = false\nversion = 3.9.18\n"
    )
    for name in ("torch-2.1.0+cu118.dist-info", "Foo_Bar-1.0.dist-info", "old-0.3-py3.9.egg-info"):
        (site / name).mkdir()
    os.utime(site, (1000, 1000))
    return tmp_path / "venv"


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_the_commands_interpreter_is_found_through_wrappers(venv, tmp_path):
    python = f"{venv}/bin/python"
    env = {"PATH": f"{venv}/bin:/bin:/usr/bin"}
    shebang = script(venv / "bin/train", f"#!{python} -I\n")
    via_env = script(tmp_path / "go", "#!/usr/bin/env -S python -u\n")
    long_path = script(
        venv / "bin/long", f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"
    )
    for argv in (
        [python, "x.py"],
        ["python", "x.py"],
        ["venv/bin/python"],
        [shebang, "--lr", "3"],
        ["train"],
        [via_env],
        [long_path],
        ["env", "-i", "A=1", f"PATH={venv}/bin", "python"],
        ["nice", "-n", "5", "python"],
        ["taskset", "-c", "0", "python"],
        ["timeout", "-k", "5", "60", "python"],
        ["time", "-f", "%e", "env", "nohup", "stdbuf", "-oL", "python"],
        ["numactl", "-N", "0", "--", "train"],
        ["env", "-C", str(tmp_path), "venv/bin/python"],
    ):
        found, _ = interpreter.find(argv, env, str(tmp_path))
        assert os.path.dirname(found) == f"{venv}/bin", argv


def test_project_runners_use_the_projects_environment(venv, tmp_path):
    project = tmp_path / "project/sub"
    project.mkdir(parents=True)
    (tmp_path / "project/.venv").symlink_to(venv)
    for argv in (
        ["uv", "run", "python", "x"],
        ["uv", "run", "--extra", "gpu", "x.py"],
        ["uv", "run", "-m", "train"],
        ["conda", "run", "-p", str(venv), "python"],
    ):
        found, _ = interpreter.find(argv, {"PATH": "/usr/bin"}, str(project))
        assert os.path.realpath(os.path.dirname(found)) == f"{venv}/bin", argv


@pytest.mark.parametrize(
    "argv",
    [
        ["ls"],
        ["bash", "-c", "python x.py"],
        ["absent-command"],
        [],
        ["env"],
        ["uv", "run", "python"],
        ["uv", "pip", "list"],
        ["hatch", "run", "python", "x.py"],
        ["poetry", "run", "python3"],
        ["pdm", "run", "python3"],
        [sys.executable, "-m", "nox", "-s", "bench"],
        [sys.executable, "-I", "-m", "tox"],
        ["uv", "run", "--with", "numpy", "python"],
        ["./absent"],
    ],
)
def test_an_unknown_interpreter_is_unknown_and_never_the_one_on_path(argv, tmp_path):
    found = software.collect(argv, {"PATH": os.environ["PATH"]}, str(tmp_path), str(tmp_path / "c"))
    assert found["python"] is None and found["interpreter"] is None and found["packages"] == {}
    assert found["python_unknown_because"] and found["os"] and found["kernel"]


def test_the_interpreter_of_a_launcher_is_not_that_of_what_it_launches(tmp_path):
    for name in ("nox", "tox"):
        script = tmp_path / name
        script.write_text(f"#!{sys.executable}\n")
        script.chmod(0o755)
        with pytest.raises(interpreter.Unknown, match="of its own choice"):
            interpreter.find([name, "-s", "x"], {"PATH": str(tmp_path)}, str(tmp_path))
    found, _ = interpreter.find([sys.executable, "bench.py", "-m", "nox"], {}, str(tmp_path))
    assert found == sys.executable


def test_a_pyenv_shim_is_followed_by_its_version_files(tmp_path):
    for version in ("3.9.1", "3.9.18", "3.12.0"):
        (tmp_path / "root/versions" / version / "bin").mkdir(parents=True)
        (tmp_path / "root/versions" / version / "bin/python").write_text("")
    (tmp_path / "root/shims").mkdir()
    script(tmp_path / "root/shims/python", "#!/usr/bin/env bash\nexec pyenv\n")
    (tmp_path / "root/version").write_text("3.12.0\n")
    (tmp_path / "work/sub").mkdir(parents=True)
    env = {"PATH": str(tmp_path / "root/shims")}

    def version(**more):
        return interpreter.find(["python"], {**env, **more}, str(tmp_path / "work/sub"))[0].split(
            "/"
        )[-3]

    assert version() == "3.12.0"
    (tmp_path / "work/.python-version").write_text("# ours\n3.9\n")
    assert version() == "3.9.18"
    assert version(PYENV_VERSION="3.9.1") == "3.9.1"
    with pytest.raises(interpreter.Unknown):
        version(PYENV_VERSION="2.7")


# packages


def collect(venv, tmp_path, *flags, **env):
    return software.collect(
        [f"{venv}/bin/python", *flags],
        {"HOME": str(tmp_path), **env},
        str(tmp_path),
        str(tmp_path / "cache"),
    )


def test_packages_are_read_from_the_interpreters_own_folders(venv, tmp_path):
    found = collect(venv, tmp_path)
    assert (found["python"], found["implementation"], found["interpreter"]) == (
        "3.9.18",
        "cpython",
        f"{venv}/bin/python",
    )
    assert found["packages"] == {"foo-bar": "1.0", "old": "0.3", "torch": "2.1.0+cu118"}
    (tmp_path / "extra/torch-9.dist-info").mkdir(parents=True)
    shadowed = collect(venv, tmp_path, "x.py", PYTHONPATH=str(tmp_path / "extra"))
    assert (
        shadowed["packages"]["torch"] == "9"
        and shadowed["packages_digest"] != found["packages_digest"]
    )
    assert (
        collect(venv, tmp_path, "-I", "x.py", PYTHONPATH=str(tmp_path / "extra"))["packages"]
        == found["packages"]
    )
    assert collect(venv, tmp_path, "-S")["packages"] == {}


def test_system_packages_are_seen_only_where_the_environment_sees_them(venv, tmp_path):
    prefix = tmp_path / "base"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/python3.9").write_text("")
    (prefix / "lib/python3.9/site-packages/numpy-1.26.dist-info").mkdir(parents=True)
    (venv / "bin/python").unlink()
    (venv / "bin/python").symlink_to(prefix / "bin/python3.9")
    assert "numpy" not in collect(venv, tmp_path)["packages"]
    config = venv / "pyvenv.cfg"
    config.write_text(config.read_text().replace("= false", "= true"))
    assert collect(venv, tmp_path)["packages"]["numpy"] == "1.26"


def test_editable_installs_are_recorded_as_such(venv, tmp_path):
    site = venv / "lib/python3.9/site-packages"
    (site / "mine-0.1.dist-info").mkdir()
    (site / "mine.pth").write_text("/src/mine\n")
    (site / "__editable__.other_pkg-2.0.pth").write_text(
        "import __editable___other_pkg_2_0_finder\n"
    )
    (site / "loose.pth").write_text("/src/loose\n")
    (site / "hook.pth").write_text("import os\n")
    packages = collect(venv, tmp_path)["packages"]
    assert packages["mine"] == "0.1 (editable)"
    assert packages["other-pkg"] == "2.0 (editable)"
    assert packages["loose.pth"] == "editable: /src/loose"
    assert not any(name.startswith("hook") for name in packages)


def test_the_package_list_is_remembered_until_the_folder_changes(venv, tmp_path):
    first = collect(venv, tmp_path)
    (cache,) = (tmp_path / "cache").glob("packages-*.json")
    stored = json.loads(cache.read_text())
    cache.write_text(json.dumps({**stored, "facts": {"packages": {"from": "cache"}}}))
    assert collect(venv, tmp_path)["packages"] == {"from": "cache"}
    (venv / "lib/python3.9/site-packages/new-1.dist-info").mkdir()
    assert collect(venv, tmp_path)["packages"] == {**first["packages"], "new": "1"}
    assert collect(venv, tmp_path)["packages"] == {**first["packages"], "new": "1"}


def test_a_folder_that_just_changed_is_not_remembered(venv, tmp_path):
    os.utime(venv / "lib/python3.9/site-packages")
    collect(venv, tmp_path)
    assert list((tmp_path / "cache").glob("packages-*.json")) == []


def test_an_interpreter_that_shows_no_version_is_asked_once(tmp_path):
    (tmp_path / "bin").mkdir()
    count = tmp_path / "count"
    python = script(
        tmp_path / "bin/python",
        f"#!/bin/sh\necho x >> {count}\nprintf '3.8.7\\ncpython\\n/nowhere\\n'\n",
    )
    for _ in range(2):
        found = software.collect([python, "x.py"], {}, str(tmp_path), str(tmp_path / "cache"))
        assert (found["python"], found["implementation"]) == ("3.8.7", "cpython")
    assert count.read_text() == "x\n"
    script(tmp_path / "bin/python", "#!/bin/sh\nexit 3\n")
    found = software.collect([python], {}, str(tmp_path), str(tmp_path / "cache"))
    assert found["python"] is None and "exit 3" in found["python_unknown_because"]


def test_a_real_interpreter_agrees_with_itself(tmp_path):
    found = software.collect(
        [sys.executable, "x.py"], dict(os.environ), str(tmp_path), str(tmp_path / "cache")
    )
    code = (
        "import sys,json;from importlib.metadata import distributions as d;print(json.dumps("
        "[sys.version.split()[0], "
        "sorted({x.metadata['Name'].lower().replace('_','-').replace('.','-') for x in d()})]))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    version, names = json.loads(out.stdout)
    assert found["python"] == version
    assert sorted(n for n in found["packages"] if not n.endswith(".pth")) == names


# hardware, from the files of other machines


def tree(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


GPU = {
    "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.126.09  Wed\nGCC version: 12\n",
    "proc/driver/nvidia/gpus/0000:2a:00.0/information": "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ: 1\n",
    "proc/driver/nvidia/gpus/0000:18:00.0/information": "Model: \t\t NVIDIA A100\nIRQ: 1\n",
}


def test_hardware_is_read_from_the_files_of_the_machine(tmp_path):
    root = tree(
        tmp_path / "r",
        {
            **GPU,
            "proc/sys/kernel/random/boot_id": "b1\n",
            "proc/meminfo": "MemTotal:  1000 kB\nMemAvailable: 500 kB\n",
            "proc/cpuinfo": "processor : 0\nmodel name : Fast 9000\nflags : fpu hypervisor\n\nprocessor : 1\n",
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/a/memory.max": "4096\n",
            "sys/fs/cgroup/a/b/memory.max": "max\n",
            "dev/accel0": "",
            "dev/accel10": "",
            "dev/accel2": "",
        },
    )
    found = hardware.collect(str(tmp_path / "cache"), root)
    assert (
        found["cpu_model"] == "Fast 9000"
        and found["cpu_count"] == 2
        and found["memory_bytes"] == 1024000
    )
    assert (
        found["cgroup_cpu_limit"],
        found["cgroup_memory_limit_bytes"],
        found["virtualised"],
    ) == (1.5, 4096, "vm")
    assert found["gpus"] == [
        {"index": 0, "name": "NVIDIA A100", "memory_bytes": None, "driver": "580.126.09"},
        {"index": 1, "name": "NVIDIA H100 80GB HBM3", "memory_bytes": None, "driver": "580.126.09"},
    ]
    assert found["tpus"] == ["/dev/accel0", "/dev/accel2", "/dev/accel10"]
    tree(
        tmp_path / "r",
        {
            "proc/cpuinfo": "processor : 0\nmodel name : Slow\n",
            "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
        },
    )
    again = hardware.collect(str(tmp_path / "cache"), root)
    assert again["cpu_model"] == "Fast 9000" and again["cgroup_cpu_limit"] == 0.5
    tree(tmp_path / "r", {"proc/sys/kernel/random/boot_id": "b2\n"})
    assert hardware.collect(str(tmp_path / "cache"), root)["cpu_model"] == "Slow"


def test_version_one_control_groups(tmp_path):
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/x\n2:cpu,cpuacct:/\n0::/\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "2048\n",
        },
    )
    found = hardware.collect(str(tmp_path / "cache"), root)
    assert (found["cgroup_cpu_limit"], found["cgroup_memory_limit_bytes"]) == (None, 2048)
    assert found["cpu_model"] is None and found["memory_bytes"] is None and found["gpus"] == []
    (tmp_path / "sys/fs/cgroup/memory/memory.limit_in_bytes").unlink()
    assert hardware.collect(str(tmp_path / "cache"), root)["cgroup_memory_limit_bytes"] is None


def test_nothing_of_a_gpu_library_is_imported_without_a_gpu(tmp_path):
    code = (
        "import sys; from leadline.adapters.collectors import hardware, hygiene\n"
        f"hardware.collect({str(tmp_path)!r}, {str(tmp_path)!r}); hygiene.preflight({str(tmp_path)!r})\n"
        "print([m for m in ('pynvml', 'subprocess', 'ctypes', 'platform') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={
            "PYTHONPATH": os.path.dirname(
                os.path.dirname(software.__file__.split("/adapters/")[0]) + "/"
            )
        },
    )
    assert out.stdout == "[]\n"


@pytest.mark.parametrize(
    "value, kind, count, visible",
    [
        (None, "gpu", 2, None),
        ("1", "gpu", 1, ["1"]),
        ("1,0", "gpu", 2, ["1", "0"]),
        ("0,7,1", "gpu", 1, ["0"]),
        ("", "cpu", len(os.sched_getaffinity(0)), []),
        ("-1", "cpu", len(os.sched_getaffinity(0)), []),
        ("GPU-abc,GPU-def", "gpu", 2, ["GPU-abc", "GPU-def"]),
        ("all", "gpu", 2, None),
    ],
)
def test_visible_devices_are_counted_as_the_runtime_does(tmp_path, value, kind, count, visible):
    env = {} if value is None else {"CUDA_VISIBLE_DEVICES": value}
    assert hardware.devices(env, tree(tmp_path, GPU)) == {
        "kind": kind,
        "count": count,
        "visible": visible,
    }


def test_tpus_and_amd_gpus(tmp_path):
    tpu = tree(
        tmp_path / "t",
        {f"dev/vfio/{i}": "" for i in range(4)} | {"sys/bus/pci/devices/0/vendor": "0x1ae0\n"},
    )
    assert hardware.devices({}, tpu) == {"kind": "tpu", "count": 4, "visible": None}
    assert hardware.devices({"TPU_VISIBLE_CHIPS": "0,1"}, tpu)["count"] == 2
    other = tree(tmp_path / "o", {"dev/vfio/1": "", "sys/bus/pci/devices/0/vendor": "0x8086\n"})
    assert hardware.devices({}, other)["kind"] == "cpu"
    nodes = "sys/class/kfd/kfd/topology/nodes"
    amd = tree(
        tmp_path / "a", {"dev/kfd": "", f"{nodes}/0/gpu_id": "0\n", f"{nodes}/1/gpu_id": "77\n"}
    )
    assert hardware.devices({"ROCR_VISIBLE_DEVICES": "0"}, amd) == {
        "kind": "gpu",
        "count": 1,
        "visible": ["0"],
    }


# hygiene


QUIET = {
    "proc/loadavg": "0.01 0.0 0.0 1/80 99\n",
    "proc/pressure/cpu": "some avg10=0.00 avg60=0 avg300=0 total=1\n",
    "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 900 kB\n",
}


def test_a_quiet_machine_is_not_contended_and_an_unreadable_one_is_unknown(tmp_path):
    quiet = hygiene.preflight(tree(tmp_path / "q", QUIET))
    assert (quiet["contended"], quiet["reasons"]) == (False, [])
    assert (quiet["governor"], quiet["throttled"]) == ("unknown", None)
    unknown = hygiene.preflight(tree(tmp_path / "u", {}))
    assert unknown["contended"] is None and unknown["reasons"][0].startswith("unknown")


@pytest.mark.parametrize(
    "files, word",
    [
        ({"proc/pressure/cpu": "some avg10=40.00 avg60=0 avg300=0 total=1\n"}, "CPU pressure 40 %"),
        ({"proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 10 kB\n"}, "memory available 1.0%"),
        ({"tmp/libtpu_lockfile": ""}, "lock file /tmp/libtpu_lockfile"),
    ],
)
def test_each_sign_of_contention_is_a_reason(tmp_path, files, word):
    found = hygiene.preflight(tree(tmp_path, {**QUIET, **files}))
    assert found["contended"] is True and word in found["reasons"][0]


def stat(pid, parent, state, name, ticks=0, start=0):
    return (
        f"{pid} ({name}) {state} {parent} "
        + " ".join(["0"] * 9)
        + f" {ticks} 0 0 0 20 0 1 0 {start} 0\n"
    )


def test_busy_processes_of_others_are_named_but_not_our_own_family(tmp_path):
    me = os.getpid()
    table = {
        1: (0, "S", "init", 0),
        me: (40, "R", "leadline", 9000),
        40: (1, "R", "shell", 9000),
        50: (me, "R", "git", 9000),
        60: (1, "R", "a) b(", 9000),
        70: (1, "S", "ghp_" + "a1B2" * 9, 4000),
        80: (1, "S", "idle", 10),
    }
    files = {f"proc/{pid}/stat": stat(pid, *row) for pid, row in table.items()}
    busy = {**QUIET, **files, "proc/uptime": "100.0 1\n", "proc/loadavg": "0.1 0 0 5/80 9\n"}
    found = hygiene.preflight(tree(tmp_path, busy))
    assert [(p["pid"], p["name"]) for p in found["others"]] == [
        (60, "a) b("),
        (70, "[redacted:github-token]"),
    ]
    assert found["contended"] is True and "a) b( (60)" in found["reasons"][0]


def test_processes_are_not_walked_on_a_quiet_machine(tmp_path):
    root = tree(
        tmp_path,
        {**QUIET, "proc/60/stat": stat(60, 1, "R", "burn", 9000), "proc/uptime": "100 1\n"},
    )
    assert hygiene.preflight(root)["others"] == []


def test_a_real_burner_is_seen():
    burner = subprocess.Popen(
        [sys.executable, "-S", "-c", "while True: pass"], start_new_session=True
    )
    # our own children are not "others": ask from a process that is not its parent
    code = (
        "import json; from leadline.job import preflight\n"
        "print(json.dumps(preflight.busy_others('/', str)))"
    )
    try:
        deadline = time.monotonic() + 20
        seen: set[int] = set()
        while burner.pid not in seen and time.monotonic() < deadline:
            out = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            seen = {process["pid"] for process in json.loads(out.stdout)}
    finally:
        burner.kill()
        burner.wait()
    assert burner.pid in seen


BEFORE = {"contended": False, "reasons": [], "cpu_count": 2}
CLEAN = {"run_queue_wait_s": 0.0, "cpu_pressure_s": 0.0, "others_cpu_s": 0.01, "wall_s": 10.0}


@pytest.mark.parametrize(
    "before, during, contended",
    [
        (BEFORE, CLEAN, False),
        (BEFORE, {**CLEAN, "run_queue_wait_s": 1.0, "others_cpu_s": 3.0}, True),
        (BEFORE, {**CLEAN, "others_cpu_s": 6.0}, True),
        (BEFORE, {**CLEAN, "cpu_pressure_s": 2.0, "others_cpu_s": 2.0}, True),
        (
            BEFORE,
            {**CLEAN, "psi_some_delta": 2.0, "others_cpu_s": 2.0, "cpu_pressure_s": None},
            True,
        ),
        (BEFORE, {**CLEAN, "steal_s": 1.0}, True),
        # its own threads
        (BEFORE, {**CLEAN, "run_queue_wait_s": 5.0, "cpu_pressure_s": 9.0}, False),
        (BEFORE, {**CLEAN, "run_queue_wait_s": 5.0, "others_cpu_s": None}, True),
        (BEFORE, {**CLEAN, "others_cpu_s": None}, None),
        (BEFORE, {}, None),
        (BEFORE, None, None),
        (None, CLEAN, None),
        (None, {**CLEAN, "others_cpu_s": 9.0}, True),
        ({"contended": None, "reasons": ["unknown: x"], "cpu_count": 2}, CLEAN, None),
        ({"contended": True, "reasons": ["CPU pressure 40 %"], "cpu_count": 2}, CLEAN, False),
        ({"contended": True, "reasons": ["CPU pressure 40 %"], "cpu_count": 2}, {}, True),
        (
            {"contended": True, "reasons": ["lock file /x exists (stale)"], "cpu_count": 2},
            CLEAN,
            True,
        ),
        # ticks, not a measurement
        (BEFORE, {"run_queue_wait_s": 0.001, "others_cpu_s": 0.02, "wall_s": 0.01}, False),
    ],
)
def test_the_verdict_over_a_run(before, during, contended):
    found = hygiene.after_run(before, during)
    assert found["contended"] is contended
    assert contended is False or found["reasons"]
    json.dumps(found)


def test_parts_of_conda_that_are_no_python_are_read_from_names_of_files(tmp_path):
    names = ("cudnn-9.1.0-h1", "numpy-2.0-py311", "python-3.11-h2", "cuda-nvcc-12.4.1-h3")
    (tmp_path / "conda-meta").mkdir()
    for name in names:
        (tmp_path / f"conda-meta/{name}.json").touch()
    assert native.parts(f"{tmp_path}") == {"conda cudnn": "9.1.0", "conda cuda-nvcc": "12.4.1"}
    assert native.parts(f"{tmp_path}/absent") == {}
