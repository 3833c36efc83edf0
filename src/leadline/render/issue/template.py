"""The issue template of a repository: what a person meets who opens an experiment issue by hand."""

from __future__ import annotations

import json

PATH = ".github/ISSUE_TEMPLATE/experiment.md"


def render_issue_template(label: str) -> str:
    """Front matter as GitHub reads it, and the sections of an experiment issue. ``label``: of
    experiment issues."""
    front = {
        "name": "Experiment",
        "about": "One line of research: what is asked, how it is measured, what came out",
        "title": "Experiment: ",
        "labels": label,
    }
    head = "\n".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()
    )
    return f"""---
{head}
---

## Description

<!-- For someone at another lab: the question, why it matters, what is varied and held fixed, how it is measured. -->

## Hypothesis or Goal

<!-- What you expect and why, or what is to be reached: the metric, its unit, the number that would settle it. -->

### Links

<!-- Tracker report, data browser, research logbook, code, earlier issues. -->

## Results

<!-- Leave empty: results are kept current from the record. `leadline start TOPIC --issue NUMBER` starts the thread of
this issue. -->
"""
