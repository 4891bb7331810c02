"""`python .../local/serving.py`: llama.cpp's server for one model, while somebody uses it.

Whoever uses it holds a connection to its door, a socket on loopback, and is gone when that closes,
however his process ends. What llama.cpp does not count, as texts that are cut into tokens, is told
over that connection: a byte of it is as good as a question. Requests go to llama.cpp's own server,
which listens on another port and answers nobody without the key. Both addresses and the key are in
a file that only this user reads. It is run as a file and imports nothing of agentkit, which would
take as long as loading the model.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import secrets
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

GRACE_S = 2.0
"""How long it waits for another user when the last one has gone."""
FIRST_S = 30.0
"""How long it waits for the first one."""
HELLO_S = 5.0
"""How long a visitor may take to say the key."""
CHECK_S = 0.5
BUSY_S = 10.0
"""How often it looks whether it was asked anything."""
LONGEST_KEY = 128
DEAF = "The chat template of this model drops what is said."


class Users:
    """Who holds a connection to the door.

    Args:
        key: what a user must say first.
    """

    def __init__(self, key: str) -> None:
        self.key, self.lock, self.closing = key.encode(), threading.Lock(), False
        self.count, self.since = 0, time.monotonic()
        self.stirred = self.since
        """When one of them last said that it is at work."""
        self.grace_s = FIRST_S
        self.door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.door.bind(("127.0.0.1", 0))
        self.door.listen(256)
        threading.Thread(target=self.receive, daemon=True, name="door").start()

    @property
    def port(self) -> int:
        """Where the door is."""
        return int(self.door.getsockname()[1])

    def receive(self) -> None:
        """Let visitors in, for ever."""
        while True:
            with suppress(OSError):
                visitor, _ = self.door.accept()
                threading.Thread(target=self.host, args=(visitor,), daemon=True).start()

    def host(self, visitor: socket.socket) -> None:
        """Serve one visitor: check the key, and wait until he has gone."""
        with visitor, suppress(OSError):
            visitor.settimeout(HELLO_S)
            said = b""
            while not said.endswith(b"\n") and len(said) < LONGEST_KEY:
                if not (piece := visitor.recv(LONGEST_KEY)):
                    return
                said += piece
            if not hmac.compare_digest(said.strip(), self.key) or not self.enter():
                return
            try:
                visitor.settimeout(None)
                visitor.sendall(b"welcome\n")
                while visitor.recv(64):
                    self.stirred = time.monotonic()
            finally:
                self.leave()

    def enter(self) -> bool:
        """Count one more; not any more once it is decided to end."""
        with self.lock:
            if self.closing:
                return False
            self.count += 1
            self.grace_s = GRACE_S
            return True

    def leave(self) -> None:
        """Count one less."""
        with self.lock:
            self.count -= 1
            self.since = time.monotonic()

    def gone(self) -> bool:
        """Whether nobody has been here for long enough; from then on nobody is let in."""
        with self.lock:
            lonely = self.count == 0 and time.monotonic() - self.since > self.grace_s
            self.closing = self.closing or lonely
            return lonely

    def close(self) -> None:
        """Let nobody in any more."""
        with self.lock:
            self.closing = True


def write(path: Path, text: str) -> None:
    """Write a file in one piece: a reader sees the old or the new one. Only the user reads it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(fresh, path)


def parser() -> argparse.ArgumentParser:
    """The options, as agentkit.local.starting gives them."""
    options = argparse.ArgumentParser()
    for name in ("--model", "--name", "--log"):
        options.add_argument(name, required=True)
    for name in ("--threads", "--slots", "--slot-tokens"):
        options.add_argument(name, type=int, required=True)
    options.add_argument("--template", default="", help="a chat template instead of its own")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--key", default="")
    options.add_argument("--state", default="", help="where to tell the addresses and the key")
    options.add_argument("--idle-s", type=float, default=0.0, help="0 for never")
    options.add_argument("--embeds", action="store_true")
    options.add_argument("--foreground", action="store_true", help="without users, until killed")
    return options


def serve(options: argparse.Namespace, key: str) -> Any:
    """Start llama.cpp's server in threads of this process.

    Raises:
        RuntimeError: it does not start; its own words are on stderr.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.name}
    params.hostnames, params.port = ["127.0.0.1"], options.port
    params.api_keys = [key]
    params.n_ctx, params.n_parallel = options.slots * options.slot_tokens, options.slots
    for cpu in (params.cpuparams, params.cpuparams_batch):
        # Threads that spin while they wait would take the core from those they wait for.
        cpu.n_threads, cpu.poll = options.threads, 0
    params.use_jinja = True
    # Not shrunk to fit, not cut silently, no web page, and no cache beside the slots.
    params.fit_params = params.ctx_shift = params.ui = params.warmup = False
    params.cache_ram_mib = 0
    params.endpoint_metrics = True
    params.cors_credentials = False
    if options.template:
        params.chat_template = Path(options.template).read_text(encoding="utf-8")
    if options.embeds:
        params.embedding = True
        params.n_batch = params.n_ubatch = options.slot_tokens
    return xllamacpp.Server(params)


def server_mark(url: str, key: str) -> tuple[str, bool]:
    """A mark of all that the server was asked so far, and whether it works now."""
    import urllib.request

    call = urllib.request.Request(f"{url}/metrics", headers={"authorization": f"Bearer {key}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(call, timeout=30) as reply:
        text = reply.read().decode()
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    found = {name.partition(":")[2]: number for name, number, *_ in lines}
    busy = found.get("requests_processing", "0") != "0" or found.get("requests_deferred") != "0"
    marks = ("prompt_tokens_total", "prompt_tokens_cached_total", "tokens_predicted_total")
    return " ".join(found.get(one, "") for one in marks), busy


def hears(url: str, key: str) -> bool:
    """Whether the model's chat template keeps what is said; a broken one may render nothing."""
    import urllib.request

    word = "heard-" + secrets.token_hex(4)
    body = json.dumps({"messages": [{"role": "user", "content": word}]}).encode()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    call = urllib.request.Request(f"{url}/apply-template", body, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(call, timeout=60) as reply:
            return word in json.loads(reply.read())["prompt"]
    except (OSError, ValueError, KeyError) as error:
        print(f"the template cannot be applied: {error}", file=sys.stderr)
        return False


def stay(users: Users, url: str, key: str, idle_s: float) -> None:
    """Wait until nobody uses it, or nobody has asked anything for long enough."""
    mark, since, looked = "", time.monotonic(), 0.0
    while not users.gone():
        time.sleep(CHECK_S)
        now = time.monotonic()
        if not idle_s or now - looked < min(BUSY_S, idle_s / 4):
            continue
        looked = now
        with suppress(OSError, ValueError):
            seen, busy = server_mark(url, key)
            if busy or seen != mark:
                mark, since = seen, now
        if now - max(since, users.stirred) > idle_s:
            users.close()
            return


def main() -> None:
    """Serve until the last user has gone."""
    parent = os.getppid()  # before it is told that it may go: from then on it may be gone
    options = parser().parse_args()
    key = options.key or os.environ.pop("AGENTKIT_LOCAL_KEY", "") or secrets.token_urlsafe(24)
    try:
        server = serve(options, key)
    except RuntimeError as error:
        print(error, file=sys.stderr, flush=True)
        # Not by `leave`: llama.cpp's words are written by a thread, which ends with the last one.
        sys.exit(1)
    url = server.listening_address
    if not (options.embeds or hears(url, key)):
        print(DEAF, file=sys.stderr, flush=True)
        leave(1)
    users = Users(key)
    state = {"pid": os.getpid(), "url": url, "door": users.port, "key": key, "log": options.log}
    if options.state:
        write(Path(options.state), json.dumps(state))
    try:
        print("READY", json.dumps(state), flush=True)
    except OSError:  # who started it is gone
        leave(1)
    # What is printed from here on goes to the log: nobody reads the pipe any more.
    os.dup2(2, 1)
    while options.foreground:
        time.sleep(CHECK_S)
        if os.getppid() != parent:  # its command was killed, and cannot end it
            leave(0)
    stay(users, url, key, options.idle_s)
    with suppress(OSError, ValueError):
        # Only its own: another one may have been started already.
        path = Path(options.state or os.devnull)
        if json.loads(path.read_text()).get("key") == key:
            path.unlink()
        Path(options.log).unlink()
    leave(0)


def leave(status: int) -> None:
    """End at once; llama.cpp's own threads would be waited for, and have nothing left to do."""
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
