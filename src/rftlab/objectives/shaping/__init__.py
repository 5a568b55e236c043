"""What becomes of a round's advantages before they weigh its rollouts: clipped, standardised over rollouts or tokens.

``shape(advantages_Bn, lengths_Bn, *, parameters…) -> shaped_Bn``, of the trained rollouts alone and of any advantage:
raw rewards standardised over tokens are REINFORCE++, a query's mean subtracted first is its variant with a group
baseline. Each level says what it does with a single rollout and where all advantages are equal.
"""
