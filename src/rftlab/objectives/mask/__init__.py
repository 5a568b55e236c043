"""Which rollouts are left out of the loss though they are trained on otherwise: their tokens weigh nothing.

``mask(weights_Bn, lengths_Bn, truncated_Bn, *, parameters…) -> weights_Bn``, after the aggregation has given every
token its weight. A rollout of weight zero is not run through the model. Its reward still counts in the advantages of
others, and its tokens in the budget.
"""
