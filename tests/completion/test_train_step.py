"""One step of STCnet's training against a twin that writes every loss and update out (paper Eq. 4, 7-10)."""

import copy

import pytest
import torch
from torch.nn import functional as F

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.game.discriminators import crop_regions
from stcnet_lib.completion.game.learner import gathered, train_step
from stcnet_lib.completion.learning.batch import Batch
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.completion.stcnet.training import complete
from stcnet_lib.reid.network import ReIDNetwork

CPU = Compute(torch.device("cpu"))
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])  # of ImageNet
ROWS = (0, 11, 21, 32)  # borders of the thirds of 32 rows


def sample():
    """Two frames of 32×16; of the first the lower third is occluded, the upper one hidden on purpose."""
    generator = torch.Generator().manual_seed(3)

    def image():
        return torch.randint(0, 256, (2, 3, 32, 16), generator=generator, dtype=torch.uint8)

    masked, flagged = torch.zeros(2, 2, 3, 3).bool()  # (B, T, K) each
    masked[0, 1, 0] = masked[1, 1, 1] = True
    flagged[0, 1, 2] = flagged[0, 0, 1] = flagged[1, 2, 0] = True
    return {
        "frames": torch.stack([image(), image(), image()], dim=1),
        "heights": torch.full((2, 3), 32),
        "target": torch.tensor([1, 1]),
        "masked": masked,
        "flagged": flagged,
        "label": torch.tensor([0, 1]),
    }


def bands(flags):
    mask = torch.zeros(2, 1, 32, 16)
    for i, k in flags.nonzero().tolist():
        mask[i, :, ROWS[k] : ROWS[k + 1]] = 1
    return mask


def unit(images):
    return images.float() / 127.5 - 1


def softplus_mean(values):
    return torch.log1p(torch.exp(values)).mean()


def test_a_batch_says_what_is_hidden_and_what_is_known():
    given = sample()
    batch = Batch.of(given, CPU)
    assert batch.mask.equal(bands(given["masked"][:, 1] | given["flagged"][:, 1]))
    assert batch.known.equal(1 - bands(given["flagged"][:, 1]))
    assert batch.masked.equal(given["masked"][:, 1])
    assert batch.frame.equal(unit(given["frames"][:, 1]))
    assert len(batch.references) == len(batch.reference_masks) == 2
    for r, place in enumerate((0, 2)):
        assert batch.references[r].equal(unit(given["frames"][:, place]))
        assert batch.reference_masks[r].equal(bands(given["flagged"][:, place]))
    for place in range(3):
        assert batch.window.frames[:, place].equal(unit(given["frames"][:, place]))
        hidden = given["masked"][:, place] | given["flagged"][:, place]
        assert batch.window.hidden[:, place].equal(bands(hidden))
        assert batch.window.known[:, place].equal(1 - bands(given["flagged"][:, place]))


def test_every_window_has_a_frame_of_its_own_that_is_looked_at():
    """Windows at the ends of a tracklet: the frame is not in their middle."""
    given = sample() | {"target": torch.tensor([2, 0])}
    batch = Batch.of(given, CPU)
    for i, (target, others) in enumerate(((2, (0, 1)), (0, (1, 2)))):
        assert batch.frame[i].equal(unit(given["frames"][i, target]))
        assert batch.masked[i].equal(given["masked"][i, target])
        for r, place in enumerate(others):
            assert batch.references[r][i].equal(unit(given["frames"][i, place]))
            assert batch.reference_masks[r][i].equal(batch.window.hidden[i, place])


@pytest.mark.parametrize("adversarial", ["non_saturating", "saturating"])
def test_a_step_is_its_twin(stcnet_config, guider_config, adversarial):
    config = stcnet_config.model_copy(
        update={
            "adversarial": adversarial,
            "synthesis": "blend",
            # Larger than the paper's, so that an error in a small term shows.
            "lambda_adversarial": 0.3,
            "lambda_guider": 0.5,
        }
    )
    torch.manual_seed(0)
    guider = ReIDNetwork(guider_config, 2)
    torch.manual_seed(1)
    players = gathered(config, CPU.place(STCnet(config.network)), guider, CPU)
    generators, critics = copy.deepcopy(players.generators), copy.deepcopy(players.discriminators)
    given, rate = sample(), 0.003
    values = train_step(config, players, complete, Batch.of(given, CPU), rate, CPU)

    previous, frame, following = unit(given["frames"]).unbind(1)
    flagged, masked = given["flagged"], given["masked"][:, 1]
    known = 1 - bands(flagged[:, 1])
    flags = (masked | flagged[:, 1], flagged[:, 0], flagged[:, 2])
    own = torch.optim.Adam(generators.parameters(), rate, betas=config.betas)
    theirs = torch.optim.Adam(critics.parameters(), rate, betas=config.betas)
    completed = generators(frame, previous, following, *map(bands, flags))

    def opinions(images):
        crops = crop_regions(images, masked)
        return critics.whole(images), critics.region.discriminator(crops)

    def shown(x2):
        return known * x2 + (1 - known) * frame

    # Eq. 7-8: the critics learn first, from the frame and the completion as it is.
    loss = 0
    for real, fake in zip(opinions(frame), opinions(shown(completed.x2.detach())), strict=True):
        loss = loss + softplus_mean(-real) + softplus_mean(fake)
    theirs.zero_grad()
    loss.backward()
    theirs.step()
    assert values["discriminator"].item() == pytest.approx(loss.item(), rel=1e-5)

    # Eq. 9, 4 and 10: then the generators, against the critics that have learned.
    l1 = [((frame - x).abs() * known).sum() / frame.numel() for x in (completed.x1, completed.x2)]
    fakes = opinions(shown(completed.x2))
    if adversarial == "saturating":
        game = sum(-softplus_mean(fake) for fake in fakes)
    else:
        game = sum(softplus_mean(-fake) for fake in fakes)
    seen = ((shown(completed.x2) + 1) / 2 - MEAN.view(3, 1, 1)) / STD.view(3, 1, 1)
    seen = F.interpolate(seen, (guider_config.height, guider_config.width), mode="bilinear")
    chances = guider.eval()(seen[:, None])[1].softmax(1)
    person = -chances[torch.arange(2), given["label"]].log().mean()
    own.zero_grad()
    (l1[0] + l1[1] + 0.3 * game + 0.5 * person).backward()
    own.step()
    for name, wanted in (
        ("l1_spatial", l1[0]),
        ("l1_temporal", l1[1]),
        ("adversarial", game),
        ("guider", person),
    ):
        assert values[name].item() == pytest.approx(wanted.item(), rel=1e-4), name
    for network, twin in ((players.generators, generators), (players.discriminators, critics)):
        for (name, got), wanted in zip(network.named_parameters(), twin.parameters(), strict=True):
            # Adam divides by the gradient's size, so a gradient of almost zero may take either sign.
            assert torch.allclose(got, wanted, atol=2e-4), name
    assert all(p.grad is None for p in guider.parameters())
