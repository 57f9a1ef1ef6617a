"""Benchmarks: `make bench` runs all, `make bench NAME=verify` one. Each prints one JSON line.

A benchmark is a module whose `run()` returns a `bench._harness.Result`; its name is the module's, with
dashes.
"""
