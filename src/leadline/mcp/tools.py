"""The tools: which verbs, with which of their options, and the command line that a call stands for.

An agent reads all of this before its first word, so it is short: what is not here is reached by the
tool ``leadline``, whose help says the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leadline.core.errors import LeadlineError, usage
from leadline.core.typed import Any, NamedTuple

Arguments = Mapping[str, Any]

# How an argument becomes words of the command line.
TEXT, NUMBER, FLAG, MANY, PAIRS = "string", "number", "boolean", "many", "pairs"
PLACE, PLACES, COMMAND, COMMANDS = "place", "places", "command", "commands"
_SCHEMAS: dict[str, dict[str, Any]] = {
    TEXT: {"type": "string"},
    NUMBER: {"type": "number"},
    FLAG: {"type": "boolean"},
    MANY: {"type": "array", "items": {"type": "string"}},
    PAIRS: {"type": "object"},
    PLACE: {"type": "string"},
    PLACES: {"type": "array", "items": {"type": "string"}},
    COMMAND: {"type": "array", "items": {"type": "string"}},
    COMMANDS: {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
}


class Argument(NamedTuple):
    name: str  # of the option without its dashes, ``_`` for ``-``
    kind: str
    text: str = ""
    required: bool = False


class Tool(NamedTuple):
    name: str
    text: str
    arguments: tuple[Argument, ...]
    reads: bool = False  # it writes nothing: there in the read-only mode


_STEPS = "add, list, activate, block, falsify, support, promote"
_RUN = (
    Argument("set", PAIRS, "config: key to value"),
    Argument("hypothesis", MANY, "ids it bears on"),
    Argument("metrics", MANY, "FILE[:NAME=COLUMN,...]"),
    Argument("pattern", MANY, "NAME=REGEX in the output"),
    Argument("artifact", MANY, "files to keep"),
    Argument("input", MANY, "data files it reads"),
    Argument("timeout", TEXT, "90, 5m, 2h"),
)
TOOLS = (
    Tool(
        "brief",
        "Where the thread stands and what to do next. Call first.",
        (Argument("budget", NUMBER, "characters"),),
        True,
    ),
    Tool(
        "run",
        "Run a command (benchmark, training, evaluation) and record code, config, environment, metrics. "
        "Use instead of a bare shell for whatever measures.",
        (
            Argument("command", COMMAND, "argv; without it a repeat of experiment"),
            Argument("experiment", TEXT, "add repeats to it"),
            Argument("repeat", NUMBER),
            Argument("title", TEXT),
            Argument("config_from_args", FLAG, "config from the command's flags"),
            Argument("detach", FLAG, "return at once; what takes long goes on by itself anyway"),
            *_RUN,
        ),
    ),
    Tool(
        "sweep",
        "Run a command over values: {axis} in argv. Resumes; does nothing twice.",
        (
            Argument("command", COMMAND, required=True),
            Argument("axis", PAIRS, "name to list of values", True),
            Argument("design", TEXT, "one-axis (default), interaction, factorial"),
            Argument("repeat", NUMBER),
            Argument("plan", FLAG, "show only"),
            *_RUN,
        ),
    ),
    Tool(
        "ab",
        "Measure two commands in turns until the answer is known: how a time or rate is compared.",
        (
            Argument("commands", COMMANDS, "argv of A and of B; or one, with a and b"),
            Argument("a", PAIRS, "config of A, {key} in argv"),
            Argument("b", PAIRS),
            Argument("ids", PLACES, "or two experiments"),
            Argument("metric", TEXT),
            Argument("precision", TEXT, "1%"),
            Argument("equivalent", TEXT, "same within this"),
            Argument("blocks", NUMBER),
            Argument("time", TEXT),
            *_RUN,
        ),
    ),
    Tool(
        "compare",
        "B against A: differences first, then statistics.",
        (
            Argument("a", PLACE, "id, baseline or key=value", True),
            Argument("b", PLACE, "", True),
            Argument("axis", MANY, "what is tested"),
            Argument("nuisance", MANY),
            Argument("metric", MANY),
            Argument("equivalent", TEXT),
        ),
    ),
    Tool(
        "claim",
        "State what runs show; the label is computed from them.",
        (
            Argument("text", PLACE, "in words", True),
            Argument("that", TEXT, "checkable: time_ms(P-002) < time_ms(P-001)", True),
            Argument("across", MANY, "AXIS=v1,v2"),
            Argument("axis", MANY),
            Argument("label", TEXT, "refuse unless reached"),
        ),
    ),
    Tool(
        "note",
        "Write down. A number of a result is cited: {{P-003.time_ms}}.",
        (
            Argument("text", PLACE, "", True),
            Argument("about", MANY, "ids"),
            Argument("interpretation", FLAG),
            Argument("next_action", FLAG),
            Argument("observation", FLAG),
            Argument("negative", TEXT, "reason: valid-negative, trade-off, ..."),
            Argument("reported", TEXT, "source, if not measured here"),
        ),
    ),
    Tool(
        "hypothesis",
        "The queue of hypotheses.",
        (
            Argument("step", PLACE, _STEPS, True),
            Argument("id", PLACE, "of it; for add its text"),
            Argument("predict", TEXT, "add: checkable form"),
            Argument("evidence", MANY),
            Argument("why", TEXT),
            Argument("until", TEXT),
            Argument("decision", TEXT),
        ),
    ),
    Tool(
        "decide",
        "Record a decision with its evidence.",
        (Argument("text", PLACE, "", True), Argument("evidence", MANY, "ids", True)),
    ),
    Tool(
        "show",
        "One thing by id, or what was tried before (search).",
        (
            Argument("id", PLACE),
            Argument("log", FLAG, "a run's stdout"),
            Argument("errors", FLAG, "its stderr"),
            Argument("search", TEXT, "words"),
        ),
        True,
    ),
    Tool(
        "status",
        "Table of experiments, or of runs.",
        (
            Argument("runs", FLAG),
            Argument("where", MANY, "COLUMN=VALUE"),
            Argument("sort", TEXT),
            Argument("limit", NUMBER),
        ),
        True,
    ),
    Tool("jobs", "Runs under way. Then logs, wait, stop by leadline.", ()),
    Tool(
        "update",
        "Post what changed on the experiment issue.",
        (
            Argument("change", TEXT),
            Argument("confidence", TEXT),
            Argument("next", TEXT),
            Argument("heartbeat", FLAG),
            Argument("dry_run", FLAG),
        ),
    ),
    Tool(
        "leadline",
        "Any other verb: next, ack, logs, wait, stop, handoff, baseline, claims, correct, retract, seal, finish, ... "
        "[VERB, --help] explains one, [--help] lists all.",
        (Argument("argv", PLACES, "", True),),
        True,
    ),
)
BY_NAME = {tool.name: tool for tool in TOOLS}
READING = frozenset(
    ("brief", "claims", "due", "help", "index", "logbook", "next", "series", "show", "status", "tried")
)  # fmt: skip
MOST_WORD_BYTES = 128_000  # Linux takes 131,072
NOT_HERE = {
    "mcp": "it is this server",
    "hook": "an agent's program calls it",
    "demo": "it takes a minute and says nothing of this repository",
    "completion": "it is for shells",
}


def listed(read_only: bool) -> list[dict[str, Any]]:
    """As ``tools/list`` gives them."""
    return [_described(tool) for tool in TOOLS if tool.reads or not read_only]


def _described(tool: Tool) -> dict[str, Any]:
    properties = {
        a.name: {**_SCHEMAS[a.kind], **({"description": a.text} if a.text else {})}
        for a in (*tool.arguments, *_shared(tool))
    }
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required := [a.name for a in tool.arguments if a.required]:
        schema["required"] = required
    told = {"name": tool.name, "description": tool.text, "inputSchema": schema}
    return told | ({"annotations": {"readOnlyHint": True}} if tool.reads else {})


def _shared(tool: Tool) -> tuple[Argument, ...]:
    return () if tool.name == "leadline" else (Argument("thread", TEXT),)


def command_line(name: str, arguments: Arguments, read_only: bool) -> list[str]:
    """The words behind ``leadline`` that a call stands for. Raises LeadlineError(usage): no such tool
    or argument, one of another type, one missing, a verb that is not to be had here."""
    tool = BY_NAME.get(name)
    if tool is None or (read_only and not tool.reads):
        why = "this server is read-only" if tool is not None else f"there are: {', '.join(BY_NAME)}"
        raise usage(
            "no-such-tool", f"there is no tool {name!r} here", why=why, do="leadline mcp --help"
        )
    known = {a.name: a for a in (*tool.arguments, *_shared(tool))}
    for given in arguments:
        if given not in known:
            raise _bad(name, f"has no argument {given!r}", f"it takes: {', '.join(known)}")
    for argument in known.values():
        value = arguments.get(argument.name)
        if value is None and argument.required:
            raise _bad(name, f"lacks {argument.name}", argument.text)
        if value is not None and not _fits(argument.kind, value):
            raise _bad(
                name,
                f"got {argument.name} of another type ({type(value).__name__})",
                f"it is {_SCHEMAS[argument.kind]}",
            )
    if name == "leadline":
        return _passable(name, _any_verb([str(word) for word in arguments["argv"]], read_only))
    if name == "show" and arguments.get("search"):
        words = ["tried", *str(arguments["search"]).split()]
        if arguments.get("thread"):
            words += ["--thread", str(arguments["thread"])]
        return _passable(name, words)
    return _passable(name, _words(tool, arguments))


def _passable(name: str, words: list[str]) -> list[str]:
    """The words of a call, where a program can be given them."""
    encoded = [word.encode("utf-8", "replace") for word in words]
    for word in encoded:
        if b"\0" in word:
            raise _bad(name, "got a text with a NUL character", "no program can be given one")
        if len(word) > MOST_WORD_BYTES:
            raise _bad(name, f"got a text of {len(word)} bytes", f"at most {MOST_WORD_BYTES}")
    return [word.decode() for word in encoded]


def _any_verb(argv: list[str], read_only: bool) -> list[str]:
    words = argv[1:] if argv[:1] == ["leadline"] else argv
    verb = next((word for word in words if not word.startswith("-")), "help")
    if verb in NOT_HERE:
        raise usage(
            "not-by-mcp",
            f"`leadline {verb}` is not for tools",
            why=NOT_HERE[verb],
            do="leadline --help",
        )
    if read_only and verb not in READING and "--help" not in words:
        raise usage(
            "read-only-server",
            f"`leadline {verb}` writes, and this server is read-only",
            why=f"it lets: {', '.join(sorted(READING))}",
            do="leadline brief",
        )
    return words


def _words(tool: Tool, arguments: Arguments) -> list[str]:
    """A value stands behind ``=``, and a text that begins with a dash behind a space: neither is an option."""
    places, options, behind = list[str](), list[str](), list[str]()
    for argument in (*tool.arguments, *_shared(tool)):
        value = arguments.get(argument.name)
        option = f"--{argument.name.replace('_', '-')}"
        if value is None or value is False:
            continue
        if argument.kind == PLACE:
            shown = str(value)
            places.append(f" {shown}" if shown.startswith("-") else shown)  # a text, no option
        elif argument.kind == PLACES:
            places += map(str, value)
        elif argument.kind == COMMAND:
            behind += ["--", *map(str, value)]
        elif argument.kind == COMMANDS:
            behind += [word for command in value for word in ("--", *map(str, command))]
        elif argument.kind == FLAG:
            options.append(option)
        elif argument.kind == MANY:
            options += [f"{option}={one}" for one in value]
        elif argument.kind == PAIRS:
            options += [f"{option}={key}={_shown(one)}" for key, one in _flat(value)]
        else:
            options.append(f"{option}={_shown(value)}")
    return [tool.name, *places, *options, *behind]


def _flat(pairs: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """A config in parts by its dotted keys, as the command line has them."""
    for key, value in pairs.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_shown, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _fits(kind: str, value: Any) -> bool:
    if kind in (TEXT, PLACE):
        return isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if kind == NUMBER:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == FLAG:
        return isinstance(value, bool)
    if kind == PAIRS:
        return isinstance(value, dict)
    if kind == COMMANDS:
        return isinstance(value, list) and all(_fits(COMMAND, one) for one in value)
    return isinstance(value, list) and all(isinstance(one, (str, int, float)) for one in value)


def _bad(name: str, what: str, why: str) -> LeadlineError:
    verb = "" if name == "leadline" else f"{name} "
    return usage("bad-arguments", f"the tool {name} {what}", why=why, do=f"leadline {verb}--help")
