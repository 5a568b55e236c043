"""What a gradient becomes: one file per optimizer, one function in it.

``optimizer(policy, lr, *, parameters…) -> torch.optim.Optimizer`` of a policy's trained weights. ``lr`` and the clip of
the gradient's norm are every optimizer's and stand in the study beside its name; the learning rate of each round is
``lr`` times its warm-up and its :mod:`schedule <rftlab.optimizers.schedule>`. Weight decay is decoupled everywhere:
each step takes ``lr · weight_decay`` of a weight away. An optimizer's state is tensors, numbers and text, so that a run
that was killed goes on with it.
"""
