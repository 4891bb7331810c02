"""Paged memory: a window of bounded size over a conversation without bound (MemGPT)."""
