"""The report: one HTML file that says where work waits, made from the published tables of one version and nothing else.

``published`` reads the tables, a module of ``views`` turns some of them into one section's words and rows, ``charts``
says how rows are drawn, ``packing`` how they travel, ``page`` puts everything into one file, in which ``scripts``
shows what is chosen. No number is computed here that a table could hold:
what is missing from a section is missing from a table.
"""
