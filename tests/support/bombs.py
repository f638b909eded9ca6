"""bombs: bytes that unpack to a thousand times as many."""

import struct
import zlib

MIB = 1 << 20


def gzip_zeros(count, before=b"", behind=b""):
    """A gzip stream of so many MiB of zeros between something, made in no
    time: after each full flush deflate begins anew, so its blocks repeat."""
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = made.compress(before) + made.flush(zlib.Z_FULL_FLUSH)
    block = made.compress(bytes(MIB)) + made.flush(zlib.Z_FULL_FLUSH)
    tail = made.compress(behind) + made.flush()
    crc = zlib.crc32(before)
    for _ in range(count):
        crc = zlib.crc32(bytes(MIB), crc)
    crc = zlib.crc32(behind, crc)
    size = len(before) + count * MIB + len(behind)
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + head + block * count + tail
            + struct.pack("<II", crc, size & 0xffffffff))
