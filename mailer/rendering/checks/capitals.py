"""French capitals carry their accents: ``État``, ``À l’horizon``, ``ÉVÉNEMENT``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.edition.finding import warning
from mailer.errors import Finding, Fix
from mailer.phrases import say
from mailer.rendering.checks.passages import Passage

_WORDS = """
Également Église Écart Écarts École Écoles Écologie Écologique Écologiste Économie
Économies Économique Économiques Économiste Écoute Écouter Écoutez Écran Écrans Écrire
Écrit Écrits Écriture Écrivain Édition Éditions Éditeur Éditeurs Éditorial Édito Éducation
Égal Égale Égalité Égypte Électeur Électeurs Élection Élections Électricité Électrique
Électronique Élève Élèves Élu Élue Élus Émission Émissions Énergie Énergies Énorme Énormes
Épisode Épisodes Époque Équilibre Équipe Équipes Équipage Équipement Érosion Étape Étapes
État États Étaient Était Êtes Éteindre Étienne Étoile Étoiles Étrange Étranger Étrangers
Être Étude Études Étudiant Étudiante Étudiants Évaluation Éveil Événement Événements
Évidemment Évident Évite Éviter Évitez Évolution Île Îles
Âge Âges Âme
""".split()
"""Words that begin with an accented capital and mean nothing without it.

Left out: whatever is a word, a name or a place of its own when bare (Ete, Eric, Eve).
"""
_BARE = str.maketrans(
    "ÀÂÄÉÈÊËÎÏÔÖÙÛÜÇàâäéèêëîïôöùûüç", "AAAEEEEIIOOUUUCaaaeeeeiioouuuc"
)


def _bare(word: str) -> str:
    """*word* as it is typed by who finds no accented capital: é only on small letters."""
    return word[0].translate(_BARE) + word[1:]


_RIGHT = {
    **{_bare(word): word for word in _WORDS},
    **{word.upper().translate(_BARE): word.upper() for word in _WORDS},
    "Evènement": "Évènement",
    "Evènements": "Évènements",
    "DEJA": "DÉJÀ",
    "PUBLICITE": "PUBLICITÉ",
    "ACTUALITE": "ACTUALITÉ",
    "ACTUALITES": "ACTUALITÉS",
    "NUMERO": "NUMÉRO",
    "SECURITE": "SÉCURITÉ",
    "SOCIETE": "SOCIÉTÉ",
    "MEMOIRE": "MÉMOIRE",
    "RESEAU": "RÉSEAU",
    "RESEAUX": "RÉSEAUX",
    "MEDIAS": "MÉDIAS",
    "STRATEGIE": "STRATÉGIE",
    "DERNIERE": "DERNIÈRE",
    "PREMIERE": "PREMIÈRE",
    "A RETENIR": "À RETENIR",
    "A LIRE": "À LIRE",
    "A SUIVRE": "À SUIVRE",
    "A VOIR": "À VOIR",
}
_FOUND = re.compile(
    r"(?<![\w@#./’'-])(?:[dDlLnNsSjJqQ]u?[’'])?"
    rf"({'|'.join(sorted(map(re.escape, _RIGHT), key=len, reverse=True))})"
    r"(?![\w@])(?!\.\w)"
)
_AFTER_A = (
    r"l[’']|la (?!parole)|le [a-z]|un |une |bord|retenir|noter|propos|suivre|lire|voir"
    r"|écouter|table|vendre|travers|côté|cause|moins|peine|force|nouveau|demain|bientôt"
    r"|savoir|partir|quoi|qui|chaque|cette|ce |mesure|condition|terme|titre|l’occasion"
    r"|gauche|droite|défaut|découvrir|vos |nos |Paris|Lyon|Marseille|Nantes|Bordeaux|Lille"
)
_BARE_A = re.compile(rf"(?:(?<=^)|(?<=[.!?…:] )|(?<=« ))A(?= (?:{_AFTER_A}))")
_CEDILLA = re.compile(r"(?:(?<=^)|(?<=[.!?…:] )|(?<=« ))Ca(?= [a-zà-ÿ’']{2,})")


def check_capitals(passage: Passage) -> Iterator[Finding]:
    """Findings about capitals of a French passage that have lost their accents."""
    for match in _FOUND.finditer(passage.text):
        yield _finding(passage, match.start(1), match[1], _RIGHT[match[1]])
    for match in _BARE_A.finditer(passage.text):
        yield _finding(passage, match.start(), "A", "À")
    for match in _CEDILLA.finditer(passage.text):
        yield _finding(passage, match.start(), "Ca", "Ça")


def _finding(passage: Passage, start: int, typed: str, right: str) -> Finding:
    source, column = passage.at(start)
    together = passage.is_together(start, start + len(typed))
    return warning(
        "typo-accent-caps",
        source,
        say(
            "a capital without its accent: “{typed}”, “{right}”",
            typed=typed,
            right=right,
        ),
        column=column,
        fix=Fix(typed, right) if together else None,
    )
