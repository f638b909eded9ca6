"""Where an address in a configuration must not lead (E5): link-local addresses
and the metadata services of clouds, in every form, for all that ask over HTTP.
Nothing is sent to them."""

import time

import pytest

from support import sinks
from support.drive import PluginError
from support.env import wait_for
from support.receiver import Reply
from support.registry import ScriptedRegistry
from support.transcode import Transcoder
from test_registry_faults import row

DENIED = [
    "169.254.169.254", "169.254.170.2",
    # the same as other numbers
    "0xa9fea9fe", "0251.0376.0251.0376", "2852039166", "169.254.43518",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[fe80::1]", "[fd00:ec2::254]", "[fd20:ce::254]",
    # the machine itself, by way of nothing
    "0", "0.0.0.0", "[::]", "[::ffff:0.0.0.0]",
    "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "224.0.0.1", "255.255.255.255", "[ff02::1]"]
SECONDS = 5  # nobody waits for an answer


@pytest.fixture(params=DENIED)
def denied(request):
    began = time.monotonic()
    yield f"http://{request.param}:1"
    assert time.monotonic() - began < SECONDS


def cause(sink):
    """Why a record does not go out."""
    sink.start()
    sink.open()
    records = [("k", '{"n": 1}')]

    def check():
        nonlocal records
        try:
            sink.put(records)
            records = []
        except PluginError as e:
            assert e.code == "RETRY"
            return "link-local" in e.text and e.text
        return sink.cause
    return wait_for("the cause", check)


@pytest.mark.parametrize("make,key", [
    (sinks.s3, "store.allow.link.local"),
    (sinks.http, "http.allow.link.local")],
    ids=["s3", "http"])
def test_no_sink_goes_there(denied, make, key):
    with make(denied) as s:
        text = cause(s)
    assert "link-local" in text and f"{key}=false" in text, text
    assert denied in text


def test_no_giver_of_tokens_is_there(receiver, denied):
    with sinks.http(receiver.url, http_authorization_type="oauth2",
                   oauth2_access_token_url=denied, oauth2_client_id="id",
                   oauth2_client_secret="secret") as s:
        text = cause(s)
    assert "link-local" in text and denied in text, text
    assert receiver.requests == []


def test_no_registry_is_there(denied):
    with Transcoder() as t:
        t.converter("json", "json", "JsonConverter", schemas_enable="true")
        t.converter("avro", "registry", "AvroConverter",
                    schema_registry_url=denied, max_retries="0")
        got = t.one("json", "avro", "t", row("R", a=1))
    assert got.code == "RETRY" and "link-local" in got.text, got
    assert "schema.registry.allow.link.local=false" in got.text


def by_nothing(server):
    """The receiver by an address that leads to the machine itself."""
    return server.url.replace("127.0.0.1", "0.0.0.0")


def test_whoever_wants_it_may(receiver):
    def answer(_, r):
        if r.method == "PUT":
            return Reply(headers={"ETag": '"x"'})
        return Reply(404 if r.method == "GET" else 200)
    receiver.script(answer)
    for make, key in ((sinks.s3, "store_allow_link_local"),
                      (sinks.http, "http_allow_link_local")):
        before = len(receiver.accepted())
        with make(by_nothing(receiver), **{key: "true"}) as s:
            s.start()
            s.open()
            s.put([("k", '{"n": 1}')])
            wait_for("the commit", lambda s=s: s.put([]) == []
                     and s.pre_commit(1) == 1)
        assert len(receiver.accepted()) == before + 1


def test_whoever_wants_it_may_have_a_registry_there():
    r = ScriptedRegistry().start()
    try:
        with Transcoder() as t:
            t.converter("json", "json", "JsonConverter",
                        schemas_enable="true")
            t.converter("avro", "registry", "AvroConverter",
                        schema_registry_url=by_nothing(r.server),
                        schema_registry_allow_link_local="true")
            assert t.one("json", "avro", "t", row("R", a=1)) == \
                b"\x00\x00\x00\x00\x01\x02"
    finally:
        r.close()
