"""Run a command and record it."""

from __future__ import annotations

import argparse
import os
import sys

from leadline.cli import by_itself
from leadline.cli.answer import Answer
from leadline.cli.parsing import (
    artifact_option,
    baseline_option,
    extraction,
    input_option,
    last_lines,
    on_option,
    pairs,
    progress,
    progress_options,
    seconds,
    several,
    words_beside,
)
from leadline.core.record.run import USUAL_EXECUTOR
from leadline.core.timestamps import plural
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context
    from leadline.services.run.beside import Beside
    from leadline.services.run.outcome import RunOutcome
    from leadline.services.run.request import RunRequest
    from leadline.services.run.stdin import Given

ANSWER = "services.run.outcome:Runs"
METRICS_SHOWN = 6
PRINTED_LINES = 10  # of a failed run that was not shown
TAKES_COMMAND = True
DESCRIPTION = """Run a command and record it: exact code state (dirty and untracked files too), command, config,
environment, hardware, output, metrics, ending. What the command prints stays on stdout; Leadline speaks on stderr.
Where stdout is no terminal, of a long output its first and last lines (--tail); all of it: leadline logs RUN.

Metrics come from `ll.log(...)` or lines in $LEADLINE_METRICS, from JSON lines on stdout, from --pattern and from
--metrics FILE. The exit code is the command's own (124 after a timeout, 128+N after a signal, 125 when Leadline
itself failed)."""
EXAMPLES = [
    "leadline run -- python train.py --lr 3e-4",
    "leadline run --set block=128 --set dtype=bf16 --repeat 5 -- ./bench 128 bf16",
    "leadline run --metrics 'results.csv:time_ms=elapsed,rows=10,unique=shape' -- ./bench",
    "leadline run --metrics 'answers.jsonl:acc=correct,items=question' -- python evaluate.py",
    "leadline run --pattern 'loss=val loss ([0-9.]+)' --config-from-args -- python eval.py --seed 3",
    "leadline run --artifact 'plots/*.png' --artifact model=out/last.pt -- python train.py",
    "leadline run --why 'wider is faster' --note 'it takes {{this.time_ms}}' -- ./bench",
    "leadline run --experiment P-003 --repeat 2",
    "leadline run --on dev --detach -- python train.py",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "leadline run [options] -- COMMAND [ARGUMENTS]"
    several(parser, "--set", "K=V", "a config value; {K} in the command stands for V", dest="sets")
    several(
        parser,
        "--config",
        "FILE",
        "config from a JSON, TOML or YAML file (nested keys are joined by dots)",
        dest="files",
    )
    parser.add_argument(
        "--config-from-args", action="store_true", help="config from the command's own flags"
    )
    parser.add_argument(
        "--title", default="", help="what the experiment is called (default: its config)"
    )
    parser.add_argument(
        "--experiment", metavar="ID", help="add repeats to this experiment (its command by default)"
    )
    several(parser, "--hypothesis", "ID", "a hypothesis this bears on", dest="hypotheses")
    words_beside(parser, "{{this.METRIC}} is its own")
    baseline_option(parser, "it is the baseline: the first, or the next if the evidence bears it")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="run N times")
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="end it after that long (90, 5m, 2h)"
    )
    several(
        parser,
        "--metrics",
        "SPEC",
        "metrics from a file, with checks: FILE[:NAME=COLUMN,rows=N,unique=K,items=K,dedupe=RULE,nan=RULE]",
    )
    several(parser, "--pattern", "NAME=REGEX", "a metric from the output; group 1 is the value")
    on_option(parser)
    progress_options(parser)
    input_option(parser)
    artifact_option(parser, "keep this file, or what matches this pattern, when it has ended")
    several(
        parser,
        "--env",
        "NAME[=VALUE]",
        "record this variable too; with a value, set it for the command",
    )
    parser.add_argument(
        "--max-output", type=int, metavar="BYTES", help="end the command when it prints more"
    )
    parser.add_argument(
        "--secret-argv-ok", action="store_true", help="run although the command line looks secret"
    )
    several(
        parser,
        "--not-secret-file",
        "FILE",
        "what this file holds is no secret: the code state takes it, now and from now on",
        dest="not_secret_files",
    )
    by_itself.options(parser)
    parser.add_argument(
        "--tail",
        type=last_lines,
        metavar="N",
        help="of a long output the last N lines, or `all` (default: 40; all on a terminal)",
    )
    parser.add_argument("--quiet", action="store_true", help="do not show the command's output")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.cli.how_far import teller
    from leadline.cli.live import Watching
    from leadline.services.run.outcome import Runs
    from leadline.services.run.repeats import execute
    from leadline.services.run.request import Command, RunRequest, Terms

    waits = args.repeat > 1 or args.note.strip() or args.baseline.strip()
    stdin = own_stdin(context, args, several=args.repeat > 1 or args.detach)
    if args.detach and waits and args.tell_fd is None:
        return by_itself.started(args)
    for given in args.not_secret_files:
        full = os.path.join(context.cwd, given)
        context.screen.declare_file(full, os.path.relpath(full, context.toplevel))
    recorded = [e for e in args.env if "=" not in e]
    for name in recorded:
        from leadline.core.settings_file import check_variable

        check_variable(name)
    environment: dict[str, str | None] = dict(e.split("=", 1) for e in args.env if "=" in e)
    check_words(args)
    _put_values(args)
    topic = context.topic(args.thread)
    request = RunRequest(
        topic=topic,
        command=Command(
            argv=args.command,
            config=_config(args),
            set_environment=environment,
            secret_argv_ok=args.secret_argv_ok,
        ),
        terms=Terms(
            extract=extraction(args),
            artifacts=args.artifacts,
            inputs=args.inputs,
            stdin=args.stdin,
            allow_environment=recorded,
            timeout_s=args.timeout,
            max_output_bytes=args.max_output,
            progress=progress(args),
            stall_kill_s=args.stall_kill_s,
        ),
        experiment=args.experiment,
        title=args.title,
        repeat=args.repeat,
    )
    request.hypotheses, request.expected = words_before(context, args, topic)
    request.stdin = stdin
    if args.detach and args.tell_fd is None:
        return _detached(context, request)
    shown = sys.stderr if args.json else sys.stdout
    unheard = args.quiet or args.tell_fd is not None
    how_far = teller(context, not unheard) if args.tell_fd is None else None
    watching = Watching(None if unheard else shown, last_lines=args.tail, how_far=how_far)
    after = After(context, args, topic)

    def say_of(outcomes: list[RunOutcome]) -> None:
        for line in _told(outcomes, printed=args.quiet):
            context.warn(line)
        anything = any(o.state == "done" for o in outcomes)
        after.note(outcomes[-1].experiment, {}, anything)

    for_note = args.note.strip() != ""  # the entry of the logbook waits
    begun = by_itself.teller(context, args)
    outcomes = execute(
        context, request, watching, context.warn, say_of if for_note else None, begun
    )
    if not for_note:
        say_of(outcomes)
    last = outcomes[-1]
    worst = next((o for o in outcomes if o.state != "done"), last)
    if worst.state == "done" and not args.json:
        watching.check(last.id)
    done = sum(o.state == "done" for o in outcomes)
    after.baseline(last.experiment, "", [])
    return Answer(
        "",
        Runs(last.experiment, outcomes, after.noted, after.moved).as_dict(),
        {"runs": len(outcomes), "done": done},
        next=[*_mends(context, topic, worst), *after.left],
        exit_code=exit_code_of(worst),
    )


def _mends(context: Context, topic: str, outcome: RunOutcome) -> list[str]:
    """What says why a run elsewhere never ran its command."""
    name = context.executor_name(topic)
    never_ran = outcome.state in ("lost", "failed") and exit_code_of(outcome) == 125
    return [f"leadline executor check {name}"] if never_ran and name != USUAL_EXECUTOR else []


def own_stdin(context: Context, args: argparse.Namespace, several: bool) -> Given | None:
    """What stands on our own standard input, for the one command that is watched; that it goes to
    none of several is said."""
    if args.stdin or args.tell_fd is not None:
        return None
    from leadline.services.run.stdin import given, not_handed_on

    if several:
        not_handed_on(context.warn)
        return None
    return given()


def _detached(context: Context, request: RunRequest) -> Answer:
    from leadline.services.run.repeats import start

    run = start(context, request, context.warn)
    shown = run.body["id"]
    data = {"id": shown, "uid": run.uid, "executor": run.body["executor"], "folder": run.attempt}
    follow = [f"leadline logs {shown} -f", "leadline jobs", f"leadline wait {shown}"]
    return Answer(shown, data, {"runs": 1}, next=follow)


class After:
    """What is recorded when the runs are over, because the command that made them says so: each is
    said, and the command that is left of what was refused."""

    def __init__(self, context: Context, args: argparse.Namespace, topic: str) -> None:
        self.context, self.args, self.topic = context, args, topic
        self.noted: Beside | None = None
        self.moved: Beside | None = None
        self.left: list[str] = []

    def note(self, about: str, names: dict[str, str], anything: bool) -> None:
        """``--note`` with ``--that`` or ``--negative``, of what was recorded as ``about``."""
        args = self.args
        if not args.note.strip():
            return
        from leadline.services.run.beside import Finding, found

        said = Finding(args.note.strip(), args.that, args.negative)
        self.noted = found(self.context, self.topic, said, about, names, anything)
        self._tell(self.noted, f"{said.kind} of {about}", "the note")

    def baseline(self, experiment: str, metric: str, axes: list[str]) -> None:
        """``--baseline``, with the keys in which it differs from the one before."""
        if not self.args.baseline.strip():
            return
        from leadline.services.run.beside import as_baseline

        why = self.args.baseline
        self.moved = as_baseline(self.context, self.topic, experiment, why, metric, axes)
        self._tell(self.moved, f"the baseline is {experiment}", "the baseline")

    def _tell(self, made: Beside, done: str, what: str) -> None:
        if "id" in made:
            self.context.warn(f"{made['id']}  {done}")
        else:
            self.context.warn(f"{what} is not recorded, the runs are: {made['what']}")
            self.left.append(made["do"])


def words_before(context: Context, args: argparse.Namespace, topic: str) -> tuple[list[str], str]:
    """The hypotheses that the runs bear on, one of --predict among them, and what is expected else."""
    if not args.predict:
        return args.hypotheses, args.why.strip()
    from leadline.services.run.beside import expectation

    return [*args.hypotheses, expectation(context, topic, args.why, args.predict)], ""


def check_words(args: argparse.Namespace) -> None:
    """Raises LeadlineError(usage) before anything runs."""
    from leadline.core.errors import usage

    form = "--that" if args.that else "--negative"
    if (args.that or args.negative) and not args.note.strip():
        raise usage(
            "note-without-words",
            f"{form} says what --note is, and --note is missing",
            do="leadline … --note 'TEXT'",
        )
    if args.that:
        from leadline.core.evidence.predicate import parse

        parse(args.that)
    elif args.negative:
        from leadline.services.write.note import check_reason_class

        check_reason_class(args.negative)


def _put_values(args: argparse.Namespace) -> None:
    """The values of --set, as they were typed, in the places that name them."""
    if not any("{" in text for text in (*args.command, *args.artifacts, *args.inputs)):
        return
    from leadline.core.design.cells import with_values

    values = pairs(args.sets, "--set", "run")
    args.command = with_values(args.command, values)
    args.artifacts = with_values(args.artifacts, values)
    args.inputs = with_values(args.inputs, values)


def _config(args: argparse.Namespace) -> dict[str, object]:
    """Files first, then the command's flags, then --set: the later wins."""
    if not (args.files or args.config_from_args or args.sets):
        return {}
    from leadline.core.config import check_said_once, config_from_args, flatten, parse_value

    config: dict[str, object] = {}
    for path in args.files:
        config.update(flatten(_read_config(path)))
    if args.config_from_args:
        config.update(config_from_args(args.command))
    sets = pairs(args.sets, "--set", "run")
    check_said_once(args.command, sets)
    return {**config, **{key: parse_value(text) for key, text in sets.items()}}


def _read_config(path: str, verb: str = "run") -> dict[str, object]:
    from leadline.core.errors import not_found, usage
    from leadline.services.structured_file import structured

    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            data = structured(file.read(), path)
    except OSError as error:
        raise not_found(
            "no-config-file", f"cannot read {path}: {error.strerror}", do=f"leadline {verb} --help"
        ) from None
    except Exception as error:
        raise usage(
            "bad-config-file", f"{path} cannot be read: {error}", do=f"leadline {verb} --help"
        ) from None
    if not isinstance(data, dict):
        raise usage(
            "bad-config-file", f"{path} holds no keys and values", do=f"leadline {verb} --help"
        )
    return data


def exit_code_of(outcome: RunOutcome) -> int:
    """The command's own exit code, as a shell would tell it."""
    if outcome.state == "timeout":
        return 124
    if outcome.signal:
        import signal

        return 128 + int(getattr(signal, outcome.signal, 0))
    if outcome.state == "cancelled":
        return 130
    if outcome.state == "lost":
        return 125
    return outcome.exit_code if outcome.exit_code is not None else 125


def _told(outcomes: list[RunOutcome], printed: bool) -> list[str]:
    """One line an experiment; with repeats their medians, and a line for each that is not done.
    ``printed``: with what the last of these printed, which was not shown."""
    lines = []
    for experiment in dict.fromkeys(o.experiment for o in outcomes):
        those = [o for o in outcomes if o.experiment == experiment]
        done = [o for o in those if o.state == "done"]
        lines += [_summary(o) for o in those if len(done) < 2 or o.state != "done"]
        if len(done) > 1:
            lines.append(_of_repeats(experiment, done, len(those)))
    last = outcomes[-1] if outcomes else None
    if last and last.state == "done" and not (last.metrics or last.nonfinite or last.problems):
        lines += _unread(last.excerpt)
    wrong = [o for o in outcomes if o.state != "done" and o.excerpt]
    if printed and wrong:
        from leadline.core.plain import plain

        lines += ["  " + line for line in plain(wrong[-1].excerpt).split("\n")[-PRINTED_LINES:]]
    return lines


def _unread(excerpt: str) -> list[str]:
    """How a value that was printed would have been taken for a metric."""
    from leadline.core.extract.lines import printed_value
    from leadline.core.plain import one_line, shell_word

    if (found := printed_value(excerpt)) is None:
        return []
    line, pattern = found
    return [f"{one_line(line)!r} is no metric: run --pattern {shell_word(pattern)} takes it as one"]


def _of_repeats(experiment: str, done: list[RunOutcome], count: int) -> str:
    from leadline.core.stats.inference import summarise
    from leadline.core.timestamps import number, rounded

    names = list(dict.fromkeys(name for o in done for name in (*o.metrics, *o.nonfinite)))
    parts = [f"{experiment}  {len(done)} of {count} done"]
    for name in names[:METRICS_SHOWN]:
        found = summarise(o.metrics[name] for o in done if name in o.metrics)
        spread = f", sd {rounded(found.sd)}" if found.sd is not None else ""
        lost = len(done) - found.n
        without = f", {lost} without" if lost else ""
        parts.append(
            f"{_named(name)} {number(found.median)} (median of {found.n}{spread}{without})"
        )
    parts += [f"and {len(names) - METRICS_SHOWN} more metrics"] * (len(names) > METRICS_SHOWN)
    parts += ["no metrics"] * (not names)
    busy = sum(bool(o.hygiene.get("contended")) for o in done)
    parts += [f"{busy} of {len(done)} contended"] * bool(busy)
    return "  ".join([*parts, _code(done[-1])])


def _named(name: str) -> str:
    from leadline.core.plain import one_line
    from leadline.render.markdown import NAME_CHARS, cut

    return cut(one_line(name), NAME_CHARS)


def _code(outcome: RunOutcome) -> str:
    from leadline.core.timestamps import few

    dirty = " with uncommitted changes" if outcome.code.get("dirty") else ""
    lacks = f", without {few(outcome.beside, 2)}" if outcome.beside else ""
    return f"[code {str(outcome.code.get('commit', '?'))[:9]}{dirty}{lacks}]"


def _summary(outcome: RunOutcome) -> str:
    from leadline.core.plain import one_line
    from leadline.core.timestamps import duration, number

    parts = [f"{outcome.id} {outcome.state}"]
    if outcome.state != "done" and outcome.reason:
        parts.append(f"({one_line(outcome.reason)})")
    if outcome.wall_s is not None:
        parts.append(f"in {duration(outcome.wall_s)}")
    most = METRICS_SHOWN
    shown = [f"{_named(k)}={number(v)}" for k, v in list(outcome.metrics.items())[:most]]
    shown += [f"{_named(k)}={v}" for k, v in list(outcome.nonfinite.items())[:most]]
    if left := max(0, len(outcome.metrics) - most) + max(0, len(outcome.nonfinite) - most):
        shown.append(f"and {left} more {plural(left, 'metric')}")
    if kept := outcome.artifacts.get("total"):
        shown.append(f"{kept} {plural(kept, 'artifact')}")
    parts.append(" ".join(shown) or ("no metrics" if outcome.state == "done" else ""))
    parts.append(_code(outcome))
    return "  ".join(p for p in parts if p)
