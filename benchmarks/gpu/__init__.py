"""Everything that waits for a GPU, as one command: `python -m benchmarks.gpu --out DIR` (docs/gpu.md).

`__main__` reads the arguments, `driver` runs each part in a process of its own under its own time limit, and `inside`
is that process. `report` writes what a part finds as it finds it. On a CPU everything runs too, small.
"""
