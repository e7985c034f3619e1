"""Training on the licensed benchmarks, read by the adapters of ``prosopon_eval.datasets``."""
