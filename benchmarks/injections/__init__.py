"""Prompt injections against teams, with a policy and without: python -m benchmarks.injections."""
