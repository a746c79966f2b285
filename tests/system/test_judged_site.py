"""Programs that never saw mailer look at the public site: ``make judges``."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from mailer.audience.roster import Row
from mailer.audience.token import Keyring, Purpose
from mailer.edition.model import Variant
from mailer.flows.readers.archive import ArchiveDesk
from mailer.flows.readers.voting import VotingDesk
from mailer.store.engine import Store
from mailer.store.ledger.deliveries import SqlLedger
from mailer.store.people.archive import SqlArchive
from mailer.store.people.readers import SqlReaders
from mailer.store.people.voting import SqlBallots
from mailer.web.public import archive, feeds, polls, privacy
from mailer.web.public.privacy import Held
from tests.fakes.clock import FakeClock
from tests.samples import EDITIONS, sample
from tests.system.test_judged_samples import judged
from tests.unit.web.site import pages_of, visiting

pytestmark = pytest.mark.judges


async def standalone(browser: httpx.AsyncClient, path: str) -> str:
    """The page at *path* with its style sheets in it, to be opened from a file."""
    page = (await browser.get(path)).text
    for link, href in re.findall(r'(<link rel="stylesheet" href="([^"]+)">)', page):
        sheet = (await browser.get(href)).text
        page = page.replace(link, f"<style>{sheet}</style>")
    return page


@pytest.mark.parametrize("theme", list(EDITIONS))
async def test_nothing_keeps_a_visitor_of_the_archive_out(
    theme: str, tmp_path: Path
) -> None:
    """No error in the HTML, nothing serious for weak eyes or a screen reader."""
    frozen = sample(theme).frozen
    paper, slug = replace(frozen.publication, theme=theme), frozen.edition.slug
    clock, store = FakeClock(), await Store.open(f"sqlite:///{tmp_path}/mailer.db")
    rows = [Row(line=1, email="a@x.example")]
    await SqlReaders(store).admit(
        rows, publication=paper.id, source="x", now=clock.now()
    )
    ledger, keyring = SqlLedger(store), Keyring((b"k" * 32,))
    run = await ledger.open_run(frozen, now=clock.now())
    claims = await ledger.claim(
        run, worker="a", limit=1, now=clock.now(), lease=timedelta(minutes=1)
    )
    await ledger.commit(run, marks=claims, now=clock.now())
    desk = ArchiveDesk(
        archive=SqlArchive(store),
        keyring=keyring,
        clock=clock,
        publications={paper.id: paper},
    )
    voting = VotingDesk(ballots=SqlBallots(store), keyring=keyring)
    pages = pages_of(paper)
    held = Held(replies=None, unconfirmed=None, tracks=True)
    routers = [
        feeds.router(desk, pages),
        archive.router(desk, pages),
        privacy.router(held, pages),
        polls.router(voting, pages, now=clock.now),
    ]
    shelf = f"/archive/{paper.id}"
    paths = [shelf, f"{shelf}?q=grue", f"{shelf}/{slug}?m=x", "/privacy", "/nowhere"]
    (poll,) = frozen.rendering(Variant.FREE).polls
    token = keyring.sign(Purpose.VOTE, paper.id, str(claims[0].subscriber))
    asked = f"/poll/{paper.id}/{slug}/{token}/{poll.id}"
    paths += [f"/poll/{paper.id}/{slug}/{poll.id}", f"{asked}/1", f"{asked}/2"]
    files = []
    async with visiting(routers, pages) as browser:
        assert (await browser.post(f"{asked}/1")).status_code == 303
        for number, path in enumerate(paths):
            file = tmp_path / f"{theme}-{number}.html"
            file.write_text(await standalone(browser, path), encoding="utf-8")
            files.append(file)
    await store.close()
    assert frozen.rendering(Variant.WEB).html[:200] in files[2].read_text("utf-8")
    judged("html-validate", *files)
    judged("axe", "--dark", *files)
