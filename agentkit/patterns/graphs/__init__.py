"""Declared graphs: nodes, edges with conditions and loops, checked, drawn and run in supersteps."""
