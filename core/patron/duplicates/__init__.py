"""Customers that are probably one: which pairs to compare, how alike they are and why, and what was decided of them.

``profile`` is what of a customer is compared, ``blocking`` which pairs are, ``comparing`` how much speaks for their
being one, ``scanning`` does it for the whole base, ``deciding`` keeps what people said.
"""
