"""Heads against plain loops over clips and frames. Float64; seeds where they are set."""

import pytest
import torch

from stcnet_lib.config.parts import Diversity
from stcnet_lib.reid.heads.average import AverageHead
from stcnet_lib.reid.heads.diversity import DiversityHead, overlap
from stcnet_lib.reid.heads.gem import GeneralisedMeanHead
from stcnet_lib.reid.heads.joint_attention import JointAttentionHead, pyramid
from stcnet_lib.reid.heads.max import MaxHead
from stcnet_lib.reid.heads.quality import QualityHead
from stcnet_lib.reid.heads.recurrent import RecurrentHead

CLIPS, FRAMES, CHANNELS, HEIGHT, WIDTH = 2, 3, 4, 3, 2
EXACT = {"rtol": 1e-10, "atol": 1e-12}


def random_maps(seed=0):
    """As behind a rectifier: (B·T, C, h, w), none negative."""
    generator = torch.Generator().manual_seed(seed)
    shape = (CLIPS * FRAMES, CHANNELS, HEIGHT, WIDTH)
    return torch.rand(shape, generator=generator, dtype=torch.float64) + 0.01


def frames_of(maps, clip):
    return [maps[clip * FRAMES + t] for t in range(FRAMES)]


def made(build, *arguments, seed=1):
    torch.manual_seed(seed)
    return build(*arguments).double()


def test_max_is_the_largest_value_of_a_clip():
    maps = random_maps()
    found = MaxHead(CHANNELS)(maps, FRAMES)
    for clip in range(CLIPS):
        for channel in range(CHANNELS):
            values = [v.item() for frame in frames_of(maps, clip) for v in frame[channel].flatten()]
            assert found[clip, channel].item() == max(values)


@pytest.mark.parametrize("power", [1.0, 3.0, 6.5])
def test_gem_equals_plain_loops(power):
    maps = random_maps()
    found = made(GeneralisedMeanHead, CHANNELS, power)(maps, FRAMES)
    for clip in range(CLIPS):
        for channel in range(CHANNELS):
            values = [v.item() for frame in frames_of(maps, clip) for v in frame[channel].flatten()]
            wanted = (sum(v**power for v in values) / len(values)) ** (1 / power)
            assert found[clip, channel].item() == pytest.approx(wanted, rel=1e-10)


def test_gem_lies_between_the_average_and_the_largest_value():
    maps = random_maps()
    average, largest = AverageHead(CHANNELS)(maps, FRAMES), MaxHead(CHANNELS)(maps, FRAMES)
    torch.testing.assert_close(made(GeneralisedMeanHead, CHANNELS, 1.0)(maps, FRAMES), average, **EXACT)
    middle = made(GeneralisedMeanHead, CHANNELS, 3.0)(maps, FRAMES)
    assert ((average < middle) & (middle < largest)).all()
    far = made(GeneralisedMeanHead, CHANNELS, 100.0)(maps, FRAMES)
    torch.testing.assert_close(far, largest, rtol=0.04, atol=0)  # (1 / 18)^(1 / 100) is 0.97


def test_gem_learns_its_power_and_stands_empty_channels():
    head = made(GeneralisedMeanHead, CHANNELS, 3.0)
    maps = random_maps()
    maps[:, 0] = 0
    head(maps.requires_grad_(), FRAMES).sum().backward()
    assert head.power.grad.abs() > 0
    assert maps.grad.isfinite().all()


def step_of(cell, layer, x, state):
    """One step of a recurrent layer as its definition has it; state is h, or (h, c) of an LSTM."""
    w_in, w_state, b_in, b_state = layer.parameters()
    hidden = state[0] if cell == "lstm" else state
    given, kept = w_in @ x + b_in, w_state @ hidden + b_state
    if cell == "rnn":
        return torch.tanh(given + kept)
    if cell == "gru":
        (gr, gz, gn), (kr, kz, kn) = given.chunk(3), kept.chunk(3)
        reset, update = torch.sigmoid(gr + kr), torch.sigmoid(gz + kz)
        return (1 - update) * torch.tanh(gn + reset * kn) + update * hidden
    enter, forget, new, out = (given + kept).chunk(4)
    cell_state = torch.sigmoid(forget) * state[1] + torch.sigmoid(enter) * torch.tanh(new)
    return torch.sigmoid(out) * torch.tanh(cell_state), cell_state


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("output", ["mean", "last"])
def test_recurrent_equals_plain_loops(cell, output):
    size, maps = 5, random_maps()
    head = made(RecurrentHead, CHANNELS, cell, size, output)
    found = head(maps, FRAMES)
    for clip in range(CLIPS):
        zero = torch.zeros(size, dtype=torch.float64)
        state, outputs = ((zero, zero) if cell == "lstm" else zero), []
        for frame in frames_of(maps, clip):
            state = step_of(cell, head.layer, frame.mean((1, 2)), state)
            outputs.append(state[0] if cell == "lstm" else state)
        wanted = outputs[-1] if output == "last" else torch.stack(outputs).mean(0)
        torch.testing.assert_close(found[clip], wanted, **EXACT)


def test_recurrent_sees_the_order_of_frames():
    head, maps = made(RecurrentHead, CHANNELS, "lstm", 5, "last"), random_maps()
    turned = torch.cat([torch.stack(frames_of(maps, clip)[::-1]) for clip in range(CLIPS)])
    assert (head(maps, FRAMES) - head(turned, FRAMES)).abs().max() > 1e-4


def test_an_lstm_has_as_many_weights_as_the_literature_counts():
    """Four gates of C·D and D² weights each; torch has two biases where one would do."""
    head = RecurrentHead(256, "lstm", 128, "mean")
    assert sum(p.numel() for p in head.parameters()) == 4 * (256 * 128 + 128 * 128 + 2 * 128)


def test_quality_equals_plain_loops():
    head, maps = made(QualityHead, CHANNELS, 5), random_maps()
    found = head(maps, FRAMES)
    for clip in range(CLIPS):
        qualities, means = [], []
        for frame in frames_of(maps, clip):
            padded = torch.nn.functional.pad(frame, (1, 1, 1, 1))
            judged = torch.zeros(5, dtype=torch.float64)
            for c in range(5):
                for y in range(HEIGHT):
                    for x in range(WIDTH):
                        window = padded[:, y : y + 3, x : x + 3]
                        judged[c] += ((head.look.weight[c] * window).sum() + head.look.bias[c]).clamp(min=0)
            score = head.judge.weight[0] @ (judged / (HEIGHT * WIDTH)) + head.judge.bias[0]
            qualities.append(1 / (1 + torch.exp(-score)))
            means.append(frame.mean((1, 2)))
        wanted = sum(q * m for q, m in zip(qualities, means, strict=True)) / sum(qualities)
        torch.testing.assert_close(found[clip], wanted, **EXACT)


def test_a_frame_without_quality_does_not_count():
    head, maps = made(QualityHead, CHANNELS, 2), random_maps()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        head.look.weight[0, 0, 1, 1] = 1.0  # what channel 0 shows speaks against a frame
        head.judge.weight[0, 0] = -60.0
    maps[:, 0] = 0.0
    maps[1, 0] = 1.0
    wanted = (maps[0].mean((1, 2)) + maps[2].mean((1, 2))) / 2
    torch.testing.assert_close(head(maps, FRAMES)[0], wanted, **EXACT)


def test_the_pyramid_has_the_largest_value_of_each_cell():
    maps = torch.arange(2 * 4 * 4, dtype=torch.float64).reshape(1, 2, 4, 4)
    # 2 × 2 cells of channel 0 end at 5, 7, 13 and 15; channel 1 has 16 more.
    assert pyramid(maps, [2, 1]).tolist() == [[5, 21, 7, 23, 13, 29, 15, 31, 15, 31]]
    narrow = pyramid(torch.rand(1, 1, 3, 1), [2])
    assert narrow.shape == (1, 4)  # cells share the middle row and the only column
    assert pyramid(torch.rand(3, 5, 8, 4), [4, 2, 1]).shape == (3, 5 * 21)


def test_joint_attention_equals_plain_loops():
    head, maps = made(JointAttentionHead, CHANNELS, [2, 1], 5), random_maps()
    with torch.no_grad():
        head.pairs.normal_()
    found = head(maps, FRAMES)
    for clip in range(CLIPS):
        state, outputs = torch.zeros(5, dtype=torch.float64), []
        for frame in frames_of(maps, clip):
            vector = head.frame.weight @ pyramid(frame[None], [2, 1])[0] + head.frame.bias
            state = step_of("rnn", head.layer, vector, state)
            outputs.append(state)
        scores = []
        for own in outputs:
            scores.append(max(torch.tanh(own @ head.pairs @ other).item() for other in outputs))
        powers = torch.tensor(scores, dtype=torch.float64).exp()
        wanted = sum(p / powers.sum() * output for p, output in zip(powers, outputs, strict=True))
        torch.testing.assert_close(found[clip], wanted, **EXACT)


SETTINGS = Diversity(places=3, hidden=2, channels=5, weight=0.5)


def test_diversity_equals_plain_loops():
    head, maps = made(DiversityHead, CHANNELS, SETTINGS), random_maps()
    found, penalties = head(maps, FRAMES)
    assert head.features == found.shape[1] == 15
    penalty = 0.0
    for clip in range(CLIPS):
        described, shares = [], []
        for frame in frames_of(maps, clip):
            positions = frame.flatten(1).T  # (L, C)
            attentions = []
            for k in range(3):
                rows = slice(2 * k, 2 * k + 2)
                look, bias = head.look.weight[rows, :, 0, 0], head.look.bias[rows]
                scores = torch.stack(
                    [head.score.weight[k, :, 0, 0] @ (look @ p + bias).clamp(min=0) for p in positions]
                )
                attentions.append(scores.exp() / scores.exp().sum())
            for i in range(3):
                for j in range(3):
                    same = sum((attentions[i] * attentions[j]).sqrt()) - float(i == j)
                    penalty += same.item() ** 2
            parts = [sum(a * p for a, p in zip(each, positions, strict=True)) for each in attentions]
            described.append(
                [(head.describe.weight @ part + head.describe.bias).clamp(min=0) for part in parts]
            )
            shares.append([(head.judge[k] @ described[-1][k]).exp() for k in range(3)])
        for k in range(3):
            total = sum(frame[k] for frame in shares)
            wanted = sum(s[k] / total * d[k] for s, d in zip(shares, described, strict=True))
            torch.testing.assert_close(found[clip, 5 * k : 5 * k + 5], wanted, **EXACT)
    assert penalties["diversity"].item() == pytest.approx(0.5 * penalty / (CLIPS * FRAMES), rel=1e-10)


def test_the_penalty_is_zero_for_places_apart_and_largest_for_equal_ones():
    apart = torch.full((2, 3, 6), -torch.inf, dtype=torch.float64)
    for k in range(3):
        apart[:, k, 2 * k] = 0.0  # all weight on one position of its own
    assert overlap(apart).item() == pytest.approx(0, abs=1e-12)
    equal = torch.full((2, 3, 6), 1 / 6, dtype=torch.float64).log()
    assert overlap(equal).item() == pytest.approx(3 * 2, abs=1e-12)


def test_descending_the_penalty_moves_places_apart():
    head, maps = made(DiversityHead, CHANNELS, SETTINGS), random_maps()
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    first = head(maps, FRAMES)[1]["diversity"].item()
    for _ in range(60):
        optimizer.zero_grad()
        penalty = head(maps, FRAMES)[1]["diversity"]
        penalty.backward()
        optimizer.step()
    assert penalty.item() < first / 2


HEADS = {
    "gem": (GeneralisedMeanHead, CHANNELS, 3.0),
    "lstm": (RecurrentHead, CHANNELS, "lstm", 5, "mean"),
    "quality": (QualityHead, CHANNELS, 3),
    "joint_attention": (JointAttentionHead, CHANNELS, [2, 1], 5),
    "diversity": (DiversityHead, CHANNELS, SETTINGS),
}


@pytest.mark.parametrize("name", HEADS)
def test_gradients_are_right_and_reach_every_parameter(name):
    head = made(*HEADS[name], seed=3)
    maps = random_maps().requires_grad_()

    def run(given):
        found = head(given, FRAMES)
        return (found[0], *found[1].values()) if isinstance(found, tuple) else found

    assert torch.autograd.gradcheck(run, maps)
    found = run(maps)
    sum((part**2).sum() for part in (found if isinstance(found, tuple) else [found])).backward()
    for parameter_name, parameter in head.named_parameters():
        assert parameter.grad.abs().max() > 0, parameter_name


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("frames", [1, 2, 6])
def test_clips_of_any_length_give_a_feature(name, frames):
    found = made(*HEADS[name])(random_maps()[:frames], frames)
    found = found[0] if isinstance(found, tuple) else found
    assert found.shape[0] == 1
    assert found.isfinite().all()


@pytest.mark.parametrize("name", HEADS)
def test_heads_compute_in_bf16_and_give_float32(name):
    head = made(*HEADS[name]).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = head(random_maps().bfloat16(), FRAMES)
    found = found[0] if isinstance(found, tuple) else found
    assert found.dtype == torch.float32
    wanted = head(random_maps().float(), FRAMES)
    wanted = wanted[0] if isinstance(wanted, tuple) else wanted
    torch.testing.assert_close(found, wanted, rtol=0.05, atol=0.02)  # bf16 has three digits
