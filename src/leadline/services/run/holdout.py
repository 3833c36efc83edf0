"""A sealed holdout: an evaluator and data outside the work tree, looked at when something is claimed or
sealed, never while it is made.

Where they lie and how they are run stands in a file of this machine alone; the record has their
digest. Each look runs the evaluator in a process of its own over the stored code state of every
side of a claim, and is a record: how often was looked is part of what the result is worth. It is
sealed from the record, not from who reads the disk.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence

from leadline.core.canonical import digest_of
from leadline.core.errors import LeadlineError, conflict, environment, not_found, refused, usage
from leadline.core.evidence.holdout import holds
from leadline.core.evidence.of_thread import runs_of_subject
from leadline.core.evidence.predicate import predicate_of
from leadline.core.plain import shell_word, shell_words
from leadline.core.record.run import Run
from leadline.core.record.thread import Item, is_a
from leadline.core.typed import TYPE_CHECKING, TypedDict, cast
from leadline.services.artifact.file_digests import digests_of
from leadline.services.context import Context, refs_for
from leadline.services.run.facts import gather
from leadline.services.run.lifecycle import Say, Watcher, run_one
from leadline.services.run.reproduce import unpacked
from leadline.services.run.request import Command, RunRequest

if TYPE_CHECKING:
    from leadline.core.record.bodies import ClaimBody, HoldoutBody

HIDDEN = "[holdout]"  # what a record says instead of the command
KEPT = ("command", "paths", "cwd")


class _Kept(TypedDict):
    command: str
    paths: list[str]
    cwd: str


def set_holdout(context: Context, topic: str, command: str, paths: Sequence[str]) -> HoldoutBody:
    """Declare it. Raises LeadlineError: no command, nothing given, a path that is not there or lies
    inside the work tree."""
    if not command.strip():
        raise usage(
            "missing-field",
            "a holdout needs the command that evaluates: --command 'CMD'",
            why="it runs in the code state that is judged",
            do="leadline measure holdout --help",
        )
    try:
        shlex.split(command)
    except ValueError as error:
        raise usage(
            "bad-command",
            f"--command cannot be read: {error}",
            do="leadline measure holdout --help",
        ) from None
    whole = [os.path.realpath(os.path.join(context.cwd, path)) for path in paths]
    for given, path in zip(paths, whole, strict=True):
        _check_path(context, given, path)
    kept: _Kept = {"command": command, "paths": whole, "cwd": context.cwd}
    digest, files = _digest(context, kept)
    _keep(context, topic, kept)
    body: HoldoutBody = {"digest": digest, "files": files}
    context.append(topic, "holdout", body)
    return body


def _check_path(context: Context, given: str, path: str) -> None:
    top = os.path.realpath(context.toplevel)
    if (path + os.sep).startswith(top + os.sep):
        raise refused(
            "holdout-inside",
            f"{given} lies inside the work tree",
            why="what a session works on every day is no holdout, and would be recorded with the code",
            do=f"mv {shell_word(given)} {shell_word(os.path.dirname(top))}/",
        )
    if not os.path.exists(path):
        raise not_found("no-such-file", f"{given} is not there", do=f"ls {shell_word(given)}")


def _place(context: Context, topic: str) -> str:
    return os.path.join(context.root, "holdouts", f"{topic}.json")


def _keep(context: Context, topic: str, kept: _Kept) -> None:
    """For the owner alone."""
    place = _place(context, topic)
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    temporary = f"{place}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(json.dumps(kept).encode())
    os.replace(temporary, place)


def _kept(context: Context, topic: str) -> _Kept:
    said = _records(context, topic)
    if not any("digest" in record and "look" not in record for record in said):
        raise conflict(
            "no-holdout",
            "no holdout is declared",
            why="there is nothing to look at",
            do="leadline measure holdout --command 'CMD' PATH",
        )
    try:
        with open(_place(context, topic), "rb") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        kept = None
    if not isinstance(kept, dict) or not all(name in kept for name in KEPT):
        raise environment(
            "holdout-elsewhere",
            "the holdout was declared on another machine",
            why="where it lies is kept there alone",
            do="leadline measure holdout --command 'CMD' PATH",
        )
    found = cast("_Kept", kept)
    declared = next(r for r in reversed(said) if "look" not in r)
    if _digest(context, found)[0] != declared.get("digest"):
        raise conflict(
            "holdout-changed",
            "the holdout is not what was declared",
            why="its files were edited, removed or renamed since: looks before and after are of two things",
            do=f"leadline measure holdout --command {shell_word(found['command'])} {shell_words(found['paths'])}",
        )
    return found


def _records(context: Context, topic: str) -> list[HoldoutBody]:
    return list(context.store.slice(topic, [], ("thread-started", "holdout")).holdouts)


def _digest(context: Context, kept: _Kept) -> tuple[str, int]:
    """Of the command and of all files; how many these are."""
    files = []
    for path in kept["paths"]:
        files += [path] if not os.path.isdir(path) else _below(path)
    digests = digests_of(context, files)
    named = {os.path.relpath(path, kept["cwd"]): digest for path, digest in digests.items()}
    return digest_of({"command": kept["command"], "files": named}), len(files)


def _below(folder: str) -> list[str]:
    return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)


def check_holdout(context: Context, topic: str) -> None:
    """Raises LeadlineError when there is none to look at, or another than was declared."""
    _kept(context, topic)


def look_for_all(
    context: Context, topic: str, watcher: Watcher, say: Say = lambda text: None
) -> list[HoldoutBody]:
    """A look for every standing claim with a checkable form that nobody looked for yet."""
    check_holdout(context, topic)
    thread = context.store.thread(topic)
    looked = {
        said.get("refs", {}).get(said.get("claim", ""))
        for said in thread.holdouts
        if "look" in said
    }
    wanted = [c for c in thread.claims if c.stands and c.uid not in looked and predicate_of(c)]
    return [look(context, topic, c.id, watcher, say) for c in wanted]


# ---- a look --------------------------------------------------------------------------------------


def look(
    context: Context, topic: str, claim: str, watcher: Watcher, say: Say = lambda text: None
) -> HoldoutBody:
    """Evaluate the code of every side of a claim, once, and record it. Raises LeadlineError: no
    holdout, one that changed, a claim without a checkable form or without code."""
    kept = _kept(context, topic)
    thread = context.store.thread(topic)
    item = thread.find(claim)
    predicate = predicate_of(item) if isinstance(item, Item) else None
    if not is_a(item, "claim") or predicate is None:
        raise usage(
            "claim-without-form",
            f"{claim} has no checkable form",
            why="a holdout is looked at for the code of its sides",
            do="leadline claims",
        )
    number = 1 + sum("look" in record for record in _records(context, topic))
    values: dict[str, float] = {}
    runs: list[str] = []
    failed: list[str] = []
    seen: dict[str, dict[str, float]] = {}
    for clause in predicate.clauses:
        for metric, subject in clause.sides:
            name = subject.format()
            if name not in seen:
                of = _last(item, runs_of_subject(thread, subject, item.refs))
                title = f"holdout, look {number}: {name} ({of.experiment})"
                shown, seen[name], why = _evaluate(context, topic, kept, of, title, watcher, say)
                runs.append(shown)
                failed += [f"{name}: {why}"] if why else []
            if metric in seen[name]:
                values[f"{metric}({name})"] = seen[name][metric]
            elif not any(f.startswith(f"{name}: ") for f in failed):
                failed.append(f"{name}: the evaluator gave no {metric}")
    declared = next(r for r in reversed(_records(context, topic)) if "look" not in r)
    body: HoldoutBody = {
        "digest": declared.get("digest", ""),
        "look": number,
        "claim": item.id,
        "values": values,
        "refs": refs_for(context.store.thread(topic), [item.id, *runs]),
    }
    if failed:
        body["why"] = "; ".join(failed)
    else:
        body["holds"] = holds(predicate, values)
    context.append(topic, "holdout", body)
    return body


def _last(item: Item[ClaimBody], runs: Sequence[Run]) -> Run:
    """The run whose code is evaluated."""
    counted = [run for run in runs if run.is_evidence and run.code.get("commit")]
    if not counted:
        raise not_found(
            "no-code-to-judge",
            f"a side of {item.id} has no run with a code state",
            why="the holdout evaluates the code of its last run",
            do=f"leadline claims --why {item.id}",
        )
    return counted[-1]


def _evaluate(
    context: Context,
    topic: str,
    kept: _Kept,
    of: Run,
    title: str,
    watcher: Watcher,
    say: Say,
) -> tuple[str, dict[str, float], str]:
    """(the run, its metrics, why it gave none)."""
    try:
        with unpacked(context, of, str(of.code["commit"])) as folder:
            argv = [_whole(kept, word) for word in shlex.split(kept["command"])]
            command = Command(
                argv,
                dict(of.config),
                folder=folder,
                code=of.code,
                recorded_cwd=".",
                secret_argv_ok=True,
            )
            request = RunRequest(
                topic, command, title=title, design={"holdout": True}, entry="elsewhere"
            )
            facts = gather(context, request)
            facts["argv"] = [HIDDEN]
            outcome = run_one(context, request, facts, watcher, say)
    except LeadlineError as error:
        return "", {}, error.what
    why = "" if outcome.state == "done" else outcome.reason or outcome.state
    return outcome.id, dict(outcome.metrics), why


def _whole(kept: _Kept, word: str) -> str:
    """A word that names one of the holdout's files, as it is reached from anywhere."""
    path = os.path.realpath(os.path.join(kept["cwd"], word))
    inside = any((path + os.sep).startswith(known + os.sep) for known in kept["paths"])
    return path if inside else word
