"""What a thread should say before it starts, what is missing of it, and how a Markdown kickoff file is
read.

>>> from_markdown("# Wide blocks\\n\\n## Stop criteria\\n\\n- three repeats")
{'title': 'Wide blocks', 'stop': ['three repeats']}
>>> parse_metric("time_ms:ms:lower")
{'name': 'time_ms', 'unit': 'ms', 'direction': 'lower'}
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from leadline.core.errors import usage
from leadline.core.metric.contract import check_named
from leadline.core.metric.limit import read_limit
from leadline.core.typed import NamedTuple

# By field: a text, or a list of them where the field is one.
Kickoff = dict[str, str | list[str]]


class KickoffField(NamedTuple):
    name: str
    is_list: bool
    required: bool
    help: str


FIELDS = (
    KickoffField("title", False, False, "title for people (default: the topic)"),
    KickoffField("goal", False, True, "what the thread is to find out or achieve"),
    KickoffField("description", False, False, "the thread for someone at another lab"),
    KickoffField("motivation", False, True, "why it is worth doing"),
    KickoffField("problem", False, True, "the problem statement"),
    KickoffField(
        "success", True, True, "a success metric, as `NAME[:UNIT[:lower|higher]]`, or in words"
    ),
    KickoffField("hypothesis", True, True, "an initial hypothesis"),
    KickoffField("matrix", True, True, "a line of the first experiment matrix"),
    KickoffField("code", True, True, "a code path the thread is about"),
    KickoffField("reference", True, True, "a key reference"),
    KickoffField(
        "stop", True, True, "a stop criterion: what evidence is enough to stop, ship or escalate"
    ),
    KickoffField("baseline-case", False, True, "the fixed baseline case: config or command"),
    KickoffField("constraint", True, False, "a constraint"),
    KickoffField("category", False, False, "the group it is listed in on the index of all threads"),
    KickoffField("uncategorised", False, False, "why it has no category on that index"),
    KickoffField(
        "production-path", False, False, "the executor final claims are to be confirmed on"
    ),
    KickoffField(
        "protect", True, False, "a file or pattern that measures, apart from the measured code"
    ),
    KickoffField(
        "profile", False, False, "what kind of study it is: kernel, training, evaluation, …"
    ),
    KickoffField("tracker-project", False, False, "the tracker project, chosen once"),
)
BY_NAME = {f.name: f for f in FIELDS}
_SYNONYMS = {
    "problem statement": "problem",
    "success metrics": "success",
    "success metric": "success",
    "metrics": "success",
    "hypotheses": "hypothesis",
    "initial hypotheses": "hypothesis",
    "experiment matrix": "matrix",
    "first experiment matrix": "matrix",
    "code paths": "code",
    "code path": "code",
    "references": "reference",
    "key references": "reference",
    "stop criteria": "stop",
    "stop criterion": "stop",
    "baseline": "baseline-case",
    "baseline case": "baseline-case",
    "fixed baseline case": "baseline-case",
    "constraints": "constraint",
    "production path": "production-path",
    "tracker project": "tracker-project",
}


def field_name(text: str) -> str | None:
    """The field a heading or key means (``Stop criteria``, ``stop_criteria``), or None."""
    key = re.sub(r"[\s_]+", " ", text.strip().lower().rstrip(":")).strip()
    key = _SYNONYMS.get(key, key.replace(" ", "-"))
    return (
        key
        if key in BY_NAME or key in ("prefix", "branch", "topic", "label", "production-path")
        else None
    )


def missing_fields(about: Mapping[str, object], metrics: bool) -> list[KickoffField]:
    """Required fields that the kickoff does not give. ``metrics``: the thread defines at least one
    metric."""
    return [
        f
        for f in FIELDS
        if f.required and not about.get(f.name) and not (f.name == "success" and metrics)
    ]


def texts_of(kickoff: Kickoff, name: str) -> list[str]:
    """A field that is a list."""
    value = kickoff.get(name) or []
    return [value] if isinstance(value, str) else value


def text_of(kickoff: Kickoff, name: str) -> str:
    """A field that is no list; "" when it is not given."""
    value = kickoff.get(name) or ""
    return value if isinstance(value, str) else "\n".join(value)


def normalise(data: Mapping[str, object], source: str) -> Kickoff:
    """Keys of a kickoff file as field names, lists where lists are wanted.

    Raises LeadlineError(usage) naming keys that mean nothing.
    """
    out: Kickoff = {}
    for key, value in data.items():
        name = field_name(str(key))
        if name is None:
            raise usage(
                "unknown-kickoff-field",
                f"{source}: {key!r} is no kickoff field",
                why=f"fields: {', '.join(BY_NAME)}, prefix, branch",
                do="leadline start --help",
            )
        spec = BY_NAME.get(name)
        values = [str(v) for v in value] if isinstance(value, list) else [str(value)]
        if spec and spec.is_list:
            out[name] = [*texts_of(out, name), *values]
        else:
            out[name] = "\n".join(values)
    return out


def from_markdown(text: str) -> Kickoff:
    """Headings are fields; the text below is the value, bullet points a list. The first `#` heading
    is the title."""
    data: Kickoff = {}
    name, lines = "", list[str]()

    def put() -> None:
        body = "\n".join(lines).strip()
        if not name or not body:
            return
        bullets = [
            m[1].strip() for line in lines if (m := re.match(r"\s*(?:[-*+]|\d+[.)])\s+(.*)", line))
        ]
        data[name] = (
            bullets or [p.strip() for p in body.split("\n\n")] if BY_NAME[name].is_list else body
        )

    for line in text.splitlines():
        heading = re.match(r"(#{1,6})\s+(.*?)\s*#*$", line)
        bold = re.match(r"\*\*(.+?):?\*\*:?\s*(.*)$", line)
        found, behind = None, ""
        if heading:
            found = field_name(heading[2])
        elif bold:
            found, behind = field_name(bold[1]), bold[2]
        if found in BY_NAME:
            put()
            name, lines = str(found), [behind]
        elif heading:
            put()
            name, lines = "", []
            if heading[1] == "#" and "title" not in data:
                data["title"] = heading[2].removeprefix("Experiment:").strip()
        else:
            lines.append(line)
    put()
    return data


def parse_metric(text: str) -> dict[str, str] | None:
    """``time_ms:ms:lower[:median]``, ``max_err::lower:<=1e-3`` -> a metric definition; None when it
    is prose.

    Raises LeadlineError(usage) for a definition without a name, or with a wrong direction,
    reduction or limit.
    """
    if ":" in text:
        check_named(
            text.partition(":")[0], f"{text!r}", "leadline start TOPIC --success time_ms:ms:lower"
        )
    if not re.match(r"[A-Za-z_][\w./-]*(:[^:\s]*){0,4}\Z", text):
        return None
    name, unit, direction, *rest = [*text.split(":"), "", ""]
    limit = next((part for part in rest if part[:1] in ("<", ">") and part), "")
    reduce = next((part for part in rest if part and part != limit), "")
    if limit:
        read_limit(limit)
    if direction not in ("", "lower", "higher", "none"):
        raise usage(
            "bad-metric",
            f"{text!r}: {direction!r} is no direction",
            why="lower: less is better; higher: more is better; none",
            do="leadline metric --help",
        )
    if reduce not in ("", "last", "first", "min", "max", "mean", "median", "sum"):
        raise usage(
            "bad-metric",
            f"{text!r}: {reduce!r} is no reduction",
            why="last first min max mean median sum",
            do="leadline metric --help",
        )
    return {
        k: v
        for k, v in {
            "name": name,
            "unit": unit,
            "direction": direction,
            "reduce": reduce,
            "limit": limit,
        }.items()
        if v
    }
