"""STCnet with 3-D convolutions: its parts against loops, where it starts, what it leaves alone and learns."""

import math

import numpy as np
import pytest
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.filling import filler_for
from stcnet_lib.completion.learning.batch import Batch, Window
from stcnet_lib.completion.stcnet3d.blocks import DilatedBlock, NonLocalBlock3d
from stcnet_lib.completion.stcnet3d.network import Stcnet3d, routed
from stcnet_lib.completion.stcnet3d.sources import sources, visible_median
from stcnet_lib.completion.stcnet3d.training import learner, window_l1
from stcnet_lib.completion.task import FillTask
from stcnet_lib.config import CompletionConfig, Stcnet3dConfig
from stcnet_lib.reid.network import ReIDNetwork

CPU = Compute(torch.device("cpu"))
HEIGHT, WIDTH, FRAMES = 32, 16, 5
SETTINGS = {"height": HEIGHT, "width": WIDTH, "channels": 8, "dilations": (1, 2), "time_dilations": (2, 1)}


def config(**changes):
    values = {"window": FRAMES, "batch": 2, "precision": "fp32", "guider_loss": False}
    return Stcnet3dConfig(**SETTINGS | values | changes)


def network(seed=0, **changes):
    torch.manual_seed(seed)
    return Stcnet3d(config(**changes).network)


def awakened(net, seed=1):
    """With nothing that is zero any more: zero weights pass nothing on to the layers before."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1, generator=generator)
    return net


def windows(batch=2, seed=0, frames=FRAMES):
    """Frames in [-1, 1] and free-form holes: of the first frame all, of the others some pixels each."""
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.rand(batch, frames, 3, HEIGHT, WIDTH, generator=generator) * 2 - 1
    hidden = (torch.rand(batch, frames, 1, HEIGHT, WIDTH, generator=generator) < 0.3).float()
    hidden[:, 0] = 1
    hidden[:, :, :, 3:6, 2:9] = 1  # which no frame shows
    return pictures, hidden


def test_the_median_is_that_of_what_is_visible():
    pictures, hidden = windows()
    median, shown = visible_median(pictures, hidden > 0.5)
    for b, y, x in np.ndindex(2, HEIGHT, WIDTH):
        seen = [pictures[b, t, :, y, x].numpy() for t in range(FRAMES) if not hidden[b, t, 0, y, x]]
        assert bool(shown[b, 0, y, x]) == bool(seen)
        wanted = np.median(seen, axis=0) if seen else np.zeros(3)
        assert median[b, :, y, x].numpy() == pytest.approx(wanted, abs=1e-6)


def test_the_non_local_block_is_a_softmax_over_all_places_of_all_frames():
    torch.manual_seed(0)
    block = awakened(NonLocalBlock3d(8)).double()
    maps = torch.randn(2, 8, 3, 4, 6, dtype=torch.float64)
    found = block(maps)
    for b in range(2):
        theta, phi, g = (part(maps[b : b + 1])[0] for part in (block.theta, block.phi, block.g))
        # Of every 2×2 places the largest value of each channel.
        pooled = [
            part.reshape(4, 3, 2, 2, 3, 2).amax((3, 5)).flatten(1) for part in (phi, g)
        ]  # (C / 2, 3·2·3)
        for t, y, x in np.ndindex(3, 4, 6):
            weights = (theta[:, t, y, x] @ pooled[0]).softmax(0)
            mixed = pooled[1] @ weights
            wanted = maps[b, :, t, y, x] + block.out.weight[:, :, 0, 0, 0] @ mixed + block.out.bias
            torch.testing.assert_close(found[b, :, t, y, x], wanted)


@pytest.mark.parametrize("block", [NonLocalBlock3d(8), DilatedBlock(8, 2, 1)])
def test_blocks_start_as_the_identity(block):
    maps = torch.randn(1, 8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(block(maps), maps)


def test_a_block_looks_as_far_as_its_rates_say():
    block = awakened(DilatedBlock(8, 3, 2))
    maps = torch.zeros(1, 8, 9, 9, 9, requires_grad=True)
    block(maps)[0, :, 4, 4, 4].sum().backward()
    seen = maps.grad[0].abs().sum(0).nonzero()
    assert {tuple((place - 4).tolist()) for place in seen} == {
        (t, y, x) for t in (-2, 0, 2) for y in (-3, 0, 3) for x in (-3, 0, 3)
    }


def test_a_training_starts_near_the_median():
    """Weights of e² for the median and of 1 for every other frame that shows the place."""
    pictures, hidden = windows()
    completed = network()(pictures, hidden)
    median, _ = visible_median(pictures, hidden > 0.5)
    for b, t, y, x in np.ndindex(2, FRAMES, HEIGHT, WIDTH):
        if not hidden[b, t, 0, y, x]:
            continue
        shown = [pictures[b, s, :, y, x] for s in range(FRAMES) if not hidden[b, s, 0, y, x]]
        wanted = torch.zeros(3)
        if shown:
            wanted = (sum(shown) + math.exp(2) * median[b, :, y, x]) / (len(shown) + math.exp(2))
        torch.testing.assert_close(completed[b, t, :, y, x], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("changes", [{}, {"non_local": False}], ids=str)
@pytest.mark.parametrize("trained", [False, True])
def test_visible_pixels_never_change_and_hidden_ones_are_never_seen(changes, trained):
    net = network(**changes)
    net = awakened(net) if trained else net
    pictures, hidden = windows()
    completed = net(pictures, hidden)
    assert completed.shape == pictures.shape
    visible = (hidden < 0.5).expand_as(pictures)
    assert torch.equal(completed[visible], pictures[visible])
    assert completed.abs().max() <= 1
    assert (completed[~visible] != pictures[~visible]).float().mean() > 0.99
    torch.testing.assert_close(net(torch.where(hidden > 0.5, -pictures, pictures), hidden), completed)


def test_a_frame_is_no_source_of_itself():
    pictures, hidden = windows()
    net = awakened(network())
    with torch.no_grad():
        weights = net.answers(sources(pictures, hidden)).logits.softmax(2)
    assert torch.einsum("bttyx->btyx", weights[:, :, :FRAMES]).max() == 0
    torch.testing.assert_close(weights.sum(2), torch.ones(2, FRAMES, HEIGHT // 4, WIDTH // 4))


def test_a_sharp_choice_is_of_the_largest_weight_and_learning_is_soft():
    """What is learned from are weighted means; the network that completes takes almost one source a place."""
    found = sources(*windows())
    soft, sharp = (awakened(network(choice=choice)) for choice in ("soft", "sharp"))
    with torch.no_grad():
        mixed, training = soft.eval().answers(found).logits, sharp.train().answers(found).logits
        chosen = sharp.eval().answers(found).logits
    torch.testing.assert_close(training, mixed)
    assert torch.equal(chosen.argmax(2), mixed.argmax(2))
    assert chosen.softmax(2).amax(2).mean() > 0.9 > mixed.softmax(2).amax(2).mean()


def test_in_bf16_pixels_are_copied_as_they_are():
    """Weights of 1 on one frame: its pixels come out bit for bit, and what is visible stays as it is."""
    net, (pictures, hidden) = Told(3), windows()
    with CPU.autocast("bf16"):
        found = sources(pictures, hidden)
        completed = torch.where(hidden > 0.5, routed(net.answers(found), found), pictures)
        whole = net(pictures, hidden)
    wanted = (hidden > 0.5) & (hidden[:, 3:4] < 0.5)
    wanted = wanted.expand_as(pictures)
    assert torch.equal(completed[wanted], pictures[:, 3:4].expand_as(pictures)[wanted])
    assert torch.equal(whole[(hidden < 0.5).expand_as(whole)], pictures[(hidden < 0.5).expand_as(whole)])
    assert whole.dtype == torch.float32


def test_every_frame_of_the_window_matters_to_every_other_one():
    pictures, hidden = windows()
    pictures.requires_grad_()
    completed = awakened(network(dilations=(1,) * 3, time_dilations=(1,) * 3))(pictures, hidden)
    for t in range(FRAMES):
        (gradient,) = torch.autograd.grad(
            (completed * hidden)[:, t].square().sum(), pictures, retain_graph=True
        )
        assert (gradient[:, 1:].abs().amax((0, 2, 3, 4)) > 0).all()
        assert gradient[:, 0].abs().max() == 0  # of which nothing is seen


def test_gradients_reach_all_parameters():
    net = awakened(network())
    pictures, hidden = windows()
    (net(pictures, hidden) - pictures).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def window_batch(seed=0):
    """Smooth frames that slowly change; thirds of them are hidden, one of them since nobody knows it."""
    generator = torch.Generator().manual_seed(seed)
    ends = torch.rand(2, 2, 3, 4, 2, generator=generator) * 1.6 - 0.8
    ends = torch.nn.functional.interpolate(ends.flatten(0, 1), (HEIGHT, WIDTH), mode="bilinear")
    ends = ends.unflatten(0, (2, 2))
    steps = torch.linspace(0, 1, FRAMES)[:, None, None, None]
    frames = ends[:, :1] * (1 - steps) + ends[:, 1:] * steps  # (B, T, 3, H, W)
    masked = torch.zeros(2, FRAMES, 3, dtype=torch.bool)
    masked[0, 1:3, 0] = masked[1, 3:, 2] = True
    hidden = torch.zeros(2, FRAMES, 1, HEIGHT, WIDTH)
    hidden[0, 1:3, :, :11] = hidden[1, 3:, :, 21:] = 1
    known = torch.ones_like(hidden)
    known[1, 0, :, :11] = 0
    hidden[1, 0, :, :11] = 1
    return Batch(Window(frames, hidden, known, masked), torch.tensor([2, 3]), torch.tensor([0, 1]))


def test_the_loss_is_the_mean_error_of_frames_with_a_hole_where_the_truth_is_known():
    batch = window_batch()
    completed = batch.window.frames + torch.rand(
        batch.window.frames.shape, generator=torch.Generator().manual_seed(3)
    )
    total, holes = 0.0, 0
    for b, t in np.ndindex(2, FRAMES):
        holes += int(batch.window.masked[b, t].any())
        errors = (completed - batch.window.frames)[b, t].abs().numpy()
        total += (errors * batch.window.known[b, t].numpy()).mean()
    assert window_l1(batch.window, completed).item() == pytest.approx(total / holes, rel=1e-5)


@pytest.mark.parametrize("game", [{}, {"guider_loss": True, "global_discriminator": True}], ids=str)
def test_loss_falls_on_one_batch(guider_config, game):
    torch.manual_seed(0)
    guider = ReIDNetwork(guider_config, 2)
    settings = config(channels=16, discriminator_channels=4, **game)
    student, batch = learner(settings, guider, 2, 0, CPU), window_batch()
    losses = [student.step(batch, 3e-3)["l1"].item() for _ in range(80)]
    assert losses[-1] < 0.5 * losses[0]
    assert set(student.parts()) == {"generators", "generator_optimizer"} | (
        {"discriminators", "discriminator_optimizer"} if game else set()
    )


def test_a_guider_of_other_people_is_refused(guider_config):
    guider = ReIDNetwork(guider_config, 5)
    with pytest.raises(ValueError, match=r"stcnet3d\.guider_loss: got true, wanted false: .* knows 5"):
        learner(config(guider_loss=True), guider, 2, 0, CPU)


def test_pictures_of_the_training_are_of_the_frame_that_is_looked_at():
    batch, net = window_batch(), awakened(network())
    stages = net.stages(batch)
    assert list(stages) == ["routed", "completed"]
    whole = net(batch.window.frames, batch.window.hidden)
    for i, place in enumerate((2, 3)):
        torch.testing.assert_close(stages["completed"][i], whole[i, place])
    assert not torch.equal(stages["routed"], stages["completed"])


# How it fills


def grey(t):
    return 40 * t + 10


def images(height=HEIGHT, width=WIDTH):
    return {t: np.full((height, width, 3), grey(t), np.uint8) for t in range(FRAMES)}


def flags(*hidden):
    table = np.zeros((FRAMES, 3), bool)
    for t, region in hidden:
        table[t, region] = True
    return table


def task(frame, region, shown, window=range(FRAMES)):
    return FillTask(frame, (region,), shown[:1], shown=shown, window=window)


class Told(Stcnet3d):
    """Takes every pixel from one frame of the window, and counts what it is given."""

    def __init__(self, source):
        super().__init__(config().network)
        self.source, self.given = source, []

    def answers(self, found):
        """As the network's, but for the weights."""
        self.given.append(found)
        made = super().answers(found)
        logits = torch.full_like(made.logits, -50.0)
        logits[:, :, self.source] = 50.0
        return made._replace(logits=logits)


def fill(net, tasks, pictures, table):
    return filler_for(CompletionConfig(method="stcnet"), net, CPU).fill(tasks, pictures, table)


def test_pixels_come_from_the_frames_at_their_own_size():
    pictures = images(96, 40)
    pictures[3][:10] = 255  # of the third that is hidden there
    (filling,) = fill(Told(3), [task(2, 1, (1, 3))], pictures, flags((2, 1), (3, 0)))
    assert filling.image.shape == (96, 40, 3)
    assert filling.around is None  # of what is beside the region nothing was learned
    assert filling.method == "window"
    assert set(np.unique(filling.image[32:64])) == {grey(3)}
    assert (filling.image != 255).all()


def test_frames_that_the_task_may_not_use_do_not_show_the_region():
    """Frame 3 is not flagged, but too near to one that is."""
    net = Told(3)
    (filling,) = fill(net, [task(2, 1, (0, 4))], images(), flags((2, 1)))
    (found,) = net.given
    unseen = found.unseen[0, :FRAMES, 0, 16, 0].tolist()
    assert unseen == [False, True, True, True, False]
    assert not found.unseen[0, :FRAMES, 0, 2].any()  # other thirds are visible
    # Of the frames that show it none has a weight but by rounding; that is no reason to take a hidden one.
    assert grey(3) not in np.unique(filling.image[11:21])


def test_a_window_is_looked_at_once_for_all_its_tasks():
    net = Told(4)
    tasks = [
        task(1, 0, (0, 4)),
        task(1, 2, (0, 2, 4)),
        task(2, 0, (0, 4)),
        FillTask(3, (0, 1, 2), leave=True),
    ]
    table = flags((1, 0), (1, 2), (2, 0), (3, 0), (3, 1), (3, 2))
    *filled, left = fill(net, tasks, images(), table)
    assert left is None
    assert len(net.given) == 1
    assert len(net.given[0].pictures) == 1
    for filling, rows in zip(filled, (slice(0, 11), slice(21, 32), slice(0, 11)), strict=True):
        assert set(np.unique(filling.image[rows])) == {grey(4)}


def test_windows_of_several_lengths_are_filled():
    tasks = [task(1, 0, (2,), range(1, 4)), task(2, 0, (0, 1, 3, 4)), task(3, 1, (2,), range(2, 5))]
    filled = fill(network(), tasks, images(), flags((1, 0), (2, 0), (3, 1)))
    assert [filling.method for filling in filled] == ["window"] * 3
    assert set(np.unique(filled[2].image[11:21])) <= set(range(grey(2), grey(4) + 1))


def test_a_region_that_the_window_does_not_show_is_painted():
    (filling,) = fill(network(), [task(2, 1, ())], images(), flags(*[(t, 1) for t in range(FRAMES)]))
    assert filling.method == "painted"
    assert set(np.unique(filling.image[11:21])) == {128}  # nothing is known and nothing learned: 0
