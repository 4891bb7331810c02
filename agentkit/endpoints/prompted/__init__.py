"""Tools for models that have none: calls asked for in words, bound to a schema where possible."""
