"""A CA that is given replaces what the system trusts: libcurl would add a
directory of its own to it. The processes here see a directory of the test's
at that place, in a mount namespace, with a CA that plays a public one."""

import os
import shutil
import subprocess

import pytest

from support import configs, stores
from support.cluster import Cluster
from support.env import BUILD, HOST, wait_for
from support.receiver import Receiver, Reply
from support.registry import ScriptedRegistry
from support.rest import Rest
from support.transcode import Transcoder

PLACE = "/etc/ssl/certs"  # compiled into Debian's libcurl
FILE = {"http": "http.ssl.truststore.location",
        "s3": "s3.ssl.truststore.location"}


class Public:
    """A public CA, a server's certificate of it, another CA, and how a
    process is started that trusts the public one."""

    def __init__(self, folder):
        self.ca = stores.authority(f"{folder}/public", "public CA")
        self.server = stores.signed(f"{folder}/public", "server",
                                    f"DNS:localhost,IP:{HOST}")
        self.own = stores.authority(f"{folder}/own")
        os.makedirs(f"{folder}/certs")
        shutil.copy(self.ca, f"{folder}/certs/public.pem")
        subprocess.run(["openssl", "rehash", f"{folder}/certs"], check=True)
        shutil.copy(self.ca, f"{folder}/certs/ca-certificates.crt")
        user = ["-r"] if os.geteuid() != 0 else []
        self.wrap = ["unshare", "-m", *user, "sh", "-c",
                     f'mount --bind "{folder}/certs" {PLACE} && exec "$@"',
                     "sh"]


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here (util-linux)")
    p = Public(str(tmp_path_factory.mktemp("public")))
    done = subprocess.run([*p.wrap, "true"], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        pytest.skip("no mount namespace of our own is permitted here: "
                    + done.stderr.strip())
    return p


@pytest.fixture
def server(public):
    """Over TLS, a store or a vault: it takes what comes."""
    r = Receiver(tls=public.server)
    r.script(as_anything)
    yield r.start()
    r.close()


def as_anything(index, request):
    if request.path.startswith("/v1/"):
        return Reply(200, b'{"data": {"word": "from the vault"}}')
    if request.method == "GET" or request.method == "HEAD":
        return Reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
    return Reply(headers={"ETag": '"x"'})


@pytest.fixture(scope="module")
def trusting(kafka, shared_worker, public):
    """A worker that would trust the public CA."""
    return shared_worker(kafka.bootstrap, wrap=public.wrap)


class Store:
    def __init__(self, url):
        self.url = url


def sink(kind, url, topic):
    if kind == "http":
        return configs.http_sink(url, topic)
    return configs.s3_sink(Store(url), "lake", topic, flush_size="1")


@pytest.mark.parametrize("kind", FILE)
def test_a_sink_trusts_the_ca_it_was_given_alone(
        trusting, kafka, topic, server, public, unique, kind):
    t, snk = topic("t"), unique("snk")
    kafka.produce(t, [b'{"n": 0}'])
    config = sink(kind, server.url, t)
    trusting.rest.create(snk, {**config, FILE[kind]: public.own})
    try:
        trusting.rest.wait_cause(snk, "certificate problem")
        assert server.requests == []
        # The public one it is as long as none is given.
        trusting.rest.put_config(snk, config)
        server.wait_requests(1)
    finally:
        trusting.rest.delete(snk)


@pytest.mark.parametrize("kind", FILE)
def test_a_new_ca_file_is_used_at_the_next_connection(
        worker, kafka, topic, folder, unique, kind):
    t, snk, path = topic("t"), unique("snk"), f"{folder}/trusted.pem"
    port, pid = 0, None
    for n in range(3):
        ca = stores.authority(f"{folder}/{n}")
        leaf = stores.signed(f"{folder}/{n}", "server", "DNS:localhost")
        shutil.copy(ca, path + ".new")
        os.rename(path + ".new", path)
        r = Receiver(tls=leaf, port=port)
        r.script(as_anything)
        r.start()
        try:
            kafka.produce(t, [b'{"n": %d}' % n])
            if n == 0:
                worker.rest.create(snk, {**sink(kind, r.url, t),
                                         FILE[kind]: path})
                pid = worker.wait_task(snk)
            wait_for("what was put", lambda r=r: any(
                q.method in ("PUT", "POST") for q in r.requests))
        finally:
            port = r.port
            r.close()
    assert worker.wait_task(snk) == pid


ROW = (b'{"schema": {"type": "struct", "name": "R", "fields": [{"field": "a",'
       b'"type": "int32"}]}, "payload": {"a": 1}}')


@pytest.mark.parametrize("form", ["location", "certificates"])
def test_a_registry_is_trusted_by_the_ca_that_was_given_alone(public, form):
    r = ScriptedRegistry(tls=public.server).start()
    with open(public.own, encoding="ascii") as f:
        given = {"location": public.own, "certificates": f.read()}[form]
    try:
        with Transcoder(wrap=public.wrap) as t:
            t.converter("json", "json", "JsonConverter",
                        schemas_enable="true")
            t.converter("avro", "registry", "AvroConverter",
                        schema_registry_url=r.url,
                        **{f"schema_registry_ssl_truststore_{form}": given})
            refused = t.one("json", "avro", "t", ROW)
            assert r.requests == []
            assert "certificate" in refused.text, refused
            t.converter("avro", "registry", "AvroConverter",
                        schema_registry_url=r.url)
            assert isinstance(t.one("json", "avro", "t", ROW), bytes)
    finally:
        r.close()


@pytest.mark.parametrize("given", [True, False])
def test_a_vault_is_trusted_by_the_ca_that_was_given_alone(
        kafka, new_worker, server, public, folder, given):
    vault = "config.providers.vault"
    w = new_worker(kafka.bootstrap, wrap=public.wrap, **{
        "config.providers": "vault", f"{vault}.class": "vault",
        f"{vault}.param.address": server.url,
        f"{vault}.param.token": "token"},
        **({f"{vault}.param.tls.ca.file": public.own} if given else {}))
    r = w.rest.request("PUT", "/connectors/c/config", configs.file_sink(
        folder + "/out", "${vault:secret/data/db:word}"))
    assert ("certificate" in r.text) == given, r.text
    assert bool(server.requests) != given


def ask(public, server, **env):
    return subprocess.run(
        [*public.wrap, f"{BUILD}/penstock", "get"], text=True, check=False,
        capture_output=True, timeout=60,
        env={**os.environ, "PENSTOCK_URL": server.url, **env}).stderr


def test_the_command_line_trusts_the_ca_it_was_given_alone(public, server):
    assert "certificate" in ask(public, server, PENSTOCK_CA=public.own)
    assert server.requests == []
    assert "certificate" not in ask(public, server)
    assert server.requests


@pytest.mark.parametrize("given", [True, False])
def test_workers_trust_the_ca_they_were_given_alone(
        kafka, folder, topic, public, given):
    with open(f"{folder}/in", "w", encoding="ascii") as f:
        f.write("line\n")
    c = Cluster(folder, kafka.bootstrap, 2, wrap=public.wrap)
    for w in c.workers:
        w.properties.update({
            "listeners": f"https://{HOST}:{w.port}",
            "listeners.https.ssl.keystore.type": "PEM",
            "listeners.https.ssl.keystore.location": public.server})
        if given:
            w.properties.update({
                "listeners.https.ssl.truststore.type": "PEM",
                "listeners.https.ssl.truststore.location": public.own})
        w.rest = Rest(f"https://{HOST}:{w.port}")
        w.rest.session.verify = public.ca
        w.rest.session.trust_env = False
    try:
        c.start()
        r = c.follower().rest.request(
            "PUT", "/connectors/c/config",
            configs.file_source(f"{folder}/in", topic()))
        assert ("certificate" in r.text) == given, r.text
        assert (r.status_code >= 500) == given, r.text
    finally:
        c.close()
