"""Tests of the relief test: its replay, what it is built from, and what is concluded."""
