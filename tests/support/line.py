"""line: a network cable between two devices of the kernel that takes its time
and loses what it is told to, for kernels without netem.

    line = Line("left", "right")   tap devices, to be put where they belong
    line.delay_ms = 100            each way
    line.loss = 0.01               of the frames, each way
    line.close()                   the devices go with it

Frames keep their order. TCP is the kernel's own at both ends.
"""

import collections
import fcntl
import os
import random
import select
import struct
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME_MAX = 65536
IDLE_S = 0.2


def _tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack(
        "16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


class Line(threading.Thread):
    def __init__(self, left, right):
        super().__init__(daemon=True)
        self.delay_ms, self.loss = 0, 0.0
        self.carried = self.lost = 0
        self._fds = [_tap(left), _tap(right)]
        self._ways = {  # from -> (to, frames with their times)
            self._fds[0]: (self._fds[1], collections.deque()),
            self._fds[1]: (self._fds[0], collections.deque())}
        self._rng = random.Random(left)
        self._end = threading.Event()
        self.start()

    def run(self):
        while not self._end.is_set():
            for fd in select.select(self._fds, [], [], self._pause())[0]:
                self._take(fd)
            for to, frames in self._ways.values():
                while frames and frames[0][0] <= time.monotonic():
                    self._give(to, frames.popleft()[1])

    def _pause(self):
        due = [frames[0][0] for _, frames in self._ways.values() if frames]
        return min([IDLE_S, *(max(0, d - time.monotonic()) for d in due)])

    def _take(self, fd):
        try:
            while True:
                frame = os.read(fd, FRAME_MAX)
                if self._rng.random() < self.loss:
                    self.lost += 1
                    continue
                self._ways[fd][1].append(
                    (time.monotonic() + self.delay_ms / 1000, frame))
        except OSError:
            pass  # nothing more, or the device is down

    def _give(self, fd, frame):
        try:
            os.write(fd, frame)
            self.carried += 1
        except OSError:
            self.lost += 1

    def close(self):
        self._end.set()
        self.join(10)
        for fd in self._fds:
            os.close(fd)
