"""The temporal attention against a loop over samples: time, memory, equality, at inference and in training.

The loop does what published code of contextual attention does: one sample at a time, its reference's patches
as the filters of a convolution over the current features, and all weights of the sample in memory.

    python -m benchmarks.attention
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.measuring import Row, machine, table, timed
from stcnet_lib.completion.stcnet.temporal_attention import TemporalAttention

CHANNELS, HEIGHT, WIDTH = 32, 32, 16  # of config.yaml's STCnet: 128 × 64 pixels at a quarter
SCALE = 10.0

Inputs = tuple[Tensor, Tensor, Tensor]
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def maps(batch: int, height: int = HEIGHT, width: int = WIDTH) -> Inputs:
    """Current and reference features (B, C, h, w), and valid positions of the reference (B, 1, h, w)."""
    generator = torch.Generator().manual_seed(0)
    shape = (batch, CHANNELS, height, width)
    current, reference = torch.randn(2, *shape, generator=generator)
    valid = torch.rand(batch, 1, height, width, generator=generator) > 0.3
    return current, reference, valid


def looped(current: Tensor, reference: Tensor, valid: Tensor) -> Tensor:
    """(B, C, h, w), sample by sample."""
    outputs = []
    for own, other, seen in zip(current, reference, valid, strict=True):
        filters = F.unfold(other[None], 3, padding=1)[0].T.reshape(
            -1, *other.shape[:1], 3, 3
        )  # (hw, C, 3, 3)
        filters = filters / filters.flatten(1).norm(dim=1).clamp(min=1e-6)[:, None, None, None]
        norms = F.unfold(own[None], 3, padding=1)[0].norm(dim=0).clamp(min=1e-6)  # (hw,)
        similarity = F.conv2d(own[None], filters, padding=1)[0].flatten(1) / norms  # (keys, queries)
        weights = (SCALE * similarity).masked_fill(~seen.flatten()[:, None], -1e9).softmax(0)
        outputs.append((other.flatten(1) @ weights).unflatten(1, other.shape[1:]))
    return torch.stack(outputs)


def blocked(current: Tensor, reference: Tensor, valid: Tensor) -> Tensor:
    """The same by the library."""
    return TemporalAttention(SCALE).eval()(current, reference, valid)[0]


def inference(attend: Attend, inputs: Inputs) -> np.ndarray:
    """The output, without gradients."""
    with torch.inference_mode():
        return attend(*inputs).numpy()


def training(attend: Attend, inputs: Inputs) -> np.ndarray:
    """The gradients of the mean square, of current and reference: (2, B, C, h, w)."""
    current, reference = (features.detach().requires_grad_() for features in inputs[:2])
    valid = inputs[2]
    attend(current, reference, valid).square().mean().backward()
    return np.stack([current.grad.numpy(), reference.grad.numpy()])


def compare(batch: int, repeats: int) -> Iterator[Row]:
    """Rows of time and memory."""
    inputs = maps(batch)
    for work, name in ((inference, "inference"), (training, "a training step")):
        ours, plain = (timed(work, attend, inputs, repeats=repeats) for attend in (blocked, looped))
        off = np.abs(ours.result - plain.result).max() / np.abs(plain.result).max()
        what, against = f"temporal attention, {name}, batch {batch}", "loop over samples"
        equality = f"within {off:.0e} of the largest"
        yield Row(what, ours.cpu_seconds, plain.cpu_seconds, "s", against, equality, "CPU time")
        yield Row(f"{what}, peak", ours.megabytes, plain.megabytes, "MB", against, "as above")


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--batch", type=int, default=32)
    commandline.add_argument("--repeats", type=int, default=3, help="the fastest of which counts")
    options = commandline.parse_args()
    torch.set_num_threads(1)
    print(machine(), f"torch {torch.__version__}, one thread\n")
    print("\n".join(table(compare(options.batch, options.repeats))))


if __name__ == "__main__":
    main()
