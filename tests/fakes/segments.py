"""Rules and readers for properties: all that a segment can say, about few people."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from mailer.audience.segment import (
    And,
    Count,
    Counted,
    Everybody,
    Has,
    Moment,
    Not,
    On,
    Or,
    Rule,
    Sign,
    Trait,
    Within,
)

VALUES = {
    Trait.TIER: ("free", "member"),
    Trait.LANGUAGE: ("fr", "en"),
    Trait.DOMAIN: ("orange.fr", "wanadoo.fr", "*.gouv.fr", "a_b.example", "*.example"),
    Trait.PUBLICATION: ("le-meridien", "le-bruit"),
    Trait.TAG: ("presse", "à la une", "l'or", "and", "100%", "a_b"),
}
DAYS = [date(2026, 3, day) for day in (12, 13, 14)]

_SIGNS = st.sampled_from(Sign)
_LEAVES: st.SearchStrategy[Rule] = st.one_of(
    st.just(Everybody()),
    st.sampled_from(Trait).flatmap(
        lambda trait: st.lists(
            st.sampled_from(VALUES[trait]), min_size=1, max_size=3, unique=True
        ).map(lambda values: Has(trait, tuple(values)))
    ),
    st.builds(On, st.sampled_from(Moment), _SIGNS, st.sampled_from(DAYS)),
    st.builds(Within, st.sampled_from(Moment), st.integers(1, 3)),
    st.builds(Counted, st.sampled_from(Count), _SIGNS, st.integers(0, 3)),
)


def _joined(parts: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, parts), st.builds(And, several), st.builds(Or, several)
    )


RULES: st.SearchStrategy[Rule] = st.recursive(_LEAVES, _joined, max_leaves=6)
"""Any rule over the few values that people of the tests have."""
