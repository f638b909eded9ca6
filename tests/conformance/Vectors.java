import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Configurable;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * What Kafka Connect's own classes make of the inputs in tests/data/vectors.
 *
 * Each line is CLASS, OPERATION, CONFIGURATION, INPUT and, rewritten here,
 * OUTCOME and OUTPUT, separated by tabs. Usage: java -cp 'libs/*'
 * Vectors.java FILE... (the files are rewritten in place).
 */
public class Vectors {
    static byte[] unescape(String s) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] in = s.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < in.length; i++) {
            if (in[i] == '\\' && in[i + 1] == 'x') {
                out.write(Integer.parseInt(s.substring(i + 2, i + 4), 16));
                i += 3;
            } else {
                out.write(in[i]);
            }
        }
        return out.toByteArray();
    }

    static String escape(byte[] in) {
        StringBuilder out = new StringBuilder();
        for (byte b : in)
            if (b < 0x20 || b > 0x7e || b == '\\')
                out.append(String.format("\\x%02x", b & 0xff));
            else
                out.append((char) b);
        return out.toString();
    }

    static String hex(byte[] in) {
        StringBuilder out = new StringBuilder("bytes:");
        for (byte b : in)
            out.append(String.format("%02x", b & 0xff));
        return out.toString();
    }

    static String date(Schema schema, Date d) {
        if (org.apache.kafka.connect.data.Timestamp.LOGICAL_NAME.equals(schema.name()))
            return "i64:" + d.getTime();
        if (org.apache.kafka.connect.data.Date.LOGICAL_NAME.equals(schema.name()))
            return "i32:" + d.getTime() / 86400000;
        return "i32:" + d.getTime();
    }

    static String list(Schema schema, List<?> items) {
        List<String> out = new ArrayList<>();
        for (Object o : items)
            out.add(value(schema == null ? null : schema.valueSchema(), o));
        return "[" + String.join(",", out) + "]";
    }

    static String map(Schema schema, Map<?, ?> m) {
        TreeMap<String, String> out = new TreeMap<>();
        for (Map.Entry<?, ?> e : m.entrySet())
            out.put(value(schema == null ? null : schema.keySchema(), e.getKey()),
                value(schema == null ? null : schema.valueSchema(), e.getValue()));
        List<String> pairs = new ArrayList<>();
        out.forEach((k, v) -> pairs.add(k + "=" + v));
        return "{" + String.join(",", pairs) + "}";
    }

    static String struct(Struct s) {
        List<String> out = new ArrayList<>();
        for (Field f : s.schema().fields())
            out.add(value(f.schema(), s.getWithoutDefault(f.name())));
        return "(" + String.join(",", out) + ")";
    }

    static String value(Schema schema, Object v) {
        if (v == null)
            return "null";
        if (v instanceof Byte)
            return "i8:" + v;
        if (v instanceof Short)
            return "i16:" + v;
        if (v instanceof Integer)
            return "i32:" + v;
        if (v instanceof Long)
            return "i64:" + v;
        if (v instanceof Float)
            return String.format("f32:%08x", Float.floatToRawIntBits((Float) v));
        if (v instanceof Double)
            return String.format("f64:%016x", Double.doubleToRawLongBits((Double) v));
        if (v instanceof Boolean)
            return "bool:" + v;
        if (v instanceof String)
            return "str:" + escape(((String) v).getBytes(StandardCharsets.UTF_8));
        if (v instanceof byte[])
            return hex((byte[]) v);
        if (v instanceof ByteBuffer)
            return hex(((ByteBuffer) v).array());
        if (v instanceof java.math.BigDecimal)
            return hex(((java.math.BigDecimal) v).setScale(Integer.parseInt(
                schema.parameters().get("scale"))).unscaledValue().toByteArray());
        if (v instanceof Date)
            return date(schema, (Date) v);
        if (v instanceof List)
            return list(schema, (List<?>) v);
        if (v instanceof Map)
            return map(schema, (Map<?, ?>) v);
        return struct((Struct) v);
    }

    static String dump(SchemaAndValue sv) {
        if (sv == null)
            return "- null";
        Schema s = sv.schema();
        boolean untyped = s == null || ((s.type() == Schema.Type.ARRAY
            || s.type() == Schema.Type.MAP) && s.valueSchema() == null);
        String type = untyped ? "-" : s.type().getName() + (s.isOptional() ? "?" : "")
            + (s.name() == null ? "" : ":" + s.name());
        return type + " " + value(s, sv.value());
    }

    static JsonConverter json(boolean schemas) {
        JsonConverter c = new JsonConverter();
        c.configure(Map.of("schemas.enable", schemas, "converter.type", "value"), false);
        return c;
    }

    static SinkRecord record(byte[] envelope, boolean key) {
        SchemaAndValue sv = json(true).toConnectData("orders", envelope);
        ConnectHeaders headers = new ConnectHeaders();
        headers.addString("origin", "here");
        return new SinkRecord("orders", 3, key ? sv.schema() : null, key ? sv.value() : null,
            key ? null : sv.schema(), key ? null : sv.value(), 42, 1700000000000L,
            TimestampType.CREATE_TIME, headers);
    }

    @SuppressWarnings("unchecked")
    static String run(String name, String op, Map<String, String> config, byte[] in) throws Exception {
        Object o = Class.forName(name).getDeclaredConstructor().newInstance();
        if (o instanceof Converter && !op.startsWith("header"))
            ((Converter) o).configure(config, config.getOrDefault("converter.type", "value").equals("key"));
        else
            ((Configurable) o).configure(config);
        byte[] out = null;
        switch (op) {
            case "decode":
                return dump(((Converter) o).toConnectData("orders", in));
            case "encode": {
                SchemaAndValue sv = json(true).toConnectData("orders", in);
                out = ((Converter) o).fromConnectData("orders", sv.schema(), sv.value());
                return out == null ? null : new String(out, StandardCharsets.ISO_8859_1);
            }
            case "header-decode":
                return dump(((HeaderConverter) o).toConnectHeader("orders", "h", in));
            case "header-encode": {
                SchemaAndValue sv = json(true).toConnectData("orders", in);
                out = ((HeaderConverter) o).fromConnectHeader("orders", "h", sv.schema(), sv.value());
                return out == null ? null : new String(out, StandardCharsets.ISO_8859_1);
            }
            case "apply": {
                boolean key = name.endsWith("$Key");
                SinkRecord r = ((Transformation<SinkRecord>) o).apply(record(in, key));
                if (r == null)
                    return null;
                if ((key ? r.keySchema() : r.valueSchema()) == null)
                    return r.topic() + " " + value(null, key ? r.key() : r.value());
                out = json(true).fromConnectData("orders", key ? r.keySchema() : r.valueSchema(),
                    key ? r.key() : r.value());
                return r.topic() + " " + (out == null ? "null" : new String(out, StandardCharsets.ISO_8859_1));
            }
            default:
                return "" + ((Predicate<SinkRecord>) o).test(record(in, false));
        }
    }

    static String line(String line) {
        if (line.isEmpty() || line.startsWith("#"))
            return line;
        String[] c = line.split("\t", -1);
        Map<String, String> config = new HashMap<>();
        for (String kv : c[2].split(";"))
            if (!kv.isEmpty())
                config.put(kv.substring(0, kv.indexOf('=')), kv.substring(kv.indexOf('=') + 1));
        String outcome;
        try {
            String out = run(c[0], c[1], config, unescape(c[3]));
            outcome = out == null ? "null\t" : "ok\t" + escape(out.getBytes(StandardCharsets.ISO_8859_1));
        } catch (Throwable e) {
            Throwable root = e;
            String text = "" + root.getMessage();
            outcome = "fail\t" + escape(text.split("\n")[0].getBytes(StandardCharsets.UTF_8));
        }
        return c[0] + "\t" + c[1] + "\t" + c[2] + "\t" + c[3] + "\t" + outcome;
    }

    public static void main(String[] files) throws Exception {
        for (String file : files) {
            List<String> out = new ArrayList<>();
            for (String line : Files.readAllLines(Path.of(file)))
                out.add(line(line));
            Files.write(Path.of(file), out);
        }
    }
}
