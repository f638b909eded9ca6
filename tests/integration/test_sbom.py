"""`make sbom`: an SPDX document of penstock, in which every library is that it
is linked with or loads."""

import glob
import json
import os
import re
import shutil
import subprocess

import pytest

from support import env

pytestmark = pytest.mark.skipif(env.SANITIZED or env.COVERED,
                                reason="of a release")

FILES = [f"{env.BUILD}/penstock", *glob.glob(f"{env.BUILD}/plugins/*.so")]


def make(out, build=env.BUILD):
    return subprocess.run([f"{env.ROOT}/docker/sbom", build, out],
                          cwd=env.ROOT, capture_output=True, text=True,
                          check=False)


@pytest.fixture(scope="module")
def document(session_dir):
    path = f"{session_dir}/penstock.spdx.json"
    done = make(path)
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def by_name(document):
    return {p["name"]: p for p in document["packages"]}


def identity(path):
    name = os.path.basename(path).removesuffix(".so")
    return "SPDXRef-" + (name if name == "penstock"
                         else f"penstock-plugin-{name}")


def linked(document, path):
    """The sonames of what a file of ours is said to be linked with"""
    names = {p["SPDXID"]: p for p in document["packages"]}
    return {soname for r in document["relationships"]
            if (r["spdxElementId"], r["relationshipType"])
            == (identity(path), "DYNAMIC_LINK")
            for soname in names[r["relatedSpdxElement"]]["comment"].split()}


def test_it_is_a_document_of_spdx(document):
    assert document["spdxVersion"] == "SPDX-2.3"
    assert document["dataLicense"] == "CC0-1.0"
    assert document["SPDXID"] == "SPDXRef-DOCUMENT"
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}",
                        document["documentNamespace"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
                        document["creationInfo"]["created"])
    ids = [p["SPDXID"] for p in document["packages"]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i) for i in ids)
    for p in document["packages"]:
        assert p["name"] and p["versionInfo"] and p["downloadLocation"]
        assert p["licenseDeclared"]
    known = {*ids, "SPDXRef-DOCUMENT"}
    for r in document["relationships"]:
        assert {r["spdxElementId"], r["relatedSpdxElement"]} <= known
    assert {"spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": "SPDXRef-penstock"
            } in document["relationships"]


@pytest.mark.parametrize("path", FILES, ids=os.path.basename)
def test_every_library_is_in_it(document, path):
    text = subprocess.run(["objdump", "-p", path], check=True,
                          capture_output=True, text=True).stdout
    needed = set(re.findall(r"^\s*NEEDED\s+(\S+)$", text, re.M))
    assert needed and needed <= linked(document, path)


def test_so_are_those_that_are_loaded_when_they_are_called(document):
    """Their names stand in the program for dlopen."""
    with open(FILES[0], "rb") as f:
        names = {n.decode() for n in re.findall(
            rb"(?<=\0)(lib[a-z0-9-]+\.so\.\d+)(?=\0)", f.read())}
    assert {"libcurl.so.4", "libmicrohttpd.so.12"} <= names
    assert names <= linked(document, FILES[0])


def test_versions_and_licences_are_those_of_what_is_there(document):
    found = by_name(document)
    for name, p in found.items():
        if "source package " in p.get("sourceInfo", "") and \
                name != "librdkafka":
            version = subprocess.run(
                ["dpkg-query", "-W", "-f", "${Version}\n", name], check=True,
                capture_output=True, text=True).stdout.splitlines()[0]
            assert p["versionInfo"] == version
            assert p["licenseDeclared"] != "NOASSERTION"
    with open(f"{env.DEPS}/librdkafka/lib/pkgconfig/rdkafka.pc",
              encoding="utf-8") as f:
        assert f"Version: {found['librdkafka']['versionInfo']}\n" in f.read()
    assert found["uthash-dev"]


def test_the_same_build_gives_the_same_bytes(folder):
    texts = []
    for name in ("one", "two"):
        assert make(f"{folder}/{name}").returncode == 0
        with open(f"{folder}/{name}", "rb") as f:
            texts.append(f.read())
    assert texts[0] == texts[1]


def test_a_library_that_nobody_has_looked_at_is_an_error(folder):
    os.makedirs(f"{folder}/plugins")
    os.symlink(f"{env.BUILD}/lazy", f"{folder}/lazy")
    os.symlink(f"{env.BUILD}/penstock", f"{folder}/penstock")
    (curl,) = [p for p in re.findall(
        r"^\tlibcurl\.so\.4 .*=> (\S+)$", subprocess.run(
            ["/sbin/ldconfig", "-p"], check=True, capture_output=True,
            text=True).stdout, re.M)][:1]
    shutil.copy(curl, f"{folder}/plugins/new.so")
    done = make(f"{folder}/out", folder)
    assert done.returncode != 0
    assert "is in no row of" in done.stderr
    assert not os.path.exists(f"{folder}/out")
