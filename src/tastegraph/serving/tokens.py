"""Tokens that are told once, of which only digests are kept."""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["digest_of_token", "new_token"]


def new_token() -> str:
    """A token of 192 random bits, so that neither salt nor a slow hash is called for."""
    return secrets.token_urlsafe(24)


def digest_of_token(token: str) -> str:
    """What is kept of a token: its SHA-256 in hexadecimal; of anything, for anything may be handed in as one."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
