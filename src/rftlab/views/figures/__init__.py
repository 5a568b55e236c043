"""The figures of a study: which there are, their file names and their captions. Importing this imports no Altair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rftlab.runfolder.study_plan import Pair


@dataclass(frozen=True)
class Figure:
    """One chart: a heading, a caption, and whether there is one for the study or one per model × dataset."""

    title: str
    caption: str
    per_pair: bool = True


FIGURES = {
    "overview": Figure(
        "Levels by effect",
        "Difference at the primary endpoint, level − reference, with its interval; of several models and datasets, a "
        "point each. Where equal rollouts or tokens are another comparison than equal rounds, they are the rows below. "
        "Colour and bold type: decided, corrected for all comparisons of the study. Grey: undecided; ≥ is the smallest "
        "difference that had a chance of 80% to be found. Dotted lines mark the equivalence margin. Controls come "
        "last; an arrow says that one goes on beyond the axis.",
        per_pair=False,
    ),
    "forest": Figure(
        "Marginal gains, with intervals",
        "Difference at the primary endpoint, level − the reference under its name, with its confidence interval, also "
        "in numbers; every evaluation set of a suite counts equally. Colour and shape are the verdict, corrected for "
        "all comparisons of the study; beside an undecided one stands the smallest difference that had a chance of 80% "
        "to be found (≥). Dotted lines mark the equivalence margin. Controls come last.",
    ),
    "learning_curves": Figure(
        "Learning curves",
        "Share of correct rollouts during training (sampled, before the update) of a level and of what it is "
        "relative to: mean over seeds, band from the lowest to the highest seed. The list begins with what "
        "differs. Rounds are averaged in bins; a line ends where its first seed diverged.",
    ),
    "generalisation": Figure(
        "Generalisation curves",
        "Greedy accuracy on each evaluation set, of a level and of what it is relative to: mean over seeds, band "
        "from the lowest to the highest seed. The first point is the base model.",
    ),
    "generalisation_gap": Figure(
        "Generalisation gap",
        "Mean greedy accuracy on the in-distribution sets minus the mean on the out-of-distribution sets. A gap "
        "that grows says that training helped in distribution more than out of it.",
    ),
    "tradeoff": Figure(
        "Queries × rollouts",
        "Greedy accuracy of the levels that change how many queries a round draws or how many rollouts each gets, "
        "and of what they are relative to; 32×1+7 is 32 queries, one trained rollout and 7 for statistics. Above: "
        "at the last checkpoint; equal colour is an equal number of trained rollouts a round. Below: against all "
        "rollouts sampled so far, which compares them at equal cost; where labels have no room, point at a line.",
    ),
    "diagnostics": Figure(
        "Diagnostics",
        "Of a level and of what it is relative to, mean over seeds: entropy (mean −log p of the sampled tokens), "
        "response length, truncation, gradient norm before clipping, KL to the base model, and the share of "
        "queries that carry a signal. What is the same number throughout is not drawn.",
    ),
}
FORMATS = ("svg", "png", "json")


def stems(pairs: Sequence[Pair]) -> dict[str, dict[Pair | None, str]]:
    """Stem of the files of each chart, by figure and by pair; the pair is None where one chart is of the whole study.

    ``forest`` in a study of one pair, else ``forest--<model>--<dataset>``.
    """
    by_figure: dict[str, dict[Pair | None, str]] = {}
    for name, figure in FIGURES.items():
        if figure.per_pair:
            by_figure[name] = {
                pair: f"{name}--{pair.model}--{pair.dataset}" if len(pairs) > 1 else name for pair in pairs
            }
        else:
            by_figure[name] = {None: name}
    return by_figure


def names(pairs: Sequence[Pair]) -> list[str]:
    """Stems of every figure's files."""
    return [stem for by_pair in stems(pairs).values() for stem in by_pair.values()]
