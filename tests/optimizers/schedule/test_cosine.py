import pytest

from rftlab.optimizers.schedule.cosine import WHOLE_RUN, scale


def test_half_a_cosine():
    assert WHOLE_RUN
    assert [scale(progress) for progress in (0.0, 1 / 3, 0.5, 1.0)] == pytest.approx([1.0, 0.75, 0.5, 0.0], abs=1e-15)
    assert [scale(progress, final=0.2) for progress in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.6, 0.2])
