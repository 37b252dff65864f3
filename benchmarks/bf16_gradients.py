"""Whether a CPU computes weight gradients of convolutions right in bf16: why `precision: auto` is fp32 there.

Each trial compares the gradient under autocast with the one in float32; rounding to bf16 moves it by about a
per cent, and a trial counts as wrong above five.

    python -m benchmarks.bf16_gradients
"""

from __future__ import annotations

import argparse

import torch
from torch import nn

SIZES = ((1, 1), (2, 1), (4, 2), (8, 4), (16, 8))  # rows and columns of the map
WRONG = 0.05  # of the largest entry


def is_wrong(seed: int, height: int, width: int, stride: int) -> bool:
    """One trial with random weights and maps."""
    torch.manual_seed(seed)
    # Memory that was used before: what a kernel forgets to write is then not zero.
    used = [torch.full((1 << 14,), float("nan")) for _ in range(16)]
    del used
    layer = nn.Conv2d(32, 32, 3, stride, 1).to(memory_format=torch.channels_last)
    maps = torch.randn(8, 32, height, width).contiguous(memory_format=torch.channels_last)
    gradients = []
    for bf16 in (True, False):
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            result = layer(maps)
        result.float().pow(2).mean().backward()
        gradients.append(layer.weight.grad.clone())
    error = (gradients[0] - gradients[1]).abs().max() / gradients[1].abs().max()
    return not error < WRONG  # NaN is wrong


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--trials", type=int, default=200, help="of each size and stride (default: 200)")
    trials = commandline.parse_args().trials
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, wrong weight gradients of 3×3 convolutions in {trials} trials\n")
    print("| map | stride 1 | stride 2 |\n|---|--:|--:|")
    for height, width in SIZES:
        counts = [sum(is_wrong(seed, height, width, stride) for seed in range(trials)) for stride in (1, 2)]
        print(f"| {height}×{width} | {counts[0]} | {counts[1]} |")


if __name__ == "__main__":
    main()
