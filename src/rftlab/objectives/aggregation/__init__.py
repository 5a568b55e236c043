"""How the tokens of a round are averaged: the weight of every token of a rollout, from lengths alone.

``token_weights(lengths_Bn, limit) -> weights_Bn``, and loss = Σ_i w_i Σ_t loss_it. Because a weight is fixed by the
round's lengths before any model runs, a round cut into micro-batches sums to the same loss and the same gradient.
"""
