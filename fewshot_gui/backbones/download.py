"""Fetching one large file: with progress, taken up again where it stopped, and checked.

``huggingface_hub``, which timm brings along, throws an interrupted download away and tests
no checksum of what came over plain HTTP; here both matter more than speed.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin

from filelock import FileLock
from filelock import Timeout as LockTimeout

from fewshot_gui import __version__
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

SECONDS_OF_SILENCE = 20.0
PAUSES = (1.0, 2.0, 4.0)  # before trying again when nothing came
_READ_AT_ONCE = 1 << 16
_SPARE_BYTES = 64 << 20  # left free on the disk
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # what a server says that may be well soon


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server.

    Attributes:
        url: Where it is.
        size: In bytes.
        sha256: Checksum of its content.
    """

    url: str
    size: int
    sha256: str


def download(
    file: RemoteFile,
    path: Path,
    job: Job,
    title: str = "",
    pauses: tuple[float, ...] = PAUSES,
    silence: float = SECONDS_OF_SILENCE,
) -> None:
    """Fetch a file, unless it is there; ``path`` appears whole or not at all.

    What came before an interruption or a cancellation is kept beside ``path`` and taken up
    the next time.

    Args:
        file: What to fetch.
        path: Where to; an older file is replaced.
        job: Progress in percent, and cancellation.
        title: What to call it in the progress.
        pauses: Seconds before each new try after one that brought nothing.
        silence: Seconds without a byte that count as an interruption.

    Raises:
        UserError: No network, no such file, damaged on the way, or no room on the disk.
        Cancelled: The job was cancelled.
    """
    partial = path.with_name(f"{path.name}.{file.sha256[:16]}.part")
    with _explaining_disk(partial):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(partial):
            if not _is_whole(path, file, job):
                _Transfer(file, partial, job, title or path.name, silence).run(pauses)
                os.replace(partial, path)


class _Transfer:
    """One download under way."""

    def __init__(
        self, file: RemoteFile, partial: Path, job: Job, title: str, silence: float
    ) -> None:
        self._file, self._partial, self._job = file, partial, job
        self._title, self._silence = title, silence
        self._digest = hashlib.sha256()
        self._have = 0

    def run(self, pauses: tuple[float, ...]) -> None:
        """Fetch what is missing, try after try, and test the whole."""
        with self._partial.open("a+b", buffering=0) as stream:
            self._take_up(stream)
            self._check_room()
            waiting, most = list(pauses), self._have
            while self._have < self._file.size:
                why = self._attempt(stream)
                if self._have > most:  # further than ever: starting again is no progress
                    waiting, most = list(pauses), self._have
                elif why is not None and not waiting:
                    raise _interrupted(self._file.url, why)
                if why is not None:
                    self._pause(waiting.pop(0) if waiting else 0.0)
            os.fsync(stream.fileno())
        if self._digest.hexdigest() != self._file.sha256:
            self._partial.unlink()
            raise UserError(
                _("“{title}” was damaged on the way.").format(title=self._title),
                _("Fetch it again."),
            )

    def _take_up(self, stream: BinaryIO) -> None:
        """Read what an earlier try has left."""
        stream.seek(0)
        while data := stream.read(_READ_AT_ONCE):
            self._job.checkpoint()
            self._digest.update(data)
            self._have += len(data)
        if self._have > self._file.size:
            self._start_again(stream)

    def _start_again(self, stream: BinaryIO) -> None:
        stream.truncate(0)
        self._digest, self._have = hashlib.sha256(), 0

    def _check_room(self) -> None:
        missing = self._file.size - self._have
        free = shutil.disk_usage(self._partial.parent).free
        if missing + _SPARE_BYTES > free:
            raise _no_room(missing, free)

    def _attempt(self, stream: BinaryIO) -> Exception | None:
        """One connection; returns what broke it, or None where it brought the rest."""
        try:
            with _open(self._file.url, self._have, self._silence) as answer:
                if self._have and not _goes_on(answer, self._have):
                    self._start_again(stream)
                self._receive(answer, stream)
        except urllib.error.HTTPError as error:
            if error.code == 416:  # no such part: the file there is another one
                self._start_again(stream)
            elif error.code not in _PASSING:
                raise refused(error) from error
            return error
        except (OSError, http.client.HTTPException, _ShortError) as error:
            return error
        return None

    def _receive(self, answer: http.client.HTTPResponse, stream: BinaryIO) -> None:
        while self._have < self._file.size:
            size = self._file.size
            text = _("Downloading {title}: {done:.1f} of {size:.1f} MB").format(
                title=self._title, done=self._have / 1e6, size=size / 1e6
            )
            self._job.report(100 * self._have // size, 100, text)
            # read1: what there is, so that a slow server holds up no cancellation
            data = answer.read1(min(_READ_AT_ONCE, size - self._have))
            if not data:
                raise _ShortError(_("the connection ended early"))
            with _explaining_disk(self._partial):
                _write(stream, data)
            self._digest.update(data)
            self._have += len(data)

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._job.checkpoint()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(0.1, left))
            self._job.checkpoint()


class _ShortError(Exception):
    """The server sent less than the file."""


def fetch_small(url: str, most: int, silence: float = SECONDS_OF_SILENCE) -> tuple[bytes, dict]:
    """A small file and the headers of the first answer, names in lower case.

    Raises:
        UserError: As for ``download``; or the file is larger than ``most`` bytes.
    """
    try:
        with _open(url, 0, silence) as answer:
            data = answer.read(most + 1)
            headers = {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        raise refused(error) from error
    except (OSError, http.client.HTTPException) as error:
        raise _interrupted(url, error) from error
    if len(data) > most:
        raise UserError(_("What “{url}” holds is too large.").format(url=url))
    return data, headers


def first_headers(url: str, silence: float = SECONDS_OF_SILENCE) -> dict[str, str]:
    """Headers of the server's own answer, before it sends one elsewhere, in lower case.

    Raises:
        UserError: As for ``download``.
    """
    request = urllib.request.Request(url, headers=_headers(), method="HEAD")
    try:
        with _opener(_StayHere).open(request, timeout=silence) as answer:
            return {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        raise refused(error) from error
    except (OSError, http.client.HTTPException) as error:
        raise _interrupted(url, error) from error


class _StayHere(urllib.request.HTTPRedirectHandler):
    """An answer that points to another server is an answer; a new name is followed."""

    def http_error_302(self, req, fp, code, msg, headers):
        there = urljoin(req.full_url, headers.get("Location", ""))
        if urllib.request.Request(there).host != req.host:
            return fp
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _open(url: str, start: int, silence: float) -> http.client.HTTPResponse:
    headers = _headers() | ({"Range": f"bytes={start}-"} if start else {})
    return _opener().open(urllib.request.Request(url, headers=headers), timeout=silence)


def _headers() -> dict[str, str]:
    # identity: sizes and places have to be those of the file itself
    return {"User-Agent": f"fewshot-gui/{__version__}", "Accept-Encoding": "identity"}


def _opener(*handlers) -> urllib.request.OpenerDirector:
    """Follows the system's proxies and trusts whom the system trusts."""
    try:  # Python's own list of authorities is empty in some installations
        import ssl

        from truststore import SSLContext

        https = urllib.request.HTTPSHandler(context=SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    except ImportError:
        https = urllib.request.HTTPSHandler()
    return urllib.request.build_opener(https, *handlers)


def _is_whole(path: Path, file: RemoteFile, job: Job) -> bool:
    """Whether the file is there already, as it should be."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while data := stream.read(_READ_AT_ONCE):
            job.checkpoint()
            digest.update(data)
    return digest.hexdigest() == file.sha256


def _goes_on(answer: http.client.HTTPResponse, start: int) -> bool:
    """Whether the answer begins where it was asked to; servers may send all instead."""
    place = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return answer.status == 206 and place is not None and int(place[1]) == start


def _write(stream: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while len(view):
        view = view[stream.write(view) :]


@contextmanager
def _alone(partial: Path) -> Iterator[None]:
    """Two processes never write to the same file."""
    lock = FileLock(f"{partial}.lock", timeout=0)
    try:
        lock.acquire()
    except LockTimeout as error:
        raise UserError(_("It is being downloaded already, by another window.")) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _explaining_disk(partial: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            partial.unlink(missing_ok=True)  # nobody needs half a file on a full disk
            raise _no_room(0, 0) from error
        raise UserError(
            _("“{file}” cannot be written: {reason}.").format(
                file=partial.parent, reason=error.strerror or error
            )
        ) from error


def _no_room(missing: int, free: int) -> UserError:
    message = _("There is no room on the disk for the download.")
    if missing:
        message = _("The download needs {missing:.0f} MB, and the disk has {free:.0f} MB.").format(
            missing=(missing + _SPARE_BYTES) / 1e6, free=free / 1e6
        )
    return UserError(message, _("Free some space and try again."))


def refused(error: urllib.error.HTTPError) -> UserError:
    """What to say of a server's refusal."""
    host = urllib.request.Request(error.url).host
    if error.code in (401, 404, 410):  # 401: the hub does not say what is private and what is not
        return UserError(
            _("{host} has no such model.").format(host=host),
            _("Check its name, with the tag after the dot."),
        )
    return UserError(
        _("{host} does not hand the file out (code {code}).").format(host=host, code=error.code)
    )


def _interrupted(url: str, error: Exception) -> UserError:
    host = urllib.request.Request(url).host
    reason = getattr(error, "reason", None) or error
    reason = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return UserError(
        _("{host} cannot be reached: {reason}.").format(host=host, reason=str(reason).rstrip(".")),
        _("Check the connection and try again; what is here already is kept."),
    )
