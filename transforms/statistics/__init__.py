"""Estimators over plain arrays: what a library lacks, each tested against one that is known right. No tables here."""
