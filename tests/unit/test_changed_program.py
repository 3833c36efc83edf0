"""Which files make another program, and which a job, a writer or a renderer changed."""

from __future__ import annotations

import pytest

from leadline.core.design.changed_program import changed_program


@pytest.mark.parametrize(
    ("path", "argv", "written", "changed"),
    [
        ("model.py", ["python", "bench.py"], False, True),
        ("model.py", ["python", "bench.py"], True, True),  # edited while a run went on
        ("conf/base.yaml", ["python", "bench.py"], False, True),
        ("results.csv", ["python", "bench.py", "--out", "results.csv"], True, False),
        ("results.csv", ["python", "bench.py"], False, True),  # edited by hand
        ("README.md", ["python", "bench.py"], False, False),
        ("prompt.txt", ["python", "bench.py", "--prompt=prompt.txt"], False, True),
        ("conf.json", ["python", "bench.py", "--config", "conf.json"], True, True),
        ("conf.json", ["python", "bench.py", "--config=conf.json"], True, True),
        ("out.json", ["python", "bench.py", "--output", "out.json"], True, False),
        ("out.json", ["python", "bench.py", "-o=out.json"], True, False),
        ("out.json", ["python", "bench.py", "out.json"], True, False),
        ("report.html", ["python", "bench.py"], False, False),
        ("lib/__pycache__/a.cpython-311.pyc", ["python", "bench.py"], True, False),
        ("lib/__pycache__/a.cpython-311.pyc", ["python", "bench.py"], False, True),
        ("Makefile", ["make", "bench"], True, True),
        ("out", ["sh", "-c", "echo 1 >out"], True, False),
        ("out", ["sh", "-c", "echo 1 >out"], False, True),
        ("measure", ["./measure"], True, True),
    ],
)
def test_examples(path: str, argv: list[str], written: bool, changed: bool) -> None:
    assert changed_program([path], argv, lambda _: written) == ([path] if changed else [])
