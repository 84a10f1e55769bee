"""Which known words a mistyped one may have meant. Pure; it suggests and never decides, so nothing close by is ever run."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Known words within two typing errors (one for short words), nearest first, at most `limit`."""
    folded = word.casefold()
    allowed = 1 if len(folded) <= 3 else 2
    scored = {k: typing_distance(folded, k.casefold(), allowed) for k in dict.fromkeys(str(k) for k in known)}
    return sorted((k for k, d in scored.items() if d <= allowed), key=lambda k: (scored[k], k))[:limit]


def typing_distance(a: str, b: str, most: int = 2) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours between two words; `most + 1` stands for anything further."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    previous: list[int] = []
    row = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        before, previous, row = previous, row, [i, *([0] * len(b))]
        for j, cb in enumerate(b, 1):
            row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (ca != cb))
            if i > 1 and j > 1 and ca == b[j - 2] and a[i - 2] == cb:
                row[j] = min(row[j], before[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
