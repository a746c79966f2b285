"""Records of the form ``v=DMARC1; p=none``: DKIM keys, DMARC and BIMI policies.

Sources: RFC 6376 section 3.2 (tag lists), RFC 7489 section 6.3 (DMARC).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def read_tags(text: str) -> Mapping[str, str]:
    """Names in small letters to values without spaces around; the first of a name wins."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def versioned(texts: Sequence[str], version: str) -> list[Mapping[str, str]]:
    """The records among *texts* that begin with ``v=`` *version*."""
    tags = [read_tags(text) for text in texts]
    return [each for each in tags if each.get("v", "").lower() == version.lower()]


def at_and_above(domain: str) -> list[str]:
    """*domain*, and what stands above it, down to two labels."""
    labels = domain.lower().rstrip(".").split(".")
    return [".".join(labels[n:]) for n in range(max(1, len(labels) - 1))]
