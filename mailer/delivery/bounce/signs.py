"""What sort of mail came back, where no report says so: by who wrote it, and how.

Sources: RFC 3834 sections 3 and 5 (automatic answers, Auto-Submitted), RFC 5321
section 4.5.5 (the null return path), RFC 8098 section 3 (what was read, deleted).
"""

from __future__ import annotations

import re

from mailer.delivery.bounce.mail import Mail
from mailer.delivery.bounce.prose import Prose, addresses_in
from mailer.delivery.bounce.reasons import code_in

_DAEMON = re.compile(
    r"mailer[ ._-]?daemon|mail[ ._-]?daemon|post_?master|mail[ ._-]?deliver|"
    r"delivery (?:sub)?system|(?:system|mail) administrator|content-?filter|bounce|"
    r"returned mail",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"deliver|return(?:ed|ing) (?:mail|message|to)|undeliver|failure|failed|bounce|"
    r"(?:could )?not (?:be )?sen[dt]|mail (?:system )?error|mail status|"
    r"warning|rejected|error sending|user unknown|unknown user|unsolicited|loop alert|"
    r"see transcript|non remis|non distribu|[eé]chec|impossible|unzustellbar|zugestellt|"
    r"fehlgeschlagen|entregar|entrega|recapit|consegna|не доставлен|недостав|"
    r"エラー|配信|不達|退信|无法",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"(?:could|can|was|were|did|has|have) ?not (?:be(?:en)? )?(?:deliver|reach|sent|send)|"
    r"undeliver|unable to (?:deliver|send)|not delivered|non-?delivery|wasn't delivered|"
    r"deliver\w* (?:to the following|has failed|failed|error|failure|problem|status)|"
    r"following (?:address|recipient)|returned to (?:you|sender)|"
    r"permanent (?:fatal )?error|fatal error|error (?:occurred|while|delivering)|"
    r"trouble delivering|was rejected|were rejected|failed addresses|duplicated message-id|"
    r"n'a pas (?:pu [eê]tre|été) (?:remis|distribu|envoy)|nicht zugestellt|"
    r"no (?:se )?(?:ha )?(?:pudo|podido) entregar|не может быть доставлено|may not exist|"
    r"配信できません|送信できません",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"will (?:be re-?tried|retry|keep trying|continue|try again)|keep trying|"
    r"still (?:being )?(?:trying|retried)|(?:has been|is) delayed|"
    r"delivery (?:is |has been |temporarily )?(?:delayed|deferred|incomplete)|"
    r"not yet been delivered|warning message only|do not need to re-?send|"
    r"delivery attempts will continue|will be (?:re-?tried|attempted)|"
    r"could not send (?:mail|message) for (?:the )?past|queued for later|"
    r"wird weiter(?:hin)? versucht|nouvelles? tentatives?",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"giv(?:e|en|ing) up|has expired|not going to try again|"
    r"will not (?:be )?(?:re|try|continue)|no longer (?:be )?tr(?:y|ied)|was aborted",
    re.IGNORECASE,
)
_SUCCESS = re.compile(
    r"(?<!un)success|delivery receipt|return receipt|\bdelivered:|relayed",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"^(?:(?:re|aw|rv|sv) ?: ?)?(?:auto(?:matic|mated|matische|matisch|matica|mática)?"
    r"[ :-]*(?:repl|resp|antwort|generated|message|rispo)|autoreply|"
    r"r[eé]ponse automatique|out of (?:the )?office|away |vacation|abwesen|absen[ct]|"
    r"on (?:holiday|vacation|leave)|(?:respuesta|risposta|resposta) autom|fuera de|"
    r"aus[eê]ncia|afwezig|frånvaro|自動返信|自動応答|自动回复|自動回覆|автоответ)",
    re.IGNORECASE,
)
_ANSWERING = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-response-suppress",
    "x-apple-action",
)


def is_reply(mail: Mail, subject: str) -> bool:
    """Whether a person's absence, or another program, answers: no server does."""
    if _DAEMON.search(mail.fields.get("from")):
        return False
    if _AWAY.match(subject.strip()):
        return True
    submitted = mail.fields.get("auto-submitted").strip().lower()
    is_automatic = submitted.startswith("auto-replied") or mail.fields.has(*_ANSWERING)
    return is_automatic and _TITLE.search(subject) is None


def is_receipt(mail: Mail) -> bool:
    """Whether a mailbox tells that the message was read, or deleted: it arrived."""
    kind = mail.fields.get("content-type").lower()
    return "disposition-notification" in kind


def is_bounce(mail: Mail, subject: str, prose: Prose) -> bool:
    """Whether a server tells, in its own words, of a message that was not delivered."""
    is_titled = _TITLE.search(subject) is not None
    is_told = _NOTICE.search(prose.text) is not None
    if mail.fields.has("x-failed-recipients"):
        return True
    if _DAEMON.search(mail.fields.get("from")):
        return is_titled or is_told or code_in(prose.text) != ""
    if mail.fields.get("return-path").strip() == "<>":
        return is_titled or is_told
    return is_titled and is_told and any(addresses_in(prose.text))


def is_letter(mail: Mail) -> bool:
    """Whether a person answers: what they quote of a bounce is no bounce."""
    path = mail.fields.get("return-path").strip()
    return mail.fields.has("in-reply-to", "references") and path != "<>"


def is_delayed(subject: str, prose: Prose) -> bool:
    """Whether a failure is none yet."""
    text = f"{subject}\n{prose.text}"
    return _DELAYED.search(text) is not None and _GIVEN_UP.search(text) is None


def is_success(subject: str) -> bool:
    """Whether the subject tells of a delivery."""
    return _SUCCESS.search(subject) is not None
