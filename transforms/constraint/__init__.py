"""The relief test (METHODS §3.3): which one step limits a value stream, found by replaying it with each step relieved.

Pure functions from intervals and changes to findings. The tables these fill are declared in ``transforms.metrics``.
"""
