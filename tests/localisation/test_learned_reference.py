"""The learned reference against scikit-learn's discriminant, and on occluders that stay for most frames."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.localisation.learned_reference import _discriminant, fit_person_weights, pseudo_labels
from stcnet_lib.localisation.scores import score_regions, tracklet_scores
from stcnet_lib.localisation.threshold import otsu

SIZE, FRAMES = 12, 10


def walkers(hidden: np.ndarray, seed: int = 0) -> np.ndarray:
    """Features (N, T, 3, D): one direction that all share, one of the kind, one of the tracklet, noise."""
    random = np.random.default_rng(seed)
    shared = random.normal(0, 1.5, SIZE)
    person, occluder = shared + random.normal(0, 0.5, (2, SIZE))
    people, occluders = (
        kind + random.normal(0, 0.5, (len(hidden), 1, 3, SIZE)) for kind in (person, occluder)
    )
    features = np.where(hidden[..., None], occluders, people)
    return (features + random.normal(0, 0.5, features.shape)).astype(np.float32)


def runs(tracklets: int, lengths: list[int], seed: int = 1) -> np.ndarray:
    """(N, T, 3) bool: in every third of a tracklet a run of one of these lengths."""
    random = np.random.default_rng(seed)
    hidden = np.zeros((tracklets, FRAMES, 3), dtype=bool)
    for tracklet in hidden:
        for k in range(3):
            start = random.integers(0, 3)
            tracklet[start : start + random.choice(lengths), k] = True
    return hidden


def test_the_direction_is_that_of_scikit_learn():
    """Covariance within the classes plus a tenth of its mean variance; scikit-learn shrinks likewise."""
    hidden = runs(30, [2, 3])
    blocks = walkers(hidden)
    weights = _discriminant(lambda: iter(blocks), hidden.reshape(-1, 3))
    unit = blocks / np.linalg.norm(blocks, axis=-1, keepdims=True)
    for k in range(3):
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1 / 1.1)
        x = unit[:, :, k].reshape(-1, SIZE).astype(np.float64)
        visible = ~hidden[:, :, k].ravel()
        centred = np.where(visible[:, None], x - x[visible].mean(0), x - x[~visible].mean(0))
        covariance = centred.T @ centred / len(x)
        ridge = 0.1 * np.trace(covariance) / SIZE * np.eye(SIZE)
        wanted = np.linalg.inv(covariance + ridge) @ (x[visible].mean(0) - x[~visible].mean(0))
        cosine = wanted @ weights[k] / np.linalg.norm(wanted) / np.linalg.norm(weights[k])
        assert cosine == pytest.approx(1, abs=1e-6)
        side = model.fit(x, visible).decision_function(x)
        assert np.corrcoef(side, x @ weights[k])[0, 1] > 0.99  # it standardises first: alike, not equal


def test_weights_vary_as_much_as_the_cosines_with_the_mean():
    hidden = runs(30, [2, 3])
    blocks = walkers(hidden)
    weights = _discriminant(lambda: iter(blocks), hidden.reshape(-1, 3))
    unit = blocks / np.linalg.norm(blocks, axis=-1, keepdims=True)
    cosines = np.concatenate([tracklet_scores(block, "mean") for block in blocks])
    products = np.einsum("ntkd,kd->ntk", unit, weights).reshape(-1, 3)
    np.testing.assert_allclose(products.std(axis=0), cosines.std(axis=0), rtol=1e-4)  # float32


def test_pseudo_labels_are_otsus_split_of_each_third():
    scores = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    scores[:, 1] = 0.5  # nothing to split
    labels = pseudo_labels(scores)
    assert not labels[:, 1].any()
    for k in (0, 2):
        logs = np.log(1 - scores[:, k].astype(np.float64))
        assert np.array_equal(labels[:, k], logs > otsu(logs))


def scored(features: np.ndarray, in_train: np.ndarray, reference: str) -> np.ndarray:
    """Scores (N, T, 3)."""
    ends = np.arange(1, len(features) + 1) * FRAMES
    config = OcclusionConfig(reference=reference, trim=0.5)
    flat = features.reshape(-1, 3, SIZE)
    table = score_regions(flat, ends, np.zeros(len(flat)), config, in_train)
    return table["score"].to_numpy().reshape(len(features), FRAMES, 3)


def test_it_inverts_less_where_an_occluder_stays_for_most_frames():
    """A third is hidden in 2, 3 or, one time in five, 6 of 10 frames; the mean over seeds 0 to 3."""
    found = []
    in_train = np.arange(80) < 40
    for seed in range(4):
        hidden = runs(80, [2, 3, 3, 3, 6], seed)
        features = walkers(hidden, seed)
        long = np.repeat((hidden.mean(axis=1, keepdims=True) > 0.5), FRAMES, axis=1)
        long &= ~in_train[:, None, None]
        short = ~long & ~in_train[:, None, None]
        for reference in ("trimmed_mean", "learned"):
            scores = scored(features, in_train, reference)
            found.append([roc_auc_score(hidden[rows], -scores[rows]) for rows in (long, short)])
    trimmed, learned = np.array(found).reshape(4, 2, 2).mean(axis=0)
    assert trimmed[0] < 0.3
    assert learned[0] > trimmed[0] + 0.3
    assert learned[1] > trimmed[1]  # where it does not stay it is no worse


def test_test_tracklets_decide_nothing():
    features = walkers(runs(20, [2, 3]))
    in_train = np.arange(20) < 10
    other = features.copy()
    other[10:] = other[10:, ::-1] * 3 + 1
    before, after = (scored(part, in_train, "learned") for part in (features, other))
    assert np.array_equal(before[:10], after[:10])
    assert not np.allclose(before[10:], after[10:])


def test_without_differences_the_weights_are_zero_and_the_scores_those_of_the_trimmed_mean():
    blocks = np.ones((4, FRAMES, 3, SIZE), np.float32)
    weights = fit_person_weights(
        lambda: iter(blocks), lambda block, weights: tracklet_scores(block, "learned", 0.5, weights)
    )
    assert not weights.any()
    block = walkers(runs(1, [3]))[0]
    assert np.array_equal(
        tracklet_scores(block, "learned", 0.3, weights), tracklet_scores(block, "trimmed_mean", 0.3)
    )


def test_nothing_to_learn_from_is_refused():
    features = walkers(runs(3, [3]))
    with pytest.raises(ValueError, match="no train tracklet"):
        scored(features, np.zeros(3, dtype=bool), "learned")
    with pytest.raises(ValueError, match="without weights"):
        tracklet_scores(features[0], "learned")
