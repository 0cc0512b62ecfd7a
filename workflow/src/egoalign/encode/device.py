"""Where the arithmetic runs: CPU, CUDA or MPS, in which precision, on how many threads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egoalign.log import UserError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Device:
    """A device by its name in torch, and the precision of the forward pass there."""

    name: str
    precision: str

    def place(self, batch: torch.Tensor) -> torch.Tensor:
        """Return numbers on the device, in the precision of the forward pass."""
        import open_clip

        return batch.to(device=self.name, dtype=open_clip.get_input_dtype(self.precision))


def choose_device(option: str = "auto", precision: str = "fp32", threads: int = 1) -> Device:
    """Return the device to use, and set the number of CPU threads.

    Parameters
    ----------
    option : str
        ``auto`` (a GPU where there is one), ``cpu``, ``cuda`` or ``mps``.
    precision : str
        ``fp32``, ``fp16`` or ``bf16``.
    threads : int
        Threads for arithmetic on the CPU.

    Raises
    ------
    UserError
        The device is not there, or cannot work in that precision.
    """
    # Threads that wait for each other must not keep a core busy that decoding can use. This is
    # heard only before torch is first imported; what the user has set goes before it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    torch.set_num_threads(threads)
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    name = next(name for name, found in there.items() if found) if option == "auto" else option
    if not there.get(name, False):
        found = ", ".join(name for name, is_there in there.items() if is_there)
        raise UserError(f"--device {name}: not available here, found {found}; choose one of these")
    if name == "cpu" and precision != "fp32":
        raise UserError(
            f"encode.precision: {precision} needs a GPU and this machine runs on its CPU; set fp32"
        )
    return Device(name, precision)
