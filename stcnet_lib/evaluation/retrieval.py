"""Embeddings to results of all protocols, by the settings of the section `evaluation`."""

from __future__ import annotations

from stcnet_lib.config import EvaluationConfig
from stcnet_lib.evaluation.protocols import PROTOCOLS, NothingToScore, ProtocolResult, evaluate_protocols
from stcnet_lib.evaluation.reranking import Reranking
from stcnet_lib.reid.embeddings import Embeddings

Results = dict[str, ProtocolResult | None]


def reranking_of(config: EvaluationConfig) -> Reranking | None:
    """The re-ranking that the settings ask for, if they do."""
    return Reranking(config.rerank_k1, config.rerank_k2, config.rerank_lambda) if config.rerank else None


def retrieve(embeddings: Embeddings, config: EvaluationConfig) -> Results:
    """CMC and average precision under each protocol; None for one with nothing to score.

    Rank 1 is always among the ranks: tables and their intervals are of it.

    Raises:
        ValueError: the configured protocol has nothing to score, or the embeddings are unusable.
    """
    ranks = sorted({1, *config.ranks})
    return evaluate_protocols(vars(embeddings), config.protocol, ranks, reranking_of(config))


def retrieve_any(embeddings: Embeddings, config: EvaluationConfig) -> Results:
    """The same, whichever protocols have something to score.

    Raises:
        ValueError: none has, or the embeddings are unusable.
    """
    problem = None
    for name in PROTOCOLS:
        try:
            return retrieve(embeddings, config.model_copy(update={"protocol": name}))
        except NothingToScore as error:
            problem = problem or error
    raise problem
