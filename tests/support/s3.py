"""s3: an S3 gateway over a folder (versitygw, else moto in memory), and a
client that has nothing of penstock's."""

import gzip
import io
import os
import shutil
import subprocess

import boto3
import botocore.config

from . import stores
from .env import DEPS, HOST, free_port
from .process import Process

ACCESS_KEY = "penstock-test"
SECRET_KEY = "penstock-test-secret"
REGION = "us-east-1"


# With TLS the host's name counts, and a bucket's name may stand before it.
TLS_HOST = "localhost"
TLS_BUCKET = "lake"


class S3:
    def __init__(self, folder, tls=False):
        self.port = free_port()
        self.url = (f"https://{TLS_HOST}:{self.port}" if tls
                    else f"http://{HOST}:{self.port}")
        self.ca = stores.authority(folder) if tls else None
        self.server = stores.signed(
            folder, "server", f"DNS:{TLS_HOST},DNS:{TLS_BUCKET}.{TLS_HOST}"
        ) if tls else None
        self.log = os.path.join(folder, "s3.log")
        self.process = Process(self._argv(folder), self.log, env={
            "ROOT_ACCESS_KEY": ACCESS_KEY,
            "ROOT_SECRET_KEY": SECRET_KEY,
        })
        self.has_virtual_hosts = tls and "versitygw" in self.process.argv[0]
        self.client = boto3.client(
            "s3", endpoint_url=self.url, region_name=REGION,
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
            verify=self.ca,
            config=botocore.config.Config(
                s3={"addressing_style": "path"}, connect_timeout=5,
                retries={"max_attempts": 1}))

    def _argv(self, folder):
        gateway = os.path.join(DEPS, "bin/versitygw")
        moto = os.path.join(DEPS, "venv/bin/moto_server")
        if os.path.exists(gateway):
            for name in ("objects", "metadata"):
                os.makedirs(os.path.join(folder, name), exist_ok=True)
            tls = ["--cert", self.server, "--key", self.server,
                   "--virtual-domain", TLS_HOST] if self.server else []
            return [gateway, "--quiet", "--port", f"{HOST}:{self.port}",
                    "--region", REGION, *tls, "posix", "--sidecar",
                    os.path.join(folder, "metadata"),
                    os.path.join(folder, "objects")]
        assert os.path.exists(moto), \
            "no S3 gateway: run docker/install-deps test"
        tls = ["-c", self.server, "-k", self.server] if self.server else []
        return [moto, "-H", HOST, "-p", str(self.port), *tls]

    def start(self):
        self.process.start()
        self.process.wait_ready(
            "the S3 gateway", lambda: self.client.list_buckets() and True)
        return self

    def stop(self):
        return self.process.stop()

    close = stop

    @property
    def logs(self):
        return [self.log]

    def pids(self):
        return self.process.pids()

    def create_bucket(self, name):
        self.client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix)
        return [o["Key"] for page in pages for o in page.get("Contents", [])]

    def get(self, bucket, key):
        """The object's bytes, unpacked if its name says so."""
        body = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        if key.endswith(".gz"):
            return gzip.GzipFile(fileobj=io.BytesIO(body)).read()
        if key.endswith((".zst", ".zstd")):
            return subprocess.run(["zstd", "-dc"], input=body, check=True,
                                  capture_output=True).stdout
        return body

    def lines(self, bucket, prefix=""):
        """All lines of all objects, in the order of their names, but for the
        sink's own logs: who takes over from one that was killed makes one."""
        return [line for key in sorted(self.keys(bucket, prefix))
                if "/_penstock/" not in key
                for line in self.get(bucket, key).splitlines()]

    def unfinished(self, bucket):
        """keys of multipart uploads nobody has completed or aborted"""
        found = self.client.list_multipart_uploads(Bucket=bucket)
        return [u["Key"] for u in found.get("Uploads", [])]


def have_zstd():
    return shutil.which("zstd") is not None
