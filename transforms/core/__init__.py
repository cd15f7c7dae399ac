"""Facts and intervals, one file per table: what happened to every issue, exactly. No statistics."""
