"""Occlusion scores against plain loops, thresholds against scikit-image and scikit-learn."""

import itertools

import h5py
import numpy as np
import pandas as pd
import pytest
from skimage.filters import threshold_otsu
from sklearn.mixture import GaussianMixture

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.localisation.scores import count_flags, flag, score_regions, smooth_scores, tracklet_scores
from stcnet_lib.localisation.threshold import (
    Mixture,
    choose_threshold,
    choose_thresholds,
    crossing,
    fit_mixture,
    otsu,
    train_scores,
)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b)))


def loop_scores(features: np.ndarray, reference: str, trim: float) -> np.ndarray:
    """Eq. 11-12 one region at a time, in float64."""
    frames, regions, _ = features.shape
    scores = np.zeros((frames, regions))
    for k in range(regions):
        rows = [features[t, k].astype(np.float64) for t in range(frames)]
        centre = np.array([sorted(column) for column in zip(*rows, strict=True)])
        if reference == "median":
            centre = (centre[:, (frames - 1) // 2] + centre[:, frames // 2]) / 2
        else:
            centre = sum(rows) / frames
        if reference == "trimmed_mean":
            by_score = sorted(range(frames), key=lambda t: cosine(rows[t], centre))
            kept = by_score[int(trim * frames) :]
            centre = sum(rows[t] for t in kept) / len(kept)
        for t in range(frames):
            scores[t, k] = cosine(rows[t], centre)
    return scores


@pytest.mark.parametrize("reference", ["mean", "median", "trimmed_mean"])
@pytest.mark.parametrize("frames", [2, 5, 8])
def test_scores_equal_a_loop(reference, frames):
    generator = np.random.default_rng(frames)
    features = (generator.standard_normal((frames, 3, 16)) + 1).astype(np.float16)
    scores = tracklet_scores(features, reference, trim=0.4)
    assert scores.dtype == np.float32
    # float32 against float64 over 16 dimensions
    np.testing.assert_allclose(scores, loop_scores(features, reference, 0.4), atol=2e-6)


def test_scores_of_known_vectors():
    features = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])  # the mean points at 45°
    np.testing.assert_allclose(tracklet_scores(features), np.sqrt(0.5), atol=1e-6)
    # Not normalised first: the longer vector pulls the mean, here to (3, 1) / 2.
    long = np.array([[[3.0, 0.0]], [[0.0, 1.0]]])
    np.testing.assert_allclose(tracklet_scores(long)[:, 0], [3 / 10**0.5, 1 / 10**0.5], atol=1e-6)


def test_robust_references_resist_a_minority_that_is_longer():
    features = np.tile(np.array([1.0, 0.0], dtype=np.float32), (10, 1, 1))
    features[:4, 0] = [0.0, 3.0]  # an occluder in 4 of 10 frames, with longer features
    mean, median, trimmed = (tracklet_scores(features, r, 0.4) for r in ("mean", "median", "trimmed_mean"))
    assert mean[0, 0] > mean[9, 0]  # inverted
    assert median[0, 0] < median[9, 0]
    # The trim works from the mean's scores, so what inverts the mean inverts the trimmed mean as well.
    assert trimmed[0, 0] > trimmed[9, 0]


def test_zero_norms_and_one_frame():
    features = np.ones((4, 3, 5), dtype=np.float16)
    features[1, 2] = 0
    features[:, 0] = 0
    scores = tracklet_scores(features)
    assert scores[:, 0].tolist() == [0, 0, 0, 0]
    assert scores[1, 2] == 0
    np.testing.assert_allclose(scores[[0, 2, 3], 2], 1, atol=1e-6)
    assert tracklet_scores(np.zeros((1, 3, 5))).tolist() == [[1, 1, 1]]
    large = np.full((2, 1, 2048), 300, dtype=np.float16)  # its square is infinite in float16
    np.testing.assert_allclose(tracklet_scores(large), 1, atol=1e-6)


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 4)])
def test_unusable_features_are_refused(shape):
    with pytest.raises(ValueError, match="wanted \\(T, K, D\\)"):
        tracklet_scores(np.zeros(shape))


def test_a_store_is_scored_tracklet_by_tracklet(tmp_path):
    ends = np.array([1, 6, 9])
    features = np.random.default_rng(0).standard_normal((9, 3, 8)).astype(np.float16)
    numbers = np.arange(10, 19)
    with h5py.File(tmp_path / "regions.h5", "w") as file:
        file["features"] = features
        table = score_regions(file["features"], ends, numbers, OcclusionConfig())
    rows = []
    for n, (start, end) in enumerate([(0, 1), (1, 6), (6, 9)]):
        scores = np.ones((1, 3)) if n == 0 else loop_scores(features[start:end], "mean", 0.4)
        rows += [(n, f, numbers[f], k, scores[f - start, k]) for f in range(start, end) for k in range(3)]
    wanted = pd.DataFrame(rows, columns=["tracklet", "frame", "number", "region", "score"])
    assert list(table.columns) == list(wanted.columns)
    pd.testing.assert_frame_equal(table, wanted, check_dtype=False, atol=2e-6, rtol=0)
    assert table["score"].dtype == np.float32


def test_features_of_another_store_or_not_finite_are_refused():
    features = np.ones((4, 3, 2), dtype=np.float16)
    with pytest.raises(ValueError, match="got 4 frames, wanted the 5"):
        score_regions(features, np.array([2, 5]), np.arange(4), OcclusionConfig())
    features[3, 1, 0] = np.inf
    with pytest.raises(ValueError, match="frame 3"):
        score_regions(features, np.array([2, 4]), np.arange(4), OcclusionConfig())
    with pytest.raises(ValueError, match="wanted one frame or more"):
        score_regions(features, np.array([2, 2, 4]), np.arange(4), OcclusionConfig())


def table_of(scores: dict[int, np.ndarray]) -> pd.DataFrame:
    """A table from tracklet -> (T, 3) scores."""
    rows, frame = [], 0
    for tracklet, block in scores.items():
        for row in block:
            rows += [(tracklet, frame, frame, k, row[k]) for k in range(3)]
            frame += 1
    table = pd.DataFrame(rows, columns=["tracklet", "frame", "number", "region", "score"])
    return table.astype({"score": np.float32})


def test_flags_and_counts():
    table = table_of(
        {
            0: np.array([[0.9, 0.9, 0.8]] * 3 + [[0.9, 0.9, 0.9]]),  # lower: 3 of 4, contaminated
            1: np.array([[0.9, 0.8, 0.9], [0.9, 0.9, 0.9]]),  # middle: 1 of 2, not more than half
            2: np.array([[1.0, 1.0, 1.0]]),
            3: np.array([[0.5, 0.5, 0.5]] * 2),  # all thirds, counted as one tracklet
        }
    )
    flagged = flag(table, [0.9] * 3)
    # 0.9 is not exactly a float32: the score float32(0.9) must not count as under τ = 0.9.
    assert not flagged["occluded"][0]
    found = count_flags(flagged, [0.9] * 3)
    assert found == {
        "frames": 9,
        "tracklets": 4,
        "regions_flagged": {"upper": 2, "middle": 3, "lower": 5},
        "frames_with_a_flagged_region": 6,
        "contaminated_tracklets": 2,
        "one_frame_tracklets": 1,
    }
    # A cap leaves 2, 1 and 1 frames of these thirds flagged; what is contaminated stays so.
    capped = count_flags(flag(table, [0.9] * 3, most=0.5), [0.9] * 3)
    assert capped["regions_flagged"] == {"upper": 1, "middle": 2, "lower": 3}
    assert capped["contaminated_tracklets"] == 2


def test_train_scores_leave_out_other_splits_and_single_frames():
    table = table_of({0: np.full((2, 3), 0.1), 1: np.ones((1, 3)), 2: np.full((2, 3), 0.3)})
    found = train_scores(table, np.array([True, True, False]))
    assert found.tolist() == [[np.float32(0.1)] * 3] * 2
    assert train_scores(table, np.array([True, True, True])).shape == (4, 3)


def two_classes(count: int, seed: int) -> np.ndarray:
    """Scores as they come: log(1 - s) normal around 0.01 for visible, around 0.1 for occluded regions."""
    generator = np.random.default_rng(seed)
    occluded = generator.random(count) < 0.25
    logs = np.where(
        occluded, generator.normal(np.log(0.1), 0.5, count), generator.normal(np.log(0.01), 0.4, count)
    )
    return (1 - np.exp(logs)).astype(np.float32)


def brute_force_otsu(values: np.ndarray) -> float:
    ordered = sorted(set(values.tolist()))
    best, best_tau = -1.0, 0.0
    for low, high in itertools.pairwise(ordered):
        tau = (low + high) / 2
        under, over = values[values < tau], values[values >= tau]
        between = len(under) * len(over) * (under.mean() - over.mean()) ** 2
        if between > best:
            best, best_tau = between, tau
    return best_tau


@pytest.mark.parametrize("seed", range(5))
def test_otsu_equals_brute_force_with_ties(seed):
    values = np.random.default_rng(seed).integers(0, 12, 60).astype(np.float64) ** 2
    assert otsu(values) == pytest.approx(brute_force_otsu(values), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_otsu_agrees_with_scikit_image_to_a_bin(seed):
    scores = two_classes(20_000, seed).astype(np.float64)
    bins = 256
    width = (scores.max() - scores.min()) / bins
    threshold = choose_threshold(scores, OcclusionConfig(threshold="otsu"))
    upper_edge = threshold_otsu(scores, nbins=bins) + width / 2  # it returns the middle of the last bin below
    assert abs(threshold.tau - upper_edge) <= width
    assert threshold.details["train_share_under"] == np.mean(scores < threshold.tau)


def test_mixture_agrees_with_scikit_learn():
    scores = two_classes(5000, 0).astype(np.float64)
    logs = np.log(1 - scores)
    ours = fit_mixture(logs)
    other = GaussianMixture(2, tol=1e-9, max_iter=5000, n_init=3, random_state=0, reg_covar=0).fit(
        logs[:, None]
    )
    order = np.argsort(other.means_[:, 0])
    # Both stop when an iteration gains less than 1e-9 of mean log-likelihood; 1e-3 is far above that.
    np.testing.assert_allclose(ours.means, other.means_[order, 0], atol=1e-3)
    np.testing.assert_allclose(ours.variances, other.covariances_[order, 0, 0], atol=1e-3)
    np.testing.assert_allclose(ours.weights, other.weights_[order], atol=1e-3)
    tau = choose_threshold(scores, OcclusionConfig(threshold="mixture")).tau
    posterior = other.predict_proba(np.array([[np.log(1 - tau)]]))[0]
    np.testing.assert_allclose(posterior, 0.5, atol=5e-3)
    assert np.exp(ours.means[0]) < 1 - tau < np.exp(ours.means[1])


def test_mixture_of_a_large_set_stands_on_its_quantiles():
    scores = two_classes(250_000, 1)
    tau = choose_threshold(scores, OcclusionConfig(threshold="mixture"))
    assert tau == choose_threshold(scores[::-1], OcclusionConfig(threshold="mixture"))
    assert tau.details["occluded_weight"] == pytest.approx(0.25, abs=0.01)  # 3 sd of the fit at this size


def test_crossing_of_equal_components_is_halfway():
    even = Mixture(np.array([0.5, 0.5]), np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    assert crossing(even) == pytest.approx(1.0, abs=1e-9)
    # Equal variances v: the crossing moves by v ln(w0 / w1) / (m1 - m0).
    uneven = Mixture(np.array([0.8, 0.2]), np.array([0.0, 2.0]), np.array([0.5, 0.5]))
    assert crossing(uneven) == pytest.approx(1 + 0.5 * np.log(4) / 2, abs=1e-9)
    lost = Mixture(np.array([0.99, 0.01]), np.array([0.0, 0.1]), np.array([1.0, 1.0]))
    assert crossing(lost) is None


def test_fixed_threshold_reads_no_scores_and_rules_need_two_values():
    assert choose_threshold(np.array([]), OcclusionConfig(tau=0.8)).tau == 0.8
    for rule in ("otsu", "mixture"):
        with pytest.raises(ValueError, match=r"occlusion\.tau"):
            choose_threshold(np.full(9, 0.9), OcclusionConfig(threshold=rule))
    with pytest.raises(ValueError, match=r"occlusion\.tau"):  # differ by less than log(1 - s) resolves
        choose_threshold(np.array([1.0, 1 - 1e-7]), OcclusionConfig(threshold="mixture"))


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("frames", [1, 2, 7])
def test_smoothing_equals_a_loop_over_frames(weight, frames):
    scores = np.random.default_rng(0).random((frames, 3)).astype(np.float32)
    found = smooth_scores(scores, weight)
    for t in range(frames):
        before, after = scores[max(t - 1, 0)], scores[min(t + 1, frames - 1)]
        wanted = (scores[t] + weight * before + weight * after) / (1 + 2 * weight)
        assert found[t] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("rule", "scale", "back"),
    [
        ("otsu_log", lambda s: np.log(1 - s), lambda z: 1 - np.exp(z)),
        ("otsu_root", lambda s: np.sqrt(np.sqrt(1 - s)), lambda z: 1 - z**4),
    ],
)
def test_otsu_on_another_scale_is_otsu_of_the_scaled_scores(rule, scale, back):
    scores = two_classes(2000, 0).astype(np.float64)
    threshold = choose_threshold(scores, OcclusionConfig(threshold=rule))
    wanted = back(brute_force_otsu(scale(scores[:300])))
    found = choose_threshold(scores[:300], OcclusionConfig(threshold=rule))
    assert found.tau == pytest.approx(wanted, abs=1e-9)
    assert threshold.details["train_share_under"] == np.mean(scores < threshold.tau)


def test_each_region_has_a_threshold_of_its_own_scores():
    columns = np.stack([two_classes(500, seed) for seed in range(3)], axis=1).astype(np.float64)
    config = OcclusionConfig(threshold="otsu", per_region=True)
    found = choose_thresholds(columns, config)
    assert [t.tau for t in found] == [choose_threshold(columns[:, k], config).tau for k in range(3)]
    pooled = choose_thresholds(columns, OcclusionConfig(threshold="otsu"))
    assert [t.tau for t in pooled] == 3 * [choose_threshold(columns.ravel(), config).tau]


def test_flags_compare_with_the_threshold_of_the_region():
    table = pd.DataFrame({"region": [0, 1, 2, 0], "score": np.float32([0.5, 0.5, 0.5, 0.9])})
    assert flag(table, [0.6, 0.4, 0.5]).occluded.tolist() == [True, False, False, False]


@pytest.mark.parametrize(("trim", "frames", "dropped"), [(0.7, 90, 63), (0.29, 100, 29), (0.5, 7, 3)])
def test_a_reference_drops_as_many_frames_as_were_asked_for(trim, frames, dropped):
    # Unit vectors that turn: those farthest from the mean are dropped, the mean of the others refers.
    angles = np.linspace(0, 1, frames) ** 2
    features = np.stack([np.cos(angles), np.sin(angles)], 1)[:, None].astype(np.float32)  # (T, 1, 2)
    kept = np.argsort(tracklet_scores(features)[:, 0], kind="stable")[dropped:]
    mean = features[kept, 0].mean(0)
    expected = features[:, 0] @ mean / np.linalg.norm(mean)
    found = tracklet_scores(features, "trimmed_mean", trim)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-6)  # float32; a frame more or less moves it by 1e-4


@pytest.mark.parametrize(
    ("most", "frames", "count"), [(0.7, 90, 63), (0.29, 100, 29), (0.57, 100, 57), (1 / 3, 9, 3), (0.5, 7, 3)]
)
def test_the_cap_is_exact(most, frames, count):
    """0.7 × 90 is 62.99… in binary."""
    table = pd.DataFrame({"tracklet": 0, "region": 0, "score": np.linspace(-1, 0, frames, dtype=np.float32)})
    assert flag(table, [0.5] * 3, most)["occluded"].sum() == count


@pytest.mark.parametrize("most", [0.25, 0.5, 1.0])
def test_at_most_a_share_of_a_regions_frames_is_flagged_the_lowest_first(most):
    generator = np.random.default_rng(0)
    table = table_of({n: generator.random((frames, 3)) for n, frames in enumerate((1, 4, 9))})
    found = flag(table, [0.5, 0.7, 0.9], most)
    for (_, region), rows in found.groupby(["tracklet", "region"]):
        under = sorted(score for score in rows["score"] if score < np.float32([0.5, 0.7, 0.9][region]))
        wanted = under[: int(most * len(rows))]
        assert sorted(rows.loc[rows["occluded"], "score"]) == wanted


@pytest.mark.parametrize("reference", ["mean", "trimmed_mean", "learned"])
def test_a_power_is_that_of_the_features(reference):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 3, 8)).astype(np.float32) + 1
    ends, numbers, train = np.array([10, 20, 30, 40]), np.arange(40), np.ones(4, bool)
    roots = np.sign(features) * np.sqrt(np.abs(features))
    found, wanted, plain = (
        score_regions(part, ends, numbers, OcclusionConfig(reference=reference, power=power), train)["score"]
        for part, power in ((features, 0.5), (roots, 1.0), (features, 1.0))
    )
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(found - plain).max() > 0.01
