"""sinks: those that speak HTTP, driven alone and complete but for what a test
is about. Keyword arguments win."""

from .drive import Sink


def s3(url, **config):
    made = Sink("s3", "S3Sink", store_url=url, s3_bucket_name="lake",
                aws_access_key_id="AK", aws_secret_access_key="secret",
                flush_size=1, s3_retry_backoff_ms=100,
                format_class="ByteArrayFormat")
    made.set(**config)
    return made


def http(url, **config):
    made = Sink("http", "HttpSink", http_url=url,
                http_authorization_type="none", retry_backoff_ms=100)
    made.set(**config)
    return made
