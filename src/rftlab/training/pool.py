"""The queries that a run trains on, and the order in which they are drawn: all of a dataset, or some by difficulty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rftlab.data.queries import Query
from rftlab.errors import BadInputError
from rftlab.randomness import Draw, draw, draw_with_replacement, some_of
from rftlab.training.difficulty import DifficultyConfig, Draws, easy_first, measured, within
from rftlab.training.divergence import CurrentRound

DRAWS: Mapping[str, Draw] = {"epochs": draw, "replacement": draw_with_replacement, "easy_first": draw}
"""Orders in which queries are drawn; `easy_first` is one of its own once difficulty is known."""


class Pool:
    """Queries with their prompts.

    Args:
        queries: of the dataset.
        prompts: token ids of each.
        order: one of ``DRAWS``.
        only: how many to train on; None: all.
        difficulty: what is measured of them, and which are trained on then.

    Raises:
        BadInputError: there are fewer than ``only``.
    """

    def __init__(
        self,
        queries: Sequence[Query],
        prompts: Sequence[list[int]],
        order: str = "epochs",
        only: int | None = None,
        difficulty: Mapping[str, Any] | None = None,
    ) -> None:
        ids = [query.id for query in queries]
        if only is not None and only > len(ids):
            raise BadInputError(
                f"rollout.only: {only} queries are asked for, and the dataset has {len(ids)} to train on"
            )
        self.order, self.difficulty, self.rates = order, DifficultyConfig(**(difficulty or {})), dict[str, float]()
        self._draw = self._draw_anew = DRAWS[order]
        self._keep(queries, prompts, range(len(ids)) if only is None else some_of(ids, only))

    def _keep(self, queries: Sequence[Query], prompts: Sequence[list[int]], indices: Sequence[int]) -> None:
        self.queries, self.prompts = [queries[i] for i in indices], [prompts[i] for i in indices]
        self.ids = [query.id for query in self.queries]

    def draw(self, seed: int, start: int, count: int) -> list[tuple[int, int]]:
        """Pairs of an index into the queries and an occurrence; see :func:`rftlab.randomness.draw`."""
        return self._draw(seed, self.ids, start, count)

    def draw_anew(self, seed: int, start: int, count: int) -> list[tuple[int, int]]:
        """The same of queries that stand in for others: of a curriculum any, not its easiest in every round."""
        return self._draw_anew(seed, self.ids, start, count)

    def measure(self, sample: Callable[[Draws, int], CurrentRound]) -> tuple[dict[str, float], dict[str, int]]:
        """How hard its queries are, for :meth:`choose`, where a run asks for it and does not know yet; what that took.

        It changes nothing.
        """
        asked = self.ids if not self.rates and self.difficulty.rollouts else []
        rates, spent = measured(len(asked), self.difficulty.rollouts, sample)
        return dict(zip(asked, rates, strict=True)), spent

    def choose(self, rates: Mapping[str, float]) -> None:
        """Train on the queries whose rate the run asks for, and in the order it asks for; without rates on all.

        Raises:
            BadInputError: there are none.
        """
        if not rates:
            return
        kept = set(within(rates, self.difficulty))
        self._keep(self.queries, self.prompts, [i for i, query in enumerate(self.ids) if query in kept])
        self.rates = dict(rates)
        self._draw = easy_first(rates) if self.order == "easy_first" else self._draw
