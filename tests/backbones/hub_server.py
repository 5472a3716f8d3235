"""A model hub on this machine, as well or badly behaved as a test wants it."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server has and does; tests change it while it runs.

    Attributes:
        files: Content by path below ``REPOSITORY/resolve/REVISION/``.
        break_after: Bytes after which each of the next connections is cut, one a
            connection; None for a connection that stays.
        statuses: Codes that the next requests are answered with.
        ignores_ranges: Sends all of a file, whatever part was asked for.
        seconds_a_chunk: How long it takes over each kilobyte.
        elsewhere: Another hub that large files are handed out by.
        requests: What was asked, as (method, path, range).
        sent: Bytes of content that went out.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    break_after: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ignores_ranges: bool = False
    seconds_a_chunk: float = 0.0
    elsewhere: Hub | None = None
    tells_checksums: bool = True
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    sent: int = 0
    url: str = ""

    def gets(self, name: str) -> list[str]:
        """The parts of a file that were asked for."""
        return [part for way, path, part in self.requests if way == "GET" and path.endswith(name)]


@contextlib.contextmanager
def running(hub: Hub):
    """The hub on a port of its own, until the end."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_args):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        hub, part = self.hub, self.headers.get("Range", "")
        hub.requests.append((self.command, self.path, part))
        name = self.path.rpartition("/")[2]
        if hub.statuses:
            return self._refuse(hub.statuses.pop(0))
        content = hub.files.get(name)
        if content is None:
            return self._refuse(404)
        if hub.elsewhere is not None and name.endswith(".safetensors"):
            return self._send_elsewhere(content)
        return self._send(content, part)

    def _refuse(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_elsewhere(self, content):
        self.send_response(302)
        self.send_header("Location", f"{self.hub.elsewhere.url}/{self.path.rpartition('/')[2]}")
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("X-Linked-ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content, part):
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", part)
        if asked and not self.hub.ignores_ranges:
            start = int(asked[1])
            if start >= len(content):
                return self._refuse(416)
            self.send_response(206)
            end = len(content) - 1
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("X-Repo-Commit", COMMIT)
        if self.hub.tells_checksums:
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self._send_body(content[start:])

    def _send_body(self, content):
        hub = self.hub
        limit = hub.break_after.pop(0) if hub.break_after else None
        kept = content if limit is None else content[:limit]
        step = 1024 if hub.seconds_a_chunk else len(kept) or 1
        with contextlib.suppress(OSError):  # the other side has gone: what some tests want
            for start in range(0, len(kept), step):
                time.sleep(hub.seconds_a_chunk)
                self.wfile.write(kept[start : start + step])
                self.wfile.flush()
                hub.sent += len(kept[start : start + step])
        if limit is not None:
            self.close_connection = True
