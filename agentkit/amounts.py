"""Amounts as people read them, the same in all views and pictures."""

from __future__ import annotations


def money(cost_usd: float | None, unpriced: int = 0) -> str:
    """An amount in USD with enough digits to tell small ones apart; unknown stays unknown."""
    if cost_usd is None:
        return "unknown" if unpriced else "–"
    digits = 2 if cost_usd >= 1 or cost_usd == 0 else 4 if cost_usd >= 0.01 else 6
    shown = f"${cost_usd:.{digits}f}"
    return f"{shown} + {unpriced} unknown" if unpriced else shown


def seconds(value: float | None) -> str:
    """A duration in a unit that suits it."""
    if value is None:
        return "–"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 120:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def count(value: int) -> str:
    """An integer with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def size(value: int) -> str:
    """A number of bytes in a unit that suits it: 1 kB is 1000 bytes."""
    for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= one:
            share = value / one
            return f"{share:.1f} {unit}" if share < 9.95 else f"{share:.0f} {unit}"
    return f"{value} byte{'' if value == 1 else 's'}"
