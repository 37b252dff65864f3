"""Pixels gathered from other frames: the composition by plain loops, what is never used, what is learned."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from stores import write_store

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.gather.composition import Answers, asked, composed, seen
from stcnet_lib.completion.gather.filling import GatheredPixels, load_gather
from stcnet_lib.completion.gather.likeness import likest, unlikeness
from stcnet_lib.completion.gather.network import GatherNetwork
from stcnet_lib.completion.gather.samples import Clip, GatherSamples, read_clips
from stcnet_lib.completion.gather.skill import GatherValidation, nearest
from stcnet_lib.completion.gather.sources import Sources, sources
from stcnet_lib.completion.gather.training import hole_loss, train_gather
from stcnet_lib.completion.pixels.holes import Hole, holes
from stcnet_lib.config import GatherConfig, RuntimeConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.reid.files import save_model

CPU = Compute(torch.device("cpu"))
TINY = GatherConfig(height=32, width=16, channels=4, candidates=3, batch=4, iterations=8, validation=0)
RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0, save_steps=2)


def config(**changes):
    return GatherConfig(**TINY.model_dump() | changes)


def trusting_network(settings, seed=0):
    """A network that has opinions: the last layer is drawn at random instead of zero."""
    torch.manual_seed(seed)
    network = GatherNetwork(settings.network)
    torch.nn.init.normal_(network.out.weight, std=0.5)
    return network.eval()


def random_hole(seed=0, others=5, height=32, width=16, frame=2):
    random = np.random.default_rng(seed)
    numbers = np.array([t for t in range(others + 1) if t != frame])
    numbers = numbers[np.argsort(np.abs(numbers - frame), kind="stable")]
    return Hole(
        frame,
        random.integers(0, 256, (height, width, 3), np.uint8),
        random.random((height, width)) < 0.4,
        numbers,
        random.integers(0, 256, (others, height, width, 3), np.uint8),
        random.random((others, height, width)) < 0.4,
    )


def random_sources(batch=2, count=3, height=8, width=8, seed=0):
    random = torch.Generator().manual_seed(seed)

    def images(*size):
        return torch.rand(*size, 3, height, width, generator=random, dtype=torch.float64) * 2 - 1

    def masks(*size):
        return torch.rand(*size, 1, height, width, generator=random) < 0.15

    gaps = torch.tensor([[-1.0, 2.0, 0.0]]).expand(batch, -1)
    return Sources(images(batch), masks(batch), images(batch, count), masks(batch, count), gaps)


def looked_up(maps, y, x):
    """(n, H, W) at a place between pixels, by the four around it; beyond the edge is the edge."""
    height, width = maps.shape[-2:]
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = min(math.floor(y), height - 1), min(math.floor(x), width - 1)
    below, beside = min(top + 1, height - 1), min(left + 1, width - 1)
    down, right = y - top, x - left
    return (1 - down) * ((1 - right) * maps[:, top, left] + right * maps[:, top, beside]) + down * (
        (1 - right) * maps[:, below, left] + right * maps[:, below, beside]
    )


@pytest.mark.parametrize("choice", ["soft", "sharp"])
def test_the_composition_is_its_twin(choice):
    """Every pixel by plain loops: moved, hidden ones left out, weighed by a softmax over what is left."""
    given = random_sources()
    random = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 3, 1, 8, 8, generator=random, dtype=torch.float64)
    flow = torch.randn(2, 3, 2, 8, 8, generator=random, dtype=torch.float64) * 0.2
    filled = composed(Answers(logits, flow), given.pictures, given.unseen, choice)
    for b in range(2):
        weights, moved = torch.zeros(3, 8, 8), torch.zeros(3, 3, 8, 8, dtype=torch.float64)
        visible = torch.zeros(3, 8, 8, dtype=torch.bool)
        for y in range(8):
            for x in range(8):
                for c in range(3):
                    # Shares of half the width and height: 8 pixels are 2.
                    place = y + 4 * flow[b, c, 1, y, x].item(), x + 4 * flow[b, c, 0, y, x].item()
                    visible[c, y, x] = looked_up((~given.unseen[b, c]).double(), *place)[0] > 0.999
                    known = given.pictures[b, c] * ~given.unseen[b, c]
                    moved[c, :, y, x] = looked_up(known, *place)
                powers = logits[b, :, 0, y, x].exp() * visible[:, y, x]
                # Where nothing is visible all are alike.
                weights[:, y, x] = powers / powers.sum() if powers.any() else 1 / 3
        shown = visible.any(0)
        assert 0.3 < shown.float().mean() < 1
        for y, x in shown.nonzero().tolist():
            wanted = (weights[:, None, y, x] * moved[:, :, y, x]).sum(0)
            if choice == "sharp":
                around = weights[:, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].mean((1, 2))
                wanted = moved[int(torch.where(visible[:, y, x], around, -1).argmax()), :, y, x]
            torch.testing.assert_close(filled[b, :, y, x], wanted, atol=1e-6, rtol=0)


def test_nothing_hidden_reaches_the_network_or_the_picture():
    hole, settings = random_hole(), config()
    network = trusting_network(settings)
    other = random_hole(seed=9)
    masked = Hole(
        hole.frame,
        np.where(hole.hidden[..., None], other.picture, hole.picture),
        hole.hidden,
        hole.numbers,
        np.where(hole.others_hidden[..., None], other.others, hole.others),
        hole.others_hidden,
    )
    for choice in ("soft", "sharp"):
        network.config = network.config.model_copy(update={"choice": choice})
        filler = GatheredPixels(network, CPU)
        first, second = filler.fill(hole), filler.fill(masked)
        assert np.array_equal(first.picture[first.filled], second.picture[second.filled])
        assert np.array_equal(first.filled, hole.shown)


def test_what_one_frame_shows_is_taken_from_it():
    """Every pixel of the hole is visible in one frame alone, whatever the network thinks of it."""
    hole, settings = random_hole(), config(flow=0, candidates=5)
    owner = np.random.default_rng(3).integers(0, 5, hole.hidden.shape)
    alone = np.arange(5)[:, None, None] != owner
    hole = Hole(hole.frame, hole.picture, hole.hidden, hole.numbers, hole.others, alone)
    filling = GatheredPixels(trusting_network(settings), CPU).fill(hole)
    assert np.array_equal(filling.filled, hole.hidden)
    wanted = np.take_along_axis(hole.others, owner[None, ..., None], axis=0)[0]
    assert np.array_equal(filling.picture[hole.hidden], wanted[hole.hidden])


def test_holes_of_frames_of_several_sizes_are_filled():
    random = np.random.default_rng(0)
    sizes = [(40, 20), (64, 30), (33, 17), (40, 20)]
    images = [random.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
    masks = [np.zeros(size, bool) for size in sizes]
    for mask in masks[:3]:
        mask[5:20, 3:12] = True
    filler = GatheredPixels(trusting_network(config()), CPU)
    found = {hole.frame: (hole, filler.fill(hole)) for hole in holes(images, masks, align=False)}
    assert sorted(found) == [0, 1, 2]
    for frame, (hole, filling) in found.items():
        assert filling.picture.shape == images[frame].shape
        assert filling.method == "gather"
        assert np.array_equal(filling.filled, hole.shown)
    hidden_everywhere = np.ones((4, 40, 20), bool)
    (lost,) = holes(images[:1], hidden_everywhere[:1], align=False)
    assert filler.fill(lost) is None


def test_sources_are_the_frames_and_their_median():
    few, many = random_hole(seed=1, others=3), random_hole(seed=2, others=5)
    found = sources([few, many], CPU.device)
    assert found.gaps.tolist() == [[-1, 1, -2, 0, 0, 0], [-1, 1, -2, 2, 3, 0]]
    assert found.unseen[0, 3:5].all(), "made up"
    for b, hole in enumerate((few, many)):
        visible = np.ma.array(hole.others, mask=np.repeat(hole.others_hidden[..., None], 3, 3))
        median = np.ma.median(visible.astype(float), axis=0).filled(0).round()
        images = np.concatenate([hole.others, median[None]])
        count = len(hole.others)
        for c, place in enumerate((*range(count), 5)):
            unit = torch.from_numpy(images[c]).movedim(-1, 0).float() / 127.5 - 1
            torch.testing.assert_close(found.pictures[b, place], unit)
        assert np.array_equal(found.unseen[b, :count, 0], hole.others_hidden)
        assert np.array_equal(found.unseen[b, 5, 0], hole.others_hidden.all(0))


def test_copies_hide_what_mixes_a_hidden_pixel_in():
    large = sources([random_hole(height=64, width=32)], CPU.device)
    copies = large.small(32, 16)
    for y, x in np.ndindex(32, 16):
        block = (..., slice(2 * y, 2 * y + 2), slice(2 * x, 2 * x + 2))
        assert copies.unseen[..., y, x].equal(large.unseen[block].flatten(-2).any(-1))
        torch.testing.assert_close(copies.pictures[..., y, x], large.pictures[block].mean((-2, -1)))


def test_unlikeness_is_its_twin():
    """Around every place the mean difference of what both show, twice blurred, by plain loops."""
    given = random_sources(height=32, width=16)
    found = unlikeness(given)[:, :, 1]
    for b, c in np.ndindex(2, 3):
        both = ~(given.hidden[b, 0] | given.unseen[b, c, 0])
        apart = (given.frame[b] - given.pictures[b, c]).abs().mean(0) * both

        def blurred(maps):
            for _ in range(2):  # three by three, with zeros beyond the edge
                padded = np.pad(maps.double().numpy(), 1)
                maps = torch.tensor(
                    [[padded[y : y + 3, x : x + 3].mean() for x in range(16)] for y in range(32)]
                )
            return maps

        at_large = apart.sum() / both.sum()
        wanted = (blurred(apart) + 0.01 * at_large) / (blurred(both) + 0.01)
        torch.testing.assert_close(found[b, c], wanted, atol=1e-6, rtol=0)


def test_candidates_are_those_that_look_as_the_frame_does():
    hole, rows = random_hole(others=5), slice(8, 24)
    for mask in (hole.hidden, *hole.others_hidden):
        mask[:] = False
    hole.hidden[rows] = True
    noise = np.random.default_rng(0).integers(-40, 40, hole.others.shape)
    for t, strength in enumerate((0.8, 0.2, 0.0, 0.5, 1.0)):
        hole.others[t] = np.clip(hole.picture + strength * noise[t], 0, 255)
    hole.others_hidden[2, rows] = True  # the likest shows nothing of what is wanted
    found = sources([hole], CPU.device)
    numbers = likest(found, 3)
    assert numbers.tolist() == [[1, 3, 0, 5]]
    assert found.picked(numbers).gaps.tolist() == [found.gaps[0, [1, 3, 0, 5]].tolist()]
    everything = likest(found, 9)
    assert everything.tolist() == [[1, 3, 0, 4, 2, 5]]


def test_in_the_beginning_likeness_decides():
    given = sources([random_hole()], CPU.device)
    torch.manual_seed(0)
    answers = asked(GatherNetwork(TINY.network), given)
    alone = torch.nn.functional.avg_pool2d(-60 * unlikeness(given)[0, :, 1:2], 2)
    torch.testing.assert_close(answers.logits[0], alone)
    assert not answers.flow.any()
    assert asked(trusting_network(TINY), given).flow[:, :-1].any()
    assert not asked(trusting_network(TINY), given).flow[:, -1].any(), "the median stays where it is"
    assert not seen(given)[:, :, 4:7].masked_select(given.unseen).any(), "nothing hidden is seen"


def shifted_clips(count=8, frames=8, lend=True):
    """Textures of which every second frame lies two pixels to the right; a hole passes in the middle."""
    clips = []
    for number in range(count):
        texture = np.random.default_rng(number).integers(0, 256, (16, 10, 3)).repeat(2, 0).repeat(2, 1)
        shifts = [2 * (t % 2) for t in range(frames)]
        pictures = np.stack([texture[:, 2 - shift : 18 - shift] for shift in shifts]).astype(np.uint8)
        hidden = np.zeros((frames, 32, 16), bool)
        if lend:
            hidden[frames // 2, 8:20, 4:12] = True
        clips.append(Clip(pictures, hidden, tracklet=number, pid=number // 2))
    return clips


def trained(folder, settings, clips, samples=None):
    folder.mkdir(exist_ok=True)
    samples = samples or GatherSamples(clips, settings, 0)
    validation = GatherValidation.of(samples, CPU)
    network, history, state = train_gather(settings, samples, validation, 0, folder, "k" * 16, RUNTIME, CPU)
    history.finish(folder / "history.csv")
    state.remove()
    return network, validation


def test_frames_that_look_alike_beat_the_median(tmp_path):
    """The median of frames that lie in two places is right at none; frames of the same place are known."""
    settings = config(candidates=4, validation=0.25)
    network, validation = trained(tmp_path, settings, shifted_clips())
    found = validation.summary(network)
    assert found["skill"] > 0.6
    assert found["interval"][0] <= found["skill"] <= found["interval"][1]
    assert (found["samples"], found["tracklets"]) == (96, 4)
    assert (tmp_path / "samples.png").is_file()
    assert "val_l1_median" in (tmp_path / "history.csv").read_text()


def nodding_clips():
    """Two frames each, smooth pictures, the second one two pixels lower; two clips lend holes."""
    clips = []
    for number in range(8):
        coarse = np.random.default_rng(number).integers(0, 256, (9, 6, 3), np.uint8)
        picture = np.asarray(Image.fromarray(coarse).resize((16, 34), Image.Resampling.BICUBIC))
        hidden = np.zeros((2, 32, 16), bool)
        hidden[0, 8:20, 4:12] = number < 2
        clips.append(Clip(np.stack([picture[2:], picture[:-2]]), hidden, tracklet=number, pid=number))
    return clips


def test_it_learns_to_look_beside_the_place(tmp_path):
    """Nothing that lies where it is wanted is right, the median neither."""
    settings = config(iterations=80, batch=8, candidates=1, lr=5e-3, channels=8, flow=4)
    network, _ = trained(tmp_path, settings, nodding_clips())
    samples = GatherSamples(nodding_clips(), settings, 1)
    torch.manual_seed(0)
    before, after = (
        sum(hole_loss(each, samples.batch(step, CPU.device)).item() for step in range(10))
        for each in (GatherNetwork(settings.network), network)
    )
    assert after < 0.6 * before


def test_killed_training_ends_the_same(tmp_path):
    clips = shifted_clips()
    samples = GatherSamples(clips, TINY, 0)
    whole, _ = trained(tmp_path / "whole", TINY, clips)

    class Killed(GatherSamples):
        def batch(self, step, device):
            if step == 5:
                raise KeyboardInterrupt
            return super().batch(step, device)

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed", TINY, clips, Killed(clips, TINY, 0))
    taken = []
    draw = samples.batch
    samples.batch = lambda step, device: taken.append(step) or draw(step, device)
    resumed, _ = trained(tmp_path / "killed", TINY, clips, samples)
    assert taken == [0, 4, 5, 6, 7], "the first one is drawn"
    assert (tmp_path / "killed/samples.png").is_file()
    for name, value in whole.state_dict().items():
        assert value.equal(resumed.state_dict()[name]), name


def test_samples_are_pure_functions_of_seed_and_number():
    clips = shifted_clips()
    first, again, other = (GatherSamples(clips, TINY, seed).batch(3, CPU.device) for seed in (1, 1, 2))
    for one, two in zip(first.sources, again.sources, strict=True):
        assert one.equal(two)
    assert not first.sources.frame.equal(other.sources.frame)


def test_only_known_pixels_count():
    """What the clip itself hides is nobody's target, and neither is what no other frame shows."""
    clips = shifted_clips()
    for clip in clips:
        clip.hidden[:, 10:12] = True
        clip.hidden[::2, 14:16] = True
    samples, random = GatherSamples(clips, TINY, 0), np.random.default_rng(0)
    for row in range(len(clips)):
        hole, lent = samples._hole(row, random)
        assert not (lent & clips[row].hidden[hole.frame]).any()
        assert np.array_equal(hole.hidden, lent | clips[row].hidden[hole.frame])
    counted = 0
    for step in range(20):
        batch = samples.batch(step, CPU.device)
        assert not batch.counts[:, :, 10:12].any()
        assert not (batch.counts & ~batch.sources.hidden).any()
        counted += int(batch.counts.sum())
    assert counted


def test_people_who_are_held_out_are_never_learned_from():
    clips = shifted_clips(count=16)
    samples = GatherSamples(clips, config(validation=0.25), 0)
    measured = {tracklet for tracklet, _ in samples.held_out(96)}
    assert len(measured) == 4
    assert len({clips[tracklet].pid for tracklet in measured}) == 2
    drawn = []
    hole_of = samples._hole
    samples._hole = lambda row, random: drawn.append(row) or hole_of(row, random)
    for step in range(50):
        samples.batch(step, CPU.device)
    assert set(drawn) == set(range(16)) - measured


def test_the_loss_is_zero_where_the_truth_is_found():
    batch = GatherSamples(shifted_clips(), TINY, 0).batch(0, CPU.device)
    truth = batch.sources.frame[:, None].expand_as(batch.sources.pictures)
    perfect = batch._replace(sources=batch.sources._replace(pictures=truth))
    network = trusting_network(config(flow=0))
    assert hole_loss(network, perfect).item() < 1e-6
    other = batch._replace(sources=batch.sources._replace(frame=-batch.sources.frame))
    assert hole_loss(network, other).item() > 0.1


def test_the_nearest_frame_is_the_first_that_shows_a_pixel():
    given = random_sources(seed=4)
    given = given._replace(unseen=given.unseen & (torch.arange(3) < 2)[None, :, None, None, None])
    found = nearest(given)
    first = (~given.unseen).float().argmax(1, keepdim=True).expand(-1, -1, 3, -1, -1)
    torch.testing.assert_close(found, given.pictures.gather(1, first)[:, 0])


class NoMasks:
    def __init__(self, hidden):
        self.hidden = hidden

    def read(self, frames):
        return [np.full((32, 16), self.hidden) for _ in frames]


def test_clips_are_read_from_the_train_split(tmp_path):
    with TrackletStore(write_store(tmp_path / "tracklets.h5", people=8)) as store:
        clips = read_clips(store, NoMasks(True), 0, config(clip=4), 0, 60)
        assert sorted(clip.tracklet for clip in clips) == store.tracklets_with(0, Role.TRAIN).tolist()
        for clip in clips:
            first = int(store.frames_of(clip.tracklet).start)
            stored = [store.read_image(first + t) for t in range(6)]
            assert any(np.array_equal(clip.pictures, stored[t : t + 4]) for t in range(3))
            assert clip.hidden.shape == (4, 32, 16)
        few = read_clips(store, NoMasks(True), 0, config(frames=16), 0, 60)
        assert len(few) == 3, "6 frames each: the third one completes 16"
        with pytest.raises(ValueError, match="got 0 train tracklets with hidden pixels, wanted 2"):
            GatherSamples(read_clips(store, NoMasks(False), 0, TINY, 0, 60), TINY, 0)
    with (
        TrackletStore(write_store(tmp_path / "single.h5", frames=1)) as store,
        pytest.raises(ValueError, match="no train tracklet has two frames"),
    ):
        read_clips(store, NoMasks(True), 0, TINY, 0, 60)


def test_a_saved_network_fills_the_same(tmp_path):
    network, hole = trusting_network(TINY), random_hole()
    save_model(tmp_path / "model.json", "gather", network, TINY.network.canonical_json())
    wanted = GatheredPixels(network, CPU).fill(hole)
    found = GatheredPixels(load_gather(tmp_path / "model.json"), CPU).fill(hole)
    assert np.array_equal(wanted.picture, found.picture)
