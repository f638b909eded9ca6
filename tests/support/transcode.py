"""transcode: converters in a process of their own; what one reads, another
writes.

    with Transcoder() as t:
        t.converter("json", "json", "JsonConverter", schemas_enable="true")
        t.converter("avro", "registry", "AvroConverter", …)
        t.one("json", "avro", "topic", b"…")      bytes, None or Refused
"""

import collections

from .drive import Drive, PluginError

Refused = collections.namedtuple("Refused", "code text")


class Transcoder(Drive):
    def __init__(self, wrap=()):  # pylint: disable=super-init-not-called
        self._spawn(wrap)

    def converter(self, name, so, cls, **config):
        """Refused when its settings are; the process goes on."""
        try:
            self.ask("converter", name, so, cls, {
                k.replace("_", "."): str(v) for k, v in config.items()})
        except PluginError as e:
            return Refused(e.code, e.text)
        return None

    def validate(self, name):
        """[(key, text), …]"""
        return [tuple(e) for e in self.ask("validate_converter", name)["ok"]]

    def all(self, source, target, topic, values):
        answer = self.ask("transcode", source, target, topic, [
            None if v is None else v.hex() for v in values])
        return [Refused(v["error"], v["text"]) if isinstance(v, dict)
                else None if v is None else bytes.fromhex(v)
                for v in answer["ok"]]

    def one(self, source, target, topic, value):
        return self.all(source, target, topic, [value])[0]
