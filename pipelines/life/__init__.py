"""One issue's life, derived number by number from the published tables: what ``flow explain`` tells.

Nothing is measured anew here: durations are read, taken apart, and held against each other. How they come about belongs
to ``transforms``.
"""
