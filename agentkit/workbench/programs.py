"""Programs of ours that run inside of a sandbox; each is Python without packages."""

from __future__ import annotations

FILES = r"""
import json, os, re, sys

WINDOW, HITS = 100, 50

def pieces(text):
    # As editors and compilers count lines: a form feed or U+2028 is a sign in one.
    return re.findall("[^\n]*\n|[^\n]+", text)

def raw(path):
    # Bytes that are no UTF-8, and ends of lines, are written back as they were.
    with open(path, "rb") as file:
        return pieces(file.read().decode("utf-8", "surrogateescape"))

def bare(line):
    return line.rstrip("\r\n").encode("utf-8", "surrogateescape").decode("utf-8", "replace")

def lines_of(path):
    return [bare(one) for one in raw(path)]

def write(path, text):
    data = text.encode("utf-8", "surrogateescape")
    with open(path, "wb") as file:
        file.write(data)

def shown(path, lines, first, window):
    first = max(1, min(first, max(1, len(lines) - window + 1)))
    part = lines[first - 1 : first - 1 + window]
    said = [f"[{path}, {len(lines)} lines]"]
    if first > 1:
        said.append(f"({first - 1} more above)")
    said += [f"{first + n}:{line[:500]}" for n, line in enumerate(part)]
    below = len(lines) - (first - 1 + len(part))
    if below > 0:
        said.append(f"({below} more below)")
    return "\n".join(said)

def lint(path, text):
    try:
        if path.endswith(".py"):
            compile(text, path, "exec", dont_inherit=True)
        elif path.endswith(".json"):
            json.loads(text)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except ValueError as error:
        return str(error)
    return ""

def view(path, line, window):
    return shown(path, lines_of(path), line - window // 2, window)

def edit(path, first, last, text):
    lines = raw(path)
    if not 1 <= first <= len(lines) + 1 or not first - 1 <= last <= len(lines):
        has = f"has lines 1 to {len(lines)}" if lines else "is empty (first 1, last 0 adds to it)"
        raise ValueError(f"{path} {has}, and not {first} to {last}")
    end = "\r\n" if 2 * sum(one.endswith("\r\n") for one in lines) > len(lines) else "\n"
    put = [one.rstrip("\r\n") + end for one in pieces(text)]
    above = lines[: first - 1]
    if above and not above[-1].endswith("\n"):
        above = [*above[:-1], above[-1] + end]
    new = above + put + lines[last:]
    before, after = "".join(lines), "".join(new)
    lines, new = [bare(one) for one in lines], [bare(one) for one in new]
    wrong = lint(path, after)
    if wrong and not lint(path, before):
        near = shown(path, new, first - 5, 10 + len(put))
        raise ValueError(f"Not done, it would not be valid: {wrong}\nIt would be:\n{near}\n"
                         f"It is:\n{shown(path, lines, first - 5, 10 + last - first)}")
    write(path, after)
    return "Done.\n" + shown(path, new, first - 5, 10 + len(put))

def create(path, text):
    if os.path.exists(path):
        raise ValueError(f"{path} exists; edit it")
    wrong = lint(path, text)
    if wrong:
        raise ValueError(f"Not done, it would not be valid: {wrong}")
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    write(path, text)
    return f"Done: {path}, {len(pieces(text))} lines."

def every(folder):
    if not os.path.isdir(folder):
        raise ValueError(f"there is no folder {folder}")
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(files):
            yield os.path.normpath(os.path.join(where, name))

def search(words, folder):
    found, files = [], set()
    for path in [folder] if os.path.isfile(folder) else every(folder):
        try:
            for n, line in enumerate(lines_of(path), 1):
                if words in line:
                    found.append(f"{path}:{n}:{line.strip()[:200]}")
                    files.add(path)
        except OSError:
            continue
    if not found:
        return f"{words!r} is nowhere in {folder!r}."
    head = f"{len(found)} lines in {len(files)} files have {words!r}"
    if len(found) > HITS:
        head += f"; that is too many, narrow it. The first {HITS}"
        found = found[:HITS]
    return head + ":\n" + "\n".join(found)

def find(name, folder):
    import fnmatch
    found = [one for one in every(folder) if fnmatch.fnmatch(os.path.basename(one), name)]
    more = f"\n({len(found) - HITS} more)" if len(found) > HITS else ""
    return "\n".join(found[:HITS]) + more if found else f"No file in {folder} is called {name}."

asked = json.load(sys.stdin)
try:
    said = {"text": globals()[asked["do"]](**asked["with"])}
except (OSError, ValueError, RecursionError) as error:
    said = {"wrong": str(error)}
json.dump(said, sys.stdout)
"""
"""One order on files, from stdin; what came of it on stdout."""

ACTIONS = r'''
import ast, builtins, contextlib, io, json, os, socket, sys, traceback

channel = socket.socket(fileno=int(os.environ.pop("AGENTKIT_CHANNEL")))
line = channel.makefile("rw", encoding="utf-8")

def send(**said):
    line.write(json.dumps(said) + "\n")
    line.flush()
    return json.loads(line.readline() or "{}")

class ToolFailed(Exception):
    """A tool did not do what was asked; the text says why."""

class Ended(BaseException):
    """The final answer was given."""

def function(name, names):
    def call(*given, **named):
        if len(given) > len(names):
            raise TypeError(f"{name} takes {', '.join(names) or 'nothing'}")
        named = {**dict(zip(names, given)), **named}
        try:
            told = send(call=name, arguments=named)
        except TypeError as error:
            raise ToolFailed(f"{name} takes JSON values: {error}") from None
        if "error" in told:
            raise ToolFailed(told["error"])
        return told["result"]
    call.__name__ = name
    return call

def final_answer(value):
    raise Ended(value)

class Said(io.StringIO):
    """What is printed, up to a bound."""
    def write(self, text):
        if self.tell() < 200_000:
            super().write(text)
        return len(text)

names = {"__name__": "__main__", "final_answer": final_answer, "ToolFailed": ToolFailed}
order = send(ready=True)
for name, parameters in order["functions"].items():
    names[name] = function(name, parameters)
order = send(ready=True)
while "code" in order:
    said, done = Said(), {}
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            tree = ast.parse(order["code"])
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<action>", "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "<action>", "eval"), names)
                if value is not None:
                    print(repr(value))
        except Ended as end:
            try:
                json.dumps(end.args[0])
                done["final"] = end.args[0]
            except (TypeError, ValueError):
                done["final"] = str(end.args[0])
        except BaseException as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [one.lineno for one in frames if one.filename == "<action>"]
            where = f" (line {lines[-1]})" if lines else ""
            done["wrong"] = f"{type(error).__name__}: {error}{where}"
    order = send(said=said.getvalue(), **done)
'''
"""A session of Python: code comes over the channel, calls of tools go over it."""

TESTS = r"""
import importlib.util, io, json, os, sys, traceback, unittest, contextlib

asked = json.load(sys.stdin)
sys.path.insert(0, os.getcwd())
token = asked.pop("token")
for path, text in asked["files"].items():
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)

def tests_of(path):
    name = path.removesuffix(".py").replace("/", ".")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    for key, value in list(vars(module).items()):
        if isinstance(value, type) and issubclass(value, unittest.TestCase):
            for method in unittest.defaultTestLoader.getTestCaseNames(value):
                yield f"{path}::{key}::{method}", value, method
        elif isinstance(value, type) and key.startswith("Test"):
            for method in [m for m in dir(value) if m.startswith("test")]:
                yield f"{path}::{key}::{method}", value, method
        elif key.startswith("test") and callable(value):
            yield f"{path}::{key}", value, None

def performed(value, method):
    if method is None:
        value()
    elif issubclass(value, unittest.TestCase):
        result = unittest.TestResult()
        value(method).run(result)
        for _, trace in result.errors + result.failures:
            raise AssertionError(trace.strip().splitlines()[-1])
        for one in result.unexpectedSuccesses:
            raise AssertionError("unexpected success")
    else:
        getattr(value(), method)()

found = {}
with contextlib.redirect_stdout(io.StringIO()):
    for path in asked["tests"]:
        try:
            every = list(tests_of(path))
        except BaseException as error:
            found[path] = f"{type(error).__name__}: {error}"[:300]
            continue
        for name, value, method in every:
            try:
                performed(value, method)
                found[name] = ""
            except BaseException as error:
                found[name] = f"{type(error).__name__}: {error}"[:300] or "failed"
        if not every:
            found[path] = ""
sys.__stdout__.write(f"\n{token} {json.dumps(found)}\n")
sys.__stdout__.flush()
os._exit(0)
"""
"""Tests run, each by its name; a file of bare assertions is one test."""
