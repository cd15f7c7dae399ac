"""Content for BI tools, made from the declarations of the published tables. Nothing here computes a figure."""
