"""Experiments of papers on memory, small enough to be run from a cell."""
