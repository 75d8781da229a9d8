"""The words that deny what follows them, in the languages that have the whole model."""

from __future__ import annotations

from sentiment.text import fold

# Folded together: a word that denies in one language is rarely a common word of tone in another, and posts mix
# languages. "no" and "non" are answers as well as negators; which it is, the weights of the pairs tell.
_WORDS = """
not no never none nothing nobody nor cannot cant can't dont don't didnt didn't doesnt doesn't isnt isn't wasnt wasn't
arent aren't werent weren't wont won't wouldnt wouldn't shouldnt shouldn't couldnt couldn't hasnt hasn't havent haven't
hadnt hadn't aint ain't without hardly
nicht kein keine keinen keiner keinem nie niemals nichts ohne
nunca sin jamás nada ningún ninguna tampoco ni
pas jamais sans rien aucun aucune ni
non mai senza niente nessun nessuna
não nunca sem nem
nu niciodată fără nici nimic
inte aldrig ingen inget inga ej utan icke ikke aldri intet uten
cap mai sense res
niet geen nooit zonder nie żaden bez değil yok tidak bukan jangan не нет никогда без ні
نه نیست نبود هیچ بدون ندارد ندارم نمی لا ليس لم لن ما مش غير ولا
nahi nahin nhi mat
"""

NEGATORS = frozenset(fold(word) for word in _WORDS.split())
