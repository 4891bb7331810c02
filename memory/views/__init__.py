"""Memories as pictures: what is stored, what was recalled and why, folded from events."""
