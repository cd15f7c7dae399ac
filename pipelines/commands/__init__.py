"""The commands of ``flow``, a file each: options, a few lines over the modules that do the work, and what is printed.

Modules are imported when a command is called, so that ``flow --help`` stays quick. Nothing is computed here.
"""
