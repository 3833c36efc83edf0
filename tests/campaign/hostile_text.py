"""Text that means harm, typed and synced from a stranger, through every verb and onto every page."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from leadline.adapters.git.repo import Git
from tests import forked
from tests.campaign.fault import Faults, Tally, fresh
from tests.conftest import Lab
from tests.hostile import HARM, dangerous, hostile_thread, lines_of
from tests.hostile_verbs import LINES, argv_of, does

RUNS_EACH = 30  # of verbs in one repository
BLOCKS = (
    (0x01, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x600, 0x61C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2000, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFD), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE01EF),
)  # fmt: skip
INTRODUCERS = ("\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b_", "\x9b", "\x9d", "\x90")


def harmful(chance: random.Random, raw_bytes: bool = False) -> str:
    """A few pieces of what means harm, between words. ``raw_bytes``: as an argument may hold them."""
    pieces = ["word", *chance.choices([*HARM.values()], k=chance.randint(0, 3))]
    pieces += (chr(chance.randint(*chance.choice(BLOCKS))) for _ in range(chance.randint(0, 4)))
    pieces += chance.choices(INTRODUCERS, k=chance.randint(0, 2))
    if raw_bytes:
        pieces += ["\udc9b2J", "\udcff"][: chance.randint(0, 2)]
    chance.shuffle(pieces)
    return " ".join(pieces)


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    while tally.tries < tries:
        with fresh() as lab:
            _from_a_stranger(lab, chance)
            shown = lab.run("sync")
            tally.saw("sync", shown.stdout + shown.stderr)
            every = [line for lines in LINES.values() for line in lines]
            for line in chance.sample(every, min(RUNS_EACH, tries - tally.tries)):
                _run(lab, line, chance, tally)
            _pages(lab, tally)


def _from_a_stranger(lab: Lab, chance: random.Random) -> None:
    """A remote whose record branch holds a thread of harm."""
    remote = lab.repo.parent / "remote.git"
    lab.git("init", "-q", "--bare", str(remote))
    lab.git("remote", "add", "origin", str(remote))

    def each() -> Iterator[str]:
        while True:
            yield harmful(chance)

    made = hostile_thread(each(), harmful(chance))
    files = {"hostile/events/weve-1.jsonl": lines_of(made)}
    Git.discover(str(remote)).commit_files("refs/heads/leadline/records", files, "Records")


def _run(lab: Lab, line: str, chance: random.Random, tally: Tally) -> None:
    text, as_json = harmful(chance, raw_bytes=True), chance.random() < 0.4
    more = ["--thread", chance.choice(["hostile", "hostile", "t"]), *["--json"][:as_json]]
    env = {**lab.env, "LEADLINE_ACTOR": harmful(chance)}
    tally.tries += 1
    done = forked.run_bytes(argv_of(line, *more, text=text), lab.repo, env, 120)
    output = [
        done.stdout.decode("utf-8", "surrogateescape"),
        done.stderr.decode("utf-8", "surrogateescape"),
    ]
    tally.saw(f"{line} with {text!r}", "".join(output))
    for stream in output:
        found = dangerous(stream, "\n" if as_json else "\n\t")
        if found:
            tally.leaked.append(f"{line} {more} with {text!r}: {found}")
    if as_json and output[0]:
        try:
            json.loads(output[0].splitlines()[-1])
        except ValueError as error:
            tally.false.append(f"{line} --json with {text!r}: {error}")


def _pages(lab: Lab, tally: Tally) -> None:
    """What is written for other readers: Markdown, HTML, JSON, messages."""
    for name, line in {"page.html": "report", "book.md": "logbook"}.items():
        done = lab.run(line, "--thread", "hostile", "--out", name)
        tally.saw(line, done.stdout + done.stderr)
    lab.run("report", "--thread", "t", "--out", "harmless.html")
    pages = {name: (lab.repo / name).read_text() for name in ("page.html", "book.md")}
    lab.run("sync")
    names = lab.git("ls-tree", "-r", "-z", "--name-only", "leadline/records").split("\0")
    shown = (name for name in names if name.endswith((".md", ".svg", ".json")))
    pages |= {name: lab.git("show", f"leadline/records:{name}") for name in shown}
    pages["messages"] = lab.git("log", "--all", "--format=%B%an%cn")
    for name, text in pages.items():
        if found := dangerous(text):
            tally.leaked.append(f"{name}: {found}")
    if does(pages["page.html"]) != does((lab.repo / "harmless.html").read_text()):
        tally.leaked.append(f"the report runs or loads {does(pages['page.html'])}")


FAULTS = Faults("text that means harm, by every verb and page", make, tries=600, share=40)
