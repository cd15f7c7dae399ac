"""One module per section of the report: which tables it speaks of, what it says, what its charts draw.

A module declares VIEW. Words are made here and not in the browser, so that they can be tested without one.
"""
