"""connect: Kafka Connect itself, the oracle of behaviour. It has the same
face as Worker, so a test can be run against both."""

import glob
import os
import shutil

from .env import DEPS
from .kafka import QUICK_JAVA, classpath, java_files
from .worker import Worker

# Seen by Connect as plugins, not as part of itself. Its own classes use some
# of connect-transforms, so that stays on the class path.
PLUGIN_JARS = ("connect-file",)


class Connect(Worker):
    program = "ConnectDistributed"

    def __init__(self, folder, bootstrap, heap="512m", **settings):
        self.heap = heap
        plugins = os.path.join(folder, "connect-plugins")
        for name in PLUGIN_JARS:
            target = os.path.join(plugins, name)
            os.makedirs(target, exist_ok=True)
            for jar in glob.glob(f"{DEPS}/kafka/libs/{name}-*.jar"):
                shutil.copy(jar, target)
        super().__init__(folder, bootstrap, plugin_path=plugins, **settings)

    def start(self, timeout=200):
        """A JVM on a machine that has other things to do."""
        return super().start(timeout)

    def _argv(self):
        return ["java", "-Xms256m", f"-Xmx{self.heap}", *QUICK_JAVA,
                *java_files(self.folder),
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.log.org.reflections=error",
                "-cp", classpath(*PLUGIN_JARS),
                "org.apache.kafka.connect.cli.ConnectDistributed", self.file]
