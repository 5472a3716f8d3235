"""Embeddings on disk: computed once, found again at the next opening of a folder.

Two files for each backbone, both only appended to: ``NAME.embeddings`` holds a record of
fixed size for each image, ``NAME.*.vectors`` the embeddings themselves, so that finding
an image reads little and loading a folder reads straight on. Every record has a checksum
over itself and its embedding: a file that was cut short, damaged or written by a process
that was killed gives fewer hits, never wrong ones. Deleting either only costs time.

Both together stay below ``LIMIT_BYTES``: where they would grow larger, the older half of
what they hold is dropped.
"""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock
from filelock import Timeout as LockTimeout
from numpy.typing import NDArray

from fewshot_gui.backbones.checksums import Checksums
from fewshot_gui.backbones.table import DIGEST_BYTES
from fewshot_gui.images.file_key import KEY_BYTES, file_key
from fewshot_gui.images.files import DECODER_VERSION, FailureKind, ImageFailure, ImageFile

LIMIT_BYTES = 4 << 30  # 1.6 million images at 1,280 components
BLOCK = 4096  # records that are read at once
_MAGIC = b"FewShotEmbeds\x00\x00\x02"
_GENERATION_BYTES = 8
_LOCK_SECONDS = 5.0
_EMBEDDED, _FAILED = 1, 2
_GAP = 8  # records read and thrown away rather than looking for the next one

_RECORD = np.dtype(
    [
        ("key", np.uint8, KEY_BYTES),
        ("digest", np.uint8, DIGEST_BYTES),
        ("slot", "<u4"),
        ("status", "<u4"),
        ("check", "<u8"),
    ]
)

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


class EmbeddingCache:
    """The embeddings of one backbone on disk. Many processes may share the files.

    Attributes:
        path: The file of records.

    Args:
        folder: Where the files lie; made when something is written.
        identity: The backbone's identity; names the files.
        width: Components of an embedding.
        limit: Bytes that both files may take together.
    """

    def __init__(self, folder: Path, identity: str, width: int, limit: int = LIMIT_BYTES) -> None:
        self.path = folder / f"{identity}.embeddings"
        self._identity = identity
        self._width = width
        self._stride = -(-2 * width // 8) * 8  # whole words, for the checksums
        self._most = max(2, limit // (self._stride + _RECORD.itemsize))
        self._header = _MAGIC + np.uint64(width).tobytes()
        self._checksums = Checksums(self._stride // 8, (_RECORD.itemsize - 8) // 8)

    # -- reading -----------------------------------------------------------------------

    def found(self, files: Iterable[ImageFile]) -> Iterator[CacheHits]:
        """All that is known of these files, in blocks, in the order it lies on disk."""
        keys = np.frombuffer(b"".join(map(file_key, files)), np.uint8).reshape(-1, KEY_BYTES)
        generation, records = self._records()
        asked, places = _newest_matches(keys, records["key"])
        del keys
        if not len(places):
            return
        order = np.argsort(records["slot"][places], kind="stable")
        asked, chosen = asked[order], records[places[order]]
        del records
        try:
            with self._vectors_path(generation).open("rb", buffering=0) as stream:
                for start in range(0, len(chosen), BLOCK):
                    block = slice(start, start + BLOCK)
                    yield self._hits(asked[block], chosen[block], stream)
        except OSError:  # gone meanwhile, or the disk is at fault: to be computed again
            return

    def _hits(self, asked: NDArray[np.int64], records: NDArray, stream) -> CacheHits:
        words = self._read(stream, records["slot"].astype(np.int64))
        intact = self._checksums.of(records, words) == records["check"]
        embedded = intact & (records["status"] == _EMBEDDED)
        failures = {}
        for place in np.flatnonzero(intact & (records["status"] == _FAILED)).tolist():
            failure = _unpack_failure(words[place].tobytes())
            if failure is not None:
                failures[int(asked[place])] = failure
        halves = words.view("<f2")[:, : self._width]
        if embedded.all():
            return CacheHits(asked, halves, records["digest"], failures)
        return CacheHits(asked[embedded], halves[embedded], records["digest"][embedded], failures)

    def _read(self, stream, slots: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Content of ascending slots, uint64 ``(n, words)``; zeros beyond the end."""
        words = np.zeros((len(slots), self._stride // 8), np.uint64)
        bounds = [0, *(np.flatnonzero(np.diff(slots) > _GAP) + 1).tolist(), len(slots)]
        for start, end in itertools.pairwise(bounds):
            first, last = int(slots[start]), int(slots[end - 1])
            stream.seek(first * self._stride)
            if last - first == end - start - 1:
                _fill(stream, words[start:end])
                continue
            between = np.zeros((last - first + 1, self._stride // 8), np.uint64)
            _fill(stream, between)
            words[start:end] = between[slots[start:end] - first]
        return words

    def _records(self) -> tuple[bytes, NDArray]:
        """The generation in use and all its records."""
        nothing = b"", np.zeros(0, _RECORD)
        try:
            with self.path.open("rb", buffering=0) as stream:
                generation = self._generation_of(stream)
                if generation is None:
                    return nothing
                payload = os.fstat(stream.fileno()).st_size - stream.tell()
                records = np.zeros(max(0, payload) // _RECORD.itemsize, _RECORD)
                filled = _fill(stream, records) // _RECORD.itemsize
                return generation, records[:filled]
        except (OSError, ValueError):
            return nothing

    def _generation_of(self, stream) -> bytes | None:
        """Read the header; None where it is not that of this cache."""
        length = len(self._header) + _GENERATION_BYTES
        header = stream.read(length)
        if len(header) < length or not header.startswith(self._header):
            return None
        return header[len(self._header) :]

    def _vectors_path(self, generation: bytes) -> Path:
        return self.path.with_name(f"{self._identity}.{generation.hex()}.vectors")

    # -- writing -----------------------------------------------------------------------

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
        finite = np.isfinite(vectors).all(axis=1) if len(files) else np.zeros(0, bool)
        lasting = [(file, why) for file, why in failures if why.kind in _LASTING]
        good = np.flatnonzero(finite)
        count = len(good) + len(lasting)
        if count == 0:
            return
        records = np.zeros(count, _RECORD)
        content = np.zeros((count, self._stride), np.uint8)
        kept = [*(files[i] for i in good.tolist()), *(file for file, _why in lasting)]
        keys = b"".join(map(file_key, kept))
        records["key"] = np.frombuffer(keys, np.uint8).reshape(-1, KEY_BYTES)
        records["status"] = _FAILED
        records["status"][: len(good)] = _EMBEDDED
        records["digest"][: len(good)] = digests[good]
        content.view("<f2")[: len(good), : self._width] = vectors[good]
        for place, (_file, why) in enumerate(lasting, start=len(good)):
            text = np.frombuffer(_pack_failure(why)[: self._stride], np.uint8)
            content[place, : len(text)] = text
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(f"{self.path}.lock", timeout=_LOCK_SECONDS):
                self._append(records, content.view(np.uint64))
        except LockTimeout as error:
            raise OSError(f"{self.path.name} is in use by another process") from error

    def _append(self, records: NDArray, words: NDArray[np.uint64]) -> None:
        generation = self._generation()
        vectors = self._vectors_path(generation)
        slots = _whole(vectors, 0, self._stride)
        if slots + len(records) > self._most:
            generation = self._drop_older_half()
            vectors = self._vectors_path(generation)
            slots = _whole(vectors, 0, self._stride)
        records["slot"] = np.arange(slots, slots + len(records))
        records["check"] = self._checksums.of(records, words)
        # First the embeddings: a process killed in between leaves no record of them.
        _write_at(vectors, slots * self._stride, words)
        begin = len(self._header) + _GENERATION_BYTES
        known = _whole(self.path, begin, _RECORD.itemsize)
        _write_at(self.path, begin + known * _RECORD.itemsize, records)

    def _generation(self) -> bytes:
        """The generation in use; a new one where there is none that can be used."""
        try:
            with self.path.open("rb") as stream:
                generation = self._generation_of(stream)
            if generation is not None and self._vectors_path(generation).exists():
                return generation
        except OSError:
            pass
        return self._begin(np.zeros(0, _RECORD), secrets.token_bytes(_GENERATION_BYTES))

    def _begin(self, records: NDArray, generation: bytes) -> bytes:
        """Let these records take the place of all others, which nobody finds any more."""
        self._vectors_path(generation).touch()
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(self._header + generation + records.tobytes())
        os.replace(fresh, self.path)
        current = self._vectors_path(generation)
        for other in self.path.parent.glob(f"{self._identity}.*.vectors"):
            if other != current:
                try:
                    other.unlink()
                except OSError:  # open in another process, where that matters: next time
                    continue
        return generation

    def _drop_older_half(self) -> bytes:
        """Copy the newer half of what is known into a new generation."""
        before, records = self._records()
        _keys, last = np.unique(records["key"][::-1].copy().view("V16").ravel(), return_index=True)
        newest = np.sort(len(records) - 1 - last)[-(self._most // 2) :]
        kept = records[newest]
        generation = secrets.token_bytes(_GENERATION_BYTES)
        count = 0
        with (
            self._vectors_path(before).open("rb", buffering=0) as source,
            self._vectors_path(generation).open("wb") as target,
        ):
            for start in range(0, len(kept), BLOCK):
                block = kept[start : start + BLOCK]
                block = block[np.argsort(block["slot"], kind="stable")]
                words = self._read(source, block["slot"].astype(np.int64))
                intact = self._checksums.of(block, words) == block["check"]
                block, words = block[intact], words[intact]
                block["slot"] = np.arange(count, count + len(block))
                block["check"] = self._checksums.of(block, words)
                kept[count : count + len(block)] = block
                target.write(words.tobytes())
                count += len(block)
        return self._begin(kept[:count], generation)


def _fill(stream, array: NDArray) -> int:
    """Read into an array; returns how many bytes there were."""
    view = memoryview(array.view(np.uint8).reshape(-1))
    done = 0
    while done < len(view) and (count := stream.readinto(view[done:])):
        done += count
    return done


def _whole(path: Path, begin: int, size: int) -> int:
    """How many whole records a file holds; a torn one at its end is written over."""
    return max(0, path.stat().st_size - begin) // size


def _write_at(path: Path, place: int, array: NDArray) -> None:
    with path.open("r+b", buffering=0) as stream:
        stream.seek(place)
        view = memoryview(array.view(np.uint8).reshape(-1))
        while len(view):
            view = view[stream.write(view) :]


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


def _pack_failure(why: ImageFailure) -> bytes:
    """A failure's words lie where a vector would. They hold for this decoder only."""
    return "\n".join([_decoder_version(), why.kind.name, why.detail]).encode()


def _unpack_failure(content: bytes) -> ImageFailure | None:
    text = content.rstrip(b"\0").decode(errors="replace")
    decoder, kind, detail = (text.split("\n", 2) + ["", ""])[:3]
    if decoder != _decoder_version() or kind not in FailureKind.__members__:
        return None
    return ImageFailure(FailureKind[kind], detail)
