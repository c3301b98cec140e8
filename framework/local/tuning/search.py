"""Which values the next training job gets: Random and Bayesian by optuna, Grid by counting through.

In: dimensions and results. Out: proposals. The same seed and the same results, told in the same order, give the same proposals.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from framework.local.job import StepError
from framework.local.tuning.space import LINEAR, REVERSE, Choice, Dimension, Range

STRATEGIES = ("Bayesian", "Grid", "Hyperband", "Random")
LONGEST_START = 10
MISSING = "ClientError: tuning needs the package optuna: pip install 'sagemaker-pipelines-framework[local]'"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Values to try, as hyperparameters; `token` is the search's own."""

    values: Mapping[str, str]
    token: Any = None


class Search(Protocol):
    """A way through a space."""

    def ask(self) -> Proposal | None:
        """The next values; None when there are no more."""

    def tell(self, proposal: Proposal, objective: float | None) -> None:
        """What came of a proposal; None when its training job failed or had no objective."""


class GridSearch:
    """Every combination once, the last hyperparameter changing first."""

    def __init__(self, space: Sequence[Dimension]) -> None:
        self._left = self._combinations([dimension for dimension in space if isinstance(dimension, Choice)])

    @staticmethod
    def _combinations(choices: Sequence[Choice]) -> Iterator[Proposal]:
        for values in itertools.product(*(choice.values for choice in choices)):
            yield Proposal(dict(zip((choice.name for choice in choices), values, strict=True)))

    def ask(self) -> Proposal | None:
        """See `Search.ask`."""
        return next(self._left, None)

    def tell(self, proposal: Proposal, objective: float | None) -> None:
        """See `Search.tell`."""


def grid_size(space: Sequence[Dimension]) -> int:
    """How many combinations there are.

    Raises:
        StepError: a dimension is not categorical, which Grid does not know.
    """
    for dimension in space:
        if not isinstance(dimension, Choice):
            raise StepError(
                f"ClientError: the strategy Grid takes categorical ranges only, and that of {dimension.name} is not one"
            )
    return math.prod(len(choice.values) for choice in space if isinstance(choice, Choice))


class OptunaSearch:
    """Random search or a tree-structured Parzen estimator.

    Args:
        space: what to search.
        bayesian: whether results guide the search.
        minimize: the direction of the objective.
        seed: makes it repeatable.
        budget: how many proposals are to be expected; None when nobody knows.

    Raises:
        StepError: optuna is not installed.
    """

    def __init__(self, space: Sequence[Dimension], bayesian: bool, minimize: bool, seed: int, budget: int | None) -> None:
        optuna = _optuna()
        start = LONGEST_START if budget is None else max(3, min(LONGEST_START, budget // 3))
        samplers = optuna.samplers
        sampler = samplers.TPESampler(seed=seed, n_startup_trials=start) if bayesian else samplers.RandomSampler(seed=seed)
        self._study = optuna.create_study(direction="minimize" if minimize else "maximize", sampler=sampler)
        self._failed = optuna.trial.TrialState.FAIL
        self._space = {dimension.name: dimension for dimension in space}
        self._distributions = {name: _distribution(optuna, dimension) for name, dimension in self._space.items()}

    def ask(self) -> Proposal:
        """See `Search.ask`."""
        trial = self._study.ask(self._distributions)
        return Proposal({name: _written(self._space[name], trial.params[name]) for name in self._space}, trial)

    def tell(self, proposal: Proposal, objective: float | None) -> None:
        """See `Search.tell`."""
        if objective is None:
            self._study.tell(proposal.token, state=self._failed)
        else:
            self._study.tell(proposal.token, objective)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise StepError(MISSING) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distribution(optuna: Any, dimension: Dimension) -> Any:
    kinds = optuna.distributions
    if isinstance(dimension, Choice):
        return kinds.CategoricalDistribution(dimension.values)
    if dimension.scale == REVERSE:  # dense near 1: the distance to 1 is searched instead
        return kinds.FloatDistribution(1 - dimension.high, 1 - dimension.low, log=True)
    kind = kinds.IntDistribution if dimension.whole else kinds.FloatDistribution
    return kind(dimension.low, dimension.high, log=dimension.scale != LINEAR)


def _written(dimension: Dimension, value: Any) -> str:
    if isinstance(dimension, Range):
        return dimension.written(1 - value if dimension.scale == REVERSE else value)
    return str(value)


def make_search(strategy: str, space: Sequence[Dimension], minimize: bool, seed: int, budget: int | None) -> Search:
    """The search of a strategy; Hyperband is searched as Random.

    Args:
        strategy: one of `STRATEGIES`.
        space, minimize, seed, budget: as `OptunaSearch` takes them.

    Raises:
        StepError: the strategy is unknown, does not fit the space, or needs a package that is missing.
    """
    if strategy not in STRATEGIES:
        raise StepError(f"ClientError: the strategy {strategy} is none of {', '.join(STRATEGIES)}")
    if strategy == "Grid":
        grid_size(space)
        return GridSearch(space)
    return OptunaSearch(space, strategy == "Bayesian", minimize, seed, budget)
