"""What is reckoned of each customer in the background and kept: the stage by the firm's definition, and how good the
data is. Pages and counts read what is kept.
"""
