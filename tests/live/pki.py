"""Keys and certificates for the OpenVPN of the live tests, made by openssl on the spot.

Two self-signed EC certificates that know each other by fingerprint (openvpn(8), --peer-fingerprint): no authority, no
files in the repository, and no wait for large primes. It knows nothing of tunnels.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Identity:
    """One end's certificate and key."""

    certificate: Path
    key: Path
    fingerprint: str  # SHA-256, as openvpn wants it: pairs of hex digits with colons


def why_not() -> str | None:
    """Return why no certificate can be made here, or None."""
    return None if shutil.which("openssl") else "making certificates needs openssl"


def make_identity(folder: Path, name: str) -> Identity:
    """Make a key and a certificate of the name in the folder, good for two days."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    subject = ["-subj", f"/CN={name}", "-days", "2"]
    _openssl("req", "-x509", *curve, *subject, "-keyout", str(key), "-out", str(certificate))
    told = _openssl("x509", "-in", str(certificate), "-noout", "-fingerprint", "-sha256")
    return Identity(certificate, key, told.strip().rpartition("=")[2])


def _openssl(*arguments: str) -> str:
    return subprocess.run(
        ["openssl", *arguments], check=True, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    ).stdout
