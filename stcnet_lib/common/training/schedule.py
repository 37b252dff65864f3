"""Learning rates as pure functions of the step: nothing to save, nothing to restore."""

from __future__ import annotations

import math

from torch.optim import Optimizer

from stcnet_lib.config import OptimiserConfig, ReIDConfig


def reid_rate(config: ReIDConfig, step: int, steps_per_epoch: int) -> float:
    """The rate of a re-ID training at a step: the paper's ×0.1 every 50 epochs (§5.2), or another course."""
    total = config.epochs * steps_per_epoch
    warmup = config.warmup * total
    if step < warmup:
        return config.lr * (step + 1) / (warmup + 1)
    if config.schedule == "cosine":
        return config.lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))
    if config.schedule == "constant":
        return config.lr
    return config.lr * config.lr_gamma ** (step // steps_per_epoch // config.lr_step)


def completion_rate(config: OptimiserConfig, step: int) -> float:
    """The rate of a completion network's training at a step: constant as in the paper, or a cosine."""
    if config.schedule == "constant":
        return config.lr
    return config.lr * 0.5 * (1 + math.cos(math.pi * step / config.iterations))


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Use `rate` from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate
