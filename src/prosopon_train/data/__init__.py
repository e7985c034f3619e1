"""Datasets: one adapter a source, and the shard format they are all turned into."""
