"""nginx and Caddy as docs/deployment shows them, on free ports, with a certificate of our own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import clock
from tests.support.receivers import wait_until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "deployment"
NAME = "console.example.com"
#: The ports that the examples pass requests on to.
_EXAMPLE_UI, _EXAMPLE_RECEIVERS = 8501, (8502, 8503)


@dataclass(frozen=True)
class Site:
    """Where the proxy listens, whom it passes requests on to, and its certificate.

    Its name is localhost, so that nobody's resolver is asked.
    """

    folder: Path
    https: int
    http: int
    ui: int
    receivers: Sequence[int]

    @property
    def base(self) -> str:
        return f"https://localhost:{self.https}"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    @property
    def trust(self) -> ssl.SSLContext:
        """A client's TLS that believes this certificate alone."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def make_certificate(self) -> None:
        """Make one for localhost, signed by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        now = clock.now()
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(key.private_bytes(*plain, serialization.NoEncryption()))


def tool(name: str) -> str:
    """Where the program is; without it the test is skipped, or fails when CI=true."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    if found := shutil.which(name, path=path):
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed; with CI=true this test must run", pytrace=False)
    pytest.skip(f"{name} is not installed")


@contextmanager
def running(name: str, site: Site) -> Iterator[Site]:
    """The proxy of this name before the site's processes, until the block ends."""
    command = {"nginx": _nginx, "caddy": _caddy}[name](site)
    with (site.folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "HOME": str(site.folder)},
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: _listens(process, site, name))
            yield site
        finally:
            process.terminate()
            process.wait(30)


def _listens(process: subprocess.Popen[bytes], site: Site, name: str) -> bool:
    log = site.folder / f"{name}.log"
    assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-3000:]
    return all(_is_open(port) for port in (site.https, site.http))


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ours(site: Site, text: str) -> str:
    """The example with this site's processes in place of its own."""
    text = text.replace(f"127.0.0.1:{_EXAMPLE_UI}", f"127.0.0.1:{site.ui}")
    for example, port in zip(_EXAMPLE_RECEIVERS, site.receivers, strict=True):
        assert f"127.0.0.1:{example}" in text
        text = text.replace(f"127.0.0.1:{example}", f"127.0.0.1:{port}")
    return text


def _nginx(site: Site) -> list[str]:
    text = _ours(site, (EXAMPLES / "nginx" / "tillwatch.conf").read_text(encoding="utf-8"))
    text = text.replace("listen 443", f"listen 127.0.0.1:{site.https}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{site.http};")
    text = text.replace(f"https://{NAME}", site.base).replace(NAME, "localhost")
    text = re.sub(r"(ssl_certificate\s+)\S+;", rf"\g<1>{site.certificate};", text)
    text = re.sub(r"(ssl_certificate_key\s+)\S+;", rf"\g<1>{site.key};", text)
    temporary = "".join(
        f"{kind}_temp_path {site.folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    conf = site.folder / "nginx.conf"
    conf.write_text(
        f"{user}worker_processes 1;\npid {site.folder / 'nginx.pid'};\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{text}\n}}\n",
        encoding="utf-8",
    )
    return [tool("nginx"), "-e", "stderr", "-g", "daemon off;", "-c", str(conf)]


def _caddy(site: Site) -> list[str]:
    text = _ours(site, (EXAMPLES / "caddy" / "Caddyfile").read_text(encoding="utf-8"))
    block = f"https://localhost:{site.https} {{\n\ttls {site.certificate} {site.key}\n"
    options = f"{{\n\tadmin off\n\thttp_port {site.http}\n\thttps_port {site.https}\n}}\n"
    file = site.folder / "Caddyfile"
    file.write_text(options + text.replace(f"{NAME} {{\n", block), encoding="utf-8")
    return [tool("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]
