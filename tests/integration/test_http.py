"""The HTTP sink as a worker runs it: TLS, tokens, and what an answer means.
What says nothing about the records is waited for, with the cause in the
status; what refuses a record is treated as errors.tolerance says."""

import base64
import json
import subprocess
import urllib.parse

import pytest

from support import configs, stores
from support.env import wait_for
from support.receiver import Receiver, Reply


def rows(first, last):
    return [b'{"n": %d}' % n for n in range(first, last)]


def numbers(receiver):
    """What was accepted, in the order it came."""
    return [row["n"] for r in receiver.accepted() for row in r.json()]


def wait_numbers(receiver, count, timeout=60):
    wait_for(f"{count} rows", lambda: len(numbers(receiver)) >= count,
             timeout)
    assert numbers(receiver) == list(range(count))


# TLS

@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """ca.pem, a server's certificate and a client's, one key encrypted"""
    folder = str(tmp_path_factory.mktemp("pki"))
    stores.authority(folder)
    stores.signed(folder, "server", "DNS:localhost")
    stores.signed(folder, "client", "DNS:client")
    locked = subprocess.run(
        ["openssl", "pkey", "-in", f"{folder}/client.key", "-aes256",
         "-passout", f"pass:{stores.PASSWORD}"],
        capture_output=True, check=True, text=True).stdout
    with open(f"{folder}/client.crt", encoding="ascii") as f:
        locked += f.read()
    with open(f"{folder}/locked.pem", "w", encoding="ascii") as f:
        f.write(locked)
    return folder


@pytest.fixture
def tls_receiver(pki):
    """tls_receiver(client_ca=…): over TLS"""
    made = []

    def make(**kwargs):
        made.append(Receiver(tls=f"{pki}/server.pem", **kwargs).start())
        return made[-1]
    yield make
    for r in made:
        r.close()


def test_only_a_server_that_is_trusted_is_sent_to(
        worker, kafka, topic, tls_receiver, pki, folder, unique):
    t, snk, r = topic("t"), unique("snk"), tls_receiver()
    kafka.produce(t, rows(0, 100))
    wrong = stores.authority(folder + "/other")
    for change, words in [
            ({"http.ssl.truststore.location": wrong}, "certificate problem"),
            ({}, "certificate problem"),
            ({"http.ssl.truststore.location": f"{pki}/ca.pem", "http.url":
              r.url.replace("localhost", "127.0.0.1")}, "subject name")]:
        worker.rest.put_config(snk, {
            **configs.http_sink(r.url, t, errors_tolerance="all"), **change})
        text = worker.rest.wait_cause(snk, words)
        assert "ssl" in text and "post https://" in text, text
    assert r.requests == []
    worker.rest.put_config(snk, configs.http_sink(
        r.url, t, http_ssl_truststore_location=f"{pki}/ca.pem"))
    wait_numbers(r, 100)
    kafka.produce(t, rows(100, 200))
    worker.rest.put_config(snk, configs.http_sink(
        r.url.replace("localhost", "127.0.0.1"), t,
        http_ssl_trust_all_certs="true"))
    wait_numbers(r, 200)
    assert "http.ssl.trust.all.certs" in worker.log_text()


@pytest.mark.parametrize("store,password", [
    ("client.pem", None), ("locked.pem", stores.PASSWORD)])
def test_a_client_certificate_is_shown(
        worker, kafka, topic, tls_receiver, pki, unique, store, password):
    t, snk = topic("t"), unique("snk")
    r = tls_receiver(client_ca=f"{pki}/ca.pem")
    kafka.produce(t, rows(0, 100))
    config = configs.http_sink(
        r.url, t, http_ssl_truststore_location=f"{pki}/ca.pem")
    worker.rest.create(snk, config)
    worker.rest.wait_cause(snk, "certificate required")
    assert r.requests == []
    config["http.ssl.keystore.location"] = f"{pki}/{store}"
    if password:
        config["http.ssl.key.password"] = "wrong"
        worker.rest.put_config(snk, config)
        worker.rest.wait_cause(snk, "private key")
        config["http.ssl.key.password"] = password
    worker.rest.put_config(snk, config)
    wait_numbers(r, 100)


# Tokens

def oauth2(receiver, t, **over):
    return configs.http_sink(
        receiver.url, t, http_authorization_type="oauth2",
        oauth2_access_token_url=receiver.url + "/token",
        oauth2_client_id="id", oauth2_client_secret="se cret&",
        oauth2_client_scope="write all", **over)


@pytest.mark.parametrize("mode", ["HEADER", "URL"])
def test_tokens_are_asked_for_as_configured(worker, kafka, topic, receiver,
                                            unique, mode):
    t, snk = topic("t"), unique("snk")
    kafka.produce(t, rows(0, 100))
    worker.rest.create(snk, oauth2(
        receiver, t, oauth2_client_authorization_mode=mode))
    wait_numbers(receiver, 100)
    asked = receiver.token_requests[0]
    form = dict(urllib.parse.parse_qsl(asked.body.decode()))
    basic = asked.headers.get("authorization", "")
    assert form.pop("grant_type") == "client_credentials"
    assert form.pop("scope") == "write all"
    if mode == "HEADER":
        assert base64.b64decode(basic.split()[1]) == b"id:se cret&"
        assert form == {}
    else:
        assert basic == ""
        assert form == {"client_id": "id", "client_secret": "se cret&"}
    assert len(receiver.token_requests) == 1
    assert {r.headers["authorization"] for r in receiver.requests} == {
        "Bearer token-1"}


def test_a_token_that_is_refused_or_ends_is_renewed(
        worker, kafka, topic, receiver, unique):
    """The endpoint takes only the newest, each lives three seconds, and the
    token endpoint is out for a while."""
    t, snk = topic("t"), unique("snk")
    out = [False]

    def give(index, _):
        if out[0]:
            return Reply(503)
        receiver.tokens_given += 1
        return Reply(body=json.dumps({
            "access_token": f"token-{receiver.tokens_given}",
            "token_type": "Bearer", "expires_in": 3}).encode())
    receiver.script_tokens(give)
    receiver.script(lambda i, r: None if r.headers["authorization"] ==
                    f"Bearer token-{receiver.tokens_given}" else Reply(401))
    worker.rest.create(snk, oauth2(receiver, t))
    kafka.produce(t, rows(0, 50))
    wait_numbers(receiver, 50)
    receiver.tokens_given += 1  # revoked
    kafka.produce(t, rows(50, 100))
    wait_numbers(receiver, 100)
    out[0] = True
    kafka.produce(t, rows(100, 150))
    # In time, the token it has comes to its end.
    receiver.tokens_given += 1
    kafka.produce(t, rows(150, 200))
    worker.rest.wait_cause(snk, "/token: status 503", "status 401")
    out[0] = False
    wait_numbers(receiver, 200)
    worker.rest.wait_running(snk)


# What an answer means

OUTAGES = {
    "401": Reply(401), "403": Reply(403), "407": Reply(407),
    "408": Reply(408), "425": Reply(425),
    "429": Reply(429, headers={"Retry-After": "1"}), "500": Reply(500),
    "502": Reply(502), "503": Reply(503), "504": Reply(504),
    "302": Reply(302, headers={"Location": "/elsewhere"}),
    "timeout": Reply(504, hang=3), "cut": Reply(cut=True),
}
SAID = {"timeout": "timed out", "cut": "empty reply"}


def dead_letters(t):
    return {"errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": t + ".dead",
            "errors.deadletterqueue.topic.replication.factor": 1,
            "errors.deadletterqueue.context.headers.enable": "true"}


def dead_values(kafka, t):
    return [r.value for r in kafka.consume(t + ".dead")] \
        if t + ".dead" in kafka.topics() else []


def test_outages_are_shown_and_end_by_themselves(worker, kafka, topic,
                                                 receiver, unique):
    """One connector for each way to be out, all on one topic."""
    t = topic("t")
    kafka.produce(t, rows(0, 120))
    is_out = [True]

    def answer(_, request):
        reply = OUTAGES[request.path.strip("/")]
        return reply if is_out[0] else None
    receiver.script(answer)
    names = {what: unique("snk") for what in OUTAGES}
    for what, name in names.items():
        worker.rest.create(name, configs.http_sink(
            f"{receiver.url}/{what}", t, http_timeout=1, **dead_letters(t)))
    for what, name in names.items():
        worker.rest.wait_cause(name, SAID.get(what, f"status {what}"))
        assert worker.rest.status(name)["tasks"][0]["state"] == "RUNNING"
    assert receiver.accepted() == []
    is_out[0] = False
    for what in OUTAGES:
        wait_for(f"all after {what}", lambda w=what: [
            row["n"] for r in receiver.accepted() if r.path == f"/{w}"
            for row in r.json()] == list(range(120)))
    assert dead_values(kafka, t) == []


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_refused_record_is_treated_as_tolerated(worker, kafka, topic,
                                                  receiver, unique, status):
    t, snk = topic("t"), unique("snk")
    bad = {7, 60, 61, 149}
    kafka.produce(t, rows(0, 150))
    receiver.script(lambda i, r: Reply(status, body=b"no") if bad & {
        row["n"] for row in r.json()} else None)
    config = configs.http_sink(receiver.url, t)
    worker.rest.create(snk, {**config, "errors.restart.enable": "false"})
    trace = worker.rest.wait_task_failed(snk)["trace"]
    assert f"status {status} for {t}-0 offset 7" in trace, trace
    assert numbers(receiver) == list(range(7))
    worker.rest.put_config(snk, {**config, **dead_letters(t)})
    wait_for("the others", lambda: set(numbers(receiver))
             == set(range(150)) - bad)
    wait_for("the dead letters", lambda: dead_values(kafka, t)
             == [b'{"n": %d}' % n for n in sorted(bad)])
    wait_for("the commit", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): 150})


def test_order_and_keys_of_requests_repeat_after_a_kill(
        worker, kafka, topic, receiver, unique):
    """Nothing is committed while the endpoint is out: the next process sends
    the same requests under the same keys, in order per partition."""
    t, snk = topic("t", partitions=3), unique("snk")
    kafka.produce(t, [{"value": b'{"n": %d}' % n, "partition": n % 3}
                      for n in range(600)])
    taken = []
    receiver.script(lambda i, r: None if len(taken) < 6 and not
                    taken.append(i) else Reply(503))
    worker.rest.create(snk, configs.http_sink(
        receiver.url, t, offset_flush_interval_ms=60000))
    worker.rest.wait_cause(snk, "503")
    first = {r.headers["idempotency-key"]: r.body for r in receiver.requests}
    old = worker.kill_task(snk)
    receiver.script(lambda i, r: None)
    worker.wait_task(snk, other_than=old)

    def parts():
        found = {0: [], 1: [], 2: []}
        for r in receiver.accepted():
            part, low, high = r.headers["idempotency-key"].rsplit("-", 3)[1:]
            assert [row["n"] for row in r.json()] == [
                3 * n + int(part) for n in range(int(low), int(high) + 1)]
            found[int(part)].append((int(low), int(high)))
        return found
    wait_for("all", lambda: all(p and p[-1][1] == 199
                                for p in parts().values()))
    for ranges in parts().values():
        assert all(low % 50 == 0 and high % 50 == 49 for low, high in ranges)
    again = {r.headers["idempotency-key"]: r.body for r in receiver.requests}
    assert {k: again[k] for k in first} == first
