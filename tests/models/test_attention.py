import pytest
import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from rftlab.models.attention import ATTENTION, attend
from rftlab.models.tiny import HEAD_DIM
from training import policy


class Module(torch.nn.Module):
    num_key_value_groups = 3
    is_causal = True


@pytest.mark.parametrize("masked", [True, False])
def test_a_decoding_step_is_what_transformers_computes(masked) -> None:
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(4, 6, 1, HEAD_DIM, generator=generator)
    key, value = torch.randn(2, 4, 2, 9, HEAD_DIM, generator=generator)
    mask = torch.ones(4, 1, 1, 9, dtype=torch.bool) if masked else None
    if mask is not None:
        mask[2, :, :, :5] = False
    with torch.inference_mode():
        ours, _ = attend(Module(), query, key, value, mask, scaling=0.2)
        theirs, _ = sdpa_attention_forward(Module(), query, key, value, mask, scaling=0.2)
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_a_loaded_policy_uses_it_and_a_saved_one_does_not_name_it(tmp_path) -> None:
    from rftlab.models import PolicyDirectory
    from rftlab.state import save_checkpoint
    from training import TOKENIZER

    save_checkpoint(tmp_path / "first", policy(), TOKENIZER)
    model = PolicyDirectory(tmp_path / "first").model()
    assert model.config._attn_implementation == ATTENTION
    save_checkpoint(tmp_path / "second", model, TOKENIZER)
    assert ATTENTION not in (tmp_path / "second" / "config.json").read_text()
