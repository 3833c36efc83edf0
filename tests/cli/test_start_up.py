"""What a verb loads before it does anything: what costs milliseconds at each start has no place
there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Milliseconds each, and nothing of them is needed: see core/typed.py, core/values.py,
# adapters/git/process.py.
NEVER = (
    "typing",
    "dataclasses",
    "inspect",
    "subprocess",
    "datetime",
    "_sqlite3",
    "sqlite3",
    "asyncio",
    "yaml",
    "jinja2",
    "hashlib",
    "copy",
    "contextlib",
    "gettext",
    "importlib",
    "shlex",
    "shutil",
    "signal",
    "tempfile",
    # of ours: what judges claims, and what reads prose
    "leadline.core.evidence.of_thread",
    "leadline.core.text.unbound",
)
ASKS_INDEX = {"_sqlite3", "contextlib"}


@pytest.mark.parametrize(
    ("argv", "needed"),
    [
        (["--version"], set()),
        (["status"], set()),
        (["brief"], set()),
        (["claims"], set()),
        (["next"], set()),
        (["show", "P-001"], set()),
        (["status", "--runs"], ASKS_INDEX),
        (["note", "one more"], ASKS_INDEX),
        (["verify"], set()),
        (["run", "--quiet", "--", "true"], ASKS_INDEX),
    ],
    ids=lambda value: "-".join(value).strip("-") if isinstance(value, list) else "",
)
def test_a_verb_loads_nothing_heavy_that_it_does_not_use(thread_lab, argv, needed):
    thread_lab.ok("run", "--", "echo", '{"loss": 1.0}')
    thread_lab.ok("claim", "it is low", "--that", "loss(P-001) < 2")
    # the first look compares with the record branch, asks the index, and judges
    for look in ("status", "claims"):
        thread_lab.ok(look)
    code = (
        "import sys, json; before = set(sys.modules)\n"
        "from leadline.cli.main import main\n"
        f"code = main({argv!r})\n"
        "print('\\n' + json.dumps([code, sorted(set(sys.modules) - before)]))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=thread_lab.repo,
        env={**thread_lab.env, "PYTHONPATH": ":".join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
    )
    exit_code, loaded = json.loads(done.stdout.splitlines()[-1])
    assert exit_code == 0, done.stdout + done.stderr
    assert set(loaded) & set(NEVER) <= needed


def test_a_long_thread_is_looked_at_with_the_c_half_of_sqlite_alone() -> None:
    code = (
        "import sys; import leadline.adapters.store.kept_thread\n"
        "print('_sqlite3' in sys.modules, {'sqlite3', 'datetime'} & set(sys.modules))"
    )
    env = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=env, capture_output=True, text=True
    )
    assert done.stdout.strip() == "True set()", done.stderr
