"""A short name for one state of one file, for caches."""

from __future__ import annotations

import hashlib
import os

from fewshot_gui.images.files import ImageFile

KEY_BYTES = 16


def file_key(file: ImageFile) -> bytes:
    """16 bytes that change when the file is another one or was written again."""
    identity = f"\0({file.size}, {file.mtime_ns}, {file.inode})".encode()
    return hashlib.blake2b(os.fsencode(file.path) + identity, digest_size=KEY_BYTES).digest()
