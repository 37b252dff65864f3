"""What this machine has, asked without torch, whose import would cost two seconds at every start."""

from __future__ import annotations

import os
import shutil


def has_gpu() -> bool:
    """Whether there is an NVIDIA driver."""
    return os.path.exists("/dev/nvidiactl") or shutil.which("nvidia-smi") is not None
