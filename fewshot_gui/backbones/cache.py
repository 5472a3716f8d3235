"""Embeddings on disk: computed once, found again at the next opening of a folder.

One file for each backbone, to which records are appended. Every record has the same
size and its own checksum, so a file that was cut short, damaged or written by a process
that was killed gives fewer hits, never wrong ones. Deleting it only costs time.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock
from filelock import Timeout as LockTimeout
from numpy.typing import NDArray

from fewshot_gui.backbones.table import DIGEST_BYTES
from fewshot_gui.images.files import DECODER_VERSION, FailureKind, ImageFailure, ImageFile

_MAGIC = b"FewShotEmbeds\x00\x00\x01"
_KEY_BYTES = 16
_LOCK_SECONDS = 5.0
_EMBEDDED, _FAILED = 1, 2

# What the decoder found in the file itself. A missing file, a full memory or a worker that
# was killed may be otherwise next time.
_LASTING = (FailureKind.DAMAGED, FailureKind.UNSUPPORTED)


@dataclass(frozen=True)
class CacheHits:
    """What was found for ``n`` files.

    Attributes:
        embedded: int64 ``(e,)`` positions in the list that was asked for.
        vectors: float16 ``(e, d)``.
        digests: uint8 ``(e, 16)``.
        failures: Position -> why that file cannot be read.
    """

    embedded: NDArray[np.int64]
    vectors: NDArray[np.float16]
    digests: NDArray[np.uint8]
    failures: dict[int, ImageFailure]


def file_key(file: ImageFile) -> bytes:
    """16 bytes that change when the file is another one or was written again."""
    identity = (file.size, file.mtime_ns, file.inode)
    data = os.fsencode(file.path) + b"\0" + repr(identity).encode()
    return hashlib.blake2b(data, digest_size=_KEY_BYTES).digest()


class EmbeddingCache:
    """The embeddings of one backbone on disk. Many processes may share the file.

    Args:
        folder: Where the file lies; made when something is written.
        identity: The backbone's identity; names the file.
        width: Components of an embedding.
    """

    def __init__(self, folder: Path, identity: str, width: int) -> None:
        self.path = folder / f"{identity}.embeddings"
        self._record = np.dtype(
            [
                ("key", np.uint8, _KEY_BYTES),
                ("digest", np.uint8, DIGEST_BYTES),
                ("crc", "<u4"),
                ("status", "<u4"),
                ("vector", "<f2", width),
            ]
        )
        self._header = _MAGIC + np.uint64(width).tobytes()

    def lookup(self, files: Sequence[ImageFile]) -> CacheHits:
        """All that is known of these files, in one pass over the index."""
        records = self._records()
        wanted = np.frombuffer(b"".join(map(file_key, files)), np.uint8).reshape(-1, _KEY_BYTES)
        asked, found = _newest_matches(wanted, records["key"])
        if len(found) == 0:
            return self._nothing()
        chosen = np.asarray(records[found])
        intact = self._checksums(chosen) == chosen["crc"]
        asked, chosen = asked[intact], chosen[intact]
        embedded = (chosen["status"] == _EMBEDDED) & np.isfinite(chosen["vector"]).all(axis=1)
        failures = {
            int(position): failure
            for position, record in zip(asked[~embedded], chosen[~embedded], strict=True)
            if (failure := _unpack_failure(record)) is not None
        }
        good = chosen[embedded]
        return CacheHits(asked[embedded], good["vector"], good["digest"], failures)

    def append(
        self,
        files: Sequence[ImageFile],
        vectors: NDArray[np.float16],
        digests: NDArray[np.uint8],
        failures: Sequence[tuple[ImageFile, ImageFailure]] = (),
    ) -> None:
        """Add embeddings, float16 ``(n, d)``, and lasting failures.

        Raises:
            OSError: The disk is full or must not be written to; what was there stays good.
        """
        lasting = [(file, why) for file, why in failures if why.kind in _LASTING]
        records = np.zeros(len(files) + len(lasting), self._record)
        if len(records) == 0:
            return
        for i, file in enumerate([*files, *(file for file, _why in lasting)]):
            records["key"][i] = np.frombuffer(file_key(file), np.uint8)
        records["status"][: len(files)] = _EMBEDDED
        records["vector"][: len(files)] = vectors
        records["digest"][: len(files)] = digests
        for i, (_file, why) in enumerate(lasting, start=len(files)):
            _pack_failure(records, i, why)
        records["crc"] = self._checksums(records)
        self._write(records.tobytes())

    def _write(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(f"{self.path}.lock", timeout=_LOCK_SECONDS):
                self._append_whole_records(data)
        except LockTimeout as error:
            raise OSError(f"{self.path.name} is in use by another process") from error

    def _append_whole_records(self, data: bytes) -> None:
        if not self._has_header():
            # Replaced rather than emptied: another process may have the old one mapped.
            fresh = self.path.with_suffix(".new")
            fresh.write_bytes(self._header)
            os.replace(fresh, self.path)
        with self.path.open("r+b", buffering=0) as stream:
            size = stream.seek(0, os.SEEK_END)
            # A process killed while writing leaves part of a record: write over it.
            torn = (size - len(self._header)) % self._record.itemsize
            stream.seek(size - torn)
            view = memoryview(data)
            while len(view):
                view = view[stream.write(view) :]

    def _has_header(self) -> bool:
        try:
            with self.path.open("rb") as stream:
                return stream.read(len(self._header)) == self._header
        except OSError:
            return False

    def _records(self) -> NDArray:
        nothing = np.zeros(0, self._record)
        if not self._has_header():
            return nothing
        try:
            payload = self.path.stat().st_size - len(self._header)
            count = payload // self._record.itemsize
            if count <= 0:
                return nothing
            return np.memmap(self.path, self._record, "r", offset=len(self._header), shape=(count,))
        except (OSError, ValueError):
            return nothing

    def _nothing(self) -> CacheHits:
        empty = np.zeros(0, self._record)
        return CacheHits(np.zeros(0, np.int64), empty["vector"], empty["digest"], {})

    def _checksums(self, records: NDArray) -> NDArray[np.uint32]:
        """CRC-32 of each record without its own field."""
        blank = records.copy()
        blank["crc"] = 0
        size = self._record.itemsize
        data = memoryview(blank.tobytes())
        sums = [zlib.crc32(data[i * size : (i + 1) * size]) for i in range(len(blank))]
        return np.asarray(sums, np.uint32)


def _newest_matches(
    wanted: NDArray[np.uint8], known: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions in ``wanted`` that are known, and the last record of each.

    The first half of a key is searched, the second compared: keys are hashes, so two of
    them with the same half and another rest are a miss, not a wrong hit.
    """
    nothing = np.zeros(0, np.int64)
    if len(wanted) == 0 or len(known) == 0:
        return nothing, nothing
    wanted_halves = np.ascontiguousarray(wanted).view("<u8").reshape(-1, 2)
    known_halves = np.ascontiguousarray(known).view("<u8").reshape(-1, 2)
    order = np.argsort(known_halves[:, 0], kind="stable")
    place = np.searchsorted(known_halves[order, 0], wanted_halves[:, 0], side="right") - 1
    candidates = order[np.maximum(place, 0)]
    same = (known_halves[candidates] == wanted_halves).all(axis=1)
    return np.flatnonzero(same), candidates[same]


def _decoder_version() -> str:
    return f"{DECODER_VERSION}+pillow{version('pillow')}"


def _pack_failure(records: NDArray, row: int, why: ImageFailure) -> None:
    """A failure's words lie where a vector would. They hold for this decoder only."""
    text = "\n".join([_decoder_version(), why.kind.name, why.detail]).encode()
    room = records["vector"][row].nbytes
    padded = text[:room].ljust(room, b"\0")
    records["status"][row] = _FAILED
    records["vector"][row] = np.frombuffer(padded, "<f2")


def _unpack_failure(record: np.void) -> ImageFailure | None:
    if record["status"] != _FAILED:
        return None
    text = record["vector"].tobytes().rstrip(b"\0").decode(errors="replace")
    decoder, kind, detail = (text.split("\n", 2) + ["", ""])[:3]
    if decoder != _decoder_version() or kind not in FailureKind.__members__:
        return None
    return ImageFailure(FailureKind[kind], detail)
