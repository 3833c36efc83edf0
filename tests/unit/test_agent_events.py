"""What a hook is told by several programs, what it says in their words, and what measures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.core.agent.events import BEFORE, STOP, Answer, Event, event_of, in_words_of
from leadline.core.agent.measuring import measuring, recorded
from leadline.core.agent.shell import commands_of, written_by

MEASURES = [
    "python bench.py",
    "python3 scripts/train_gpt.py --lr 1e-3",
    "python -u eval/evaluate.py",
    "CUDA_VISIBLE_DEVICES=0 python bench_kernel.py",
    "uv run python benchmark.py",
    "torchrun --nproc 8 pretrain.py",
    "sbatch job.sh",
    "hyperfine './a' './b'",
    "pytest --benchmark-only tests",
    "python -m pytest --benchmark-only",
    "python -m timeit 'x'",
    "time ./bench_attention 64",
    "timeout 60 python train.py",
    "cargo bench",
    "go test -bench .",
    "cd lab; nohup python sweep.py &",
    "accelerate launch finetune.py",
    "ncu -o out ./kernel",
    "for b in 64 128; do python bench.py $b; done",
    "x=$(python bench.py)",
    "bash -lc 'cd lab && python bench.py'",
    "nice -n 10 taskset -c 0 python bench.py",
]
DOES_NOT = [
    "ls",
    "cat bench.py",
    "grep -n train train.py",
    "vim benchmark.py",
    "git add bench.py && git commit -m 'bench.py and train.py'",
    "python -m pytest tests",
    "pytest -q tests/test_bench.py",
    "python setup.py build",
    "python bench.py --help",
    "leadline run -- python bench.py",
    "leadline sweep --axis a=1,2 -- python train.py {a}",
    "make",
    "pip install benchmark",
    "python - <<'EOF'",
    "cat > run.sh <<'EOF'\npython bench.py\nEOF",
    "leadline note 'a && python bench.py --n 3'",
    "",
    "'",
]


@pytest.mark.parametrize("command", MEASURES)
def test_what_measures_is_told_from_its_words(command):
    assert measuring(command)


@pytest.mark.parametrize("command", DOES_NOT)
def test_what_does_not_measure_meets_no_hint(command):
    assert measuring(command) == ""


def test_a_profile_names_further_ones():
    assert measuring("./go.sh --steps 3", ["go.sh *"]) == "./go.sh --steps 3"
    assert measuring("leadline run -- ./go.sh", ["go"]) == ""


def test_the_line_that_records_it_sets_its_variables():
    line = recorded("A=1 B='x y' python bench.py --n 3")
    assert line == "leadline run --env A=1 --env B='x y' -- python bench.py --n 3"


def test_the_line_that_records_it_is_the_command_alone():
    typed = "cd lab && python bench.py --note 'a; b' > out.txt 2>&1 | tee log"
    assert measuring(typed) == "python bench.py --note 'a; b'"


PATCH = "*** Begin Patch\n*** Update File: log.md\n@@\n-a\n+b\n*** End Patch\n"


@pytest.mark.parametrize(
    "command",
    [
        "echo x >> log.md",
        "echo x >log.md",
        "cat <<'EOF' > log.md\ntext\nEOF",
        "rm -f b/c.jsonl log.md",
        "sed -i 's/1/2/' log.md",
        "perl -pi -e 's/1/2/' log.md",
        "cat x | tee -a log.md",
        "git checkout -- log.md",
        "cp other.md log.md",
        "dd if=x of=log.md",
        f"cd x && apply_patch <<'EOF'\n{PATCH}EOF",
        f"apply_patch '{PATCH}'",
        "patch -p1 <<'EOF'\n--- a/log.md\n+++ b/log.md\n@@ -1 +1 @@\n-a\n+b\nEOF",
    ],
)
def test_what_a_command_writes_to_is_told_as_far_as_its_words_tell(command):
    assert "log.md" in written_by(command)


@pytest.mark.parametrize(
    "command",
    [
        "cat log.md; grep x log.md",
        "cp log.md /tmp/elsewhere",
        "grep '> ' log.md",
        "leadline note 'never echo x > log.md'",
        "git commit -m 'rm log.md'",
        "cat > other.txt <<'EOF'\necho x > log.md\nEOF",
        "diff <(sort log.md) <(sort b)",
        "wc < log.md 2>&1",
    ],
)
def test_what_a_command_only_names_or_reads_is_not_written_to(command):
    assert "log.md" not in written_by(command)


@given(st.text("ab '\"\\\n|&;<>()#$-=EOF\t", max_size=40))
def test_any_line_is_parted(line):
    for command in commands_of(line):
        assert command.words or command.writes


# ---- what programs send --------------------------------------------------------------------------

SENT: list[tuple[dict[str, Any], Event]] = [
    (
        {"hook_event_name": "PreToolUse", "session_id": "s", "cwd": "/w", "tool_name": "Bash",
         "tool_input": {"command": "ls"}, "tool_use_id": "t", "permission_mode": "default"},
        Event(BEFORE, "PreToolUse", "s", "/w", command="ls"),
    ),
    (
        {"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "apply_patch",
         "tool_input": {"command": "*** Begin Patch\n*** Update File: a/b.md\n@@\n-x\n+y\n*** End Patch"}},
        Event(BEFORE, "PreToolUse", "s", paths=("a/b.md",)),
    ),
    (
        {"hook_event_name": "BeforeTool", "session_id": "s", "tool_name": "write_file",
         "tool_input": {"file_path": "x.md", "content": "…"}},
        Event(BEFORE, "BeforeTool", "s", paths=("x.md",)),
    ),
    (
        {"hook_event_name": "beforeShellExecution", "conversation_id": "s", "command": "ls", "cwd": "/w"},
        Event(BEFORE, "beforeShellExecution", "s", "/w", command="ls"),
    ),
    (
        {"hook_event_name": "Stop", "session_id": "s", "stop_hook_active": True, "model": "m"},
        Event(STOP, "Stop", "s", again=True, model="m"),
    ),
    (
        {"hook_event_name": "PreToolUse", "tool_name": "shell", "tool_input": {"command": ["bash", "-lc", "ls"]}},
        Event(BEFORE, "PreToolUse", command="ls"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "event"), SENT, ids=lambda x: None)
def test_several_programs_say_one_thing(data, event):
    assert event_of(data) == event


@pytest.mark.parametrize(
    "data",
    [None, [], "x", 5, {}, {"hook_event_name": 5}, {"hook_event_name": "SubagentStop"},
     {"hook_event_name": "SomethingNew", "tool_input": []}],
)  # fmt: skip
def test_what_is_not_understood_is_no_event(data):
    assert event_of(data) is None


def test_an_agent_that_was_sent_out_is_told_apart():
    data = {"hook_event_name": "PreToolUse", "session_id": "s", "agent_id": "a1"}
    event = event_of(data)
    assert event is not None and (event.named, event.helper) == ("s", "a1")


def test_values_of_other_types_are_left_out():
    data = {
        "hook_event_name": "PreToolUse",
        "tool_name": ["Bash"],
        "tool_input": "x",
        "cwd": {},
        "session_id": 4,
    }
    assert event_of(data) == Event(BEFORE, "PreToolUse")


def test_a_refusal_is_said_in_the_words_of_each_program():
    before, stop = Event(BEFORE, "PreToolUse"), Event(STOP, "Stop")
    denied = in_words_of("claude-code", before, Answer(refuse="no"))
    assert denied["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert in_words_of("codex", stop, Answer(refuse="wait")) == {
        "decision": "block",
        "reason": "wait",
    }
    assert in_words_of("gemini-cli", before, Answer(refuse="no"))["decision"] == "deny"
    assert in_words_of("cursor", before, Answer(refuse="no"))["permission"] == "deny"
    assert (
        in_words_of("claude-code", before, Answer()) == {} == in_words_of("cursor", stop, Answer())
    )
    json.dumps(denied)
