"""Comparing passwords with argon2, off the event loop."""

from secrets import token_urlsafe

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash

# One comparison takes 64 MiB for some 50 ms: a flood of sign-ins waits here instead of eating the memory.
AT_ONCE = 4


class Argon2Passwords:
    """Compares passwords with their hashes."""

    def __init__(self) -> None:
        self._hash = PasswordHash.recommended()
        self._nobodys_hash = self._hash.hash(token_urlsafe())
        self._limiter = CapacityLimiter(AT_ONCE)

    async def hash(self, password: str) -> str:
        """Hash a password that somebody has chosen."""
        return await to_thread.run_sync(self._hash.hash, password, limiter=self._limiter)

    async def is_right(self, password: str, password_hash: str | None) -> bool:
        """Compare; against nobody's hash where there is none, so that both answers take their time."""
        compared = password_hash or self._nobodys_hash
        is_equal = await to_thread.run_sync(self._hash.verify, password, compared, limiter=self._limiter)
        return is_equal and password_hash is not None
