"""Print the table of fault kinds."""

from pipelines.sandbox.faults.catalogue import fault_table

print(fault_table())
