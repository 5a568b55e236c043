import pytest

from rftlab.optimizers.schedule.linear import WHOLE_RUN, scale


def test_a_straight_line():
    assert WHOLE_RUN
    assert [scale(progress) for progress in (0.0, 0.25, 1.0)] == [1.0, 0.75, 0.0]
    assert [scale(progress, final=0.2) for progress in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.6, 0.2])
