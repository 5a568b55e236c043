from rftlab.optimizers.schedule.constant import scale


def test_it_is_one():
    assert [scale(progress) for progress in (0.0, 0.5, 1.0)] == [1.0, 1.0, 1.0]
