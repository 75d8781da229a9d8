"""The words that part what is said of one brand from what is said of another, by what they do."""

from __future__ import annotations

import re

from sentiment.text import fold_in_place

# Each kind holds English, Spanish, Catalan, French, Italian, Portuguese, Romanian, German, Swedish, Norwegian, Persian
# and Arabic, as far as a fixed phrase does it there.
_CONTRAST = (
    "but", "however", "though", "although", "while", "whereas", "yet", "meanwhile",
    "pero", "mientras que", "mientras", "aunque", "sino", "en cambio", "sin embargo",
    "però", "mentre que", "mentre", "encara que", "en canvi", "tanmateix",
    "mais", "tandis que", "alors que", "par contre", "cependant", "ma", "invece", "tuttavia",
    "mas", "enquanto", "porém", "já",
    "dar", "însă", "iar", "pe când", "în timp ce", "în schimb", "totuși",
    "aber", "während", "doch", "hingegen", "dagegen",
    "men", "medan", "däremot", "mens", "derimot",
    "اما", "ولی", "لیکن", "در حالی که", "درحالیکه", "در عوض", "لكن", "بينما",
)  # fmt: skip
_UNLIKE = (
    "unlike", "in contrast to", "as opposed to", "not like", "a diferencia de", "a diferencia del", "al contrario que",
    "a diferència de", "a diferència del", "al contrari que", "contrairement à", "à la différence de",
    "a differenza di",
    "ao contrário de", "ao contrário do", "ao contrário da", "spre deosebire de", "im gegensatz zu", "im gegensatz zur",
    "anders als", "till skillnad från", "til forskjell fra", "i motsetning til", "برخلاف", "بر خلاف", "بخلاف",
    "على عكس",
)  # fmt: skip
_THAN = (
    "than", "instead of", "rather than", "compared to", "compared with",
    "en vez de", "en lugar de", "comparado con", "comparada con", "en comparación con", "frente a",
    "en comptes de", "en lloc de", "comparat amb", "comparada amb", "en comparació amb", "davant de",
    "au lieu de", "par rapport à", "comparé à", "invece di", "rispetto a", "em vez de", "comparado com",
    "decât", "în loc de", "în comparație cu", "comparativ cu", "față de",
    "statt", "anstatt", "verglichen mit", "im vergleich zu",
    "än", "istället för", "i stället för", "jämfört med", "enn", "i stedet for", "sammenlignet med",
    "به جای", "بجای", "در مقایسه با", "نسبت به",
)  # fmt: skip
# These words do much else; only behind a comparative do they compare.
_COMPARED = (
    r"(?:mejor|mejores|peor|peores|mas|menos|mayor|menor|millors?|pitjors?|mes|menys|meilleure?s?|pires?|mieux|plus|moins"
    r"|migliore?|migliori|peggiore?|peggiori|meglio|peggio|piu|meno|melhor|melhores|pior|piores|mais)"
    r"\b[^.!?,]{0,40}?\b(?:que|che|di|del|della|do que)",
    r"(?:besser|schlechter|schneller|gunstiger|teurer|lieber|mehr|weniger|\w{4,}er)\b[^.!?,]{0,30}?\bals",
    r"\w+تر\b[^.!?،]{0,20}?\bاز",
    r"(?:not|n't|nowhere near) (?:\w+ ){0,2}?as \w+ as",
    r"\bno (?:\w+ ){1,2}?tan \w+ como",
    r"\bno (?:\w+ ){1,2}?tan \w+ com",
    r"\bnu (?:\w+ ){1,2}?la fel de \w+ ca",
    r"\binte (?:\w+ )?lika \w+ som",
    r"(?:prefer\w*|prefier\w*|choose|chose|pick|picked|foredrar|foretrekker)\b[^.!?,]{0,40}?"
    r"\b(?:over|to|a|abans que|antes que|framfor|fremfor)",
)

_LEAVING = (
    "switched from", "switching from", "switch from", "moved from", "moving from", "migrated from", "changed from",
    "went from", "came from", "coming from", "upgraded from", "away from", "cambié de", "cambiado de", "cambiar de",
    "pasé de", "pasado de", "vengo de", "he canviat de", "vaig canviar de", "canviar de", "he passat de", "passé de",
    "passato da", "mudei de", "am trecut de la", "trecut de la", "m-am mutat de la", "schimbat de la", "gewechselt von",
    "ditched", "dumped", "dropped", "gave up on", "giving up on", "got rid of",
    "tired of", "sick of", "fed up with", "dejé", "he dejado", "harto de", "harta de", "he deixat", "tip de", "tipa de",
    "am renunțat la", "sătul de", "sătulă de", "trött på", "lei av",
    "bytte från", "bytt från", "byta från", "gick från", "byttet fra", "gikk fra",
)  # fmt: skip
_BEATING = (
    "beats", "beat", "outperforms", "outshines", "crushes", "destroys", "smokes", "blows away", "trumps",
    "supera a", "le gana a", "gana a", "guanya a", "supera", "bat", "surpasse", "batte", "întrece", "bate",
    "depășește", "schlägt", "übertrifft", "slår", "överträffar", "krossar",
)  # fmt: skip


def _one_of(phrases: tuple[str, ...]) -> str:
    longest_first = sorted({fold_in_place(phrase) for phrase in phrases}, key=lambda p: (-len(p), p))
    return "(?:" + "|".join(re.escape(p).replace(r"\ ", r"[\s\u200c]+") for p in longest_first) + ")"


CONNECTIVE = re.compile(
    rf"(?P<stop>[.!?\u2026\u061f]+(?=\s|$)|\n)|(?P<comma>[,;:()\u2013\u2014\u060c\u061b]|\s-\s)"
    rf"|\b(?:(?P<leaving>{_one_of(_LEAVING)})|(?P<unlike>{_one_of(_UNLIKE)})|(?P<than>{_one_of(_THAN)})"
    rf"|(?P<contrast>{_one_of(_CONTRAST)})|(?P<beating>{_one_of(_BEATING)}))(?!\w)"
    rf"|(?<=\s)(?P<above>>)(?=\s)"
)
"""Where a clause ends, in a text that is folded in place; the group's name says what the next one is to it."""

COMPARED = re.compile(rf"\b(?:{'|'.join(_COMPARED)})(?=\s)")
"""A comparative up to the word before the one that comes off worse: "mejor que", "besser als", Persian "بهتر از"."""

PERSIAN_COMPARED = re.compile(r"\bاز\s+(?P<other>[^.!?،]{1,40}?)\s+(?:\w+\s+){0,3}?\w+تر\b")
"""Persian puts the one that comes off worse first: "از X بهتر"."""

WORSE = re.compile(
    r"\b(?:worse|slower|uglier|poorer|weaker|buggier|clunkier|peor|peores|pitjors?|pires?|peggiore?|peggiori|peggio|pior|"
    r"piores|mai (?:prost|rau|slab|proasta|rea|slaba|lent|lenta|scump|scumpa)|schlechter|samre|varre|simre|langsammare|"
    r"verre|darligere|بدتر|ضعیفتر|کندتر|less|menos|menys|moins|meno|mai putin|mindre|weniger)\b"
)
"""Comparatives by which the one that is named first comes off worse."""

DENIED = re.compile(r"\b(?:not|isn't|no|nu|inte|nicht|ikke|pas|non|nao)\b|n't\b|نیست")

PERSIAN_FROM = re.compile(r"\bاز\s")

ARRIVING = re.compile(r"\b(?:to|for|a|al|til|till|la|zu|nach|pour|para|per|pentru|por|به)\s")
"""The word before the one that somebody has changed to."""
