"""What a kind of study asks: list, show, choose, write profiles."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.cli.parsing import pairs, several, subverbs
from leadline.core.plain import as_rows
from leadline.core.typed import TYPE_CHECKING
from leadline.render.table import table

if TYPE_CHECKING:
    from leadline.core.record.bodies import ProfileBody
    from leadline.services.context import Context

DESCRIPTION = """A profile says what a kind of study asks beside what every study asks: config keys that a run says,
metrics with their unit and direction, critical environment variables, files that measure, what is looked at
before a run, and a page for the agent. It is part of the record from when it is chosen. What one would start here, or
record of this machine's environment, waits for `agree` where it comes with the checkout or from another machine.

Own ones: a TOML file beside the records (`new`), in .agents/profiles of the checkout (`new --tracked`), or in a package
(entry point leadline.profiles). docs/profiles.md has each field."""
EXAMPLES = [
    "leadline profile list",
    "leadline profile show kernel",
    "leadline profile use kernel --default dtype=bf16 --default pass=forward",
    "leadline profile new ours --like kernel",
    "leadline start fast-decode --profile kernel",
]


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = subverbs(parser)
    verbs.add_parser("list", help="all that can be chosen")
    show = verbs.add_parser("show", help="what it asks, and its page")
    show.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="default: the one of the thread"
    )
    show.add_argument("--file", action="store_true", help="as its file has it")
    use = verbs.add_parser("use", help="the thread has it from here on")
    use.add_argument("name", metavar="NAME", help="or the path of a file")
    several(
        use, "--default", "KEY=VALUE", "of runs of this thread that do not say it", dest="defaults"
    )
    use.add_argument("--why", default="", metavar="TEXT")
    verbs.add_parser("agree", help="let the thread's profile do here what it says")
    new = verbs.add_parser("new", help="write one to edit")
    new.add_argument("name", metavar="NAME")
    new.add_argument("--like", default="benchmark", metavar="NAME", help="default: benchmark")
    new.add_argument("--tracked", action="store_true", help="in .agents/profiles, to be committed")


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.thread import profile

    if args.subverb == "list":
        return _listed(context)
    if args.subverb == "show":
        return _shown(context, args)
    if args.subverb == "new":
        path = profile.write_new(context, args.name, args.like, args.tracked)
        following = [f"${{EDITOR:-vi}} {path}", f"leadline profile use {args.name}"]
        return Answer(path, {"name": args.name, "path": path}, next=following)
    topic = context.topic(args.thread)
    if args.subverb == "agree":
        done = profile.agree_to(context, topic)
        return Answer(
            as_rows([f"agreed here: {deed}" for deed in done])
            or "it does nothing that needs a word",
            {"agreed": done},
        )
    from leadline.core.config import parse_value

    defaults = {k: parse_value(v) for k, v in pairs(args.defaults, "--default", "profile").items()}
    used = profile.use(context, topic, args.name, defaults, args.why)
    name = used.profile["name"]
    lines = [
        f"{topic} is a study of the profile {name}" if used.changed else f"{topic} had it already"
    ]
    if used.defined:
        lines.append(f"metrics that it knows: {', '.join(used.defined)}")
    lines += [f"not yet agreed to here: {deed}" for deed in used.waits]
    following = ["leadline profile agree"] if used.waits else ["leadline check kickoff"]
    data = {**used._asdict(), "agreed": not used.waits}
    return Answer(as_rows(lines), data, next=following)


def _listed(context: Context) -> Answer:
    from leadline.core.errors import LeadlineError
    from leadline.core.profile import DEFAULT
    from leadline.services.agreed_profile import profile_of

    try:
        current = profile_of(context, context.topic()).get("name", DEFAULT)
    except LeadlineError:  # no thread here, or several
        current = ""
    rows = []
    for place in context.profiles.places():
        try:
            about, problem = context.profiles.read(place.name)[0].get("about", ""), ""
        except LeadlineError as error:
            about, problem = "", error.what
        rows.append(
            {
                **place._asdict(),
                "about": about,
                "problem": problem,
                "current": place.name == current,
            }
        )
    cells = [
        [
            str(r["name"]) + (" *" if r["current"] else ""),
            str(r["source"]),
            str(r["about"] or r["problem"]),
        ]
        for r in rows
    ]
    return Answer(table(["profile", "from", "for"], cells), rows, {"profiles": len(rows)})


def _shown(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.core.profile import DEFAULT
    from leadline.services.agreed_profile import profile_of

    body: ProfileBody | None = None
    if not args.name:
        body = profile_of(context, context.topic(args.thread)) or None
    if body is None or args.file:
        read, place = context.profiles.read(args.name or (body or {"name": DEFAULT})["name"])
        body = body or read
        if args.file and place.path:
            with open(place.path, encoding="utf-8") as file:
                return Answer(file.read(), {**body, "path": place.path})
    return Answer(as_rows(_lines(body)), body)


def _lines(body: ProfileBody) -> list[str]:
    from leadline.core.profile import deeds, needed

    lines = [f"{body['name']} ({body['source']}): {body.get('about', '')}"]
    keys = body.get("keys", {})
    for word, of in (("each run says", "required"), ("both sides of a comparison state", "stated")):
        if names := [needed(n, key) for n, key in keys.items() if key.get(of)]:
            lines.append(f"{word}: {'; '.join(names)}")
    if given := [f"{n}={key['default']}" for n, key in keys.items() if "default" in key]:
        lines.append(f"unless it says otherwise: {', '.join(given)}")
    if known := body.get("metrics"):
        told = [
            " ".join(filter(None, (m["name"], m.get("unit", ""), m.get("direction", ""))))
            for m in known
        ]
        lines.append(f"knows the metrics: {'; '.join(told)}")
    for word, named in (
        ("these measure", body.get("ruler", [])),
        ("these commands measure", body.get("measuring", [])),
        ("one of these metrics says whether a result is right", body.get("guards", [])),
        ("curves that end better than they began", body.get("curves", [])),
        ("before results are posted a note says a word of", body.get("told", [])),
        ("prefers the executor", [body["executor"]] if body.get("executor") else []),
    ):
        if named:
            lines.append(f"{word}: {', '.join(named)}")
    lines += deeds(body)
    if body.get("strict"):
        lines.append("a run that lacks a required key is refused")
    return [*lines, "", *body.get("skill", "").strip().splitlines()]
