import pytest
import torch
from transformers import DynamicCache, Qwen2Config

from rftlab.rollouts.cache import PreallocatedLayer, cache_bytes, preallocated_cache

STATES = torch.arange(3 * 2 * 5 * 4, dtype=torch.float32).view(3, 2, 5, 4)


def filled(capacity: int = 6) -> PreallocatedLayer:
    layer = PreallocatedLayer(capacity)
    layer.update(STATES[:, :, :3], -STATES[:, :, :3])
    layer.update(STATES[:, :, 3:], -STATES[:, :, 3:])
    return layer


def test_states_are_appended() -> None:
    layer = filled()
    assert layer.get_seq_length() == 5
    assert layer.keys.equal(STATES)
    assert layer.values.equal(-STATES)


@pytest.mark.parametrize("rows", [[0, 2], [1], [2, 0, 1], [0, 0, 1, 2, 2]])
def test_rows_are_selected_and_go_on(rows) -> None:
    layer = filled()
    layer.batch_select_indices(torch.tensor(rows))
    assert layer.keys.equal(STATES[rows])
    newest = torch.full((len(rows), 2, 1, 4), 7.0)
    keys, values = layer.update(newest, newest)
    assert keys.equal(torch.cat([STATES[rows], newest], dim=2))
    assert values.equal(torch.cat([-STATES[rows], newest], dim=2))


def test_a_full_cache_takes_no_more() -> None:
    with pytest.raises(ValueError, match="7 tokens do not fit into a cache of 6"):
        filled().update(STATES[:, :, :2], STATES[:, :, :2])


def test_layers_with_a_window_stay_what_they_are() -> None:
    config = Qwen2Config(num_hidden_layers=3, use_sliding_window=True, sliding_window=4, max_window_layers=2)
    ours, theirs = preallocated_cache(config, 10).layers, DynamicCache(config=config).layers
    assert [type(layer).__name__ for layer in ours] == ["PreallocatedLayer"] * 2 + [type(theirs[2]).__name__]
    assert type(theirs[2]).__name__ == "DynamicSlidingWindowLayer"


def test_bytes_of_a_token() -> None:
    config = Qwen2Config(num_hidden_layers=24, hidden_size=896, num_attention_heads=14, num_key_value_heads=2)
    assert cache_bytes(config, torch.bfloat16) == 2 * 24 * 2 * 64 * 2  # Qwen2.5-0.5B: 12 KiB
