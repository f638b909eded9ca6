"""docs/reference is what `make docs` makes of the classes as they are."""

import filecmp
import os
import subprocess

from support.env import BUILD, ROOT


def different(a, b):
    found = filecmp.dircmp(a, b)
    names = found.left_only + found.right_only + found.diff_files
    for name in found.common_dirs:
        names += different(f"{a}/{name}", f"{b}/{name}")
    return names


def test_the_reference_is_up_to_date(tmp_path):
    made = f"{tmp_path}/reference"
    subprocess.run([f"{ROOT}/docs/generate", f"{BUILD}/penstock",
                    f"{BUILD}/plugins", made], check=True, timeout=120)
    assert len(os.listdir(made)) >= 6
    assert different(made, f"{ROOT}/docs/reference") == [], "run make docs"
