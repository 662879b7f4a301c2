"""One perfaudit over many repositories: each in a process of its own with limits, on all cores of a machine or a cluster.

Every repository ends with a row, and one that could not be judged with its reason. Needs the extra `fleet`: Ray runs the processes, the results are
Parquet, and DuckDB asks them. Nothing here reads code: that is the program's.
"""
