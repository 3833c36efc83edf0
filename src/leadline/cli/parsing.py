"""Parsers of the verbs: shared options, errors as LeadlineError, help with examples and exit codes."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

from leadline.cli.answer import put
from leadline.cli.table import VERBS
from leadline.core.errors import usage
from leadline.core.ids import parse_id
from leadline.core.plain import shell_words
from leadline.core.typed import Any, NoReturn, cast

# Options as users guessed them, and what they meant.
_WHY: dict[str, tuple[str, ...]] = {"--reason": ("--why",)}
GUESSED: dict[str, dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("baseline", "correct", "decide", "hypothesis", "retract", "supersede"), _WHY),
    "metric": {"--lower": ("--direction", "lower"), "--higher": ("--direction", "higher")},
    "note": {"--on": ("--about",)},
    "plot": {"--png": ("--out",), "--svg": ("--out",)},
}

# What an option that a verb does not know may mean in it; else the nearest spelling is offered.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "--reason": ("--why",),
    "--because": ("--why",),
    "--message": ("--why", "--change", "--conclusion"),
    "--text": ("--change", "--note"),
    "--note": ("--change", "--conclusion"),
    "--n": ("--repeat",),
    "--times": ("--repeat",),
    "--evidence": ("--that",),
    "--expect": ("--predict", "--why"),
    "--about": ("--evidence",),
    "--on": ("--about",),
    "--name": ("--title", "--label"),
    "--by": ("--why",),
}
_UNRECOGNISED = "unrecognized arguments: "

# English for everybody: ``gettext`` takes 0.8 ms to load, and 2 ms to look for translations.
_WORDS = SimpleNamespace(gettext=str, ngettext=lambda one, many, n: one if n == 1 else many)
_ENGLISH = cast("ModuleType", _WORDS)
sys.modules.setdefault("gettext", _ENGLISH)
import argparse  # noqa: E402

if sys.modules["gettext"] is _ENGLISH:
    del sys.modules["gettext"]
argparse._ = str  # type: ignore[attr-defined]


class Parser(argparse.ArgumentParser):
    """argparse that raises instead of printing and exiting, and takes no beginning of an option for
    it. Subparsers (`hypothesis add`) are of this class too."""

    meant: Parser | None = None  # that read last: a subverb's own
    lacks_command = False  # the verb takes one, and no -- was typed

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        Parser.meant, self.typed = self, list(args or [])
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        parser, unknown = self, message.partition(_UNRECOGNISED)[2]
        if unknown:
            parser = Parser.meant or self
            self._refuse_bare_command(parser.prog, unknown.split(" ")[0])
        likely = parser._likely(unknown.split())
        said = [f"{typed} is not known; did you mean {known}?" for typed, known in likely.items()]
        verb, shown = parser.prog.split()[1], parser.format_usage().strip()
        if not said:
            what = f"{parser.prog}: {message}"
            one = next((word for word in unknown.split() if parse_id(word)), "")
            do = (
                [f"leadline show {one}", f"{parser.prog} --help"]
                if one
                else f"{parser.prog} --help"
            )
            raise usage("bad-arguments", what, why=shown, do=do)
        raise usage(
            "bad-arguments",
            f"{parser.prog}: {'; '.join(said)}",
            do=[f"leadline {verb} …", f"{parser.prog} --help"],
            details={"instead": likely},
        )

    def _refuse_bare_command(self, prog: str, first: str) -> None:
        """The first word that nothing takes begins a command where one is to come."""
        if self.lacks_command and first in self.typed and not first.startswith("-"):
            at = self.typed.index(first)
            line = [*self.typed[:at], "--", *self.typed[at:]]
            raise usage(
                "no-command",
                f"{prog}: {first!r} is no option of it",
                why="the command stands after --",
                do=f"{self.prog} {shell_words(line)}",
            )

    def _likely(self, typed: list[str]) -> dict[str, str]:
        """The options that unknown ones may stand for, where each has one."""
        options = [word.partition("=")[0] for word in typed if word.startswith("--")]
        known = [name for name in self._option_string_actions if name.startswith("--")]
        found = {}
        for option in options:
            near = [name for name in SYNONYMS.get(option, ()) if name in known]
            given = " ".join(self.typed).partition(option)[2][1:]
            if near == ["--that"] and parse_id(given.split(" ")[0]):
                return {}  # it takes a predicate, and an id is none
            if not near:
                import difflib

                near = difflib.get_close_matches(option, known, 1, 0.75)
            if not near:
                return {}
            found[option] = near[0]
        return found

    def _print_message(self, message: str, file: object = None) -> None:
        put(message)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


def load(verb: str) -> ModuleType:
    return __import__(f"leadline.cli.commands.{verb.replace('-', '_')}", fromlist=["run"])


def parser_for(verb: str, module: ModuleType) -> Parser:
    """``module`` has DESCRIPTION (str), EXAMPLES (list of command lines), configure(parser)."""
    examples = "\n".join(f"  {e}" for e in getattr(module, "EXAMPLES", []))
    parser = Parser(
        prog=f"leadline {verb}",
        formatter_class=_Formatter,
        description=getattr(module, "DESCRIPTION", VERBS[verb][1]),
        epilog=f"examples:\n{examples}" if examples else None,
    )
    module.configure(parser)
    add_shared(parser)
    return parser


def add_shared(parser: argparse.ArgumentParser) -> None:
    """The options of every verb; on a verb with subverbs they are accepted behind the subverb too."""
    _shared(parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in dict.fromkeys(action.choices.values()):
                _shared(child, suppress=True)


def _shared(parser: argparse.ArgumentParser, suppress: bool = False) -> None:
    missing: Any = argparse.SUPPRESS if suppress else None
    group = parser.add_argument_group("everywhere")
    group.add_argument(
        "--thread", metavar="TOPIC", default=missing, help="the thread meant (or its prefix)"
    )
    group.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if suppress else False,
        help="one JSON envelope on stdout",
    )
    group.add_argument(
        "--not-secret",
        action="store_true",
        default=argparse.SUPPRESS if suppress else False,
        help="what this would hide as a secret is none: write it, now and from now on",
    )
    group.add_argument(
        "-C", dest="folder", metavar="FOLDER", default=missing, help="work as if started there"
    )


def as_meant(verb: str, words: list[str]) -> list[str]:
    """The words with each option that users guessed as the verb knows it; ``--reason=x`` too.

    >>> as_meant("metric", ["time_ms", "--lower", "--unit", "ms"])
    ['time_ms', '--direction', 'lower', '--unit', 'ms']
    >>> as_meant("retract", ["P-001", "--reason=typo"])
    ['P-001', '--why=typo']
    """
    known = GUESSED.get(verb, {})
    out: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        option = known.get(name)
        if option is None or not word.startswith("--"):
            out.append(word)
        elif equals:
            out += [*option[:-1], f"{option[-1]}={value}"]
        else:
            out += option
    return out


def pairs(texts: list[str], option: str, verb: str) -> dict[str, str]:
    """``KEY=VALUE`` options, as texts. Raises LeadlineError(usage, bad-set)."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise usage(
                "bad-set", f"{option} {text!r} is not key=value", do=f"leadline {verb} --help"
            )
        found[key.strip()] = value
    return found


def settings(texts: list[str], option: str, verb: str) -> dict[str, object]:
    """The same, with the values that the texts stand for."""
    from leadline.core.config import parse_value

    return {key: parse_value(text) for key, text in pairs(texts, option, verb).items()}


def several(
    parser: argparse._ActionsContainer,
    option: str,
    metavar: str,
    text: str | None = None,
    dest: str | None = None,
) -> None:
    """An option that may be given again and again: its values are a list."""
    parser.add_argument(option, dest=dest, action="append", default=[], metavar=metavar, help=text)


def override_option(parser: argparse._ActionsContainer, text: str) -> None:
    """``--override CODE WHY``, the same for every verb that can be refused."""
    parser.add_argument(
        "--override", nargs=2, action="append", default=[], metavar=("CODE", "WHY"), help=text
    )


def seconds(text: str) -> float:
    """The type of an option that is a time: ``90``, ``5m``, ``2h``."""
    units = {"s": 1, "m": 60, "h": 3600}
    try:
        value = float(text[:-1]) * units[text[-1]] if text[-1:] in units else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration") from None
    if value <= 0:
        raise argparse.ArgumentTypeError("a timeout is above zero")
    return value


def last_lines(text: str) -> int:
    """The type of ``--tail``: a number of lines, or ``all``."""
    if text == "all":
        from leadline.cli.live import ALL_LINES

        return ALL_LINES
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines, nor `all`")
    return int(text)


def extraction(args: argparse.Namespace) -> list[str]:
    """What ``--metrics`` and ``--pattern`` say of where the metrics are, each checked."""
    specs = [*args.metrics, *(f"pattern:{p}" for p in args.pattern)]
    if specs:
        from leadline.core.extract.spec import parse_spec

        for spec in specs:
            parse_spec(spec)
    return specs


def progress_options(parser: argparse.ArgumentParser) -> None:
    """``--progress`` and ``--stall-kill``, the same for every verb that runs a command."""
    parser.add_argument(
        "--progress",
        default="",
        metavar="REGEX|file:PATH",
        help="how far it is: groups of a pattern in its output (done, total), or files that grow",
    )
    parser.add_argument(
        "--stall-kill",
        type=seconds,
        nargs="?",
        const=60.0,
        dest="stall_kill_s",
        metavar="SECONDS",
        help="end it when it stands still five times longer than ever before, a minute at least",
    )


def progress(args: argparse.Namespace) -> str:
    """What ``--progress`` says, checked. Raises LeadlineError(usage, bad-progress)."""
    given: str = args.progress
    if given and not given.startswith("file:"):
        import re

        try:
            groups = re.compile(given).groups
        except re.error as error:
            groups, why = 0, str(error)
        else:
            why = "its first group is what is done, its second one of how much"
        if not groups:
            raise usage(
                "bad-progress",
                f"--progress {given!r} is no pattern with a group",
                why=why,
                do=r"leadline run --progress 'step (\d+)/(\d+)' -- COMMAND",
            )
    return given


def artifact_option(parser: argparse.ArgumentParser, text: str) -> None:
    """``--artifact``, the same for every verb that runs a command (see
    services/artifact/intake.py)."""
    several(parser, "--artifact", "[NAME=]PATH", text, dest="artifacts")


def input_option(parser: argparse.ArgumentParser) -> None:
    """``--input``, the same for every verb that runs a command (see services/run/inputs.py)."""
    text = "a data file or folder that it reads: digested, ignored ones too, and compared"
    several(parser, "--input", "PATH", text, dest="inputs")
    parser.add_argument(
        "--stdin", default="", metavar="FILE", help="what each run reads on its standard input"
    )


def words_beside(parser: argparse.ArgumentParser, names: str) -> None:
    """What one says of the runs in the command that makes them (see services/run/beside.py).
    ``names``: what its citations may call the experiments."""
    add = parser.add_argument
    add("--why", default="", metavar="TEXT", help="what is expected: its hypothesis")
    add(
        "--predict",
        default="",
        metavar="PREDICATE",
        help="the same in checkable form (`claim --that`): --why is a hypothesis of the thread then",
    )
    add(
        "--note",
        default="",
        metavar="TEXT",
        help=f"what was found, recorded at the end as an interpretation; {names}",
    )
    add(
        "--that",
        default="",
        metavar="PREDICATE",
        help="the same in checkable form: --note is a claim then",
    )
    add(
        "--negative",
        default="",
        metavar="REASON",
        help="its class (`note --negative`): --note is a negative result then",
    )


def baseline_option(parser: argparse.ArgumentParser, text: str) -> None:
    """``--baseline WHY``, the same for every verb after which the baseline may be another."""
    parser.add_argument("--baseline", default="", metavar="WHY", help=text)


def on_option(parser: argparse._ActionsContainer) -> None:
    """``--on``, the same for every verb that runs a command."""
    parser.add_argument(
        "--on", default="", metavar="NAME", help="run it there (leadline executor list)"
    )


def subverbs(parser: argparse.ArgumentParser) -> Any:
    return parser.add_subparsers(
        dest="subverb", metavar="SUBVERB", required=True, parser_class=Parser
    )
