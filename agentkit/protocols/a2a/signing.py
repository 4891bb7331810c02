"""Cards that are signed, and what a signature is worth.

A signature covers the card in its canonical form (RFC 8785) as a detached JWS (RFC 7515), as the
protocol has it. When it was made and how long it holds stand in its protected header, `iat` and
`exp`, where RFC 7519, section 5.3 puts claims that are repeated there.
"""

from __future__ import annotations

import binascii
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from a2a.types import AgentCard
from a2a.utils.signing import (
    SignatureVerificationError,
    create_agent_card_signer,
    create_signature_verifier,
)
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm
from jwt.exceptions import PyJWTError
from jwt.utils import base64url_decode

from agentkit.errors import SetupError, error_text
from agentkit.messages import canonical, digest
from agentkit.protocols.a2a.bounds import SIGNATURES

ALGORITHMS = ["ES256", "EdDSA", "RS256", "PS256"]
"""Those with a public key: with a shared secret whoever checks could sign, too."""

HOLDS_S = 30 * 24 * 3600.0
"""How long a signature of ours holds."""

LATE_S = 60.0
"""Between two clocks."""

State = Literal["unsigned", "unknown", "valid", "expired", "tampered"]
"""Of a card: not signed; signed with a key that is not known here; signed with one that is; that,
but not any more; or altered since, or signed falsely."""

Key = Mapping[str, Any]
"""A public key as a JWK (RFC 7517)."""


class SigningKey:
    """A private key that cards are signed with (ECDSA, P-256)."""

    def __init__(self, private: Mapping[str, Any]) -> None:
        """Use `new` or `load`; this takes a private JWK."""
        try:
            self._key = PyJWK(dict(private), algorithm="ES256")
            if "d" not in private:
                raise ValueError("it is a public one")
        except (PyJWTError, ValueError, TypeError) as error:
            raise SetupError(
                f"This is no key to sign with: {error_text(error)}.",
                expected="a private JWK of the curve P-256, as SigningKey.new().save(path) writes",
            ) from error
        self._private = dict(private)

    @classmethod
    def new(cls) -> SigningKey:
        """Make one."""
        made = ECAlgorithm.to_jwk(generate_private_key(SECP256R1()), as_dict=True)
        return cls(made)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SigningKey:
        """Read one from a file.

        Raises:
            SetupError: there is none.
        """
        try:
            return cls(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise SetupError(f"{path} holds no key: {error_text(error)}.") from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a new file, which only its owner may read.

        Raises:
            SetupError: there is a file of that name, or it cannot be written.
        """
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise SetupError(f"The key was not saved: {error_text(error)}.") from error
        with os.fdopen(file, "w", encoding="utf-8") as out:
            json.dump(self._private, out)

    @property
    def public(self) -> dict[str, Any]:
        """What others check its signatures with; give it to them by a way that you trust."""
        kept = {name: self._private[name] for name in ("kty", "crv", "x", "y")}
        return {**kept, "kid": key_id(kept), "alg": "ES256", "use": "sig"}

    def sign(self, card: AgentCard, *, holds_s: float = HOLDS_S, now: float | None = None) -> None:
        """Sign a card in place."""
        at = int(time.time() if now is None else now)
        header: Any = {"alg": "ES256", "kid": self.public["kid"], "typ": "JOSE"}
        header |= {"iat": at, "exp": at + int(holds_s)}
        del card.signatures[:]
        create_agent_card_signer(self._key, header)(card)

    def __repr__(self) -> str:
        return f"SigningKey({self.public['kid']})"


def key_id(key: Key) -> str:
    """A name for a public key, of what it is."""
    parts = {name: key[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in key}
    return digest(canonical(parts))[:16]


def public_keys(keys: Iterable[Any]) -> list[Key]:
    """Keys to check signatures with.

    Args:
        keys: public JWKs, sets of them ({"keys": [...]}), paths of files with either, SigningKeys.

    Raises:
        SetupError: one is none.
    """
    found: list[Key] = []
    for one in [keys] if isinstance(keys, str | os.PathLike | Mapping | SigningKey) else keys:
        key: Any = one.public if isinstance(one, SigningKey) else one
        if isinstance(key, str | os.PathLike):
            try:
                key = json.loads(Path(key).read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise SetupError(f"{key} holds no key: {error_text(error)}.") from error
        several = key.get("keys") if isinstance(key, Mapping) else None
        for single in several if isinstance(several, list) else [key]:
            found.append(checked(single))
    return found


def checked(key: Any) -> Key:
    """A public key that can be used.

    Raises:
        SetupError: it cannot.
    """
    try:
        PyJWK({name: value for name, value in key.items() if name != "d"})
    except (PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise SetupError(
            f"This is no public key: {error_text(error)}.",
            expected="a JWK such as SigningKey.new().public",
        ) from error
    return dict(key)


def judged(card: AgentCard, keys: Iterable[Key], now: Callable[[], float] = time.time) -> State:
    """What the signatures of a card are worth.

    Args:
        card: as it came.
        keys: that are trusted. Addresses of keys in a signature are not followed: whoever forges
            a card would name a key of his own.
        now: the time, Unix seconds.

    Returns:
        "valid" where any of its signatures is. One that was made with a known key and does not
        fit makes a card "tampered" otherwise; "expired" one whose signature fits, but is over.
    """
    if not card.signatures:
        return "unsigned"
    known = list(keys)
    states = [of_one(card, one, known, now()) for one in card.signatures[:SIGNATURES]]
    order: tuple[State, ...] = ("valid", "expired", "tampered", "unknown")
    return next(state for state in order if state in states)


def of_one(card: AgentCard, signature: Any, keys: list[Key], now: float) -> State:
    """What one signature of a card is worth."""
    header = header_of(signature.protected)
    kid, algorithm = header.get("kid"), header.get("alg")
    # A signature that names its key is of that one alone; else each is tried.
    fitting = [one for one in keys if kid is None or kid in (one.get("kid"), key_id(one))]
    if not header or (fitting and algorithm not in ALGORITHMS):
        return "tampered"
    if not fitting:
        return "unknown"
    if not any(fits(card, signature, one, str(algorithm)) for one in fitting):
        return "tampered"
    begins, ends = header.get("iat"), header.get("exp")
    for bound in (begins, ends):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float)):
            return "tampered"
    early = begins is not None and begins > now + LATE_S
    return "expired" if early or (ends is not None and ends < now - LATE_S) else "valid"


def header_of(protected: str) -> dict[str, Any]:
    """The protected header of a signature; {} where it is none."""
    try:
        found = json.loads(base64url_decode(protected.encode()))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def fits(card: AgentCard, signature: Any, key: Key, algorithm: str) -> bool:
    """Whether a signature of a card was made with a key."""
    single = AgentCard()
    single.CopyFrom(card)
    del single.signatures[:]
    single.signatures.append(signature)
    try:
        public = PyJWK({name: value for name, value in key.items() if name != "d"}, algorithm)
        create_signature_verifier(lambda kid, jku: public, [algorithm])(single)
    except (SignatureVerificationError, PyJWTError, ValueError, TypeError):
        return False
    return True
