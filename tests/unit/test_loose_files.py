"""Programs that no code state holds: known by digest in every run, and never pooled with another one of
the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leadline.core.compare.compare import compare
from leadline.core.errors import LeadlineError
from leadline.core.evidence.of_thread import evidence_of
from leadline.core.metric.ruler import variables_in
from leadline.services.artifact import file_digests
from leadline.services.artifact.ruler_files import FilesOf
from leadline.services.context import Context
from leadline.services.run import sweep
from leadline.services.run.declare_ruler import protect
from leadline.services.run.repeats import execute
from leadline.services.run.sweep_plan import SweepRequest
from leadline.testing.builders import ThreadBuilder
from tests.unit.test_run_lifecycle import (  # noqa: F401
    TOPIC,
    asked,
    bodies,
    context,
    shed,
    to_the_end,
)


def put(context: Context, **files: str) -> None:  # noqa: F811
    for name, text in files.items():
        path = Path(context.toplevel, name.replace("__", "/").replace("_DOT_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(context: Context, *argv: str, experiment: str = "") -> str:  # noqa: F811
    made = asked(*argv)
    made.experiment = experiment or None
    return execute(context, made, to_the_end)[0].experiment


def test_a_program_that_git_ignores_is_known_by_its_content(context: Context) -> None:  # noqa: F811
    put(context, _DOT_gitignore="mine/\n", mine__a_DOT_py="1\n", kept_DOT_py="1\n")
    run(context, "sh", "-c", "python3 mine/a.py && python3 kept.py")
    [ruler] = [body["ruler"] for body in bodies(context, "run-planned")]
    assert list(ruler["beside"]) == ["mine/a.py"]
    assert sorted(ruler["named"]) == ["kept.py", "mine/a.py"]


@pytest.mark.parametrize("outside", [False, True])
def test_another_one_of_the_same_name_is_no_repeat(
    context: Context,  # noqa: F811
    tmp_path: Path,
    outside: bool,
) -> None:
    put(context, _DOT_gitignore="mine/\n", mine__a_DOT_py="1\n")
    program = tmp_path / "a.py" if outside else Path(context.toplevel, "mine", "a.py")
    program.write_text("1\n")
    command = ("python3", str(program) if outside else "mine/a.py")
    assert run(context, *command) == run(context, *command, experiment="P-001") == "P-001"
    program.write_text("2\n")
    with pytest.raises(LeadlineError) as refused:
        run(context, *command, experiment="P-001")
    assert refused.value.code == "program-changed"


def test_a_program_that_git_stores_with_other_bytes_is_known_by_its_own(
    context: Context,  # noqa: F811
) -> None:
    put(context, _DOT_gitattributes="* text=auto\n", a_DOT_sh="true\n")
    one = run(context, "sh", "a.sh")
    assert [list(body["ruler"].get("beside", {})) for body in bodies(context, "run-planned")] == [
        []
    ]
    Path(context.toplevel, "a.sh").write_bytes(b"true\r\n")
    other = run(context, "sh", "a.sh")
    first, second = bodies(context, "run-planned")
    assert first["code"]["tree"] == second["code"]["tree"]
    assert one != other and list(second["ruler"]["beside"]) == ["a.sh"]
    assert "seen_before" not in second


def test_what_a_program_loads_from_beside_the_code_counts(context: Context) -> None:  # noqa: F811
    put(context, _DOT_gitignore="secret.py\n", secret_DOT_py="X = 1\n", b_DOT_py="import secret\n")
    run(context, "python3", "b.py")
    put(context, secret_DOT_py="X = 2\n")
    with pytest.raises(LeadlineError):
        run(context, "python3", "b.py", experiment="P-001")


def test_a_command_that_goes_elsewhere_is_measured_by_the_files_there(
    context: Context,  # noqa: F811
    tmp_path: Path,
) -> None:
    put(context, bench_DOT_py="1\n")
    protect(context, TOPIC, ["bench.py"])
    for folder, text in (("same", "1\n"), ("other", "2\n")):
        (tmp_path / folder / ".git").mkdir(parents=True)
        (tmp_path / folder / "bench.py").write_text(text)
    lines = ["python3 bench.py"]
    lines += [f"cd {tmp_path}/{name} && python3 bench.py" for name in ("same", "other")]
    lines += ["cd $SOMEWHERE && python3 bench.py"]
    for line in lines:
        run(context, "sh", "-c", line)
    here, same, other, unknown = (
        body["ruler"]["declared"][""]["bench.py"] for body in bodies(context, "run-planned")
    )
    assert here == same and len({here, other, unknown}) == 3


def test_protecting_says_what_the_evaluator_uses_besides(context: Context) -> None:  # noqa: F811
    text = "import os, model\nprint(model.LOSS * float(os.environ.get('SCALE', 1)))\n"
    put(context, bench_DOT_py=text, model_DOT_py="LOSS = 1\n")
    row = protect(context, TOPIC, ["bench.py"])
    assert (row["loads"], row["reads"]) == (["model.py"], ["SCALE"])
    run(context, "python3", "bench.py")
    [ruler] = [body["ruler"] for body in bodies(context, "run-planned")]
    assert list(ruler["loaded"]) == ["model.py"] and ruler["variables"] == ["SCALE"]


@pytest.mark.parametrize(
    "files",
    [
        {"a_DOT_py": "import b", "b_DOT_py": "from c import f", "c_DOT_py": "def f(): import a, b"},
        {"a_DOT_py": "import c"},
        {"a_DOT_py": "print()", "bench_DOT_sh": ". ./c.py\npython3 a.py"},
    ],
)
def test_what_the_evaluator_loads_is_followed_to_its_end(
    context: Context,  # noqa: F811
    files: dict[str, str],
) -> None:
    files = {"bench_DOT_py": "import a", "c_DOT_py": "def f(): pass", **files}
    put(context, **files)
    entry = "bench.sh" if "bench_DOT_sh" in files else "bench.py"
    others = {name.replace("_DOT_", ".") for name in files} - {entry}
    found = protect(context, TOPIC, [entry])["loads"]
    assert "c.py" in found and set(found) <= others


def test_the_rules_of_make_are_named_by_it(context: Context) -> None:  # noqa: F811
    put(
        context, Makefile="bench:\n\tpython3 eval.py\n", eval_DOT_py="import score", score_DOT_py=""
    )
    run(context, "make", "-n", "bench")
    [ruler] = [body["ruler"] for body in bodies(context, "run-planned")]
    assert list(ruler["named"]) == ["Makefile"] and ruler["loads"]


def test_the_variables_that_a_program_reads() -> None:
    text = "os.environ['A'] + os.environ.get(\"B\") + os.getenv('C') + environ['D'] + 'E'"
    assert variables_in(text) == ["A", "B", "C", "D"]


# ---- what follows for comparisons and claims -----------------------------------------------------
NEW = {"tree": "9" * 40, "commit": "8" * 40, "head": "8" * 40, "dirty": False, "gaps": []}


def sides(a: dict[str, Any], b: dict[str, Any], **other: Any) -> ThreadBuilder:
    """P-001 and P-002, four runs each, which the rulers ``a`` and ``b`` measured."""
    made = ThreadBuilder(metrics=[("loss", "nats", "lower")])
    for ruler, mean, more in ((a, 1.0, {}), (b, 0.9, other)):
        first = ""
        for by in (0.0, 0.01, -0.01, 0.005):
            shown = made.plan("x", {"lr": 1}, first, ruler=ruler, **more)
            first = first or shown.rpartition("-r")[0]
            made.end(shown, {"loss": mean + by})
    return made


def compared(made: ThreadBuilder, *axes: str) -> list[str]:
    thread = made.thread()
    runs = [thread.experiments[name].runs for name in ("P-001", "P-002")]
    found = compare(*runs, axes=list(axes), metric_defs=thread.metrics)
    return [row.name for row in found.diff.of_role("confound")]


def label(
    made: ThreadBuilder, predicate: str = "loss(P-002) < loss(P-001)"
) -> tuple[str, list[str]]:
    found = evidence_of(made.thread(), {"predicate": predicate})
    return found.label, [mark.code for mark in found.marks]


def beside(name: str, digest: str) -> dict[str, Any]:
    return {"named": {}, "beside": {name: digest}}


def test_a_swapped_program_is_a_confound_and_no_axis_by_itself() -> None:
    made = sides(beside("mine/a.py", "x"), beside("mine/a.py", "y"))
    assert compared(made) == ["named.mine/a.py"] and compared(made, "named") == []
    assert label(made) == ("exploratory", ["confounds"])
    changed = sides(beside("mine/a.py", "x"), beside("mine/a.py", "y"), code=NEW)
    assert compared(changed, "code") == ["named.mine/a.py"]


def test_what_the_tested_code_builds_goes_with_it() -> None:
    made = sides(beside("build/a", "x"), beside("build/a", "y"), code=NEW)
    assert compared(made, "code") == []


def test_two_programs_under_one_command_bear_no_label_together() -> None:
    made = sides(beside("/opt/a.py", "x"), beside("/opt/a.py", "y"))
    found, marks = label(made, "loss(lr=1) < 2")
    assert found == "exploratory" and "two-programs" in marks


def test_other_code_that_the_ruler_loads_is_said() -> None:
    declared = {"declared": {"": {"bench.py": "x"}}, "named": {}}
    made = sides(
        {**declared, "loaded": {"score.py": "1"}},
        {**declared, "loaded": {"score.py": "2"}},
        code=NEW,
    )
    assert "ruler-loads" in label(made)[1]


# ---- a sweep goes by the files that are there now ------------------------------------------------
def swept(context: Context) -> sweep.SweepOutcome:  # noqa: F811
    command = ["python3", "mine/a.py", "{k}"]
    request = SweepRequest(command, TOPIC, axes={"k": [1, 2]}, inputs=["data"], seed=1)
    hands = sweep.Hands(lambda: False, lambda *told: None)
    return sweep.execute(context, request, hands, context.warn)


@pytest.mark.parametrize("changed", ["data/x", "mine/a.py"])
def test_a_cell_with_other_data_or_another_program_runs_again(
    context: Context,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    changed: str,
) -> None:
    monkeypatch.chdir(context.toplevel)
    put(context, _DOT_gitignore="mine/\ndata/\n", mine__a_DOT_py="1\n", data__x="1\n")
    assert swept(context).states == {"done": 2}
    assert swept(context).skipped == 2
    Path(context.toplevel, changed).write_text("other\n")
    again = swept(context)
    assert (again.skipped, again.states) == (0, {"done": 2})
    assert len({body["experiment"] for body in bodies(context, "run-planned")}) == 4


def test_what_is_known_of_many_files_is_read_once(
    context: Context,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"mine/{n}.py" for n in range(5)]
    for top in (Path(context.toplevel), tmp_path):
        (top / "mine").mkdir()
        for name in names:
            (top / name).write_text(name)
    looked: list[str] = []
    read = file_digests._kept
    monkeypatch.setattr(file_digests, "_kept", lambda place: looked.append(place) or read(place))
    files = FilesOf(context, {}, context.toplevel)
    assert files.digests_at(["mine/*.py"], str(tmp_path)) == files.digests(["mine/*.py"])
    assert len(looked) == 3
