"""What is built cannot be bent easily, and what runs a plugin gains no
privileges."""

import glob
import platform
import re
import subprocess

import pytest

from support import configs, env

FILES = [f"{env.BUILD}/penstock", *glob.glob(f"{env.BUILD}/plugins/*.so")]


def readelf(options, *paths):
    return subprocess.run(["readelf", options, *paths], capture_output=True,
                          text=True, check=True).stdout


@pytest.mark.skipif(env.SANITIZED or env.COVERED, reason="of a release")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.rsplit("/", 1)[-1])
def test_all_is_linked_hardened(path):
    text = readelf("-lWds", path)
    assert "(Position-Independent Executable file)" in text or \
        path.endswith(".so")
    assert "GNU_RELRO" in text and "BIND_NOW" in text
    assert "__stack_chk_fail" in text
    # FORTIFY: of printf, memcpy and others, those that look at sizes.
    assert re.search(r"__(?!stack)\w+_chk@", text)
    assert not re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", text)
    (stack,) = [x for x in text.splitlines() if "GNU_STACK" in x]
    assert "RWE" not in stack


LIBRDKAFKA = f"{env.DEPS}/librdkafka/lib/librdkafka.a"


def test_librdkafka_is_compiled_hardened():
    """It is built here and linked in whole; its objects are as ours."""
    symbols = readelf("-sW", LIBRDKAFKA)
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__(?!stack)\w+_chk$", symbols, re.M)
    if platform.machine() == "x86_64":
        objects = re.split(r"^File: ", readelf("-nW", LIBRDKAFKA),
                           flags=re.M)[1:]
        assert len(objects) > 50
        assert not [one.split("\n")[0] for one in objects
                    if "x86 feature: IBT, SHSTK" not in one]


@pytest.mark.skipif(env.SANITIZED or env.COVERED, reason="of a release")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="CET is Intel's")
def test_all_of_ours_is_compiled_for_cet():
    """Each object: what is linked says so only where the C library's own do,
    which Debian's does not."""
    objects = [path for folder in ("core", "connectors", "plugins")
               for path in glob.glob(f"{env.BUILD}/obj/{folder}/**/*.o",
                                     recursive=True)]
    marked = re.split(r"^File: ", readelf("-nW", *objects), flags=re.M)[1:]
    assert len(marked) == len(objects) > 100
    assert not [one.split("\n")[0] for one in marked
                if "x86 feature: IBT, SHSTK" not in one]


def test_a_task_gains_no_privileges(worker, kafka, topic, folder):
    open(f"{folder}/in", "w", encoding="ascii").close()
    worker.rest.create("quiet", configs.file_source(f"{folder}/in",
                                                    topic("quiet")))
    worker.rest.wait_running("quiet")
    with open(f"/proc/{worker.pid_of_task('quiet')}/status",
              encoding="ascii") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f
                      if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) & (1 << 21) == 0  # CAP_SYS_ADMIN
    with open(f"/proc/{worker.pid_of_task('quiet')}/limits",
              encoding="ascii") as f:
        core = next(x for x in f if x.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
