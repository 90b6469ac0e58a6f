"""CRC-32C, by which TensorFlow checks its variables, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL = 0x82F63B78
LANES, FEW = 4096, 2**16
"""Parts that are summed side by side, and bytes of which that is not worth it."""

Words = NDArray[np.uint32]


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum as TensorFlow stores it: turned and shifted, so that it is none of itself."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes | memoryview) -> int:
    """The checksum of bytes.

    Long ones are cut into parts of one length, each with a remainder of its own. What a remainder
    becomes by the zeros of a part behind it, is linear in its bits.
    """
    state, size = 0xFFFFFFFF, len(data) // LANES
    if len(data) > FEW:
        parts = np.frombuffer(data, np.uint8, LANES * size).reshape(LANES, size)
        remainders = np.zeros(LANES, np.uint32)
        remainders[0] = state
        bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
        for column in np.ascontiguousarray(parts.T):
            remainders = _next(remainders, column)
            bits = _next(bits, np.uint8(0))
        becomes = [int(bit) for bit in bits]
        state = 0
        for remainder in remainders.tolist():
            moved = remainder
            for place in range(32):
                if state >> place & 1:
                    moved ^= becomes[place]
            state = moved
        data = data[LANES * size :]
    table = TABLE.tolist()
    for byte in bytes(data):
        state = table[(state ^ byte) & 0xFF] ^ state >> 8
    return state ^ 0xFFFFFFFF


def _next(states: Words, byte: NDArray[np.uint8] | np.uint8) -> Words:
    return np.asarray(TABLE[(states ^ byte) & 0xFF] ^ states >> 8)


def _table() -> Words:
    """What eight bits become."""
    found = list(range(256))
    for _ in range(8):
        found = [state >> 1 ^ (POLYNOMIAL if state & 1 else 0) for state in found]
    return np.array(found, np.uint32)


TABLE = _table()
