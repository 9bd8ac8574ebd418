"""Access tokens: random ones, of which a file keeps digests only."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING

from tastegraph.errors import ServeError
from tastegraph.serving.tokens import digest_of_token, new_token

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ACCESS", "AccessTokens"]

ACCESS = "access"  # the cookie that holds a token
DIGITS = 64


class AccessTokens:
    """Tells whether a token is one of those whose SHA-256 a file holds, a line each; # begins a remark.

    Args:
        digests: in hexadecimal, at least one.
    """

    def __init__(self, digests: list[str]) -> None:
        self._digests = digests

    @classmethod
    def read(cls, path: Path) -> AccessTokens:
        """Those of a file.

        Raises:
            ServeError: a line is no digest, or there is none.
        """
        digests = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            digest = line.partition("#")[0].strip().lower()
            if digest and (len(digest) != DIGITS or set(digest) - set("0123456789abcdef")):
                raise ServeError(f"{path}:{number}: expected the SHA-256 of a token in hexadecimal")
            digests += [digest] if digest else []
        if not digests:
            raise ServeError(f"{path}: holds no digest of a token")
        return cls(digests)

    @classmethod
    def make(cls, path: Path) -> tuple[AccessTokens, str]:
        """A new token, and the file, readable by its owner only, that keeps its digest."""
        token = new_token()
        digest = digest_of_token(token)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{digest}  # of the access token shown when this file was made\n")
        return cls([digest]), token

    def holds(self, token: str) -> bool:
        """Whether a token is one of these; takes the same time whichever it is."""
        digest = digest_of_token(token)
        return sum(hmac.compare_digest(digest, known) for known in self._digests) > 0
