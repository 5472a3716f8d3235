"""Embeddings of length 1, kept as halves: the one form in which they are compared.

Every embedding is rounded to float16 once, after it was scaled to length 1. So its value
never depends on where it is kept: in the cache, or in a table as float16 or as float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EXPONENTS = np.float32(2.0**112)  # between the exponents of float16 and of float32
_SIGN_AND_REST = np.int32(~0x70000000)
_PIECE = 64  # rows widened at once: they stay in the processor's cache


def to_units(vectors: NDArray[np.floating]) -> NDArray[np.float16]:
    """Rows scaled to length 1, float16 ``(n, d)``; a row of zeros stays zero."""
    rows = np.asarray(vectors, np.float32)
    with np.errstate(all="ignore"):  # what is not finite stays so, for others to find
        # the largest component first: the square of a large one has no place in float32
        rows = rows / np.maximum(np.abs(rows).max(axis=1, initial=0.0, keepdims=True), 1e-30)
        lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
        return (rows / np.maximum(lengths, 1e-12)[:, None]).astype(np.float16)


def widen(halves: NDArray[np.float16], out: NDArray[np.float32]) -> None:
    """Write finite float16 rows as float32 into ``out``.

    Moves the bits to their place and corrects the exponent by a product, which is exact;
    three times quicker than numpy's own conversion.
    """
    bits = halves.view(np.int16)
    for start in range(0, len(bits), _PIECE):
        wide = bits[start : start + _PIECE].astype(np.int32)
        wide <<= 13
        wide &= _SIGN_AND_REST
        np.multiply(wide.view(np.float32), _EXPONENTS, out=out[start : start + _PIECE])
