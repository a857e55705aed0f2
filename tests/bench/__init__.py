"""Benchmarks of the hot paths, each beside a floor that is measured in the same run."""
