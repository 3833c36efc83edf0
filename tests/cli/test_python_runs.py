"""``leadline.run`` as Python code uses it: what is on record, and what becomes of the program."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import Lab

HEAD = "import leadline as ll\n@ll.run\ndef f(n):\n    return {'time_ms': n}\n"


def python(lab: Lab, code: str, **env: str) -> subprocess.CompletedProcess[str]:
    lab.write("job.py", code)
    return subprocess.run(
        [sys.executable, "job.py"],
        cwd=lab.repo,
        env={**lab.env, **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


def states(lab: Lab) -> dict[str, str]:
    return {row["id"]: row["state"] for row in lab.json("status", "--runs")["data"]}


def test_a_program_that_is_killed_leaves_a_lost_run(thread_lab: Lab) -> None:
    code = "import os, leadline as ll\nwith ll.run():\n    ll.log(time_ms=1)\n    os.kill(os.getpid(), 9)\n"
    assert python(thread_lab, code).returncode == -9
    assert states(thread_lab) == {"P-001-r1": "lost"}


def test_the_exception_of_the_work_is_raised_and_recorded(thread_lab: Lab) -> None:
    done = python(thread_lab, "import leadline as ll\nwith ll.run():\n    raise KeyError('gone')\n")
    assert done.returncode == 1 and done.stderr.rstrip().endswith("KeyError: 'gone'")
    run = thread_lab.json("show", "P-001-r1")["data"]
    assert run["state"] == "failed" and run["reason"] == "KeyError: 'gone'"


def test_without_a_thread_the_work_is_not_done(lab: Lab) -> None:
    done = python(lab, "import leadline as ll\nwith ll.run():\n    print('worked')\n")
    assert done.returncode == 1 and "worked" not in done.stdout
    assert "next: leadline start" in done.stderr


def test_only_what_says_what_it_does_was_run_before(thread_lab: Lab) -> None:
    blocks = "with ll.run(): ll.log(time_ms=1)\nwith ll.run(): ll.log(time_ms=2)\n"
    assert "before" not in python(thread_lab, "import leadline as ll\n" + blocks).stderr
    code = "import leadline as ll\nfor _ in 'ab':\n    with ll.run(config={'n': 1}): pass\n"
    said = "(done: P-003-r1); to add a repeat instead: ll.run(experiment='P-003')"
    assert said in python(thread_lab, code).stderr


def test_inside_a_job_the_job_is_the_run(thread_lab: Lab) -> None:
    thread_lab.write("job.py", HEAD + "f(7)\nwith ll.run():\n    ll.log(loss=2)\n")
    thread_lab.ok("run", "--", sys.executable, "job.py")
    (row,) = thread_lab.json("status", "--runs")["data"]
    assert row["metrics"] == {"time_ms": 7.0, "loss": 2.0}


def test_a_run_inside_a_run_belongs_to_the_outer_one(thread_lab: Lab) -> None:
    done = python(thread_lab, HEAD + "with ll.run():\n    f(3)\n    f(4)\n")
    assert done.returncode == 0, done.stderr
    (row,) = thread_lab.json("status", "--runs")["data"]
    assert row["metrics"] == {"time_ms": 4.0}


def test_a_function_that_calls_itself_is_one_run(thread_lab: Lab) -> None:
    code = (
        "import leadline as ll\n@ll.run\ndef f(n):\n    n and f(n - 1)\n    return {'time_ms': n}\n"
    )
    done = python(
        thread_lab, code + "f(3)\nwith f.run:\n    with f.run:\n        pass\n    ll.log(loss=1)\n"
    )
    assert done.returncode == 0, done.stderr
    first, second = thread_lab.json("status", "--runs")["data"]
    assert first["metrics"] == {"time_ms": 3.0} and second["metrics"] == {"loss": 1.0}


def test_another_thread_is_refused_and_the_run_goes_on(thread_lab: Lab) -> None:
    code = HEAD + (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ll.run() as outer, ThreadPoolExecutor() as pool:\n"
        "    print(pool.submit(f, 3).exception().code)\n"
        "print(outer.outcome.state)\n"
    )
    assert python(thread_lab, code).stdout == "run-in-run\ndone\n"
    assert states(thread_lab) == {"P-001-r1": "done"}


def test_threads_that_begin_at_once_mix_nothing(thread_lab: Lab) -> None:
    code = HEAD + (
        "import threading, time\n"
        "def work(n):\n"
        "    try: f(n)\n"
        "    except Exception as error: print(error.code)\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "f(9)\n"
    )
    done = python(thread_lab, code)
    rows = thread_lab.json("status", "--runs")["data"]
    refused = done.stdout.split()
    assert set(refused) <= {"run-in-run"} and len(rows) == 5 - len(refused)
    assert all(row["state"] == "done" for row in rows), done.stderr
    assert all(row["metrics"]["time_ms"] == row["config"]["n"] for row in rows)


def test_two_tasks_are_told_apart(thread_lab: Lab) -> None:
    code = HEAD + (
        "import asyncio\n"
        "async def one(n):\n"
        "    with ll.run(config={'n': n}):\n"
        "        await asyncio.sleep(0.01); ll.log(time_ms=n)\n"
        "async def main():\n"
        "    found = await asyncio.gather(one(1), one(2), return_exceptions=True)\n"
        "    print([getattr(e, 'code', None) for e in found])\n"
        "    with ll.run():\n"
        "        await asyncio.gather(asyncio.to_thread(f, 3))\n"
        "asyncio.run(main())\n"
    )
    assert python(thread_lab, code).stdout == "[None, 'run-in-run']\n"
    rows = thread_lab.json("status", "--runs")["data"]
    assert [row["metrics"]["time_ms"] for row in rows] == [1.0, 3.0]


def test_arguments_bound_before_are_config(thread_lab: Lab) -> None:
    code = HEAD + "import functools\nbound = ll.run(functools.partial(f, 7))\nbound()\n"
    code = code.replace("@ll.run\n", "")
    done = python(thread_lab, code + "print(bound.run.outcome.id)\n")
    assert done.stdout == "P-001-r1\n", done.stderr
    assert thread_lab.json("status", "--runs")["data"][0]["config"] == {"n": 7}


def test_a_fork_ends_nothing(thread_lab: Lab) -> None:
    code = (
        "import os, leadline as ll\nwith ll.run():\n    pid = os.fork()\n"
        "    if pid: os.waitpid(pid, 0); ll.log(time_ms=2)\n"
    )
    assert python(thread_lab, code).returncode == 0
    (row,) = thread_lab.json("status", "--runs")["data"]
    assert row["state"] == "done" and row["metrics"] == {"time_ms": 2.0}


def test_calls_alike_are_repeats_until_the_program_changes(thread_lab: Lab) -> None:
    thread_lab.write("part.py", "X = 1\n")
    code = "import part, time\n" + HEAD + "f(1); f(1); f(2)\n"
    code += "time.sleep(1.1)\nopen('part.py', 'a').write('Y = 2')\nf(1)\n"
    done = python(thread_lab, code)
    assert "this is another experiment than P-001" in done.stderr
    assert "part.py changed after this process began" in done.stderr
    assert list(states(thread_lab)) == ["P-001-r1", "P-001-r2", "P-002-r1", "P-003-r1"]
    shown = thread_lab.json("show", "P-003-r1")["data"]["code"]
    assert shown["changed_during_run"]


def test_a_call_is_made_again_and_a_block_is_not(thread_lab: Lab) -> None:
    end = "if __name__ == '__main__':\n    f(5)\n    with ll.run():\n        ll.log(time_ms=5)\n"
    assert python(thread_lab, HEAD + end).returncode == 0
    assert " agrees" in thread_lab.ok("reproduce", "P-001")
    done = thread_lab.run("reproduce", "P-002")
    assert done.returncode == 6 and "which no command makes again" in done.stdout + done.stderr


def test_what_is_returned_beside_numbers_harms_nothing(thread_lab: Lab) -> None:
    returned = "{'time_ms': 1, 'model': object(), 'note': 'x', 3: 4}"
    code = f"import leadline as ll\n@ll.run\ndef f():\n    return {returned}\nf()\n"
    done = python(thread_lab, code)
    assert done.returncode == 0 and "model, which is no number" in done.stderr
    (row,) = thread_lab.json("status", "--runs")["data"]
    assert row["metrics"] == {"time_ms": 1.0}


def test_the_command_line_cannot_choose_it(thread_lab: Lab) -> None:
    done = thread_lab.run("run", "--on", "in-process", "--", "true")
    assert done.returncode == 2 and "leadline run --on local" in done.stderr
