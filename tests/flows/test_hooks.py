"""What providers post: theirs or nobody's, once, and acted upon like any bounce."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.audience.subscriber import How, Standing
from mailer.audience.subscriber import Reason as Bar
from mailer.delivery.bounce.model import Kind, Reason
from mailer.delivery.ledger import State
from mailer.delivery.providers.event import failure
from mailer.delivery.providers.reading import READERS
from mailer.delivery.providers.ses import read_envelope
from mailer.errors import TokenError
from mailer.flows.returning.aftermath import settle_open
from mailer.flows.returning.arrivals import Upshot, Wanted
from mailer.flows.returning.hooks import HookDesk
from mailer.web.public import hooks
from tests.contract.house import NOW
from tests.flows.test_intake import A, B, Stage
from tests.flows.test_intake import stage as stage
from tests.unit.web.site import pages_of, visiting

PAGES = pages_of()
SECRET = "user:s3cret-of-theirs"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-0123456789abcdef.pem"
SMTP = "550 5.1.1 <a@lecteurs.example>: Recipient address rejected: User unknown"
SECONDS = str(int(NOW.timestamp()))

TWILIO = ec.generate_private_key(ec.SECP256R1())
TWILIO_PUBLIC = base64.b64encode(
    TWILIO.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
AMAZON = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate() -> bytes:
    """Amazon's, as far as the tests go."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(AMAZON.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .sign(AMAZON, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


class FakeAmazon:
    """Amazon's hosts; remembers what it was asked for."""

    pem = certificate()

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def certificate(self, url: str) -> bytes:
        self.asked.append(url)
        return self.pem

    async def confirm(self, url: str) -> None:
        self.asked.append(url)


def desk_of(stage: Stage) -> tuple[HookDesk, FakeAmazon]:
    amazon = FakeAmazon()
    secrets = dict.fromkeys(READERS, SECRET) | {"sendgrid": TWILIO_PUBLIC}
    topics = frozenset({TOPIC})
    return HookDesk(
        intake=stage.desk, secrets=secrets, topics=topics, amazon=amazon
    ), amazon


Post = tuple[bytes, Mapping[str, str]]


def with_password(told: object, *, secret: str = SECRET, scheme: str = "Basic") -> Post:
    said = secret
    if scheme == "Basic":
        said = base64.b64encode(secret.encode()).decode()
    return json.dumps(told).encode(), {"authorization": f"{scheme} {said}"}


def mailgun(told: object, *, key: str = SECRET, seconds: str = SECONDS) -> Post:
    signed = hmac.new(key.encode(), f"{seconds}tok".encode(), hashlib.sha256)
    signature = {"timestamp": seconds, "token": "tok", "signature": signed.hexdigest()}
    return json.dumps({"signature": signature, "event-data": told}).encode(), {}


def sendgrid(told: object, *, seconds: str = SECONDS) -> Post:
    body = json.dumps(told).encode()
    signed = TWILIO.sign(seconds.encode() + body, ec.ECDSA(hashes.SHA256()))
    return body, {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signed).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": seconds,
    }


def sns(told: object, *, version: str = "2", **more: str) -> Post:
    """A message of SNS, signed as Amazon does."""
    said = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": json.dumps(told),
        "Timestamp": NOW.isoformat().replace("+00:00", "Z"),
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
        **more,
    }
    names = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
    if said["Type"] == "SubscriptionConfirmation":
        names += ["SubscribeURL", "Token"]
    signed = "".join(f"{name}\n{said[name]}\n" for name in sorted(names))
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - theirs
    raw = AMAZON.sign(signed.encode(), padding.PKCS1v15(), digest)
    said["Signature"] = base64.b64encode(raw).decode()
    return json.dumps(said).encode(), {}


def ses_bounce(**more: Any) -> dict[str, Any]:
    return {
        "notificationType": "Bounce",
        "mail": {"source": "lettre@meridien.example", **more},
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "feedbackId": "f-1",
            "bouncedRecipients": [
                {
                    "emailAddress": A,
                    "status": "5.1.1",
                    "diagnosticCode": f"smtp; {SMTP}",
                }
            ],
        },
    }


BOUNCES: dict[str, Callable[[], Post]] = {
    "ses": lambda: sns(ses_bounce()),
    "postmark": lambda: with_password(
        {
            "RecordType": "Bounce",
            "Type": "HardBounce",
            "ID": 42,
            "Email": A,
            "Details": f"smtp;{SMTP}",
        }
    ),
    "mailgun": lambda: mailgun(
        {
            "event": "failed",
            "severity": "permanent",
            "id": "g-1",
            "recipient": A,
            "delivery-status": {"code": 550, "message": SMTP},
        }
    ),
    "sendgrid": lambda: sendgrid(
        [
            {"event": "processed", "email": A, "sg_event_id": "s-0"},
            {
                "event": "bounce",
                "type": "bounce",
                "email": A,
                "status": "5.1.1",
                "reason": SMTP,
                "sg_event_id": "s-1",
            },
        ]
    ),
    "brevo": lambda: with_password(
        {"event": "hard_bounce", "email": A, "reason": SMTP, "ts_epoch": 1, "id": 9},
        scheme="Bearer",
    ),
    "mailjet": lambda: with_password(
        [
            {
                "event": "bounce",
                "email": A,
                "hard_bounce": True,
                "error": "user unknown",
                "MessageID": 7,
                "time": 1,
            }
        ]
    ),
}
COMPLAINTS: dict[str, Callable[[], Post]] = {
    "ses": lambda: sns(
        {
            "eventType": "Complaint",
            "mail": {},
            "complaint": {
                "feedbackId": "f-2",
                "complaintFeedbackType": "abuse",
                "complainedRecipients": [{"emailAddress": A}],
            },
        },
        version="1",
    ),
    "postmark": lambda: with_password(
        {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 43, "Email": A}
    ),
    "mailgun": lambda: mailgun({"event": "complained", "id": "g-2", "recipient": A}),
    "sendgrid": lambda: sendgrid(
        [{"event": "spamreport", "email": A, "sg_event_id": "s-2"}]
    ),
    "brevo": lambda: with_password([{"event": "spam", "email": A, "ts_epoch": 2}]),
    "mailjet": lambda: with_password({"event": "spam", "email": A, "time": 2}),
}
LEAVES: dict[str, Callable[[], Post]] = {
    "postmark": lambda: with_password(
        {
            "RecordType": "SubscriptionChange",
            "Recipient": A,
            "SuppressSending": True,
            "SuppressionReason": "ManualSuppression",
            "ChangedAt": "2026-03-14",
        }
    ),
    "mailgun": lambda: mailgun({"event": "unsubscribed", "id": "g-3", "recipient": A}),
    "sendgrid": lambda: sendgrid(
        {"event": "unsubscribe", "email": A, "sg_event_id": "s-3"}
    ),
    "brevo": lambda: with_password(
        {"event": "unsubscribed", "email": A, "ts_epoch": 3}
    ),
    "mailjet": lambda: with_password({"event": "unsub", "email": A, "time": 3}),
}


async def post(stage: Stage, provider: str, message: Post) -> httpx.Response:
    desk, _ = desk_of(stage)
    body, headers = message
    async with visiting([hooks.router(desk)], PAGES) as browser:
        answer = await browser.post(
            f"/hooks/bounces/{provider}", content=body, headers=dict(headers)
        )
    await settle_open(stage.desk)
    return answer


async def test_a_bounce_is_taken_in_once(stage: Stage) -> None:
    """Proved by what each provider really offers; its second try changes nothing."""
    for provider, bounce in BOUNCES.items():
        before = await stage.arrivals.latest(Wanted(), limit=99)
        for _ in range(2):
            answer = await post(stage, provider, bounce())
            assert (answer.status_code, answer.text) == (200, "taken\n"), provider
        found, *others = await stage.arrivals.latest(Wanted(), limit=99)
        assert others == before
        assert (found.way, found.kind) == (provider, Kind.HARD)
        assert (found.reason, found.upshot) == (Reason.UNKNOWN_USER, Upshot.SUPPRESSED)
        assert found.evidence
    assert await stage.states() == {A: State.BOUNCED, B: State.ACCEPTED}
    assert await stage.barred() == {A: Bar.BOUNCED}


async def test_a_complaint_leaves(stage: Stage) -> None:
    """At once, and for good."""
    for provider, complaint in COMPLAINTS.items():
        assert (await post(stage, provider, complaint())).status_code == 200
        assert stage.left.pop().how is How.COMPLAINT, provider
    assert await stage.barred() == {A: Bar.COMPLAINED}
    assert await stage.states() == {A: State.COMPLAINED, B: State.ACCEPTED}


async def test_who_leaves_at_the_provider_leaves(stage: Stage) -> None:
    """Its list is ours."""
    for provider, leave in LEAVES.items():
        assert (await post(stage, provider, leave())).status_code == 200
        assert stage.left.pop().how is How.PROVIDER, provider
    assert await stage.standing(A) is Standing.LEFT
    assert await stage.barred() == {}


def _broken(provider: str, message: Post) -> Post:
    """The same, with one letter of what is proved changed."""
    body, headers = message
    if "authorization" in headers:
        return body, {"authorization": headers["authorization"][:-2] + "xx"}
    if provider == "mailgun":
        told = json.loads(body)
        told["signature"]["token"] = "other"
        return json.dumps(told).encode(), headers
    return body.replace(b"lecteurs", b"voisines", 1), headers


async def test_what_is_forged_is_nobodys(stage: Stage) -> None:
    """A bad signature, none, another provider's: the same short answer."""
    for provider, bounce in BOUNCES.items():
        good = bounce()
        stranger = BOUNCES["brevo" if provider == "sendgrid" else "sendgrid"]()
        poor = [_broken(provider, good), (b"", good[1]), stranger]
        if provider not in {"ses", "mailgun"}:  # these prove themselves in the body
            poor.append((good[0], {}))
        for message in poor:
            answer = await post(stage, provider, message)
            assert (answer.status_code, answer.text) == (403, "not taken\n"), provider
    for name in ("unknown", "SES", "ses%00", "stripe"):
        answer = await post(stage, name, BOUNCES["ses"]())
        assert answer.status_code in {403, 404}
    assert await stage.arrivals.latest(Wanted(), limit=9) == []


async def test_what_was_signed_long_ago_is_a_copy(stage: Stage) -> None:
    """Or lies ahead."""
    for days in (-3, 1):
        seconds = str(int((NOW + timedelta(days=days)).timestamp()))
        failed = mailgun({"event": "failed", "id": "1"}, seconds=seconds)
        assert (await post(stage, "mailgun", failed)).status_code == 403
        empty = sendgrid([], seconds=seconds)
        assert (await post(stage, "sendgrid", empty)).status_code == 403


async def test_amazon_is_asked_only_by_its_own_names(stage: Stage) -> None:
    """No certificate from elsewhere, no topic of others, nothing old."""
    desk, amazon = desk_of(stage)
    for more in (
        {
            "SigningCertURL": "https://evil.example/SimpleNotificationService-00000000.pem"
        },
        {
            "SigningCertURL": f"{HOST}.evil.example/SimpleNotificationService-00000000.pem"
        },
        {"SigningCertURL": CERTIFICATE.replace("https", "http")},
        {"TopicArn": TOPIC + "2"},
        {"Timestamp": (NOW - timedelta(days=3)).isoformat()},
        {"Timestamp": "2026-03-14T06:00:00"},
        {"SignatureVersion": "3"},
    ):
        body, _ = sns(ses_bounce(), **more)
        async with visiting([hooks.router(desk)], PAGES) as browser:
            answer = await browser.post("/hooks/bounces/ses", content=body)
        assert answer.status_code == 403, more
    assert set(amazon.asked) <= {CERTIFICATE}
    assert await stage.arrivals.latest(Wanted(), limit=9) == []


async def test_a_subscription_is_confirmed_at_amazon(stage: Stage) -> None:
    """Only there, only for a topic of ours, only if it is signed."""
    desk, amazon = desk_of(stage)
    kind = "SubscriptionConfirmation"
    for url, is_confirmed in (
        (f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc", True),
        ("https://evil.example/?Action=ConfirmSubscription&Token=abc", False),
        (f"{HOST}/?Action=DeleteTopic&Token=abc", False),
    ):
        body, _ = sns({}, Type=kind, SubscribeURL=url, Token="abc")
        async with visiting([hooks.router(desk)], PAGES) as browser:
            answer = await browser.post("/hooks/bounces/ses", content=body)
        assert (answer.status_code == 200) is is_confirmed
        assert (url in amazon.asked) is is_confirmed


async def test_the_return_path_says_which_edition(stage: Stage) -> None:
    """SES tells it as the source."""
    source = await stage.return_path(B)
    assert (await post(stage, "ses", sns(ses_bounce(source=source)))).status_code == 200
    assert await stage.barred() == {B: Bar.BOUNCED}


async def test_bodies_that_make_no_sense_are_refused(stage: Stage) -> None:
    """By whoever knows the password, too; and a megabyte is the most."""
    _, headers = with_password({})
    for body in (b"", b"[", b"null", b"[" * 60_000, b'"x"', b"\xff\xfe"):
        answer = await post(stage, "postmark", (body, headers))
        assert answer.status_code == 403
    answer = await post(stage, "postmark", (b"x" * 1_100_000, headers))
    assert answer.status_code == 413


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "event Type RecordType email Email bounce mail signature event-data id"
                " bouncedRecipients message headers hard_bounce".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_no_document_raises_anything_else(told: object) -> None:
    """Whatever its shape: events, or a refusal."""
    body = json.dumps(told).encode()
    for name, reader in READERS.items():
        post = with_password(told)
        if name == "sendgrid":
            post = sendgrid(told)
        if name == "mailgun":
            post = mailgun(told)
        headers = {key.lower(): value for key, value in post[1].items()}
        secret = TWILIO_PUBLIC if name == "sendgrid" else SECRET
        try:
            for event in reader(post[0], headers, secret, NOW):
                assert event.about.kind in set(Kind)
        except ValueError:
            pass
    try:
        envelope = read_envelope(body)
        assert envelope.topic is not None
        envelope.events()
        envelope.check(FakeAmazon.pem, NOW)
    except (ValueError, TokenError):
        pass


def test_words_outweigh_the_providers_verdict() -> None:
    """Blocked is our fault, whatever they call it; a transient failure is never hard."""
    blocked = failure(
        recipient=A, is_permanent=True, said="554 5.7.1 blocked using zen.spamhaus.org"
    )
    assert (blocked.kind, blocked.reason) == (Kind.SOFT, Reason.BLOCKED)
    assert failure(recipient=A, is_permanent=False, said=SMTP).kind is Kind.SOFT
    assert failure(recipient=A, is_permanent=True).kind is Kind.HARD
