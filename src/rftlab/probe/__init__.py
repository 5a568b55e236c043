"""The probe: how much signal each variant's gradient holds at one checkpoint of a language model.

Queries and rollouts are sampled once; what a variant would have made of them is then worked out as often as one likes.
"""
