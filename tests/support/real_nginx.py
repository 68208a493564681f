"""The real nginx with the configuration of k8s/nginx, on loopback ports, with a certificate of the test's own."""

import datetime as dt
import ipaddress
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.stack_processes import wait_for

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "k8s" / "nginx"
HOST = "localhost"
OTHER_HOST = "prompt2mesh.test"
"""For clients that trust no authority of ours at `localhost`, where they leave the environment alone."""
_START_S = 15


@dataclass(frozen=True)
class RunningNginx:
    """Where it answers; `ca` is the certificate to trust."""

    https_port: int
    http_port: int
    ca: Path
    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.https_port}"

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))

    @property
    def whole_configuration(self) -> str:
        """What nginx itself says that it runs (`nginx -T`)."""
        command = [nginx_program(), "-T", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def nginx_program() -> str:
    """The path of nginx; installed if it is missing. Raises: AssertionError: it cannot be, with what to do."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        done = subprocess.run([ROOT / "scripts/images/tools", "nginx"], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        found = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert found, "nginx is needed: apt-get install nginx-light"
    return found


def filled(template: str, values: Mapping[str, str]) -> str:
    """`template` as envsubst fills it: names in braces alone. Raises: KeyError: a value is missing."""
    return re.sub(r"\$\{(P2M_[A-Z_]+)\}", lambda found: values[found[1]], template)


@contextmanager
def real_nginx(
    folder: Path, api: str, ui: str, changed: Mapping[str, str] = MappingProxyType({})
) -> Iterator[RunningNginx]:
    """nginx in front of `api` and `ui` (`host:port`), until the block ends. `changed`: words of its rules, and what
    stands there instead."""
    folder.mkdir(parents=True, exist_ok=True)
    https_port, http_port = free_port(), free_port()
    make_certificate(folder)
    values = {
        "P2M_HOST": HOST,
        "P2M_API_ADDRESS": api,
        "P2M_UI_ADDRESS": ui,
        "P2M_HTTP_PORT": f"127.0.0.1:{http_port}",
        "P2M_HTTPS_PORT": f"127.0.0.1:{https_port}",
        "P2M_TLS_FOLDER": str(folder),
        "P2M_NGINX_FOLDER": str(folder),
    }
    rules = filled((TEMPLATES / "prompt2mesh.conf.template").read_text(), values)
    for before, after in changed.items():
        assert before in rules, f"nothing to replace: {before}"
        rules = rules.replace(before, after)
    (folder / "prompt2mesh.conf").write_text(rules)
    whole = filled((TEMPLATES / "nginx.conf.template").read_text(), values)
    if os.getuid() == 0:  # its workers could not enter the test's folder as www-data
        whole = f"user root;\n{whole}"
    (folder / "nginx.conf").write_text(whole)
    command = [nginx_program(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: process.poll() is not None or _listens(https_port), _START_S, "the start of nginx")
        assert process.poll() is None, (folder / "log").read_text()
        yield RunningNginx(https_port, http_port, folder / "ca.crt", folder, process)
    finally:
        process.terminate()
        process.wait(15)


def make_certificate(folder: Path, host: str = HOST) -> None:
    """`tls.crt` and `tls.key` for `host` and 127.0.0.1, signed by `ca.crt`, in `folder`."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's own authority")])
    now = dt.datetime.now(dt.UTC)

    def certificate(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder(ca_name, subject, public, x509.random_serial_number())
        return builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=2))

    authority = (
        certificate(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = [x509.DNSName(host), x509.DNSName(OTHER_HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server = (
        certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.crt").write_bytes(authority.public_bytes(pem))
    (folder / "tls.crt").write_bytes(server.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "tls.key").write_bytes(private)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
