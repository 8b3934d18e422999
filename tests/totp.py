"""The codes of a second factor (RFC 6238), for programs that sign in as an admin."""

import base64
import hashlib
import hmac
import struct
import time


def totp(secret: str) -> str:
    """The code of this moment."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
