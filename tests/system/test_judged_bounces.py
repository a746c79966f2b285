"""Mails that came back, labelled by others: half of a collection, ``make judges``.

The corpus is not ours to copy. ``MAILER_BOUNCES`` names its folder, with ``mails/`` and
the program ``score``, which compares our answers with its labels.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.judges


def test_a_labelled_collection_is_read_rightly(tmp_path: Path) -> None:
    """Recognised, precision and recall of what is final; nothing final that is not."""
    corpus = Path(os.environ.get("MAILER_BOUNCES", ""))
    if not (corpus / "score").is_file():
        pytest.skip("MAILER_BOUNCES names no collection of bounces")
    command = [sys.executable, "-m", "mailer", "bounces", "parse", "--json"]
    said = subprocess.run(
        [*command, corpus / "mails"], capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    answers = {Path(row["file"]).name: row["kind"] for row in rows}
    kept = tmp_path / "answers.json"
    kept.write_text(json.dumps(answers), encoding="utf-8")
    score = subprocess.run(
        [sys.executable, corpus / "score", kept, "--list"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert score.returncode == 0, score.stdout
    assert all(
        float(line.split("%")[0].split()[-1]) >= least
        for name, least in (("recognised", 97), ("precision", 93), ("recall", 85))
        for line in score.stdout.splitlines()
        if name in line and "target" in line
    ), score.stdout
