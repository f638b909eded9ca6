"""The cases that penstock and Kafka Connect's own classes are compared by.

A case is a record as bytes, the configuration of a connector's converters and
transforms, and the converters that write what came of it. Made the same way
each time: a case is named by what it is made of."""

import base64
import itertools
import json
import struct

DATA = "org.apache.kafka.connect.data."
JSON = "org.apache.kafka.connect.json.JsonConverter"
STORAGE = "org.apache.kafka.connect.storage."
CONVERTERS = "org.apache.kafka.connect.converters."
TRANSFORMS = "org.apache.kafka.connect.transforms."
PREDICATES = TRANSFORMS + "predicates."
STRING = STORAGE + "StringConverter"
SIMPLE = STORAGE + "SimpleHeaderConverter"
BYTES = CONVERTERS + "ByteArrayConverter"


def b64(*octets):
    return base64.b64encode(bytes(octets)).decode()


# Schemas

def s(kind, **more):
    return {"type": kind, "optional": False, **more}


def opt(schema, **more):
    return {**schema, "optional": True, **more}


def fields(**named):
    return [{**schema, "field": name} for name, schema in named.items()]


def row(**named):
    return s("struct", fields=fields(**named))


def logical(name, base, **more):
    return s(base, name=DATA + name, version=1, **more)


def decimal(scale):
    return logical("Decimal", "bytes", parameters={"scale": str(scale)})


DATE = logical("Date", "int32")
TIME = logical("Time", "int32")
STAMP = logical("Timestamp", "int64")

# Plain types and what a value of each may be; and what it may not.
SCALARS = {
    "int8": (s("int8"), [0, 127, -128, 300, "1", 1.5, True]),
    "int16": (s("int16"), [0, -32768, 70000]),
    "int32": (s("int32"), [0, 2147483647, -2147483648, 3e9]),
    "int64": (s("int64"), [0, 9223372036854775807, -1, 1e30, 2 ** 70]),
    "float": (s("float"), [0, 1.5, -0.0, 3.4028235e38, 1e-45, 1e300, 16777217,
                           0.1, "x"]),
    "double": (s("double"), [0, 1.0, 0.1, 1e21, 1e-7, 123456789.123, 4.9e-324,
                             1.7976931348623157e308, -0.0, 1e7, 1e-3, 1e23]),
    "boolean": (s("boolean"), [True, False, 1, "true"]),
    "string": (s("string"), ["", "text", "a\"b\\c/\n\t\x01\x1f", "grün €",
                             "\U0001f600 \ud800", "\u2028\u007f", 7, "x" * 300]),
    "bytes": (s("bytes"), ["", b64(0, 255, 7), b64(*range(40)), "!", "AA"]),
    "decimal0": (decimal(0), [b64(0), b64(1, 0), b64(255), 5]),
    "decimal2": (decimal(2), [b64(1, 226, 64), b64(0), b64(255, 255), 12.34,
                              b64(*[127] * 20), 5, 1.005, "x"]),
    "decimal-3": (decimal(-3), [b64(5), 5000, 1e30]),
    "date": (DATE, [0, 19000, -1, 2932896, 1.5]),
    "time": (TIME, [0, 1, 86399999, 86400000, -1]),
    "timestamp": (STAMP, [0, 1700000000123, -1, -62135596800000, 1 << 60]),
    "named": (s("string", name="x.Named", version=3, doc="d",
                parameters={"a": "b"}), ["v"]),
    "named int": (s("int32", name="x.Number"), [4]),
}

NESTED = row(a=s("int32"), b=opt(row(c=opt(s("string")), d=opt(
    row(e=opt(s("int64")))))), list=opt(s("array", items=opt(s("int32")))))
CONTAINERS = {
    "array": (s("array", items=s("int32")), [[], [1, 2, 3], [1, None], 5,
                                             ["x"]]),
    "array of optional": (s("array", items=opt(s("string"))), [["a", None]]),
    "array of arrays": (s("array", items=s("array", items=s("double"))),
                        [[[1.5], []]]),
    "array of decimals": (s("array", items=decimal(1)), [[b64(5)], [2.5]]),
    "map": (s("map", keys=s("string"), values=opt(s("int32"))),
            [{}, {"a": 1}, {"a": None}, [], [["a", 1]]]),
    "map of ints": (s("map", keys=s("int32"), values=s("string")),
                    [[], [[1, "a"]], {"1": "a"}, [[1]]]),
    "map of optional keys": (s("map", keys=opt(s("string")),
                               values=s("int32")), [[["a", 1]], [[None, 1]]]),
    "map of structs": (s("map", keys=s("string"), values=NESTED),
                       [{"k": {"a": 1, "b": {"c": "x"}}}]),
    "struct": (NESTED, [{"a": 1}, {"a": 1, "b": None, "list": [1, None]},
                        {"a": 1, "b": {"c": "x", "d": {"e": 5}}}, {}, [],
                        {"a": 1, "more": 2}]),
    "empty struct": (row(), [{}]),
    "named struct": ({**row(a=s("int32")), "name": "db.Row", "version": 2,
                      "doc": "rows", "parameters": {"k": "v"}}, [{"a": 1}]),
}

DEFAULTS = row(
    i=s("int32", default=7), oi=opt(s("int32", default=8)),
    t=opt(s("string", default="dflt")), f=opt(s("double", default=1.5)),
    b=opt(s("boolean", default=True)),
    d=opt({**decimal(2), "default": b64(1, 0)}),
    day=opt({**DATE, "default": 100}), at=opt({**STAMP, "default": 5}),
    raw=opt(s("bytes", default=b64(1, 2))))

# Every type as a field, to be cast, masked, renamed, flattened.
ALL = row(
    i8=s("int8"), i16=s("int16"), i32=s("int32"), i64=s("int64"),
    f32=s("float"), f64=s("double"), yes=s("boolean"), text=s("string"),
    raw=s("bytes"), dec=decimal(2), day=DATE, time=TIME, at=STAMP,
    maybe=opt(s("string")), dflt=opt(s("int32", default=9)),
    list=opt(s("array", items=s("int32"))), sub=opt(row(
        x=opt(s("int32", default=3)), y=opt(row(z=opt(s("string")))))))
ALL_VALUE = {
    "i8": -5, "i16": 300, "i32": 70000, "i64": 1700000000123, "f32": 2.5,
    "f64": -1234.75, "yes": True, "text": "42", "raw": b64(1, 2, 255),
    "dec": b64(1, 226, 64), "day": 19000, "time": 3723004,
    "at": 1700000000123, "maybe": "m", "dflt": 1, "list": [1, 2],
    "sub": {"x": 1, "y": {"z": "deep"}}}


def payloads(schema, values):
    """The values, null, and the same where null and defaults are allowed."""
    for v in values:
        yield schema, v
    yield schema, None
    yield opt(schema), None
    yield opt(schema), values[0]
    if schema["type"] not in ("struct", "array", "map"):
        yield opt(schema, default=values[-1]), None
        yield {**schema, "default": values[0]}, None


def text(value):
    return json.dumps(value, ensure_ascii=False,
                      separators=(",", ":")).encode("utf-8", "surrogatepass")


def envelope(schema, payload):
    return text({"schema": schema, "payload": payload})


# Cases

def converter(side, name, **more):
    return {f"{side}.converter": name,
            **{f"{side}.converter.{k.replace('_', '.')}": v
               for k, v in more.items()}}


ENVELOPED = converter("value", JSON)
PLAIN = converter("value", JSON, schemas_enable="false")


def case(name, value, config=None, out=None, **record):
    """value: bytes or None; config and out replace the usual converters."""
    usual = {**converter("key", STRING), **ENVELOPED,
             **converter("header", SIMPLE)}
    r = {"topic": "orders", "partition": 3, "offset": 42,
         "timestamp": 1700000000123, "key": None, "headers": [], **record}
    r["value"] = value
    for side in ("key", "value"):
        if isinstance(r[side], bytes):
            r[side] = r[side].hex()
    r["headers"] = [[n, None if v is None else v.hex()]
                    for n, v in r["headers"]]
    return {"name": name, "record": r, "config": {**usual, **(config or {})},
            "out": {**usual, **(out or {})}}


OUTS = {
    "envelope": ENVELOPED,
    "plain": PLAIN,
    "numeric": converter("value", JSON, decimal_format="NUMERIC"),
    "kept nulls": converter("value", JSON, schemas_enable="false",
                            replace_null_with_default="false"),
    "string": converter("value", STRING),
}


def json_cases():
    """schema x value x what writes it"""
    for title, (schema, values) in {**SCALARS, **CONTAINERS}.items():
        for n, (sch, v) in enumerate(payloads(schema, values)):
            for out, config in OUTS.items():
                yield case(f"json {title} {n} {json.dumps(v)[:60]} {out}",
                           envelope(sch, v), out=config)
    for n, v in enumerate(({}, {"i": None, "oi": None, "t": None, "d": None},
                           {"i": 1, "oi": 2, "t": "x", "raw": None,
                            "day": None, "at": None})):
        for keep, (out, config) in itertools.product(
                ("true", "false"), OUTS.items()):
            yield case(f"json defaults {n} {keep} {out}",
                       envelope(DEFAULTS, v), out=config,
                       config=converter("value", JSON,
                                        replace_null_with_default=keep))


RAW = [b"", b"null", b"1", b"-0", b"007", b"1.0", b"1e5", b"1e400", b"0.1",
       b"12345678901234567890", b"1" * 400, b"0." + b"1" * 60, b'"x"',
       b"true", b"[]", b"[1,[2,[3]]]", b"{}", b'{"a":1,"a":2}',
       b'{"a":{"b":[null,1.5,"x"]}}', b'{"a":"\\u00e9\\ud83d\\ude00"}',
       b'{"a":"\\ud83d"}', b"{", b"nul", b"[1,]", b"{'a':1}", b"NaN", b" 1 ",
       b"1 2", b"\xef\xbb\xbf1", b'"\xff"', b"[" * 900 + b"]" * 900,
       b'{"schema":null,"payload":{"a":1}}', b'{"schema":{},"payload":1}',
       b'{"schema":{"type":"int9"},"payload":1}', b'{"payload":1}',
       b'{"schema":{"type":"int32"},"payload":1,"more":2}',
       b'{"schema":{"type":"array"},"payload":[]}',
       b'{"schema":{"type":"map","keys":{"type":"string"}},"payload":{}}',
       b'{"schema":{"type":"struct"},"payload":{}}',
       b'{"schema":{"type":"struct","fields":[{"type":"int32"}]},'
       b'"payload":{}}',
       b'{"schema":{"type":"struct","fields":[{"type":"int32","field":"a"},'
       b'{"type":"int32","field":"a"}]},"payload":{"a":1}}']


def raw_cases():
    for n, raw in enumerate([None, *RAW]):
        for title, config in (("plain", PLAIN), ("envelope", ENVELOPED),
                              ("string", converter("value", STRING)),
                              ("bytes", converter("value", BYTES))):
            for out in ("plain", "envelope", "string"):
                yield case(f"raw {n} {(raw or b'')[:40]!r} {title} {out}",
                           raw, config=config, out=OUTS[out])


def nested(depth, opens=b"[", inner=b"1", closes=b"]"):
    return opens * depth + inner + closes * depth


# Beyond what anybody means, and what both sides make of it.
EXTREMES = {
    **{f"{depth} arrays": nested(depth) for depth in (
        999, 1000, 1001, 100000)},
    **{f"{depth} objects": nested(depth, b'{"a":', b"1", b"}")
       for depth in (999, 1000, 1001, 100000)},
    "arrays without an end": b"[" * 100000,
    **{f"{n} digits": b"1" * n for n in (999, 1000, 1001, 100000)},
    **{f"{n} digits behind a point": b"0." + b"1" * n
       for n in (900, 998, 1001, 100000)},
    "an exponent of 20 digits": b"1e" + b"9" * 20,
    "a text of a million": b'"' + b"x" * 1000000 + b'"',
    "a NUL in a text": b'{"a\\u0000b":"c\\u0000"}',
    "10,000 members": json.dumps(
        {f"m{n}": n for n in range(10000)}).encode(),
}


def extreme_cases():
    for title, raw in EXTREMES.items():
        for out in ("plain", "string"):
            yield case(f"extreme {title} {out}", raw, config=PLAIN,
                       out=OUTS[out])
    yield case("extreme 1,000 headers", b"1", config=PLAIN, out=PLAIN,
               headers=[(f"h{n % 10}", b"%d" % n) for n in range(1000)])
    yield case("extreme NUL in a key", b"1", config=PLAIN, out=PLAIN,
               key=b"a\0b")


NUMBERS = {
    "Boolean": [b"\0", b"\1", b"\2", b""],
    "Short": [struct.pack(">h", n) for n in (0, -1, 32767)] + [b"\0"],
    "Integer": [struct.pack(">i", n) for n in (0, -2 ** 31)] + [b"\0"],
    "Long": [struct.pack(">q", n) for n in (0, -2 ** 63)] + [b"\0" * 7],
    "Float": [struct.pack(">f", f) for f in (
        0, -0.0, 1.5, 1e-45, 3.4e38, float("nan"), float("inf"), 0.1)],
    "Double": [struct.pack(">d", f) for f in (
        0, -0.0, 1.5, 5e-324, 1e308, float("nan"), float("-inf"), 0.1)],
    "ByteArray": [b"", b"\0\xff"],
}


def number_cases():
    for kind, values in NUMBERS.items():
        own = converter("value", CONVERTERS + kind + "Converter")
        for n, raw in enumerate([None, *values]):
            for out, config in {**OUTS, "own": own}.items():
                yield case(f"number {kind} {n} {out}", raw, config=own,
                           out=config)
    for kind in NUMBERS:
        own = converter("value", CONVERTERS + kind + "Converter")
        for title in SCALARS:
            schema, values = SCALARS[title]
            yield case(f"number {title} as {kind}",
                       envelope(schema, values[0]), out=own)


HEADERS = [b"", b"text", b"7", b"-129", b"1.5", b"1e40", b"true", b"True",
           b"null", b"[1,2]", b"[1,2.5]", b'["a","b"]', b"[]", b"{}",
           b'{"a":1}', b'{"a":"x","b":null}', b'{"a":null}',
           b'{"a":1,"b":null}', b"[null]", b"[1,null,2]", b'["a",null]',
           b'{"a":1,"b":2.5}', b'{"a":1,"b":"x"}', b'{1:2,3:4}', b"[1,", b"2024-02-29",
           b"12:34:56.789Z", b"2024-02-29T12:34:56.789Z", b'"quoted"',
           b"a,b", b"1,000", b"5000000000", b"123456789012345678901234567890",
           b"0.1", b"+5", b"--5", "grün".encode(), b"\xff", b'["a\xff"]',
           b'{"\xc3":"\xdd"}', b'["\\"a\\\\"]', b"[2024-02-29]",
           b'["a",2024-02-29]', None]


def header_cases():
    kinds = {"simple": SIMPLE, "string": STRING, "bytes": BYTES, "json": JSON}
    for n, raw in enumerate(HEADERS):
        for (a, read), (b, write) in itertools.product(
                kinds.items(), kinds.items()):
            yield case(f"header {n} {raw!r} {a} {b}", b'{"schema":null,"payload":1}',
                       config=converter("header", read, schemas_enable="false"),
                       out=converter("header", write, schemas_enable="false"),
                       headers=[("h", raw), ("h", b"1"), ("other", raw)])


# Transforms

RECORDS = {
    "all": envelope(ALL, ALL_VALUE),
    "nulls": envelope(ALL, {**ALL_VALUE, "maybe": None, "dflt": None,
                            "list": None, "sub": None}),
    "sub nulls": envelope(ALL, {**ALL_VALUE, "sub": {"x": None, "y": None}}),
    "optional": envelope({**opt(ALL), "name": "db.All", "version": 3,
                          "doc": "d", "parameters": {"p": "q"}}, ALL_VALUE),
    "null struct": envelope(opt(ALL), None),
    "defaults": envelope(DEFAULTS, {"i": 1}),
    "map": envelope(None, {**ALL_VALUE, "list": [1, {"k": 2}],
                           "nothing": None}),
    "empty map": envelope(None, {}),
    "tombstone": None,
    "number": envelope(s("int32"), 5),
    "text": envelope(s("string"), "17"),
    "array": envelope(s("array", items=s("int32")), [1]),
    "typed map": envelope(s("map", keys=s("string"), values=s("int32")),
                          {"text": 1}),
    "with a map": envelope(row(id=s("int32"), m=s(
        "map", keys=s("string"), values=s("int32"))), {"id": 1,
                                                       "m": {"a": 1}}),
    "flat names": envelope(row(**{"a.b": s("int32")}, a=row(b=s("string"))),
                           {"a.b": 1, "a": {"b": "x"}}),
    "flat names of a map": envelope(None, {"a.b": 1, "a": {"b": "x"}}),
    "free number": envelope(None, 5),
    "free text": envelope(None, "12"),
    "free array": envelope(None, [1, "x"]),
}
SCALAR_FIELDS = ["i8", "i16", "i32", "i64", "f32", "f64", "yes", "text", "raw",
                 "dec", "day", "time", "at", "maybe", "dflt"]
TARGETS = ["int8", "int16", "int32", "int64", "float32", "float64", "boolean",
           "string"]


def chain(*steps, **predicates):
    """transforms=t0,t1,… ; a step is its keys"""
    config = {"transforms": ",".join(f"t{n}" for n in range(len(steps)))}
    for n, step in enumerate(steps):
        config.update({f"transforms.t{n}.{k}": v for k, v in step.items()})
    if predicates:
        config["predicates"] = ",".join(predicates)
    for name, keys in predicates.items():
        config.update({f"predicates.{name}.{k}": v for k, v in keys.items()})
    return config


def step(name, **keys):
    return {"type": TRANSFORMS + name,
            **{k.replace("_", "."): v for k, v in keys.items()}}


# Both $Key and $Value; each with the keys of several configurations.
SIDED = {
    "Cast": [
        *({"spec": f"text:{t},i64:{t},f64:{t},yes:{t},dec:{t},at:{t}"}
          for t in TARGETS),
        *({"spec": f"i8:{t},i16:{t},i32:{t},f32:{t},day:{t},time:{t},"
           "maybe:boolean,dflt:string"} for t in TARGETS),
        *({"spec": t} for t in TARGETS),
        {"spec": "raw:string"}, {"spec": "raw:int32"}, {"spec": "list:string"},
        {"spec": "absent:int32"}, {"spec": "text:bytes"}, {"spec": "text:foo"},
        {"spec": "foo"}, {"spec": ""}, {"spec": "a:b:c"},
        {"spec": "int8,text:int8"}, {"spec": " text : INT64 "},
        {"spec": "text:int8,text:string"}, {"spec": "text:string,text:int8"},
        {"spec": "dflt:int64", "replace.null.with.default": "false"},
    ],
    "ExtractField": [
        {"field": "text"}, {"field": "sub"}, {"field": "dflt"},
        {"field": "maybe"}, {"field": "absent"}, {"field": "sub.x"},
        {"field": "sub.x", "field.syntax.version": "V2"},
        {"field": "sub.y.z", "field.syntax.version": "V2"},
        {"field": "sub.absent.z", "field.syntax.version": "V2"},
        {"field": "`sub`.x", "field.syntax.version": "V2"},
        {"field": "text.x", "field.syntax.version": "V2"},
        {"field": "`sub", "field.syntax.version": "V2"},
        {"field": "dflt", "replace.null.with.default": "false"},
        {"field": "sub.x", "field.syntax.version": "V2",
         "replace.null.with.default": "false"},
    ],
    "Flatten": [{}, {"delimiter": "_"}, {"delimiter": ""}],
    "HeaderFrom": [
        {"fields": "text,dec", "headers": "h,d", "operation": "copy"},
        {"fields": "text,at", "headers": "h,h", "operation": "move"},
        {"fields": "maybe,dflt", "headers": "m,d", "operation": "copy"},
        {"fields": "dflt", "headers": "d", "operation": "move",
         "replace.null.with.default": "false"},
        {"fields": "absent", "headers": "h", "operation": "copy"},
        {"fields": "sub,list", "headers": "s,l", "operation": "move"},
        {"fields": "a,b", "headers": "h", "operation": "copy"},
        {"fields": "text,text", "headers": "h,i", "operation": "copy"},
        {"fields": "text,text", "headers": "h,i", "operation": "move"},
        {"fields": "text", "headers": "a", "operation": "move"},
        {"fields": "a", "headers": "h", "operation": "steal"},
        {"fields": "", "headers": "", "operation": "copy"},
    ],
    "HoistField": [{"field": "wrapped"}, {"field": "text"}, {"field": ""},
                   {"field": "a.b"}],
    "InsertField": [
        {"topic.field": "t", "partition.field": "p!", "offset.field": "o?"},
        {"timestamp.field": "ts", "static.field": "st", "static.value": "v"},
        {"topic.field": "text"}, {},
        {"static.field": "st"},
        # names that are there, and one name twice
        *({"topic.field": name} for name in (
            "i32", "sub", "text!", "maybe?", "", "!", "sub.x")),
        {"static.field": "text", "static.value": "v"},
        {"static.field": "i32", "static.value": "v"},
        {"timestamp.field": "at"}, {"partition.field": "dflt"},
        {"topic.field": "t", "partition.field": "t"},
        {"topic.field": "t", "partition.field": "t!"},
        {"topic.field": "t", "static.field": "t", "static.value": "v"},
        {"offset.field": "t", "timestamp.field": "t", "static.field": "t",
         "static.value": "v"},
        {"topic.field": "new", "partition.field": "text"},
    ],
    "MaskField": [
        *({"fields": f} for f in SCALAR_FIELDS), {"fields": "list"},
        {"fields": "sub"}, {"fields": "absent"}, {"fields": "i8,i16,text"},
        *({"fields": f, "replacement": "12"} for f in SCALAR_FIELDS),
        {"fields": "i8", "replacement": "300"},
        {"fields": "text", "replacement": ""},
        {"fields": "i32", "replacement": "x"},
        {"fields": "i32", "replacement": "1.5"},
        {"fields": "i64", "replacement": "1e2"},
        {"fields": "i16", "replacement": "NaN"},
        {"fields": "f64", "replacement": "1e400"},
        {"fields": "f32", "replacement": "NaN"},
        {"fields": "f64", "replacement": "1.5"},
        {"fields": "list", "replacement": "1"}, {"fields": ""},
        {"fields": "dflt", "replace.null.with.default": "false"},
        {"fields": "text,text"},
    ],
    "ReplaceField": [
        {"renames": "text:x,i8:x"}, {"renames": "text:i8,i8:text"},
        {"renames": "text:i8", "exclude": "i8"},
        {"renames": "text:i8", "include": "text"},
        {"renames": "text:x,text:y"}, {"include": "text,text"},
        {"exclude": "text,text"},
        {"exclude": "text,sub"}, {"include": "text,dflt"},
        {"renames": "text:words,i8:small"}, {"renames": "text:i8"},
        {"include": "text", "exclude": "text"}, {"renames": "text"},
        {"include": "dflt", "replace.null.with.default": "false"},
    ],
    "SetSchemaMetadata": [
        {"schema.name": "new.Name"}, {"schema.version": "9"},
        {"schema.name": "new.Name", "schema.version": "9"}, {},
        {"schema.version": "x"},
        {"schema.name": "n", "replace.null.with.default": "false"},
    ],
    "TimestampConverter": [
        *({"field": f, "target.type": t, "format": "yyyy-MM-dd HH:mm:ss.SSS"}
          for f, t in itertools.product(
              ("at", "i64", "day", "time"),
              ("string", "unix", "Date", "Time", "Timestamp"))),
        *({"field": "i64", "target.type": "Timestamp", "unix.precision": p}
          for p in ("seconds", "milliseconds", "microseconds",
                    "nanoseconds")),
        *({"field": "at", "target.type": "unix", "unix.precision": p}
          for p in ("seconds", "milliseconds", "microseconds",
                    "nanoseconds")),
        {"target.type": "unix"}, {"target.type": "Date"},
        {"field": "text", "target.type": "unix", "format": "SS"},
        {"field": "text", "target.type": "unix"},
        {"field": "absent", "target.type": "unix"},
        {"field": "at", "target.type": "string"},
        {"field": "at", "target.type": "string", "format": "q"},
        {"field": "at", "target.type": "nothing"},
        {"field": "at", "target.type": "unix", "unix.precision": "weeks"},
        {"field": "i32", "target.type": "unix"},
        {"field": "dec", "target.type": "unix"},
    ],
}

SIMPLE_FORMATS = [
    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "yyyy-MM-dd'T'HH:mm:ssX", "yyyyMMdd",
    "EEE MMM dd HH:mm:ss zzz yyyy", "EEEE, d MMMM yy h:mm a", "D F W w u",
    "kk KK hh HH", "yy/M/d", "G yyyy", "'it''s' yyyy", "XX XXX Z z zzzz",
    "YYYY-'W'ww", "S SS SSSSS", "MMMMM E EEEEE", "y", "L LLL",
]
INSTANTS = [0, 1700000000123, -1, 951782400000, 4102444799999, -86400000,
            -62135769600001, 1704067200000]
TO_PARSE = {
    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'": [
        "2024-02-29T12:34:56.789Z", "2024-02-30T25:61:61.9Z", "2024-02-29",
        "0001-01-01T00:00:00.000Z", "x", "", " 2024-02-29T12:34:56.789Z rest",
        "2024-2-9T1:2:3.4Z", "12024-02-09T01:02:03.400Z"],
    "yyyyMMdd": ["20240229", "2024022", "202402291", "20241301", "2024-2-1"],
    "yyyyMMddHHmmss": ["20240229123456", "2024022912345"],
    "yy-M-d": ["24-2-9", "99-12-31", "1999-1-1", "5-1-1", "124-1-1"],
    "yyyy-MM-dd HH:mm:ss Z": ["2024-02-29 12:34:56 +0130",
                              "2024-02-29 12:34:56 GMT-3:00",
                              "2024-02-29 12:34:56 UTC"],
    "yyyy-MM-dd'T'HH:mm:ssX": ["2024-02-29T12:34:56Z",
                               "2024-02-29T12:34:56+01",
                               "2024-02-29T12:34:56-0130"],
    "yyyy-MM-dd'T'HH:mm:ssXXX": ["2024-02-29T12:34:56+01:30",
                                 "2024-02-29T12:34:56Z"],
    "EEE, dd MMM yyyy hh:mm a": ["Thu, 29 Feb 2024 12:34 AM",
                                 "thu, 29 february 2024 01:34 pm",
                                 "Xyz, 29 Feb 2024 12:34 AM"],
    "D yyyy": ["60 2024", "366 2023"],
    "HH": ["24", "-1", "7"],
}


def sides(name, keys):
    for side in ("Key", "Value"):
        yield side, step(f"{name}${side}") | keys


def on_side(title, side, raw, steps, **more):
    """The record's key or its value is `raw`, in an envelope both ways."""
    config = {**steps, **converter("key", JSON)}
    both = converter("key", JSON)
    if side == "Key":
        return case(title, None, config, both, key=raw, **more)
    return case(title, raw, config, both, **more)


def sided_cases():
    for name, configs in SIDED.items():
        for n, keys in enumerate(configs):
            for side, one in sides(name, keys):
                for title, raw in RECORDS.items():
                    if side == "Key" and title not in (
                            "all", "map", "tombstone", "text"):
                        continue
                    yield on_side(f"{name}${side} {keys} {title}", side, raw,
                                  chain(one))


HEADED = [("a", b"1"), ("b", b"text"), ("a", b"[1,2]"), ("c", None)]


def other_cases():
    value = RECORDS["all"]
    steps = {
        "DropHeaders": [{"headers": "a"}, {"headers": "b,c"},
                        {"headers": "absent"}, {"headers": ""}, {}],
        "Filter": [{}],
        "InsertHeader": [
            *({"header": "n", "value.literal": v} for v in (
                "text", "7", "1.5", "true", "null", "[1,2]", "2024-02-29",
                '{"a":1}', "", "1,000")),
            {"header": "n"}, {"value.literal": "x"}],
        "RegexRouter": [
            {"regex": "(.*)", "replacement": "new-$1"},
            {"regex": "ord", "replacement": "x"},
            {"regex": "(?<n>o).*", "replacement": "${n}-\\$"},
            {"regex": ".*", "replacement": "$5"},
            # All of it matches; what is found first in it is replaced.
            {"regex": "ord|orders", "replacement": "x"},
            {"regex": "(.*?)", "replacement": "x-$1"},
            {"regex": "(o.*?)(.*)", "replacement": "$1-$2"},
            {"regex": "(ord|orders)(s*)", "replacement": "$2.$1"},
            {"regex": "^orders$", "replacement": "x"},
            {"regex": "(?i)ORD.{3}", "replacement": "x"},
            {"regex": "(", "replacement": "x"}],
        "TimestampRouter": [
            {}, {"topic.format": "x-${topic}-${topic}-${timestamp}"},
            *({"timestamp.format": f} for f in SIMPLE_FORMATS),
            {"timestamp.format": "bad'"}, {"topic.format": "fixed"}],
        "ValueToKey": [
            {"fields": "text"}, {"fields": "i8,dec,sub"},
            {"fields": "absent"}, {"fields": "dflt,maybe"},
            {"fields": "text,text"}, {"fields": ""}, {"fields": "i8, i8"},
            {"fields": "dec,text,dec"}, {"fields": "text,absent,text"},
            {"fields": "text,"},
            {"fields": "dflt", "replace.null.with.default": "false"}],
    }
    for name, configs in steps.items():
        for keys in configs:
            one = step(name) | keys
            records = RECORDS if name == "ValueToKey" else {"all": value}
            for title, raw in records.items():
                yield on_side(f"{name} {keys} {title}", "Value", raw,
                              chain(one), headers=HEADED)
    for keys, record in (
            ({}, {"timestamp": None}), ({}, {"topic": "$1\\"}),
            ({}, {"timestamp": 0})):
        yield case(f"TimestampRouter {record}", value,
                   chain(step("TimestampRouter") | keys), **record)
    for keys in ({"offset.field": "o"}, {"timestamp.field": "t",
                                         "partition.field": "p"}):
        yield case(f"InsertField of a source {keys}", value, chain(
            step("InsertField$Value") | keys), offset=None, timestamp=None)
    # NaN and infinities come into a struct by Cast only.
    for word in ("NaN", "Infinity", "-Infinity", "1e400", "0x1p3", "1.5f",
                 " 7 ", "1_0", "", "+1", "٣"):
        for target in TARGETS:
            yield case(f"Cast of {word!r} to {target}",
                       envelope(row(v=s("string")), {"v": word}),
                       chain(step("Cast$Value", spec="v:" + target)))
            yield case(f"Cast of free {word!r} to {target}",
                       envelope(None, {"v": word}),
                       chain(step("Cast$Value", spec="v:" + target)))


def time_cases():
    stamps = row(v=STAMP)
    for pattern, at in itertools.product(SIMPLE_FORMATS, INSTANTS):
        yield case(f"format {pattern} {at}", envelope(stamps, {"v": at}),
                   chain(step("TimestampConverter$Value", field="v",
                              format=pattern, target_type="string")))
    texts = row(v=s("string"))
    for pattern, words in TO_PARSE.items():
        for word in words:
            yield case(f"parse {pattern} {word!r}",
                       envelope(texts, {"v": word}),
                       chain(step("TimestampConverter$Value", field="v",
                                  format=pattern, target_type="Timestamp")))
    for at, kind in itertools.product(
            INSTANTS, ("unix", "Date", "Time", "Timestamp")):
        yield case(f"convert {at} to {kind}", envelope(stamps, {"v": at}),
                   chain(step("TimestampConverter$Value", field="v",
                              target_type=kind)))
        yield case(f"cast {at} to string {kind}", envelope(
            row(v=STAMP), {"v": at}), chain(
                step("TimestampConverter$Value", field="v", target_type=kind),
                step("Cast$Value", spec="v:string")))
    kept = converter("value", JSON, replace_null_with_default="false")
    for keep, kind in itertools.product(
            ("true", "false"),
            ("unix", "string", "Date", "Time", "Timestamp")):
        yield case(f"convert null with a default {keep} to {kind}", envelope(
            row(v=opt(STAMP, default=86400000)), {"v": None}),
            {**kept, **chain(step(
                "TimestampConverter$Value", field="v", target_type=kind,
                format="yyyy-MM-dd", replace_null_with_default=keep))},
            kept)


TOMBSTONE = {"type": PREDICATES + "RecordIsTombstone"}
NAMED = {"type": PREDICATES + "TopicNameMatches", "pattern": "ord.*"}
MARKED = {"type": PREDICATES + "HasHeaderKey", "name": "mark"}


def chain_cases():
    steps = {
        "route": step("RegexRouter", regex="ord.*", replacement="routed"),
        "insert": step("InsertField$Value", static_field="by",
                       static_value="us"),
        "hoist": step("HoistField$Value", field="all"),
        "flatten": step("Flatten$Value", delimiter="_"),
        "extract": step("ExtractField$Value", field="sub"),
        "cast": step("Cast$Value", spec="text:int32"),
        "mask": step("MaskField$Value", fields="text"),
        "rename": step("ReplaceField$Value", renames="text:i8s"),
        "key": step("ValueToKey", fields="text"),
        "name": step("SetSchemaMetadata$Value", schema_name="x.Y"),
        "filter": step("Filter"),
    }
    records = ("all", "nulls", "map", "tombstone")
    for (a, one), (b, two) in itertools.permutations(steps.items(), 2):
        yield on_side(f"chain {a} {b}", "Value", RECORDS["all"],
                      chain(one, two))
        yield on_side(f"chain {a} {b} of a map", "Value", RECORDS["map"],
                      chain(one, two))
    for (p, keys), negate, record, marked in itertools.product(
            {"tombstone": TOMBSTONE, "named": NAMED, "marked": MARKED}.items(),
            ("false", "true"), records, (True, False)):
        yield on_side(
            f"predicate {p} {negate} {record} {marked}", "Value",
            RECORDS[record],
            chain({**steps["filter"], "predicate": "p", "negate": negate},
                  steps["route"], {**steps["hoist"], "predicate": "q"},
                  p=keys, q=NAMED),
            headers=[("mark", b"1")] if marked else [])


def all_cases():
    made, names = [], set()
    for one in itertools.chain(
            json_cases(), raw_cases(), extreme_cases(), number_cases(),
            header_cases(),
            sided_cases(), other_cases(), time_cases(), chain_cases()):
        assert one["name"] not in names, one["name"]
        names.add(one["name"])
        made.append(one)
    return made
