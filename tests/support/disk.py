"""disk: one of its own that is soon full, and can be made larger.

    disk = Disk(folder + "/disk", mib=64)   needs the right to mount
    disk.grow(mib=256); disk.close()
"""

import os
import subprocess

MIB = 1 << 20


def _mount(*args):
    done = subprocess.run(["mount", *args], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise OSError(done.stderr.strip())


class Disk:
    def __init__(self, path, mib):
        """OSError where nobody may mount."""
        self.path = path
        os.makedirs(path)
        _mount("-t", "tmpfs", "-o", f"size={mib}m", "penstock-test", path)

    def free(self):
        """bytes"""
        st = os.statvfs(self.path)
        return st.f_bavail * st.f_frsize

    def grow(self, mib):
        """to so much"""
        _mount("-o", f"remount,size={mib}m", self.path)

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=True)
