"""The command line: find the verb, load its module, parse, call it, print. No business here.

argparse, because its start-up is a quarter of click's and a reading verb is budgeted (see
docs/design/dependencies.md).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`
import gc
import os
import sys

from leadline.cli.table import GUESSED_VERBS, VERBS
from leadline.core.errors import EXIT_CODES, LeadlineError, environment, internal, usage
from leadline.core.typed import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from leadline.cli.answer import Answer
    from leadline.services.context import Context

_TOP = """usage: leadline VERB [options]     leadline VERB --help

Leadline keeps research honest: what was run, on which code, what it showed, how well it is known.
"""
_BOTTOM = """
Every verb takes --json, --thread TOPIC and -C FOLDER.
Exit codes: 0 done; 2 usage; 3 not found; 4 conflict; 5 refused by the evidence; 6 the answer is no;
7 environment; 8 remote; 70 a bug. `run` passes on the command's own code, 125 when Leadline itself failed.
"""


OWN_FAILURE, INTERRUPTED = 125, 130
_PAGES = ("brief", "status", "claims", "show", "tried", "next", "compare", "issue")
_SAY_HOW_WELL = (
    *_PAGES,
    "sync",
    "logbook",
    "update",
    "seal",
    "report",
    "decide",
    "check",
    "finish",
    "due",
)
_TAKE_A_VALUE = (["-C"], ["--thread"])  # before the verb


def entry(interrupted: Any = _signal.default_int_handler) -> NoReturn:
    """The console script, when all is loaded; Ctrl-C is handled by ``interrupted`` from here on."""
    gc.set_threshold(100_000)  # a command is short: looking for garbage costs it more than it frees
    code = 0
    try:
        _signal.signal(_signal.SIGINT, interrupted)
        try:
            code = main(sys.argv[1:])
        except SystemExit as ended:  # argparse has printed a help
            code = ended.code if isinstance(ended.code, int) else 0
        sys.stdout.flush()
    except BrokenPipeError:  # a reader that had enough, like `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except OSError:  # said already, or the answer to what needs nothing, such as --version
        code = code or EXIT_CODES["environment"]
    os._exit(code)


def main(argv: list[str]) -> int:
    """Run one command line; returns the exit code. Never raises for a user's mistake."""
    if "_ARGCOMPLETE" in os.environ:
        from leadline.cli.completing import complete

        complete()
    own, dashes, command = _split(argv)
    as_json = "--json" in own
    front, own = _front(own)
    if own in (["--version"], ["-V"]):
        from leadline import __version__

        sys.stdout.write(f"leadline {__version__}\n")
        return 0
    if own[:1] == ["help"] and own[1:2] and own[1] in VERBS:
        own = [own[1], "--help"]
    asks_nothing = not own and not dashes and not as_json and front[-1:] not in _TAKE_A_VALUE
    if asks_nothing or own[:1] in (["-h"], ["--help"], ["help"]):
        sys.stdout.write(overview() + "\n")
        return 0
    from leadline.cli.answer import given, print_answer

    given.begin(argv)
    runs = own[:1] == ["run"]
    try:
        answer = _dispatch(front, own, command if dashes else None)
    except LeadlineError as error:
        if any(" …" in remedy for remedy in error.next):
            from leadline.cli import retyped

            retyped.complete(error, argv)
        _say(error, as_json)
        return OWN_FAILURE if runs and error.kind != "usage" else error.exit_code
    except KeyboardInterrupt:
        return _interrupted(as_json)
    except BrokenPipeError:
        return 0
    except OSError as error:
        from leadline.adapters.files import as_user_error

        _say(as_user_error(error, str(error.filename or "a file")), as_json)
        return OWN_FAILURE if runs else EXIT_CODES["environment"]
    except Exception as error:
        if _came_of_interruption(error):
            return _interrupted(as_json)
        _say(_bug(error), as_json)
        return OWN_FAILURE if runs else EXIT_CODES["internal"]
    try:
        print_answer(answer, as_json, _now())
        sys.stdout.flush()
    except BrokenPipeError:
        return answer.exit_code
    except OSError as error:
        _say(
            environment(
                "answer-not-written",
                f"the answer could not be written: {error.strerror}",
                why="what the verb recorded is kept",
                do="leadline status",
            ),
            as_json=False,
        )
        return answer.exit_code or (OWN_FAILURE if runs else EXIT_CODES["environment"])
    return answer.exit_code


def _say(error: LeadlineError, as_json: bool) -> None:
    """Says what went wrong, beside the answer where that cannot be written."""
    from leadline.cli.answer import print_error

    try:
        print_error(error, as_json, _now())
        sys.stdout.flush()
    except OSError:
        if as_json:
            print_error(error, False, _now())


def _split(argv: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" in argv:
        at = argv.index("--")
        return argv[:at], True, argv[at + 1 :]
    return argv, False, []


def _front(own: list[str]) -> tuple[list[str], list[str]]:
    """The options of every verb that stand before the verb, and the rest. One that lacks its value
    ends the first."""
    at = 0
    while at < len(own):
        if (
            own[at] == "--json"
            or own[at].startswith("--thread=")
            or (own[at].startswith("-C") and own[at] != "-C")
        ):
            at += 1
        elif own[at : at + 1] in _TAKE_A_VALUE:
            lacks = own[at + 1 : at + 2] == [] or own[at + 1].startswith("-")
            at += 1 if lacks else 2
            if lacks:
                break
        else:
            break
    return own[:at], own[at:]


def _dispatch(front: list[str], own: list[str], command: list[str] | None) -> Answer:
    from leadline.cli.answer import given
    from leadline.cli.parsing import as_meant, load, parser_for

    if front[-1:] in _TAKE_A_VALUE:
        meant, value = "the thread meant", "TOPIC"
        if front[-1] == "-C":
            meant, value = "the folder to work in", "."
        raise usage(
            "no-value",
            f"{front[-1]} has no value",
            why=f"it takes {meant}",
            do=f"leadline {front[-1]} {value} status",
        )
    if not own:
        raise usage("no-verb", "no verb given", do="leadline --help")
    verb = own[0]
    if verb not in VERBS:
        import difflib

        near = difflib.get_close_matches(verb, VERBS, 3)
        meant = GUESSED_VERBS.get(verb, "")
        why = f"{meant} does that" if meant else ""
        raise usage(
            "unknown-verb",
            f"there is no verb {verb!r}",
            why=why or (f"did you mean {', '.join(near)}?" if near else ""),
            do=[f"leadline {meant}"] * bool(meant) + ["leadline --help"],
        )
    module = load(verb)
    parser = parser_for(verb, module)
    takes_command = getattr(module, "TAKES_COMMAND", False)
    parser.lacks_command = takes_command and command is None
    words = as_meant(verb, own[1:])
    args = parser.parse_args(front + joined(words, getattr(module, "DASHED_VALUES", ())))
    if command is not None and not takes_command:
        raise usage(
            "no-command-here",
            f"`leadline {verb}` takes no command after --",
            do=f"leadline {verb} --help",
        )
    args.command, args.verb = command or [], verb
    if getattr(module, "NEEDS_REPOSITORY", True):
        from leadline.bootstrap import open_context

        context = open_context(args.folder, _warn, dict(os.environ))
        given.screen = lambda: context.screen
        context.on = getattr(args, "on", "")
        if args.not_secret:
            context.screen.lets_pass = True
        if getattr(module, "RECONCILES", True):
            reconcile_if_needed(context)
        if verb in _SAY_HOW_WELL:
            _look_again(context, args)
        answer = _answer_of(module, context, args)
        _name_altered(context, verb, answer)
        for topic, count in context.store.left_out().items():
            _warn(
                f"{count} records of {topic} are left out: they cannot be understood "
                f"(leadline verify --thread {topic})"
            )
    else:
        answer = module.run(None, args)
    return answer


def _answer_of(module: Any, context: Context, args: Any) -> Answer:
    try:
        answer: Answer = module.run(context, args)
    except LeadlineError as error:
        if error.code == "unknown-id":
            from leadline.services.lookup import name_its_thread

            name_its_thread(context, error)
        raise
    return answer


def _look_again(context: Context, args: Any) -> None:
    """Runs whose files were changed after their end, and records that are others on a copy, are known
    before anything is said."""
    from leadline.services.artifact.raw_files import look_again

    try:
        topic = context.topic(getattr(args, "thread", None))
        look_again(context, topic)
        if context.store.uncompared(
            topic
        ):  # what reads the record branch is loaded where it has to be
            from leadline.services.branch.copies import compare_with_copies

            compare_with_copies(context, topic)
    except (LeadlineError, OSError):
        pass  # no such thread, or nothing can be written: the verb says so itself


def _name_altered(context: Context, verb: str, answer: Answer) -> None:
    """First of all that is read, where it is for reading; beside what programs take."""
    if not context.store.altered():
        return
    from leadline.core.record.written import told, unsettled

    if not (found := unsettled(context.store.altered())):
        return
    answer.counts["altered"] = len(found)
    if verb in _PAGES and answer.text:
        answer.text = f"! {told(found)}\n{answer.text}"
    else:
        _warn(told(found))


def joined(words: list[str], options: tuple[str, ...]) -> list[str]:
    """``--sort -metrics.x`` as ``--sort=-metrics.x``: argparse would take the value for an option."""
    out: list[str] = []
    for word in words:
        if out and out[-1] in options and word.startswith("-") and not word.startswith("--"):
            out[-1] += f"={word}"
        else:
            out.append(word)
    return out


def reconcile_if_needed(context: Context) -> None:
    """Runs whose watcher died get their truthful ending before anything else is said about them."""
    if context.open_runs.any():
        from leadline.services.run.recover import recover_runs

        try:
            recover_runs(context)
        except (LeadlineError, OSError) as error:
            # A full disk, say: who only reads must still be able to, and who writes meets it again.
            what = error.what if isinstance(error, LeadlineError) else str(error)
            context.warn(f"a run that is over could not be ended yet: {what}")


def overview() -> str:
    lines, group = [_TOP], ""
    for verb, (its_group, text) in VERBS.items():
        if its_group != group:
            lines.append(f"\n{its_group}" if group else f"{its_group}")
            group = its_group
        lines.append(f"  {verb:<12} {text}")
    return "\n".join(lines) + "\n" + _BOTTOM


def _warn(text: str) -> None:
    from leadline.cli.answer import tell

    tell(text)


def _now() -> str:
    import time

    from leadline.core.timestamps import rfc3339

    try:
        return rfc3339(time.time_ns() // 1_000_000)
    except OverflowError:  # a clock so far off that Python has no number for it
        return ""


def _interrupted(as_json: bool) -> int:
    kept = "what was written is kept"
    _say(environment("interrupted", "interrupted", why=kept, do="leadline status"), as_json)
    return INTERRUPTED


def _came_of_interruption(error: BaseException | None) -> bool:
    """Whether Ctrl-C came first: what clears up after it, as argparse does, may find half of what it
    expects."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _bug(error: Exception) -> LeadlineError:
    """A bug of ours: the traceback is kept in a file, and never printed."""
    import tempfile
    import traceback

    from leadline.cli.answer import tell

    where = "LEADLINE_DEBUG=1 shows the details"
    try:
        fd, path = tempfile.mkstemp(prefix="leadline-bug-", suffix=".txt")
        with os.fdopen(fd, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
        where = f"the details are in {path}"
    except OSError:
        pass
    if os.environ.get("LEADLINE_DEBUG"):
        tell("".join(traceback.format_exception(error)))
    return internal(
        "bug",
        f"a bug in Leadline: {type(error).__name__}: {error}",
        why=f"{where}; no record was lost",
        do="leadline verify",
    )
