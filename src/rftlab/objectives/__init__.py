"""Objectives: from log-probabilities and advantages to the loss. One file per level, one pure function in it.

loss = Σ_i w_i Σ_t (policy_loss_it + coefficient · penalty_it), over the N rollouts and T response tokens of a round:
``ratio`` gives the policy loss of a token, ``kl`` its penalty, ``aggregation`` the weight w of a rollout's tokens, and
``shaping`` is what becomes of the advantages before that.
"""
