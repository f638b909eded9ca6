"""stores: keys and certificates in the forms that Java clients are given:
PEM, PKCS12 made by openssl, PKCS12 and JKS trust stores made by keytool."""

import collections
import os
import subprocess

PASSWORD = "store-secret"

Stores = collections.namedtuple(
    "Stores", "ca_pem server_p12 client_pem client_cert client_key client_p12 "
    "trust_p12 trust_jks")


def _run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stderr}{done.stdout}"


def _openssl(*argv):
    _run("openssl", *argv)


def authority(folder, name="penstock test CA"):
    """A CA: ca.key, and ca.pem, whose path is returned."""
    os.makedirs(folder, exist_ok=True)
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
             "-subj", f"/CN={name}", "-keyout", f"{folder}/ca.key",
             "-out", f"{folder}/ca.pem")
    return f"{folder}/ca.pem"


def signed(folder, name, names):
    """name.key and name.crt, signed by the CA; name.pem has both."""
    base = f"{folder}/{name}"
    with open(base + ".ext", "w", encoding="ascii") as f:
        f.write(f"subjectAltName={names}\n")
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
             "-keyout", base + ".key", "-out", base + ".csr")
    _openssl("x509", "-req", "-in", base + ".csr", "-CA", f"{folder}/ca.pem",
             "-CAkey", f"{folder}/ca.key", "-CAcreateserial", "-days", "30",
             "-extfile", base + ".ext", "-out", base + ".crt")
    _join(base + ".pem", base + ".key", base + ".crt", f"{folder}/ca.pem")
    return base + ".pem"


def pkcs12(folder, name):
    """name.p12 with what name.pem has."""
    _pkcs12(folder, name)
    return f"{folder}/{name}.p12"


def trust(folder, kind):
    """A trust store of the CA in a file of its own: PKCS12 or PEM."""
    if kind == "PEM":
        return f"{folder}/ca.pem"
    if not os.path.exists(f"{folder}/trust.p12"):
        _trust(folder, kind, f"{folder}/trust.p12")
    return f"{folder}/trust.p12"


def _join(path, *parts):
    with open(path, "w", encoding="ascii") as out:
        for part in parts:
            with open(part, encoding="ascii") as f:
                out.write(f.read())


def _pkcs12(folder, name):
    base = f"{folder}/{name}"
    _openssl("pkcs12", "-export", "-in", base + ".crt", "-inkey",
             base + ".key", "-certfile", f"{folder}/ca.pem", "-name", name,
             "-passout", f"pass:{PASSWORD}", "-out", base + ".p12")


def _trust(folder, kind, path):
    _run("keytool", "-J-XX:-UsePerfData", "-importcert", "-noprompt",
         "-alias", "ca", "-file", f"{folder}/ca.pem", "-keystore", path,
         "-storetype", kind,
         "-storepass", PASSWORD)


def make(folder):
    authority(folder)
    for name, names in (("server", "DNS:localhost,IP:127.0.0.1"),
                        ("client", "DNS:client")):
        signed(folder, name, names)
        _pkcs12(folder, name)
    _trust(folder, "PKCS12", f"{folder}/trust.p12")
    _trust(folder, "JKS", f"{folder}/trust.jks")
    return Stores(
        f"{folder}/ca.pem", f"{folder}/server.p12", f"{folder}/client.pem",
        f"{folder}/client.crt", f"{folder}/client.key",
        f"{folder}/client.p12", f"{folder}/trust.p12", f"{folder}/trust.jks")
