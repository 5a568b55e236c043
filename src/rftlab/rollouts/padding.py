"""Rows of different lengths as one tensor, aligned at their right end: what engines and training share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def pad_left(rows: Sequence[Sequence[int]], pad_token: int, device: Any) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask [N, T] of rows of different lengths, aligned at their right end."""
    length = max(len(row) for row in rows)
    ids = [[pad_token] * (length - len(row)) + list(row) for row in rows]
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def positions(mask_NT: Tensor) -> Tensor:
    """Position of each token in its own row, 0 for padding on the left."""
    return (mask_NT.cumsum(dim=1) - 1).clamp(min=0)
