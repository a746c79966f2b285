"""The daemon in its own process, and an edition that nobody has approved."""

from __future__ import annotations

import email
import email.policy

from tests.system.test_daemon import ONCE, SATURDAY, Port, port

__all__ = ["port"]  # the fixture

TO = '\n[proof]\nto = ["claire@house.example"]\n'
ED = "letter/1"


def required(port: Port) -> None:
    """Somebody must approve, and Claire is told."""
    file = port.folder / "config" / "mailer.toml"
    text = file.read_text("utf-8").replace('"auto"', '"required"')
    file.write_text(text + TO, "utf-8")


def subjects(port: Port) -> list[str]:
    """What Claire got."""
    found = []
    for path in sorted((port.folder / "mail" / "new").glob("*")):
        policy = email.policy.default
        message = email.message_from_bytes(path.read_bytes(), policy=policy)
        if "claire" in message["To"]:
            found.append(message["Subject"])
    return sorted(found)


def done(port: Port, *words: str) -> str:
    """What a command says that goes well."""
    process = port.mailer(*words)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


def test_nothing_approved_means_a_proof_an_alarm_and_nothing_sent(port: Port) -> None:
    """The proof fourteen hours before, the alarm twelve; seven passes, and it stays."""
    port.build(SATURDAY)
    required(port)
    port.start()
    port.still()
    assert subjects(port) == []
    port.set("2026-03-13T17:00:00+01:00")
    port.says("letter of 2026-03-14: the proof was sent")
    proofs = ["The Letter: To be approved: Letter of 2026-03-14"]
    proofs.append("[BAT] Letter of 2026-03-14")
    assert subjects(port) == proofs
    port.set("2026-03-13T19:00:00+01:00")
    port.says("letter of 2026-03-14: nothing is ready to leave")
    port.set("2026-03-14T07:00:00+01:00")
    port.says("does not leave: letter/1 is not approved")
    port.still()
    alarms = [s for s in subjects(port) if "Nothing is ready to leave" in s]
    assert len(alarms) == 1
    assert not set(port.copies()) & set(ONCE)
    assert port.runs() == []


def test_what_came_too_late_is_told_by_mail(port: Port) -> None:
    """The machine was down for more than a day: held, and Claire knows why."""
    port.build("2026-03-07", SATURDAY)
    port.configure(more=TO)
    port.set("2026-03-07T07:00:00+01:00")
    daemon = port.start()
    port.says("letter-1-1 is sent")
    port.stop(daemon)
    port.set("2026-03-15T07:05:00+01:00")
    port.start()
    port.says("letter of 2026-03-14 is held")
    title = "Held: it came too late to leave by itself"
    port.until(lambda: any(title in subject for subject in subjects(port)))
    copies = port.copies()
    assert {reader: copies[reader] for reader in ONCE} == ONCE


def test_an_edit_after_approval_keeps_it_back_until_it_is_approved_again(
    port: Port,
) -> None:
    """What changed is told; approved late, it leaves late, as it was approved."""
    port.build(SATURDAY)
    required(port)
    done(port, "approve", ED, "--by", "claire")
    index = port.folder / "editions" / "letter" / SATURDAY / "index.md"
    index.write_text(index.read_text("utf-8").replace("Ships", "Boats", 1), "utf-8")
    port.set("2026-03-14T06:50:00+01:00")
    port.start()
    port.says("letter of 2026-03-14: edited since its approval")
    port.set("2026-03-14T07:00:00+01:00")
    port.says("is not as claire approved it")
    port.still()
    assert not set(port.copies()) & set(ONCE)
    said = done(port, "approve", ED, "--by", "marc")
    assert "“Ships came in, and ships went out.” → “Boats" in said
    port.says("letter-1-1 is sent: 3 = 3 accepted")
    mail = [p.read_bytes() for p in (port.folder / "mail" / "new").glob("*")]
    to_readers = [content for content in mail if b"@readers.example" in content]
    assert len(to_readers) == 3
    assert all(b"Boats came in" in content for content in to_readers)
