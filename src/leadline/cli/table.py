"""Every verb, its one-line help and its group: the only thing ``leadline --help`` loads. Modules
load when used."""

from __future__ import annotations

# verb: (group, one line). The module is leadline.cli.commands.<verb with _ for ->.
VERBS: dict[str, tuple[str, str]] = {
    "init": ("Open a thread", "prepare this repository: settings, record folder, record branch"),
    "start": (
        "Open a thread",
        "open a research thread: goal, metrics, stop criteria, baseline case",
    ),
    "check": ("Open a thread", "what is missing: kickoff, post, close, regression"),
    "run": ("Run", "run a command and record it: code, environment, config, metrics"),
    "sweep": ("Run", "run a command over a designed set of configs, resumably"),
    "ab": ("Run", "measure two commands in turns until the answer is known"),
    "import": ("Run", "take in runs made elsewhere: tables, event files"),
    "tracker": (
        "Run",
        "where dense numbers go: choose a tracker, send what waits, find what disagrees",
    ),
    "metric": ("Run", "define a metric: unit, direction, how a run's values become one"),
    "measure": (
        "Run",
        "what measures: declare it, measure again by it, see what it resolves",
    ),
    "note": ("Write down", "add a note, an interpretation, a next action or a negative result"),
    "hypothesis": ("Write down", "add, activate, block, falsify, support or promote a hypothesis"),
    "decide": ("Write down", "record a decision with its evidence"),
    "claim": ("Write down", "state what the runs show; its label is computed"),
    "correct": ("Write down", "correct a recorded field; the old value stays in the record"),
    "supersede": ("Write down", "say that a later thing replaces an earlier one"),
    "retract": ("Write down", "withdraw a run, claim or note; all that rests on it shows it"),
    "baseline": ("Compare", "set, show or move the registered baseline"),
    "compare": ("Compare", "compare two experiments: differences first, then statistics"),
    "claims": ("Compare", "all claims with their computed labels and what is missing"),
    "status": ("Look", "the thread at a glance, and the list of runs"),
    "series": ("Look", "the series a run logged: metrics, points, csv; and how to pack them"),
    "show": ("Look", "one thing in full, by id"),
    "plot": ("Look", "series over steps: in the terminal, as SVG or PNG"),
    "artifact": ("Look", "files that a run kept: list, write out, check"),
    "brief": ("Look", "what the next session needs to know, within a budget"),
    "tried": ("Look", "full-text search over everything tried, negative results first"),
    "next": ("Look", "the next action and what is waiting"),
    "index": ("Look", "all threads by category: state, label, what came out"),
    "due": ("Publish", "whether an update is due, and why"),
    "update": ("Publish", "post an update or heartbeat on the experiment issue"),
    "issue": ("Publish", "show the experiment issue, bring its body up to date"),
    "logbook": ("Publish", "print the research logbook"),
    "link": (
        "Publish",
        "the permanent address of a logbook section, bundle, artifact or code state",
    ),
    "report": ("Publish", "write the one-file HTML report"),
    "seal": ("Publish", "seal a snapshot: tag, repro bundle, digest of the record"),
    "reproduce": ("Publish", "run a sealed or recorded experiment again at its exact code"),
    "finish": ("Publish", "final summary, conclusion, next steps; closes the issue"),
    "sync": ("Keep", "commit the record branch, fetch, merge by union, push"),
    "verify": ("Keep", "check chains, digests, numbers, links; one line per fault"),
    "adopt": ("Keep", "take hand edits of the rendered logbook in as records"),
    "doctor": ("Keep", "what is installed, missing or left unfinished"),
    "demo": ("Keep", "carry out a small real research thread in a temporary repository"),
    "completion": ("Keep", "print the shell completion script"),
}
