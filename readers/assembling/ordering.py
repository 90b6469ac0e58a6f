"""Which parts of a value one layer computes, and the order of layers."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from mlp_edge.readers.assembling.forms import Draft, Form, Part, Pick, Product, drafts_of


def segments(form: Form) -> Iterator[Form]:
    """The rows of a form that have to be one layer, because parts of it overlap there.

    What one layer can compute at no cost stays together: products of the same numbers, and whole
    layers side by side.
    """
    groups: list[list[Part]] = []
    ends: list[int] = []
    for part in sorted(form.parts, key=lambda part: part.place):
        if groups and part.place < ends[-1]:
            groups[-1].append(part)
            ends[-1] = max(ends[-1], part.rows.stop)
        elif groups and _together(groups[-1], part):
            groups[-1].append(part)
            ends[-1] = part.rows.stop
        else:
            groups.append([part])
            ends.append(part.rows.stop)
    start = 0
    for group, end in zip(groups, ends, strict=True):
        yield Form(end - start, tuple(part._replace(place=part.place - start) for part in group))
        start = end


def _together(group: Sequence[Part], part: Part) -> bool:
    """Whether a part behind others costs less in one layer with them than in its own."""
    if isinstance(part, Product):
        return all(isinstance(each, Product) and each.drafts == part.drafts for each in group)
    parts = (*group, part)
    whole_ones = all(
        isinstance(each, Pick) and len(each.columns) == each.draft.width for each in parts
    )
    return whole_ones and len({each.place for each in parts}) == len(parts) == len(drafts_of(parts))


def ordered(heads: Sequence[Draft]) -> list[Draft]:
    """The layers that some depend on, each behind those that it reads; else as they were made."""
    found, waiting = set[Draft](), list(heads)
    while waiting:
        draft = waiting.pop()
        if draft not in found:
            found.add(draft)
            waiting += draft.reads
    missing = {draft: len(draft.reads) for draft in found}
    readers: dict[Draft, list[Draft]] = {draft: [] for draft in found}
    for draft in found:
        for read in draft.reads:
            readers[read].append(draft)
    ready = [(draft.number, draft) for draft in found if not missing[draft]]
    heapq.heapify(ready)
    result = []
    while ready:
        _, draft = heapq.heappop(ready)
        result.append(draft)
        for reader in readers[draft]:
            missing[reader] -= 1
            if not missing[reader]:
                heapq.heappush(ready, (reader.number, reader))
    return result
