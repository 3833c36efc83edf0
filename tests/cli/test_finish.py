"""`leadline finish`: the gate names every missing thing, and what passes it closes the issue."""

from __future__ import annotations

import json

import pytest

from tests.cli.test_issue import measure, store_of, thread_of

SUMMARY = {
    "--worked": "Narrow blocks take {{P-001.time_ms}}.",
    "--did-not": "fp8 did not load.",
    "--confidence": "One run, exploratory.",
    "--limits": "One machine.",
    "--conclusion": "Keep narrow blocks.",
    "--next-step": "Try 128.",
}


def flags(**replaced):
    given = {**SUMMARY, **{f"--{k.replace('_', '-')}": v for k, v in replaced.items()}}
    return [part for name, value in given.items() if value is not None for part in (name, value)]


def _ready(lab):
    """A thread of which nothing is missing but the summary."""
    measure(lab, "3.5", "--set", "block=64")
    lab.ok("note", "P-001", "--interpretation", "bound by the gather")
    lab.ok("seal", "final")


@pytest.fixture
def ready(as_built):
    return as_built(_ready)


def test_what_is_missing_is_listed_one_by_one_and_nothing_is_recorded(thread_lab):
    measure(thread_lab)
    before = [r.kind for r in thread_of(thread_lab).records]
    done = thread_lab.json("finish", "--worked", "it ran")
    assert done["ok"] is False
    codes = {m["code"] for m in done["data"]["missing"]}
    assert {
        "no-what-failed",
        "no-limits",
        "no-conclusion",
        "no-next-steps",
        "no-final-tag",
        "no-interpretation",
    } <= codes
    assert "no-what-worked" not in codes and "tldr-not-current" not in codes
    assert all(m["mend"].startswith("leadline ") for m in done["data"]["missing"])
    # Carrying out every line of the answer leaves nothing of the summary to be asked for.
    mends = " ".join(m["mend"] for m in done["data"]["missing"])
    assert "--confidence 'TEXT' --limits 'TEXT'" in mends
    run = thread_lab.run("finish")
    assert run.returncode == 6 and "no-conclusion" in run.stdout and "leadline seal" in run.stdout
    after = [r.kind for r in thread_of(thread_lab).records]
    assert "finish" not in after and thread_lab.json("issue")["data"]["state"] == "open"
    assert [k for k in after if not k.startswith("issue-")] == [
        k for k in before if not k.startswith("issue-")
    ]


@pytest.mark.parametrize(
    ("left_out", "code"),
    [
        ("worked", "no-what-worked"),
        ("did_not", "no-what-failed"),
        ("confidence", "no-confidence"),
        ("limits", "no-limits"),
        ("conclusion", "no-conclusion"),
        ("next_step", "no-next-steps"),
    ],
)
def test_each_part_of_the_summary_is_asked_for(ready, left_out, code):
    done = ready.json("finish", *flags(**{left_out: None}))
    assert [m["code"] for m in done["data"]["missing"]] == [code]


def test_what_passes_closes_the_issue_with_the_summary(ready):
    done = ready.json("finish", *flags(), "--next-step", "Then 256.")
    assert done["ok"], done
    issue = ready.json("issue")["data"]
    assert (issue["state"], issue["closed_reason"], issue["current"], issue["waiting"]) == (
        "closed",
        "completed",
        True,
        0,
    )
    final = issue["comments"][-1]
    assert final["kind"] == "final"
    for text in (
        "Narrow blocks take 3.5 ms.",
        "fp8 did not load.",
        "One run, exploratory.",
        "One machine.",
        "Keep narrow blocks.",
        "1. Try 128.",
        "2. Then 256.",
    ):
        assert text in final["text"] and text in issue["body"], text
    assert ready.json("status")["data"]["finished"] is True
    assert "Keep narrow blocks." in ready.git("show", "leadline/records:demo/logbook.md")
    assert "Keep narrow blocks." in (ready.repo / ".agents/logbooks/demo.md").read_text()
    assert "Keep narrow blocks." in ready.ok("brief"), "a finished thread can be read"


def test_asking_again_changes_nothing(ready):
    ready.ok("finish", *flags())
    before = [r.id for r in thread_of(ready).records]
    assert ready.json("finish", *flags())["ok"]
    assert [r.id for r in thread_of(ready).records] == before


def test_a_second_summary_is_refused_without_a_reason(ready):
    ready.ok("finish", *flags())
    other = flags(conclusion="Keep wide blocks.")
    done = ready.json("finish", *other)
    assert (done["ok"], done["error"]["code"]) == (False, "already-finished")
    assert len(thread_of(ready).finishes) == 1
    assert ready.json("finish", *other, "--override", "already-finished", "wrong blocks")["ok"]
    assert len(thread_of(ready).finishes) == 2


def test_a_finish_that_was_cut_off_is_completed(ready):
    with store_of(ready).transaction("demo") as writing:
        writing.add(
            "finish",
            {
                "conclusion": "Keep narrow blocks.",
                "reason": "not_planned",
                "text": "the final words",
                "worked": "w",
                "failed": "f",
                "limits": ["l"],
                "next_steps": ["n"],
            },
        )
    ready.ok("issue", "sync")
    issue = ready.json("issue")["data"]
    assert (issue["state"], issue["closed_reason"]) == ("closed", "not_planned")
    assert [c["text"] for c in issue["comments"] if c["kind"] == "final"] == ["the final words"]


def test_an_override_needs_a_reason_and_stays_visible(thread_lab):
    measure(thread_lab)
    missing = [m["code"] for m in thread_lab.json("finish", *flags())["data"]["missing"]]
    codes = ",".join(dict.fromkeys(missing))
    assert "no-final-tag" in missing and "," in codes
    assert thread_lab.run("finish", *flags(), "--override", codes, " ").returncode == 2
    other = thread_lab.run("finish", *flags(), "--override", "no-final-tag", "the machine is gone")
    assert other.returncode == 6 and f"--override {codes} 'WHY'" in other.stderr
    assert "Keep narrow" in (thread_lab.repo / ".git/leadline/drafts/finish.md").read_text("utf-8")
    done = thread_lab.json(
        "finish", *flags(), "--override", codes, "the machine is gone", "--reason", "not-planned"
    )
    assert done["ok"], done
    assert set(done["data"]["overridden"]) == set(missing)
    issue = thread_lab.json("issue")["data"]
    assert issue["closed_reason"] == "not_planned"
    for text in (issue["comments"][-1]["text"], issue["body"], thread_lab.ok("logbook")):
        assert "the machine is gone" in text and "no-final-tag" in text


def test_numbers_are_cited_or_refused(ready):
    done = ready.json("finish", *flags(conclusion="It takes 812.5 ms."))
    assert done["error"]["code"] == "unbound-number" and not thread_of(ready).finishes
    assert ready.json("finish", *flags(next_step="Try blocks of 4096 MB."))["ok"], (
        "a plan may hold numbers"
    )


def test_later_writes_are_allowed_and_flagged(ready):
    ready.ok("finish", *flags())
    measure(ready, "2.5")
    done = ready.run("update", "--change", "one more run")
    assert done.returncode == 0 and "was finished on" in done.stderr
    assert len(ready.json("issue")["data"]["comments"]) == 3, "seal, final summary, update"
    ready.ok("report", "--out", "r.html")
    assert "came after this conclusion" in (ready.repo / "r.html").read_text()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "s.md",
            "# What worked\n\nit\n\n## Did not\nfp8\n## Confidence\nlow\n## Limits\none\n## Conclusion\nstop\n"
            "## Next steps\n1. Try 128.\n2. Then 256.\n",
        ),
        (
            "s.toml",
            "worked='it'\ndid_not='fp8'\nconfidence='low'\nlimits='one'\nconclusion='stop'\n"
            "next_steps=['Try 128.','Then 256.']\n",
        ),
        (
            "s.json",
            json.dumps(
                {
                    "worked": "it",
                    "did-not": "fp8",
                    "confidence": "low",
                    "limits": "one",
                    "conclusion": "stop",
                    "next steps": "- Try 128.\n- Then 256.",
                }
            ),
        ),
        (
            "s.yaml",
            "worked: it\nfailed: fp8\nconfidence: low\nlimits: one\nconclusion: stop\n"
            "next_steps: [Try 128., Then 256.]\n",
        ),
    ],
)
def test_the_summary_can_be_a_file(ready, name, text):
    (ready.repo.parent / name).write_text(text)
    assert ready.json("finish", "--from", f"../{name}")["ok"]
    finish = thread_of(ready).finishes[-1]
    assert (
        finish["worked"],
        finish["failed"],
        finish["limits"],
        finish["conclusion"],
        finish["next_steps"],
    ) == (
        "it",
        "fp8",
        ["low", "one"],
        "stop",
        ["Try 128.", "Then 256."],
    )


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("none.md", None, 3),
        ("bad.toml", "worked = ", 2),
        ("odd.json", '{"mood": "good"}', 2),
        ("list.yaml", "- a\n", 2),
    ],
)
def test_a_bad_summary_file_is_an_error(ready, name, text, kind):
    if text is not None:
        (ready.repo / name).write_text(text)
    done = ready.run("finish", "--from", name)
    assert done.returncode == kind and "Traceback" not in done.stderr


def test_a_draft_is_not_closed_unseen(lab):
    lab.ok("start", "demo", "--prefix", "P", "--no-branch", "--draft")
    done = lab.json("finish", *flags(worked="it"))
    assert "issue-is-draft" in {m["code"] for m in done["data"]["missing"]}


def test_the_same_again_says_when_it_was_and_another_one_how_to_go_on(ready):
    ready.ok("finish", *flags())
    at = thread_of(ready).finishes[-1]["at"][:16].replace("T", " ")
    assert f"recorded on {at} UTC; nothing new was recorded" in ready.ok("finish", *flags())
    for arguments, words in (
        ((), ""),
        (flags(conclusion="Keep wide blocks."), ", with another summary"),
    ):
        error = ready.json("finish", *arguments)["error"]
        assert error["what"] == f"thread demo was finished on {at} UTC by Ada{words}"
        assert any("--override" in command for command in error["next"])


def test_refused_words_are_kept_whole_and_what_else_is_missing_is_said_at_once(ready):
    """One part alone keeps its heading, and next steps are kept though they are not judged."""
    draft = ready.repo / ".git/leadline/drafts/finish.md"
    error = ready.json("finish", "--conclusion", "It takes 812.5 ms.", "--next-step", "idle")
    assert error["error"]["code"] == "unbound-number"
    assert "no-what-worked" in {m["code"] for m in error["error"]["details"]["missing"]}
    assert "what worked is not said" in error["error"]["why"]
    assert (
        draft.read_text("utf-8")
        == "## conclusion\n\nIt takes 812.5 ms.\n\n## next-steps\n\n- idle\n"
    )
    ready.json("finish", "--worked", "the narrow block")
    assert draft.read_text("utf-8") == "## worked\n\nthe narrow block\n"
    again = ready.json("finish", "--from", str(draft))
    assert "no-what-worked" not in {m["code"] for m in again["data"]["missing"]}


def test_what_is_refused_seals_nothing(ready):
    before = ready.json("issue")["data"]["comments"]
    done = ready.run("finish", "--seal", "the-end", "--worked", "x")
    assert done.returncode == 6 and "nothing was recorded" in done.stdout
    assert "final-tag" not in done.stdout  # the seal is about to be made
    assert ready.git("tag", "--list", "*the-end*") == ""
    assert ready.json("issue")["data"]["comments"] == before
