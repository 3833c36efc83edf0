"""The kinds of records: one table, a row a kind, that everything asks which treats kinds apart.

What a new kind costs beside its row: docs/design/layout.md, "Where a new thing goes". Tests walk the
table and name what is missing. Where an order shows (what an update tells), it is that of the rows.
"""

from __future__ import annotations

from leadline.core.typed import NamedTuple


class Kind(NamedTuple):
    """What is decided by kind, for one kind."""

    name: str
    letter: str = ""  # in the id that it brings into being (P-H1): it is an item then
    news: bool = True  # it gives an update something to tell
    learnt: bool = False  # hours of work with one of these are worth an update, not a heartbeat
    milestone: bool = False  # makes an update due at once (a hypothesis: when it is decided)
    on_issue: bool = False  # what was wanted of, done to and seen on the experiment issue
    searched: bool = False  # its texts are found by ``tried``
    negative: bool = False  # found as a negative result
    told: str = ""  # how an update's "Change" begins a line about it
    title: str = ""  # of its entry in the logbook; "" where the entry is named by its content
    silent: str = ""  # why the logbook has no entry for it
    timeline: bool = False  # an item that stands in the report's timeline, and in no section alone
    frozen: bool = False  # its text was given to others: a number in it is not to be mended


_ISSUE = "the issue shows it"
TABLE = (
    Kind("thread-started", searched=True, silent="the header says it"),
    Kind("metric-defined", silent="the tables say it"),
    Kind("ruler", learnt=True, told="Ruler", title="Ruler"),
    Kind("holdout", learnt=True, told="Holdout", title="Holdout"),
    Kind("profile", news=False, title="Profile"),
    Kind("run-planned", silent="the entry is its end"),
    Kind("run-launched", news=False, silent="it says how another machine finds the run"),
    Kind("run-ended", learnt=True),
    Kind("command-ended", news=False),
    Kind("imported", news=False),
    Kind("note", "N", learnt=True, searched=True, timeline=True),
    Kind("hypothesis", "H", searched=True, title="Hypothesis"),
    Kind("sweep", "W", title="Sweep", timeline=True),
    Kind("interleaving", "I", silent="the entry is its end", timeline=True),
    Kind("interleaving-ended", silent="the end of its command tells it"),
    Kind("baseline", "B", milestone=True, searched=True, told="Baseline", title="Baseline",
         timeline=True),
    Kind("decision", "D", learnt=True, searched=True, told="Decided", title="Decision"),
    Kind("hypothesis-changed", milestone=True, searched=True, told="Hypothesis"),
    Kind("claim", "C", milestone=True, searched=True, title="Claim"),
    Kind("retraction", learnt=True, milestone=True, searched=True, negative=True, told="Retracted",
         title="Retraction"),
    Kind("supersession", learnt=True, searched=True, negative=True, told="Superseded",
         title="Supersession"),
    Kind("correction", learnt=True, searched=True, told="Corrected", title="Correction"),
    Kind("thread-changed", learnt=True, told="Scope changed:", title="Scope changed:"),
    Kind("refusal", searched=True, title="Refused:"),
    Kind("session", "E", news=False, silent="it says who works, and not on what"),
    Kind("session-ended", news=False, silent="it says that somebody stopped"),
    Kind("transcript-attached", news=False, silent="its session says it"),
    Kind("directive", "G", news=False, searched=True, title="Directive", timeline=True),
    Kind("acknowledgement", news=False, title="Acknowledged:"),
    Kind("reproduction", "R", learnt=True, title="Reproduction", timeline=True),
    Kind("snapshot", "S", title="Sealed snapshot", timeline=True, frozen=True),
    Kind("update", "U", news=False, searched=True, title="Update", frozen=True),
    Kind("finish", searched=True, title="Conclusion"),
    Kind("adopted", searched=True, title="Adopted:"),
    Kind("tracker-set", silent="the header says it"),
    Kind("tracker-run", silent="the numbers of its run say it"),
    Kind("tracker-link", silent="the header says it"),
    Kind("issue-wanted", news=False, on_issue=True, silent=_ISSUE),
    Kind("issue-opened", news=False, on_issue=True, silent=_ISSUE),
    Kind("issue-edited", news=False, on_issue=True, silent=_ISSUE),
    Kind("issue-edit-settled", news=False, on_issue=True, silent=_ISSUE),
    Kind("issue-commented", news=False, on_issue=True, silent=_ISSUE),
    Kind("issue-comment-edited", news=False, on_issue=True, silent=_ISSUE),
    Kind("issue-closed", news=False, on_issue=True, silent=_ISSUE),
    Kind("healed", news=False, silent="it mends files and says nothing of the research"),
    Kind("heads-signed", news=False, silent="it says whose the records are"),
    Kind("id-clash", title="Two machines gave the same id"),
)  # fmt: skip
KINDS = {kind.name: kind for kind in TABLE}
UNKNOWN = Kind("", silent="written by a newer Leadline")
ITEM_KINDS = frozenset(kind.name for kind in TABLE if kind.letter)
LETTER_OF = {kind.name: kind.letter for kind in TABLE if kind.letter}
ISSUE_KINDS = frozenset(kind.name for kind in TABLE if kind.on_issue)


def kind_of(name: str) -> Kind:
    """The row of a kind; of one that this version does not know, a row that asks for nothing."""
    return KINDS.get(name, UNKNOWN)


WOVEN = frozenset(("id", "refs", "run", "experiment", "experiment_uid", "key", "signature"))
"""Fields of bodies that hold ids, digests and signatures of Leadline's own making, and are not searched
for secrets: every other text of every body is, before it is appended. In a few hundred signatures of
random bytes one looks like a token, and is none any more once that is hidden."""
