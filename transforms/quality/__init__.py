"""Tables that show whether the numbers are whole: one file per table, shipped beside what they vouch for."""
