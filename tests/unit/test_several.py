"""Commands that make several runs: who is at one, how it is told and asked to stop, and what is left of
one whose process died."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.core.errors import LeadlineError
from leadline.services.context import Context
from leadline.services.run import jobs, several
from leadline.services.run.several import About
from tests.unit.test_run_lifecycle import TOPIC, Shed, bodies, context, shed

__all__ = ["context", "shed"]  # fixtures
WHO = ("P-W1", "01ARZ3NDEKTSV4RRFFQ69G5FAV", TOPIC, "sweep")


def test_one_process_is_at_a_command_and_the_others_see_how_far(context: Context) -> None:
    with several.going(context, WHO, 5, "local") as here:
        here.tick(2, 1)
        [row] = jobs.listed(context)
        assert (row["id"], row["state"], row["watched"]) == ("P-W1", "running", True)
        assert row["progress"] is not None
        assert (row["progress"]["done"], row["progress"]["total"]) == (2, 5)
        with pytest.raises(LeadlineError) as caught, several.going(context, WHO, 5, "local"):
            pass
        assert caught.value.code == "sweep-is-running"
        assert not here.stop_asked()
        several.ask_to_stop(several.listed(context)[0])
        assert here.stop_asked()
    assert several.listed(context) == []
    with several.going(context, WHO, 5, "local") as again:  # what was asked of another is over
        assert not again.stop_asked()


def test_of_one_that_goes_on_by_itself_who_asked_is_told(context: Context) -> None:
    told: list[About] = []
    with several.going(context, WHO, 3, "hpc", told.append) as here:
        assert told == []  # it may be refused yet
        here.launched()
        here.launched()
        [row] = jobs.listed(context)
        assert not row["watched"]
    assert [(about["id"], about["executor"]) for about in told] == [("P-W1", "hpc")]


def test_one_whose_process_died_is_left_and_its_end_is_recorded_once(
    context: Context, shed: Shed
) -> None:
    with context.store.transaction(TOPIC) as writing:
        uid = writing.new_uid()
    script = (
        "import os, sys\nfrom leadline.bootstrap import open_context\n"
        "from leadline.services.run import several\n"
        "context = open_context(sys.argv[1])\n"
        "with several.going(context, (sys.argv[2], sys.argv[3], sys.argv[4], 'run'), 3, 'local'):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    argv = [sys.executable, "-c", script, context.cwd, "P-001", uid, TOPIC]
    assert subprocess.run(argv, check=False).returncode == -9
    for _ in range(2):
        [row] = jobs.listed(context)
        assert (row["id"], row["state"]) == ("P-001", "left")
    [end] = bodies(context, "command-ended")
    assert end["why"] == "the command that ran it died"
    jobs.stop_commands(context, jobs.commands_meant(context, TOPIC, ["P-001"]))
    assert jobs.listed(context) == [] and len(bodies(context, "command-ended")) == 1


def test_what_is_no_such_file_is_nothing(context: Context) -> None:
    folder = Path(context.root, several.FOLDER, "x")
    folder.mkdir(parents=True)
    for text in ("", "[]", json.dumps({"id": "P-W1"})):
        (folder / several.ABOUT).write_text(text)
        assert several.listed(context) == []
    assert os.path.isdir(folder)
