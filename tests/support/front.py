"""front: what stands between the S3 sink and its store in a test: a proxy
that sees every request and may answer in the store's place, and botocore's
signature of what was seen.

    receiver.script(Front(lambda index, request: None))
    configs.s3_sink(s3, bucket, t, s3_proxy_url=receiver.url)
"""

import http.client
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from .receiver import Reply

SLOW_DOWN = Reply(503, b"<Error><Code>SlowDown</Code>"
                  b"<Message>Reduce your request rate.</Message></Error>")
CUT = Reply(cut=True)
HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Front:
    """faults(index, request): a Reply in the store's place; CUT_AFTER: it
    takes the request and its answer is lost; or None."""

    CUT_AFTER = Reply(cut=True)

    def __init__(self, faults=lambda index, request: None):
        self.faults = faults

    def __call__(self, index, request):
        fault = self.faults(index, request)
        if fault is not None and fault is not self.CUT_AFTER:
            return fault
        reply = self.relay(request)
        return fault or reply

    @staticmethod
    def relay(request):
        url = urllib.parse.urlsplit(request.path)
        c = http.client.HTTPConnection(url.netloc, timeout=30)
        path = url.path + ("?" + url.query if url.query else "")
        try:
            c.request(request.method, path, request.body or None, {
                k: v for k, v in request.headers.items() if k not in HOP})
            r = c.getresponse()
            body = r.read()
            return Reply(r.status, body, {
                k: v for k, v in r.getheaders() if k.lower() not in HOP},
                length=r.getheader("Content-Length"))
        except OSError:
            return CUT
        finally:
            c.close()


def signature(request, access_key, secret_key, region):
    """(what the request came with, what botocore makes of it)"""
    given = request.headers["authorization"]
    names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
    a = botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(
        access_key, secret_key), "s3", region)
    r = botocore.awsrequest.AWSRequest(
        request.method, request.path, headers={
            n: request.headers[n] for n in names if n != "host"})
    r.context["timestamp"] = request.headers["x-amz-date"]
    a.payload = lambda _: request.headers["x-amz-content-sha256"]
    made = a.signature(a.string_to_sign(r, a.canonical_request(r)), r)
    return given, (
        f"AWS4-HMAC-SHA256 Credential={a.scope(r)}, SignedHeaders="
        f"{a.signed_headers(a.headers_to_sign(r))}, Signature={made}")
