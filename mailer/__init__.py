"""mailer: an e-mail-first newsletter delivery daemon.

A folder of Markdown and pictures (``workspace``) is read into an immutable tree
(``edition.reading``), cut for each audience and rendered to HTML and plain text from
that one tree (``rendering``), frozen together with its audience
(``flows.sending.send``), compiled once per variant into constant bytes and placeholders
(``delivery.message``), and handed to a relay at a given pace (``delivery.throttle``,
``transport.smtp``). What the relay replied (``delivery.reply``) is written to the
ledger before anything else happens (``store.ledger.deliveries``), and a balance sheet
that must add up closes the run (``delivery.report``).

Read ``flows/sending/send.py`` next.
"""

from __future__ import annotations

__version__ = "0.1.0"
