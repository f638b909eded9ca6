"""POST /transforms/preview: sample records through a chain of transforms,
looked at between the steps."""

import base64
import json

import pytest

from support import configs
from support.env import wait_for

APACHE = "org.apache.kafka.connect.transforms."
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
PLAIN = {"key.converter": configs.STRING, "value.converter": configs.JSON,
         "value.converter.schemas.enable": "false"}
CHAIN = {
    "transforms": "hide,move,drop,cast",
    "transforms.hide.type": APACHE + "ReplaceField$Value",
    "transforms.hide.renames": "ssn:id",
    "transforms.move.type": APACHE + "InsertField$Value",
    "transforms.move.static.field": "from",
    "transforms.move.static.value": "here",
    "transforms.drop.type": APACHE + "Filter",
    "transforms.drop.predicate": "gone",
    "transforms.cast.type": APACHE + "Cast$Value",
    "transforms.cast.spec": "n:int32",
    "predicates": "gone",
    "predicates.gone.type": APACHE + "predicates.RecordIsTombstone"}


@pytest.fixture(scope="module")
def shown(kafka, shared_worker, session_dir):
    path = f"{session_dir}/preview-words.properties"
    with open(path, "w", encoding="ascii") as f:
        f.write("word=canary-preview-77aa\n")
    w = shared_worker(kafka.bootstrap, config_providers="file",
                      config_providers_file_class="org.apache.kafka.common."
                      "config.provider.FileConfigProvider")
    w.word = "${file:" + path + ":word}"
    return w


def ask(w, **body):
    return w.rest.request("POST", "/transforms/preview", body)


def preview(w, config, records, **more):
    r = ask(w, config={**PLAIN, **config}, records=records, **more)
    assert r.status_code == 200, r.text
    assert not r.json()["truncated"]
    return r.json()["records"]


def test_every_step_shows_what_it_made_of_each_record(shown):
    good, dead, bad, text = preview(shown, CHAIN, [
        {"topic": "t", "partition": 3, "key": "k", "timestamp": 5,
         "value": {"ssn": "123-45", "n": 7},
         "headers": [{"name": "h", "value": "9"}]},
        {"value": None},
        {"value": {"ssn": "55555", "n": "many"}},
        {"value": "{nonsense"}])
    assert good["outcome"] == "kept" and good["error"] is None
    assert [s["name"] for s in good["steps"]] == ["hide", "move", "drop",
                                                 "cast"]
    assert [s["applied"] for s in good["steps"]] == [True, True, False, True]
    first = good["steps"][0]
    assert first["class"] == APACHE + "ReplaceField$Value"
    assert first["before"]["value"] == {"ssn": "123-45", "n": 7}
    assert first["after"]["value"] == {"id": "123-45", "n": 7}
    assert first["before"]["headers"] == [
        {"name": "h", "value": 9,
         "schema": {"type": "int8", "optional": False}}]
    for one, next_one in zip(good["steps"], good["steps"][1:]):
        assert one["after"] == next_one["before"]
    assert good["result"] == {
        "topic": "t", "partition": 3, "timestamp": 5, "key": "k",
        "key_schema": {"type": "string", "optional": True}, "value":
        {"id": "123-45", "n": 7, "from": "here"}, "value_schema": None,
        "headers": first["before"]["headers"]}
    assert dead["outcome"] == "dropped" and dead["result"] is None
    assert dead["steps"][-1]["name"] == "drop"
    assert dead["steps"][-1]["outcome"] == "dropped"
    assert bad["outcome"] == "failed"
    assert bad["error"]["stage"] == "TRANSFORMATION"
    assert bad["error"]["class"] == APACHE + "Cast$Value"
    assert "many" in bad["error"]["message"]
    assert bad["steps"][-1]["error"] == bad["error"]
    assert text["outcome"] == "failed" and text["steps"] == []
    assert text["error"]["stage"] == "VALUE_CONVERTER"


def test_values_come_with_their_schemas_and_as_bytes(shown):
    value = {"schema": {"type": "struct", "optional": False, "fields": [
        {"field": "at", "type": "int64", "optional": False, "version": 1,
         "name": "org.apache.kafka.connect.data.Timestamp"}]},
        "payload": {"at": 86400000}}
    one, = preview(shown, {
        **PLAIN, "value.converter.schemas.enable": "true",
        "transforms": "t", "transforms.t.type":
        APACHE + "TimestampConverter$Value", "transforms.t.field": "at",
        "transforms.t.target.type": "Date"}, [{
            "value_base64":
            base64.b64encode(json.dumps(value).encode()).decode()}])
    before, after = one["steps"][0]["before"], one["steps"][0]["after"]
    assert before["value_schema"] == value["schema"]
    assert before["value"] == {"at": 86400000} and after["value"] == {"at": 1}
    assert after["value_schema"]["fields"][0]["name"].endswith(".Date")


def test_what_is_secret_is_hidden_wherever_it_goes(shown):
    one, = preview(shown, {
        **CHAIN, "transforms.move.static.value": shown.word,
        "transforms.cast.spec": "id:int32"}, [
            {"value": {"ssn": "123-45-6789", "password": "open sesame",
                       "note": "of 123-45-6789", "pin": 4711}}],
        mask=["SSN", "pin"])
    text = json.dumps(one)
    for secret in ("123-45-6789", "open sesame", "canary-preview", "4711"):
        assert secret not in text, text
    first = one["steps"][0]
    assert first["before"]["value"] == {
        "ssn": "[hidden]", "password": "[hidden]", "pin": "[hidden]",
        "note": "of [hidden]"}
    assert first["after"]["value"]["id"] == "[hidden]"
    assert one["steps"][1]["after"]["value"]["from"] == "[hidden]"
    assert "[hidden]" in one["error"]["message"]


@pytest.mark.parametrize("word", ["password", "ssn"])
@pytest.mark.parametrize("text", [
    '{"%s": "canary-9", "open": "yes"}', '[{"%s": "canary-9"}]',
    "%s=canary-9 or so", '{"%s": "canary-9', "<%s>canary-9</a>"])
def test_what_stands_inside_a_text_is_hidden_too(shown, word, text):
    """by its name where the text is JSON, else all of the text"""
    text %= word
    one, two, three = preview(shown, {
        "value.converter": configs.STRING,
        "transforms": "hoist,same", "transforms.hoist.type":
        APACHE + "HoistField$Value", "transforms.hoist.field": "text",
        "transforms.same.type": APACHE + "Cast$Value",
        "transforms.same.spec": "text:int32"}, [
            {"key": text, "value_base64":
             base64.b64encode(text.encode()).decode(),
             "headers": [{"name": "h", "value": text}]},
            {"value_base64": base64.b64encode(b"plain").decode()},
            {"value_base64": base64.b64encode(word.encode()).decode()}],
        mask=["ssn"])
    whole = json.dumps(one)
    assert "canary" not in whole and "[hidden]" in whole
    assert ("yes" in whole) == ("yes" in text)
    for r, kept in ((two, "plain"), (three, word)):
        assert r["steps"][0]["before"]["value"] == kept
        assert kept in r["error"]["message"]
    one, = preview(shown, {
        "value.converter": BYTES, "transforms": "same",
        "transforms.same.type": APACHE + "HoistField$Value",
        "transforms.same.field": "bytes"}, [
            {"value_base64": base64.b64encode(text.encode()).decode()}],
        mask=["ssn"])
    step = one["steps"][0]
    assert step["before"]["value"] == "[hidden]"
    assert step["after"]["value"] == {"bytes": "[hidden]"}


def test_a_connectors_own_chain_over_what_a_topic_has(
        shown, kafka, topic, folder):
    t = topic("t", 2)
    kafka.produce(t, [{"key": "k", "value": json.dumps({"ssn": n, "n": n}),
                       "partition": 1} for n in range(20)])
    shown.rest.create("pv", configs.file_sink(
        folder + "/out", t, **{**PLAIN, **CHAIN}))
    r = ask(shown, connector="pv", read={"topic": t, "partition": 1,
                                         "offset": 17, "count": 10})
    assert r.status_code == 200, r.text
    assert [(one["topic"], one["partition"], one["offset"],
             one["result"]["value"]["id"]) for one in r.json()["records"]] == [
        (t, 1, 17, 17), (t, 1, 18, 18), (t, 1, 19, 19)]
    r = ask(shown, connector="pv", config={"transforms": "hide"},
            read={"topic": t, "partition": 1, "count": 1})
    assert [len(one["steps"]) for one in r.json()["records"]] == [1]
    assert ask(shown, connector="pv", read={"topic": t}).json()["records"] == []
    shown.rest.delete("pv")


@pytest.mark.parametrize("body,status,words", [
    ({}, 400, "config"),
    ({"config": {}}, 400, "records or read"),
    ({"config": {}, "records": []}, 400, "1 to 1000"),
    ({"config": {}, "records": [{}], "read": {}}, 400, "records or read"),
    ({"config": {}, "records": [{"valeu": 1}]}, 400, "records[0]: valeu"),
    ({"config": {}, "records": [{"value_base64": "*"}]}, 400,
     "records[0]: value_base64"),
    ({"config": {}, "records": [{}, {"headers": [{}]}]}, 400,
     "records[1]: headers[0]: name"),
    ({"config": {}, "read": {"topic": "t", "partition": -1}}, 400,
     "read: partition"),
    ({"config": {}, "read": {"topic": "no-such-topic"}}, 400,
     "no-such-topic does not exist"),
    ({"config": {"transforms": "a"}, "records": [{}]}, 400,
     "transforms.a.type"),
    ({"config": {"transforms": "a", "transforms.a.type": "Nothing"},
      "records": [{}]}, 400, "Nothing"),
    ({"config": {"transforms": "a", "transforms.a.type": "InsertHeader"},
      "records": [{}]}, 400, "header"),
    ({"config": {}, "records": [{}], "mask": "ssn"}, 400, "mask"),
    ({"config": {}, "records": [{}], "masks": []}, 400, "masks"),
    ({"connector": "nobody", "records": [{}]}, 404, "nobody"),
])
def test_what_is_wrong_is_named(shown, body, status, words):
    if "config" in body:
        body = {**body, "config": {**PLAIN, **body["config"]}}
    r = ask(shown, **body)
    assert (r.status_code, words in r.json()["message"]) == (status, True), r.text


def test_no_answer_is_larger_than_its_limit(shown):
    r = ask(shown, config={**PLAIN, **CHAIN}, records=[
        {"value": {"n": 1, "big": "x" * 50000}}] * 20)
    assert r.status_code == 200, r.text
    assert r.json()["truncated"] and 0 < len(r.json()["records"]) < 20
