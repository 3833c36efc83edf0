"""Every setting: its default, what it may hold, and whether a file of the checkout may hold it.

The one table that the reader, ``leadline init`` and ``docs/reference.md`` use. A file of the
checkout is a stranger's as soon as somebody else's branch is checked out. So it may say what the
project's people agree on about numbers, and has no say in where anything is written, sent or
started, nor in what is recorded of this machine: that is said on this machine, and kept beside the
records in the git directory.
"""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.record.run import USUAL_EXECUTOR
from leadline.core.typed import NamedTuple

TEXT, FLAG, COUNT, NUMBER, TEXTS, PATHS = (
    "a text",
    "true or false",
    "a whole number, 0 or more",
    "a number, 0 or more",
    "a list of texts",
    "a list of absolute paths",
)


class Setting(NamedTuple):
    """``option`` of ``leadline init``, where it has one of its own."""

    kind: str
    default: object
    about: str
    option: str = ""
    tracked: bool = False


SETTINGS: Mapping[str, Setting] = {
    "record_branch": Setting(TEXT, "leadline/records", "branch of the records", "--record-branch NAME"),
    "remote": Setting(TEXT, "origin", "git remote of `leadline sync`", "--remote NAME"),
    "code.sync": Setting(
        FLAG, False, "whether `leadline sync` sends code states each time, after the scan", "--sync-code"
    ),
    "branch_prefix": Setting(
        TEXT, "research/", "what the branch of a new thread begins with", "--branch-prefix TEXT", True
    ),
    "logbook.in_tree": Setting(
        FLAG, True, "whether the logbook is also in the work tree", "--no-logbook-in-tree", True
    ),
    "logbook.folder": Setting(
        TEXT, ".agents/logbooks", "where it is there", "--logbook-folder PATH"
    ),
    "issue.label": Setting(TEXT, "experiment", "label of experiment issues", "--label TEXT", True),
    "issue.directed_by": Setting(
        TEXTS, [], "logins whose comments on an issue direct, whatever they may write"
    ),
    "marker": Setting(
        TEXT, "_Posted by Leadline._", "marks what an agent posts", "--marker TEXT"
    ),
    "run.executor": Setting(TEXT, USUAL_EXECUTOR, "what starts commands", "--executor NAME"),
    "run.environment": Setting(
        TEXTS, [], "further environment variables that are recorded; NAME* is a prefix"
    ),
    "run.inputs": Setting(TEXTS, [], "further data files that runs read; digested and compared"),
    "run.nuisance": Setting(
        TEXTS, [], "config keys that may differ in every comparison", tracked=True
    ),
    "run.expected_devices": Setting(
        COUNT, None, "accelerators (or CPUs, without) that a run should see", tracked=True
    ),
    "profile.agreed": Setting(
        TEXTS, [], "what profiles may start and record here", "(leadline profile agree)"
    ),
    "run.lock_files": Setting(PATHS, [], "further files that mean: the accelerator is taken"),
    "run.device_files": Setting(
        PATHS, [], "further device files that only one process should hold open"
    ),
    "run.canary": Setting(
        FLAG, False, "a fixed piece of work is timed before each run and after it, where it runs"
    ),
    "artifact.max_file_bytes": Setting(
        COUNT, 1 << 30, "a larger file is a gap in the record, not an artifact", tracked=True
    ),
    "artifact.max_run_bytes": Setting(
        COUNT, 10 << 30, "all artifacts of one run together", tracked=True
    ),
    "hooks.off": Setting(
        TEXTS, [], "hooks that say nothing: start, before, after, compact, stop, end"
    ),
    "update.every_hours": Setting(NUMBER, 6, "when an update is due", tracked=True),
    "series.compact_points": Setting(
        COUNT,
        0,
        "a run that logged more is compacted when it ends (needs pyarrow); 0: never",
        tracked=True,
    ),
    "tracker.limit_s": Setting(NUMBER, 120, "seconds that sending one run to a tracker may take"),
    "tracker.artifact_limit_mb": Setting(
        NUMBER,
        1000,
        "the largest file that is sent beside a run when it is named",
        "--artifact-limit-mb MB",
    ),
    "tracker.recorded_artifact_mb": Setting(
        NUMBER, 50, "the largest artifact of the record that goes with its run; 0: none goes"
    ),
    "tracker.agreed": Setting(
        TEXTS, [], "where runs may be sent, as agreed here", "(leadline tracker set)"
    ),
    "forge": Setting(TEXT, None, "where experiment issues live", "--forge NAME"),
    "forge.repository": Setting(
        TEXT, None, "which repository there (default: the git remote's)", "--forge-repository OWNER/NAME"
    ),
    "forge.api_url": Setting(TEXT, None, "of a server of one's own", "--api-url URL"),
    "forge.web_url": Setting(TEXT, None, "where its pages are", "--web-url URL"),
    "forge.pages": Setting(TEXT, None, "how links to files look", "--pages LAYOUT"),
    "forge.agreed": Setting(
        TEXTS, [], "servers and repositories that may get a token and posts", "--github"
    ),
}  # fmt: skip


def command_for(name: str) -> str:
    """The command that says a setting on this machine."""
    option = SETTINGS[name].option
    if option.startswith("("):
        return option.strip("()")
    return f"leadline init {option or f'--set {name}=VALUE'}"
