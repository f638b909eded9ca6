"""What is built cannot be bent easily, and what runs a plugin gains no
privileges."""

import glob
import subprocess

import pytest

from support import configs, env

FILES = [f"{env.BUILD}/penstock", *glob.glob(f"{env.BUILD}/plugins/*.so")]


def elf(path):
    return subprocess.run(["readelf", "-lWds", path], capture_output=True,
                          text=True, check=True).stdout


@pytest.mark.skipif(env.SANITIZED or env.COVERED, reason="of a release")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.rsplit("/", 1)[-1])
def test_all_is_linked_hardened(path):
    text = elf(path)
    assert "(Position-Independent Executable file)" in text or \
        path.endswith(".so")
    assert "GNU_RELRO" in text and "BIND_NOW" in text
    assert "__stack_chk_fail" in text
    (stack,) = [x for x in text.splitlines() if "GNU_STACK" in x]
    assert "RWE" not in stack


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
