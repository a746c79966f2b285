"""The real command with keys of its own: what it makes, prints, signs and refuses."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from mailer.delivery.signer import Signer, read_private_key
from mailer.trial import TrialInbox
from tests.fakes import keys
from tests.fakes.keys import DOMAIN, verdicts
from tests.system.conftest import Mailer


def configure(mailer: Mailer, tables: str) -> None:
    path = mailer.folder / "config" / "mailer.toml"
    path.write_text(f"{path.read_text('utf-8')}\n{tables}", encoding="utf-8")


def with_key(mailer: Mailer, content: bytes, *, domain: str = DOMAIN) -> Path:
    path = mailer.folder / "config" / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    configure(
        mailer,
        f'[[dkim]]\ndomain = "{domain}"\nselector = "rsa2026"\nkey_file = "key.pem"\n',
    )
    return path


async def test_from_a_new_key_to_a_signed_letter(
    mailer: Mailer, inbox: TrialInbox, tmp_path: Path
) -> None:
    """What `dkim new` prints is all it takes: run, proof and shown bytes verify."""
    made = mailer.json(
        "dkim", "new", "Meridien.example", "--algorithm", "both", "--json"
    )
    configure(mailer, made["config"])
    folder = tmp_path / "data" / "dkim" / DOMAIN
    signers = [
        Signer(
            domain=row["domain"],
            selector=row["selector"],
            key=read_private_key((folder / f"{row['selector']}.pem").read_bytes()),
        )
        for row in made["records"]
    ]
    for row, signer in zip(made["records"], signers, strict=True):
        assert row["name"] == signer.record.name
        assert "".join(row["strings"]) == row["value"] == signer.record.value
        assert row["algorithm"] == signer.algorithm
    assert mailer.json("dkim", "records", "--json")["records"] == made["records"]

    (reader,) = mailer.import_readers(1)
    mailer.use_relay(inbox.smtp_port)
    shown = mailer.folder / "shown.eml"
    mailer(
        "render",
        "le-meridien/next",
        "--format",
        "eml",
        "--for",
        reader,
        "-o",
        str(shown),
    )
    plan = mailer.json("send", "le-meridien/next", "--dry-run", "--json")
    assert plan["signed"] == [row["name"] for row in made["records"]]
    code, _, err = await mailer.run(
        "send", "le-meridien/next", "--yes", "--expect", "1"
    )
    assert code == 0, err
    assert "DKIM meridien.example: rsa" in err
    code, out, err = await mailer.run(
        "send", "le-meridien/next", "--test", "claire@essai.example"
    )
    assert code == 0, out + err
    received = [path.read_bytes() for path in (tmp_path / "inbox" / "new").iterdir()]
    assert len(received) == 3  # the run's, and a proof of both variants
    for content in (*received, shown.read_bytes()):
        assert verdicts(content, *signers) == [True, True]
    tampered = received[0].replace(b"M=C3=A9ridien", b"M=C3=A8ridien")
    assert verdicts(tampered, *signers) == [False, False]


def test_a_key_is_made_once(mailer: Mailer, tmp_path: Path) -> None:
    """The second time it is refused, and the first key stays as it is."""
    done = mailer("dkim", "new", DOMAIN, "--selector", "abc")
    assert done.returncode == 0, done.stderr
    key = tmp_path / "data" / "dkim" / DOMAIN / "abc.pem"
    before = key.read_bytes()
    assert f'key_file = "{key}"' in done.stdout
    assert "abc._domainkey.meridien.example. IN TXT (" in done.stdout
    again = mailer("dkim", "new", DOMAIN, "--selector", "abc")
    assert again.returncode == 4
    assert "is there already" in again.stderr
    assert key.read_bytes() == before
    both = mailer("dkim", "new", DOMAIN, "--selector", "abc", "--algorithm", "both")
    assert both.returncode == 0
    assert sorted(p.name for p in key.parent.iterdir()) == [
        "abc-ed.pem",
        "abc-rsa.pem",
        "abc.pem",
    ]


def test_lines_for_a_zone_file(mailer: Mailer) -> None:
    """Nothing else on stdout, so that it can be appended."""
    with_key(mailer, keys_pem())
    zone = mailer("dkim", "records", "--zone")
    assert zone.stdout == keys.rsa().record.zone_line + "\n"
    assert mailer("dkim", "records", "autre.example").returncode == 4


def test_no_domain_no_key(mailer: Mailer) -> None:
    """A name that cannot be in the DNS is refused, and nothing configured is said."""
    done = mailer("dkim", "new", "lettre@meridien.example")
    assert done.returncode == 2
    assert "is no domain" in done.stderr
    done = mailer("dkim", "new", "meridien.org", "--zone", "--algorithm", "ed25519")
    assert done.stdout.count("\n") == 1
    assert "no publication writes from meridien.org" in done.stderr
    done = mailer("dkim", "records")
    assert done.returncode == 4
    assert "mailer dkim new" in done.stderr


@pytest.mark.parametrize(
    ("content", "command"),
    [
        (b"", ["send", "le-meridien/next", "--yes", "--expect", "1"]),
        (
            b"-----BEGIN PUBLIC KEY-----\n",
            ["render", "le-meridien/next", "--format", "eml"],
        ),
        (None, ["send", "le-meridien/next", "--test", "a@b.example"]),
    ],
    ids=["empty", "public", "missing"],
)
def test_a_key_that_cannot_sign_stops_before_anything_leaves(
    mailer: Mailer, content: bytes | None, command: list[str]
) -> None:
    """File and key are named; neither plan nor run is made."""
    path = with_key(mailer, content or b"")
    if content is None:
        path.unlink()
    done = mailer(*command)
    assert done.returncode == 78, done.stderr
    assert f"dkim.rsa2026.key_file: {path}" in done.stderr
    assert done.stdout == ""


def test_the_plan_says_who_signs(mailer: Mailer) -> None:
    """A key of ours, the relay, or nobody because the domain is another one."""
    mailer.import_readers(1)
    assert "left to the relay" in mailer("send", "le-meridien/next", "--dry-run").stderr
    path = with_key(mailer, keys_pem(), domain="autre.example")
    plan = mailer("send", "le-meridien/next", "--dry-run").stderr
    assert "no [[dkim]] key is for the domain of From" in plan
    assert "chmod" not in plan
    path.chmod(0o644)
    assert f"chmod 600 {path}" in mailer("send", "le-meridien/next", "--dry-run").stderr


def keys_pem() -> bytes:
    return keys.key("rsa").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.judges
def test_strangers_pass_what_we_sign(mailer: Mailer, tmp_path: Path) -> None:
    """opendkim and mailauth pass both signatures, and neither passes a changed body."""
    made = mailer.json("dkim", "new", DOMAIN, "--algorithm", "both", "--json")
    configure(mailer, made["config"])
    address = {"A": ["198.18.0.25"]}
    records = {row["name"]: {"TXT": [row["value"]]} for row in made["records"]} | {
        DOMAIN: {"TXT": ["v=spf1 ip4:198.18.0.25 -all"], **address},
        f"_dmarc.{DOMAIN}": {"TXT": ["v=DMARC1; p=quarantine"]},
    }
    (tmp_path / "records.json").write_text(json.dumps(records), encoding="ascii")
    good, poor = tmp_path / "good.eml", tmp_path / "poor.eml"
    mailer("render", "le-meridien/next", "--format", "eml", "-o", str(good))
    content = good.read_bytes()
    poor.write_bytes(content.replace(b"M=C3=A9ridien", b"M=C3=A8ridien"))

    def verdict(judge: str, mail: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                Path(os.environ["MAILER_JUDGES"]) / judge,
                "--records",
                tmp_path / "records.json",
                mail,
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    for judge in ("opendkim", "mailauth"):
        done = verdict(judge, good)
        assert done.returncode == 0, done.stdout + done.stderr
        assert verdict(judge, poor).returncode == 1
