import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.common.Configurable;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * What Kafka Connect's own classes make of a record: each line of stdin is a
 * case (tests/conformance/cases.py), each line of stdout its result.
 *
 * The record goes through the way of a task: converters, transforms with
 * their predicates, converters again.
 */
public class Conform {
    static final ObjectMapper JSON = new ObjectMapper();
    static final HexFormat HEX = HexFormat.of();

    /** Where a case stands when something is thrown. */
    static String stage;

    @SuppressWarnings("rawtypes")
    static class Step {
        Transformation transform;
        Predicate predicate;
        boolean negate;
    }

    static Map<String, String> prefixed(Map<String, String> c, String prefix) {
        Map<String, String> out = new HashMap<>();
        c.forEach((k, v) -> {
            if (k.startsWith(prefix))
                out.put(k.substring(prefix.length()), v);
        });
        return out;
    }

    static List<String> list(Map<String, String> c, String key) {
        List<String> out = new ArrayList<>();
        for (String s : c.getOrDefault(key, "").split(","))
            if (!s.isBlank())
                out.add(s.trim());
        return out;
    }

    @SuppressWarnings("unchecked")
    static <T> T made(String name) throws Exception {
        return (T) Class.forName(name).getDeclaredConstructor().newInstance();
    }

    static Converter converter(Map<String, String> c, String side) throws Exception {
        Converter made = made(c.get(side + ".converter"));
        Map<String, String> own = prefixed(c, side + ".converter.");
        own.put("converter.type", side);
        made.configure(own, side.equals("key"));
        return made;
    }

    static HeaderConverter headers(Map<String, String> c) throws Exception {
        HeaderConverter made = made(c.get("header.converter"));
        Map<String, String> own = prefixed(c, "header.converter.");
        own.put("converter.type", "header");
        made.configure(own);
        return made;
    }

    static <T extends Configurable> T part(Map<String, String> c, String prefix) throws Exception {
        Map<String, String> own = prefixed(c, prefix);
        T made = made(own.get("type"));
        made.configure(own);
        return made;
    }

    static List<Step> chain(Map<String, String> c) throws Exception {
        List<Step> steps = new ArrayList<>();
        for (String alias : list(c, "transforms")) {
            String prefix = "transforms." + alias + ".";
            Step step = new Step();
            step.transform = part(c, prefix);
            String name = c.get(prefix + "predicate");
            if (name != null && !name.isEmpty())
                step.predicate = part(c, "predicates." + name + ".");
            step.negate = Boolean.parseBoolean(c.get(prefix + "negate"));
            steps.add(step);
        }
        return steps;
    }

    static byte[] bytes(JsonNode hex) {
        return hex.isNull() ? null : HEX.parseHex(hex.textValue());
    }

    static final Pattern ADDRESS = Pattern.compile("\\[B@[0-9a-f]+");

    /** Java prints where bytes lie in memory: that is no result to compare. */
    static String hex(byte[] b) {
        if (b != null && b.length < 10000) {
            String text = new String(b, StandardCharsets.ISO_8859_1);
            if (ADDRESS.matcher(text).find())
                return HEX.formatHex("an address".getBytes(StandardCharsets.UTF_8));
        }
        return b == null ? null : HEX.formatHex(b);
    }

    static ConnectRecord<?> decoded(JsonNode r, Map<String, String> c, HeaderConverter h,
            Converter key, Converter value) {
        String topic = r.get("topic").textValue();
        ConnectHeaders headers = new ConnectHeaders();
        stage = "KEY_CONVERTER";
        SchemaAndValue k = key.toConnectData(topic, bytes(r.get("key")));
        stage = "VALUE_CONVERTER";
        SchemaAndValue v = value.toConnectData(topic, bytes(r.get("value")));
        stage = "HEADER_CONVERTER";
        for (JsonNode one : r.get("headers"))
            headers.add(one.get(0).textValue(),
                h.toConnectHeader(topic, one.get(0).textValue(), bytes(one.get(1))));
        Long timestamp = r.get("timestamp").isNull() ? null : r.get("timestamp").longValue();
        if (r.get("offset").isNull())
            return new SourceRecord(Map.of(), Map.of(), topic, r.get("partition").intValue(),
                k.schema(), k.value(), v.schema(), v.value(), timestamp, headers);
        return new SinkRecord(topic, r.get("partition").intValue(), k.schema(), k.value(),
            v.schema(), v.value(), r.get("offset").longValue(), timestamp,
            timestamp == null ? TimestampType.NO_TIMESTAMP_TYPE : TimestampType.CREATE_TIME, headers);
    }

    /** Is there a map in it whose order Java leaves open? */
    static boolean isLoose(Object v) {
        if (v instanceof Map<?, ?> m)
            return m.size() > 1 || m.values().stream().anyMatch(Conform::isLoose);
        if (v instanceof Collection<?> c)
            return c.stream().anyMatch(Conform::isLoose);
        if (v instanceof Struct s) {
            for (Field f : s.schema().fields())
                if (isLoose(s.getWithoutDefault(f.name())))
                    return true;
        }
        return false;
    }

    static void encoded(ObjectNode out, ConnectRecord<?> r, HeaderConverter h, Converter key,
            Converter value) {
        var headers = out.putArray("headers");
        stage = "HEADER_CONVERTER";
        for (Header one : r.headers())
            headers.addArray().add(one.key()).add(
                hex(h.fromConnectHeader(r.topic(), one.key(), one.schema(), one.value())));
        stage = "KEY_CONVERTER";
        out.put("key", hex(key.fromConnectData(r.topic(), r.keySchema(), r.key())));
        stage = "VALUE_CONVERTER";
        out.put("value", hex(value.fromConnectData(r.topic(), r.valueSchema(), r.value())));
        out.put("topic", r.topic());
        out.put("partition", r.kafkaPartition());
        out.put("timestamp", r.timestamp());
        out.put("loose", isLoose(r.key()) || isLoose(r.value()));
    }

    /** The key table of a class: type, default (absent: required), importance. */
    static void keys(ObjectNode out, String name) throws Exception {
        Object o = made(name);
        ConfigDef def = o instanceof Transformation<?> t ? t.config()
            : o instanceof Predicate<?> p ? p.config()
            : o instanceof Converter c ? c.config() : ((HeaderConverter) o).config();
        for (ConfigDef.ConfigKey k : def.configKeys().values()) {
            ObjectNode key = out.putObject(k.name);
            key.put("type", k.type.name());
            key.put("importance", k.importance.name());
            key.put("required", !k.hasDefault());
            key.put("default", k.hasDefault() ? ConfigDef.convertToString(k.defaultValue, k.type) : null);
        }
    }

    @SuppressWarnings("unchecked")
    static void run(ObjectNode out, JsonNode line) throws Exception {
        Map<String, String> config = new HashMap<>(), after = new HashMap<>();
        line.get("config").fields().forEachRemaining(e -> config.put(e.getKey(), e.getValue().textValue()));
        line.get("out").fields().forEachRemaining(e -> after.put(e.getKey(), e.getValue().textValue()));
        stage = "CONFIG";
        List<Step> steps = chain(config);
        Converter key = converter(config, "key"), value = converter(config, "value");
        HeaderConverter h = headers(config);
        Converter toKey = converter(after, "key"), toValue = converter(after, "value");
        HeaderConverter toHeader = headers(after);
        ConnectRecord<?> r = decoded(line.get("record"), config, h, key, value);
        stage = "TRANSFORMATION";
        for (Step step : steps) {
            if (r != null && (step.predicate == null || step.predicate.test(r) != step.negate))
                r = (ConnectRecord<?>) step.transform.apply(r);
        }
        if (r == null)
            out.put("dropped", true);
        else
            encoded(out, r, toHeader, toKey, toValue);
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream to = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode out = JSON.createObjectNode();
            try {
                JsonNode asked = JSON.readTree(line);
                if (asked.has("keys"))
                    keys(out, asked.get("keys").textValue());
                else
                    run(out, asked);
            } catch (Throwable e) {
                out = JSON.createObjectNode();
                out.put("failed", stage);
                out.put("class", e.getClass().getSimpleName());
                out.put("text", String.valueOf(e.getMessage()));
            }
            to.println(JSON.writeValueAsString(out));
        }
        to.flush();
    }
}
