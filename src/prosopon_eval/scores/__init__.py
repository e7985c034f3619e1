"""What is scored on the benchmarks: one module a task, with its ``SCORE``."""
