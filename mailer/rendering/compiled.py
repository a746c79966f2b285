"""Compiled templates, kept for whoever renders the same text again: of mail and of pages."""

from __future__ import annotations

import hashlib
from types import CodeType

import jinja2
from jinja2.bccache import Bucket

from mailer.rendering.model import Cache

_MOST = 1000

_COMPILED: dict[str, CodeType] = {}


class Compiled(jinja2.BytecodeCache):
    """Compiled templates by name and text: compiling is four fifths of a rendering.

    Each *way* of compiling has its own: what is compiled knows whether it escapes.
    What this process has not seen yet another may have left in *cache*.
    """

    def __init__(self, way: object, cache: Cache | None) -> None:
        self._way = hashlib.sha256(repr(way).encode()).hexdigest()[:8]
        self._cache = cache

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand out what was compiled from the same text."""
        name = self._name(bucket)
        bucket.code = _COMPILED.get(name)
        if bucket.code is None and self._cache and (found := self._cache.get(name)):
            bucket.bytecode_from_string(found)  # nothing, if by another Python or Jinja
            self._remember(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it; a long day of editing a theme does not fill the memory."""
        self._remember(bucket)
        if self._cache:
            self._cache.put(self._name(bucket), bucket.bytecode_to_string())

    def _remember(self, bucket: Bucket) -> None:
        if len(_COMPILED) >= _MOST:
            _COMPILED.clear()
        if bucket.code is not None:
            _COMPILED[self._name(bucket)] = bucket.code

    def _name(self, bucket: Bucket) -> str:
        return f"template-{self._way}-{bucket.key}-{bucket.checksum}"
