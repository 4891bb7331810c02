"""The Model Context Protocol: tools of its servers, and servers of our own.

Source: https://modelcontextprotocol.io/specification, revisions 2025-11-25 and 2026-07-28.
"""
