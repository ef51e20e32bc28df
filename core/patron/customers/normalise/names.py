"""The parts of a person's name, and the key of an organisation's.

Names differ more than any rule knows, so the full name is always kept and shown; the parts serve salutation,
sorting and matching, and a name that cannot be split stays whole in ``family``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from patron.customers.normalise.text import clean, fold

Order = Literal["", "given_first", "family_first"]

_PREFIXES_TEXT = """
    mr mrs ms miss mx dr drs prof professor rev fr sir dame lord lady hon capt col maj gen sgt judge rabbi
    imam sheikh herr frau fraulein hr fr. dipl-ing dipl-kfm dipl-inf dipl-vw ing mag mmag ddr dkfm lic ra rain
    med rer nat phil jur habil hc monsieur madame mademoiselle mme mlle mm me maitre docteur dott dott.ssa avv
    sig sig.ra signor signora senor senora senorita sr sra srta d dna doctor doctora dra profa don. dhr mevr
    mw mevrouw meneer pan pani fru
    """
_PREFIXES = frozenset(_PREFIXES_TEXT.split())
_ONLY_WITH_DOT_OR_LOCALE = frozenset(
    [
        "d",
        "fr",
        "me",
        "med",
        "mm",
        "ra",
        "pan",
        "nat",
        "phil",
        "jur",
        "hc",
        "mag",
        "ing",
        "lic",
        "sr",
        "hon",
        "gen",
        "col",
        "maj",
        "hr",
    ]
)
_SUFFIXES_TEXT = """
    jr sr ii iii iv phd ph.d md dds esq mba cpa rn qc kc obe mbe cbe msc bsc ba ma llm llb msc. mag bakk pmp
    junior senior fils
    """
_SUFFIXES = frozenset(_SUFFIXES_TEXT.split())
_PARTICLES_TEXT = """
    van von vom der den het 't de del della degli dei dello di da das do dos du des d' la le las los lo ter
    ten te tot zu zum zur af av auf bin ibn bint ben abu al el ap mac san santa st st. saint y e i und
    """
_PARTICLES = frozenset(_PARTICLES_TEXT.split())
_JOINING = frozenset({"y", "e", "i", "und"})
_SECOND_GIVEN_TEXT = """
    jose maria carlos luis antonio manuel angel javier jesus miguel alberto fernando pablo francisco isabel
    carmen teresa luisa elena mercedes dolores pilar rosa cristina eugenia victoria jaime enrique andres
    ignacio ramon
    """
_SECOND_GIVEN = frozenset(_SECOND_GIVEN_TEXT.split())
_KOREAN_PAIRS = frozenset(("남궁", "황보", "제갈", "사공", "선우", "서문", "독고", "동방"))
_CHINESE_TEXT = (
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 司徒 东方 東方 独孤 南宫 夏侯 皇甫 尉迟 公孙 慕容 令狐 长孙"
)
_CHINESE_PAIRS = frozenset(_CHINESE_TEXT.split())
_FAMILY_FIRST_LOCALES = frozenset({"hu", "vi", "zh", "ko", "ja"})
_FATHERS_NAME = re.compile(r"(?:вич|ьич|вна|ична|инична|івна|ївна)$")
"""How a name after the father ends in Russian and Ukrainian: where it comes last, the family name came first."""
_EAST_ASIAN = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\s]+")
_LEGAL_FORMS_TEXT = """
    ab ae ag cia aps as asa bhd bv bvba ca co comp company corp corporation cv cyf doo dd eg ek ev eurl eeig
    fze gbr gcv gie gmbh ggmbh mbh hf inc incorporated kft kg kgaa kk kommanditgesellschaft limited limitada
    ltd ltda llc llp lp mbb nv nyrt oao oe og ohg ood oy oyj partg plc pllc pte pty pvt sa sab sae sarl sas
    sasu sc sca sccl sci scop scrl scs se sia oo sp sl slne slu snc societe soc sociedad spa spj spk spol
    spzoo sro srl sp spr srls sprl ug haftungsbeschrankt uab vof vzw zoo zrt zoo gesellschaft
    aktiengesellschaft anonyme anonima
    """
_LEGAL_FORMS = frozenset(_LEGAL_FORMS_TEXT.split())
_ONLY_BEHIND_A_FORM = frozenset(("and", "und", "et", "y", "e", "i", "de", "v", "r", "l", "o", "z"))
_BEFORE = frozenset(
    ("the", "firma", "fa", "sarl", "sas", "sa", "eurl", "sci", "ste", "pt", "ooo", "oao", "zao")
)


@dataclass(frozen=True, slots=True)
class PersonName:
    """``full`` is the name as it is shown, in its own order, without titles left out; unknown parts are
    ``""``.
    """

    given: str
    family: str
    middle: str
    prefix: str
    suffix: str
    full: str


def person_name(full: str, order: Order = "", locale: str = "") -> PersonName:
    """Split a name: titles, "Family, Given", particles (van der, de la, von), two family names (``es``), East
    Asian names with the family name first, single names. ``order`` is what the source is known to write; else
    it is read from the name (comma, capitals, script) and then from ``locale``.
    """
    name = clean(full)
    if not name:
        return PersonName("", "", "", "", "", "")
    if _EAST_ASIAN.fullmatch(name):
        return _east_asian(name, order, locale)
    language = locale[:2].lower()
    head, comma, tail = (part.strip() for part in name.partition(","))
    suffix: list[str] = []
    if comma and all(_is_suffix(t) for t in re.split(r"[ ,]+", tail) if t):
        suffix, head, comma, tail = [tail], head, "", ""
    prefix, tokens = _take_prefix(head.split(), language)
    behind, rest = _take_prefix(tail.replace(",", " ").split(), language)
    prefix += behind
    if comma:
        rest = _take_suffix(rest, suffix)
        given, middle, family = rest[:1], rest[1:], tokens
    else:
        tokens = _take_suffix(tokens, suffix)
        given, middle, family = _split(tokens, order, language)
    if prefix and not given and not family:
        prefix, family = [], name.split()
    return PersonName(
        " ".join(given), " ".join(family), " ".join(middle), " ".join(prefix), " ".join(suffix), name
    )


def _split(tokens: list[str], order: Order, language: str) -> tuple[list[str], list[str], list[str]]:
    if len(tokens) < 2:
        return [], [], tokens
    capitals = _leading_capitals(tokens)
    if capitals and order != "given_first":
        return tokens[capitals : capitals + 1], tokens[capitals + 1 :], tokens[:capitals]
    if order == "family_first" or (not order and language in _FAMILY_FIRST_LOCALES):
        end = next((i + 1 for i, t in enumerate(tokens) if fold(t) not in _PARTICLES), len(tokens))
        if language == "vi":  # the last word is the name that one is called by
            return tokens[end:][-1:], tokens[end:-1], tokens[:end]
        return tokens[end : end + 1], tokens[end + 1 :], tokens[:end]
    if len(tokens) == 3 and _FATHERS_NAME.search(tokens[2]):
        return tokens[1:2], tokens[2:], tokens[:1]
    start = _family_start(tokens, language)
    return tokens[:1] if start else [], tokens[1:start], tokens[start:]


def _family_start(tokens: list[str], language: str) -> int:
    if tokens[0].islower() and fold(tokens[0]) in _PARTICLES:
        return 0
    start = _with_particles(tokens, len(tokens) - 1)
    if language == "es" and start >= 2 and not (start == 2 and fold(tokens[1]) in _SECOND_GIVEN):
        start = _with_particles(tokens, start - 1)
    return start


def _with_particles(tokens: list[str], start: int) -> int:
    """Where the family name that has its last word at ``start`` begins."""
    while start > 1 and fold(tokens[start - 1]) in _PARTICLES:
        start -= 2 if fold(tokens[start - 1]) in _JOINING and start > 2 else 1
    return start


def _leading_capitals(tokens: list[str]) -> int:
    """How many tokens at the start are written in capitals as a family name, 0 unless the rest is not."""
    count = 0
    while count < len(tokens) and len(tokens[count].strip(".")) > 1 and tokens[count].isupper():
        count += 1
    return (
        count
        if 0 < count < len(tokens) and not any(t.isupper() and len(t) > 2 for t in tokens[count:])
        else 0
    )


def _take_prefix(tokens: list[str], language: str) -> tuple[list[str], list[str]]:
    taken = 0
    while taken < len(tokens) and _is_prefix(tokens[taken], language, taken > 0):
        taken += 1
    return tokens[:taken], tokens[taken:]


def _is_prefix(token: str, language: str, after_title: bool) -> bool:
    plain = fold(token)
    key = plain.rstrip(".")
    if key == "m":
        return language == "fr"
    if key in ("don", "dona"):
        return language in ("es", "it", "pt")
    if key not in _PREFIXES:
        return False
    return key not in _ONLY_WITH_DOT_OR_LOCALE or token.endswith(".") or after_title


def _take_suffix(tokens: list[str], suffix: list[str]) -> list[str]:
    end = len(tokens)
    while end > 1 and _is_suffix(tokens[end - 1]) and (end > 2 or not tokens[end - 1].isalpha()):
        end -= 1
    suffix[:0] = tokens[end:]
    return tokens[:end]


def _is_suffix(token: str) -> bool:
    key = fold(token).rstrip(".")
    return key in _SUFFIXES or key.replace(".", "") in _SUFFIXES


def _east_asian(name: str, order: Order, locale: str) -> PersonName:
    if "・" in name:
        given, *middle, family = name.split("・")
        return PersonName(given, family, " ".join(middle), "", "", name)
    if " " in name:
        first, _, rest = name.partition(" ")
        given, family = (first, rest) if order == "given_first" else (rest, first)
        return PersonName(given, family, "", "", "", name)
    size = _family_size(name, locale)
    return PersonName(name[size:], name[:size], "", "", "", name)


def _family_size(name: str, locale: str) -> int:
    """Characters of the family name of an unspaced name; all of them where the script does not tell."""
    if name[:2] in _KOREAN_PAIRS | _CHINESE_PAIRS and len(name) > 2:
        return 2
    if re.search(r"[\u3005\u3040-\u30ff]", name) or locale[:2].lower() == "ja":
        return 2 if len(name) == 4 else len(name)
    if len(name) == 4:
        return 2
    return 1 if len(name) in (2, 3) else len(name)


def organisation_key(name: str) -> str:
    """The key under which an organisation is matched: folded, no punctuation, no legal form (GmbH, S.A.,
    Ltd).

    Never empty for a name that has a letter or digit: "AG" alone stays "ag".
    """
    text = re.sub(r"\b(?:\w\.\s?){2,}(?:\w\b)?", lambda m: re.sub(r"[.\s]", "", m[0]) + " ", fold(name))
    words = text.replace("'", "").replace("a/s", "as").replace("&", " and ")
    tokens = [t for t in re.split(r"[\W_]+", words) if t]
    start, end = 0, len(tokens)
    while end - start > 1 and (
        tokens[end - 1] in _LEGAL_FORMS or (tokens[end - 1] in _ONLY_BEHIND_A_FORM and end < len(tokens))
    ):
        end -= 1
    while end - start > 1 and tokens[start] in _BEFORE:
        start += 1
    return " ".join("and" if t in ("and", "und", "et", "y") else t for t in tokens[start:end])
