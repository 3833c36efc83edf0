"""`leadline update`, `due`, `logbook` and the logbook in the tree, on real runs."""

from __future__ import annotations

import pytest

from leadline.services.issue.delivery import bring_up_to_date
from tests.cli.test_issue import measure, store_of, thread_of


def _measured(lab):
    measure(lab)


@pytest.fixture
def measured(as_built):
    return as_built(_measured)


def comments(lab):
    return lab.json("issue", "comments")["data"]


def test_an_update_is_recorded_posted_and_published(measured):
    made = measured.json(
        "update",
        "--change",
        "It takes {{P-001.time_ms}}.",
        "--next",
        "Try 128.",
        "--label",
        "first",
    )["data"]
    assert made["id"] == "P-U1" and made["posted"] and made["logbook"] == ".agents/logbooks/demo.md"
    [comment] = comments(measured)
    for part in (
        "### first",
        "It takes 3.5 ms.",
        "| **P-001**",
        "**Caveat:**",
        "**Next:** Try 128.",
        "leadline show P-001",
        "_Posted by Leadline._",
    ):
        assert part in comment["text"], part
    assert measured.json("issue")["data"]["current"], "the body was brought up to date as well"
    item = thread_of(measured).items["P-U1"]
    assert item.body["bound"] == {"P-001.time_ms": 3.5} and comment["marker"] == item.body["marker"]
    assert "P-U1" in measured.ok("logbook")


def test_the_second_update_tells_only_what_is_new(measured):
    measured.ok("update", "--change", "one run")
    measure(measured, "2.5", "--title", "wider")
    measured.ok("update", "--change", "a wider one")
    first, second = comments(measured)
    assert (
        "P-001" in first["text"]
        and "| **P-002** | wider" in second["text"]
        and "P-001" not in second["text"]
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("It takes 812.5 ms.", "unbound-number"),
        ("It is 20 % faster than before.", "not-fit-to-post"),
        ("See P-099.", "not-fit-to-post"),
        ("See https://github.com/o/r/blob/main/log.md.", "not-fit-to-post"),
        ("It takes {{P-001.nothing}}.", "no-such-metric"),
    ],
)
def test_what_a_reader_would_stumble_over_is_refused(measured, change, code):
    before = len(thread_of(measured).records)
    done = measured.json("update", "--change", change)
    assert done["ok"] is False and done["error"]["code"] == code
    assert comments(measured) == [] and len(thread_of(measured).records) == before


def test_each_finding_is_named_with_what_to_write(measured):
    done = measured.run(
        "update", "--change", "P-099 beats it by 3.5 ms\nhttps://github.com/o/r/tree/main/x"
    )
    assert done.returncode == 5
    for part in (
        "P-099 is not in this thread",
        "number of runs",
        "main",
        "--change, line 1",
        "--change, line 2",
    ):
        assert part in done.stderr, part


def test_a_dry_run_writes_nothing(measured):
    before = len(thread_of(measured).records)
    made = measured.json("update", "--change", "one run", "--dry-run")["data"]
    assert "one run" in made["text"] and made["posted"] is False
    assert len(thread_of(measured).records) == before


def test_nothing_new_is_said_instead_of_posted(measured):
    measured.ok("update", "--change", "one run")
    done = measured.json("update")
    assert done["error"]["code"] == "nothing-new" and "leadline update --heartbeat" in done["next"]
    assert measured.json("update", "--change", "one run")["data"]["id"] == "P-U1", (
        "a retry is the same update"
    )
    assert len(comments(measured)) == 1


def test_an_update_that_was_cut_off_is_posted_once_by_whatever_comes_next(measured):
    """The record is durable before the comment: cut between them by writing the record alone."""
    store = store_of(measured)
    with store.transaction("demo") as writing:
        writing.add(
            "update",
            {
                "id": "P-U1",
                "text": "cut off",
                "form": "update",
                "marker": f"update:{writing.new_uid()}",
                "words": {"change": "cut off"},
            },
        )
    assert measured.json("issue")["data"]["waiting"] == 1
    assert measured.json("issue", "sync")["data"]["comments"] == ["c1"]
    assert measured.json("issue", "sync")["data"]["comments"] == []
    assert [c["text"] for c in comments(measured)] == ["cut off"]


def test_the_next_update_completes_one_that_was_cut_off(measured):
    store = store_of(measured)
    with store.transaction("demo") as writing:
        writing.add(
            "update",
            {
                "id": "P-U1",
                "text": "cut off",
                "form": "update",
                "marker": f"update:{writing.new_uid()}",
                "words": {"change": "cut off"},
            },
        )
    assert measured.json("update")["data"]["id"] == "P-U1"
    assert measured.json("update", "--change", "cut off")["data"]["id"] == "P-U1"
    assert [c["text"] for c in comments(measured)] == ["cut off"]


class DeadForge:
    """A forge that cannot be reached."""

    name = "away"

    def __getattr__(self, name):
        from leadline.core.errors import LeadlineError

        raise LeadlineError("remote", "forge-unreachable", "the forge does not answer")


def test_a_forge_that_is_away_costs_no_record_and_no_second_comment(measured, monkeypatch):
    from leadline.bootstrap import open_context
    from leadline.services.publish.update import Words, update

    for name, value in measured.env.items():
        monkeypatch.setenv(name, value)
    context = open_context(str(measured.repo))
    working = context.forge_for
    context.forge_for = lambda topic: DeadForge()
    made = update(context, "demo", Words(change="one run"))
    assert "does not answer" in made.why_not_posted and made.id == "P-U1"
    context.forge_for = working
    resting = bring_up_to_date(context, "demo")
    assert resting.comments == [] and "post comment update P-U1" in resting.waits, (
        "it is not tried at once"
    )
    assert bring_up_to_date(context, "demo", asked_for=True).comments == ["c1"]
    assert len(comments(measured)) == 1


def test_repeated_heartbeats_grow_one_comment_until_something_changes(measured):
    for n in (1, 2, 3):
        made = measured.json(
            "update", "--heartbeat", "--status", "waiting for the queue", "--eta", "6 pm"
        )["data"]
        assert made["id"] == f"P-U{n}"
    [comment] = comments(measured)
    assert (
        "waiting for the queue" in comment["text"]
        and "said 3 times" in comment["text"]
        and "6 pm" in comment["text"]
    )
    assert "no milestone.\n" in comment["text"], (
        "the heartbeats that it grew from are no comments of their own"
    )
    line = measured.ok("issue", "comments").splitlines()[0]
    assert "heartbeat, edited 2 times: 20" in line and "waiting for" in line and "*" not in line
    assert [i.body.get("continues", "") for i in thread_of(measured).of_kind("update")] == [
        "",
        "P-U1",
        "P-U1",
    ]
    measured.ok("update", "--heartbeat", "--status", "running")
    assert len(comments(measured)) == 2
    measured.ok("note", "news")
    measured.ok("update", "--heartbeat", "--status", "running")
    assert len(comments(measured)) == 3


def test_a_format_fix_of_a_growing_heartbeat_is_not_undone(measured):
    for _ in range(2):
        measured.ok("update", "--heartbeat", "--status", "waiting")
    text = comments(measured)[0]["text"]
    measured.ok("issue", "fix", "c1", "--text", text.replace("**", ""), "--why", "format")
    measured.ok("issue", "sync")
    assert comments(measured)[0]["text"] == text.replace("**", "")


def test_heartbeat_and_update_do_not_mix(measured):
    assert measured.run("update", "--heartbeat", "--change", "x").returncode == 2
    assert measured.run("update", "--status", "x").returncode == 2


def test_due_says_when_and_why_and_never_fails(measured):
    assert measured.json("due")["data"]["due"] is False
    measured.ok("baseline", "set", "P-001")
    found = measured.json("due")
    assert (
        found["data"]["due"]
        and found["data"]["form"] == "update"
        and "P-B1" in found["data"]["why"]
    )
    assert found["next"] == ["leadline update --change '…'"]
    measured.ok("update", "--change", "a baseline")
    assert measured.json("due")["data"]["due"] is False
    assert measured.run("due").returncode == 0


def test_links_are_pinned_to_a_commit_that_holds_the_file(measured):
    measured.git("remote", "add", "origin", "git@github.com:o/r.git")
    made = measured.json("update", "--change", "one run")
    link = made["data"]["links"]["logbook"]
    base, _, rest = link.partition("/blob/")
    commit, _, path = rest.partition("/")
    assert base == "https://github.com/o/r" and len(commit) == 40
    assert "P-001" in measured.git("show", f"{commit}:{path}")
    assert f"{link}#" in comments(measured)[0]["text"]
    assert made["next"] == ["leadline sync"], "the commit is not on the remote yet"


def test_a_commit_that_lacks_the_logbook_is_not_linked(lab):
    lab.git("remote", "add", "origin", "git@github.com:o/r.git")
    lab.ok("init", "--no-logbook-in-tree")
    lab.ok("start", "demo", "--prefix", "P", "--no-branch")
    measure(lab)
    # Checked out: it cannot be brought up to date.
    lab.git("switch", "-q", "--orphan", "somebody")
    lab.git("commit", "-q", "--allow-empty", "-m", "somebody's own")
    lab.git("branch", "-q", "-M", "leadline/records")
    made = lab.json("update", "--change", "one run")
    assert made["ok"] and made["data"]["posted"]
    assert [p["code"] for p in made["data"]["problems"]] == ["record-branch-checked-out"]
    assert (
        comments(lab)[0]["text"].count("/blob/") == 0
        and "leadline show P-001" in comments(lab)[0]["text"]
    )


def test_a_link_to_a_commit_without_the_file_is_refused(measured):
    measured.git("remote", "add", "origin", "https://github.com/o/r.git")
    head = measured.git("rev-parse", "HEAD")
    bad = measured.json("update", "--change", f"See https://github.com/o/r/blob/{head}/gone.py")
    assert bad["error"]["details"]["findings"][0]["code"] == "link-without-file"
    nowhere = measured.json(
        "update", "--change", f"See https://github.com/o/r/blob/{'ab' * 20}/code.py"
    )
    assert "is not in this repository" in nowhere["error"]["details"]["findings"][0]["what"]
    assert measured.json("update", "--change", f"See https://github.com/o/r/blob/{head}/code.py")[
        "ok"
    ]


# ---- the logbook in the tree ---------------------------------------------------------------------

LOGBOOK = ".agents/logbooks/demo.md"


def test_the_logbook_is_committed_alone(measured):
    measured.write("staged.txt", "mine")
    measured.write("dirty.txt", "mine too")
    measured.git("add", "staged.txt")
    measured.ok("update", "--change", "one run")
    assert measured.git("show", "--name-only", "--format=", "HEAD") == LOGBOOK
    assert measured.git("status", "--porcelain") == "A  staged.txt\n?? dirty.txt"
    assert (measured.repo / LOGBOOK).read_text() == measured.ok("logbook")


def test_a_hand_edit_is_left_alone_and_said(measured):
    path = measured.repo / LOGBOOK
    path.write_text(path.read_text() + "\n### 2026-11-01 10:00 - by hand\n\nI saw smoke.\n")
    made = measured.json("update", "--change", "one run")["data"]
    assert made["posted"] and made["logbook"] is None and "by hand" in made["logbook_skipped"]
    assert "I saw smoke." in path.read_text() and "P-001" not in path.read_text()


def test_a_hand_edit_that_was_committed_is_left_alone_too(measured):
    path = measured.repo / LOGBOOK
    path.write_text(path.read_text() + "\n### 2026-11-01 10:00 - by hand\n\nI saw smoke.\n")
    measured.git("commit", "-qam", "by hand")
    assert measured.json("update", "--change", "one run")["data"]["logbook"] is None
    assert "I saw smoke." in path.read_text()


def test_an_older_rendering_that_git_brought_back_is_ours(measured):
    old = measured.git("rev-parse", "HEAD")
    measured.ok("update", "--change", "one run")
    measured.git("reset", "-q", "--hard", old)
    measure(measured, "2.5")
    assert measured.json("update", "--change", "another run")["data"]["logbook"] == LOGBOOK


def test_a_rendering_without_our_memory_of_it_is_ours_when_the_record_says_the_same(measured):
    measured.ok("update", "--change", "one run")
    (measured.repo / ".git/leadline/rendered/demo.json").unlink()  # as in a fresh clone
    measure(measured, "2.5")
    assert measured.json("update", "--change", "another run")["data"]["logbook"] == LOGBOOK


def test_elsewhere_the_tree_is_left_in_peace(lab):
    lab.ok("start", "demo", "--prefix", "P")
    lab.git("switch", "-q", "main")
    measure(lab)
    made = lab.json("update", "--change", "one run")["data"]
    assert made["posted"] and "research/demo is not checked out" in made["logbook_skipped"]
    assert not (lab.repo / LOGBOOK).exists() and lab.git("log", "--format=%s") == "first"


def test_a_merge_under_way_defers_the_commit_and_not_the_update(measured):
    (measured.repo / ".git/MERGE_HEAD").write_text(measured.git("rev-parse", "HEAD") + "\n")
    made = measured.json("update", "--change", "one run")["data"]
    assert made["posted"] and made["logbook"] is None and "merge" in made["logbook_skipped"]
    (measured.repo / ".git/MERGE_HEAD").unlink()
    measure(measured, "2.5")
    assert measured.json("update", "--change", "another run")["data"]["logbook"] == LOGBOOK


def test_a_logbook_behind_a_link_is_not_written(measured, tmp_path):
    import shutil

    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(measured.repo / ".agents")
    (measured.repo / ".agents").symlink_to(outside)
    made = measured.json("update", "--change", "one run")["data"]
    assert (
        made["logbook"] is None
        and "symbolic link" in made["logbook_skipped"]
        and not list(outside.iterdir())
    )


def test_the_logbook_can_be_kept_out_of_the_tree(lab):
    lab.ok("init", "--no-logbook-in-tree")
    lab.ok("start", "demo", "--prefix", "P", "--no-branch")
    measure(lab)
    assert lab.json("update", "--change", "one run")["data"]["logbook"] is None
    assert not (lab.repo / ".agents").exists() and lab.git("log", "--format=%s") == "first"
    out = lab.json("logbook", "--out", "book.md")["data"]
    assert out["entries"] >= 1 and "P-001" in (lab.repo / "book.md").read_text()
