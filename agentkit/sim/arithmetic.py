"""Safe arithmetic: numbers, + - * / // % **, brackets and a few functions, by way of `ast`."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}
MAX_EXPONENT = 64
MAX_LENGTH = 500


def arithmetic_value(expression: str) -> float:
    """Return the value of an arithmetic expression such as `(17 * 23 + 4) / 2`.

    Raises:
        ValueError: it is not arithmetic, divides by zero or grows too large.
    """
    if len(expression) > MAX_LENGTH:
        raise ValueError(f"An expression has at most {MAX_LENGTH} characters.")
    try:
        value = walk(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, OverflowError, ZeroDivisionError, TypeError, RecursionError) as error:
        raise ValueError(
            f"Cannot compute {expression!r}: {error}. Expected arithmetic such as '17 * 23 + 4'."
        ) from error
    return tidy(value)


def tidy(value: float) -> float:
    """Return the value without binary dust: whole numbers as int, others with 10 digits."""
    if isinstance(value, complex) or not math.isfinite(value):
        raise ValueError("The result is not a finite real number.")
    rounded = round(value, 10)
    return int(rounded) if rounded == int(rounded) else rounded


def walk(node: ast.expr) -> float:
    """Return the value of one node of the syntax tree, refusing everything but arithmetic."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -walk(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return walk(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            a, b = walk(left), walk(right)
            if isinstance(op, ast.Pow) and abs(b) > MAX_EXPONENT:
                raise ValueError(f"Exponents may be at most {MAX_EXPONENT}.")
            return OPERATORS[type(op)](a, b)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(walk(arg) for arg in args))
    raise ValueError(
        f"Cannot compute {ast.unparse(node)!r}: only numbers, + - * / // % **, brackets and "
        f"{', '.join(FUNCTIONS)} are allowed."
    )
