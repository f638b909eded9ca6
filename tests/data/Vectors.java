/*
 * Makes the vectors of this folder with Kafka's own classes:
 * java -cp "$PENSTOCK_DEPS/kafka/libs/*" tests/data/Vectors.java DIR COUNT
 */
import java.io.PrintWriter;
import java.io.StringReader;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.connect.runtime.SinkConnectorConfig;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;
import org.apache.kafka.connect.runtime.distributed.DistributedConfig;
import org.apache.kafka.connect.runtime.standalone.StandaloneConfig;

public class Vectors {
	static final Random random = new Random(7);
	static final HexFormat hex = HexFormat.of();

	/* key in hexadecimal, blank, murmur2 */
	static void murmur2(PrintWriter out, int count) {
		for (int i = 0; i < count; i++) {
			byte[] key = new byte[i < 64 ? i : random.nextInt(80)];
			random.nextBytes(key);
			out.println(hex.formatHex(key) + " " + Utils.murmur2(key));
		}
	}

	/* bits in hexadecimal, blank, Double.toString; likewise for floats */
	static void numbers(PrintWriter out, int count) {
		double[] some = { 0.0, -0.0, 1.0, 0.1, 1e-3, 9.999e-4, 1e7, 9999999.0,
			1.0E10, 1e21, 123456.789, Double.MAX_VALUE, 2.2250738585072014E-308,
			1.0 / 3, 100.0, 1e-5, 12345678.9 };
		for (double d : some)
			number(out, d);
		for (int i = 0; i < count; i++)
			number(out, i % 2 == 0 ? random.nextGaussian() * Math.pow(10,
			    random.nextInt(20) - 8) : random.nextInt(100000000) / 1000.0);
		for (int i = 0; i < count; i++) {
			float f = (float)(random.nextGaussian() * Math.pow(10,
			    random.nextInt(12) - 5));
			out.printf("f %08x %s%n", Float.floatToIntBits(f), f);
		}
	}

	static void number(PrintWriter out, double d) {
		out.printf("d %016x %s%n", Double.doubleToLongBits(d), d);
	}

	/* the text, then each key and value in order, all in hexadecimal */
	static void properties(PrintWriter out, int count) throws Exception {
		String[] bits = { "a", "b", "c", "=", ":", " ", "\t", "\f", "\n", "\r",
			"\r\n", "\\", "\\\\", "\\n", "\\\n", "\\\r\n", "#", "!", "\\u0041",
			"\\u00e9", "\\u20ac", "\\ud83d\\ude00", "\\=", "\\:", "\\ ", "k1=",
			"v", "\\t", "\\z", "é" };
		for (int i = 0; i < count; i++) {
			StringBuilder text = new StringBuilder();
			for (int j = random.nextInt(24); j >= 0; j--)
				text.append(bits[random.nextInt(bits.length)]);
			Properties p = new Properties();
			p.load(new StringReader(text.toString()));
			out.print(of(text.toString()));
			TreeMap<String, String> sorted = new TreeMap<>();
			for (String name : p.stringPropertyNames())
				sorted.put(of(name), p.getProperty(name));
			for (var e : sorted.entrySet())
				out.print(" " + e.getKey() + " " + of(e.getValue()));
			out.println();
		}
	}

	/* half a character becomes U+FFFD */
	static String of(String s) throws Exception {
		byte[] half = { (byte)0xef, (byte)0xbf, (byte)0xbd };
		var bytes = StandardCharsets.UTF_8.newEncoder().replaceWith(half)
		    .onMalformedInput(CodingErrorAction.REPLACE)
		    .encode(CharBuffer.wrap(s));
		return "x" + hex.formatHex(bytes.array(), 0, bytes.limit());
	}

	/* a section per definition, a row per key, fields between tabs */
	static void keys(PrintWriter out, String section, ConfigDef def) {
		out.println("[" + section + "]");
		for (ConfigDef.ConfigKey k : def.configKeys().values()) {
			String usual = !k.hasDefault() ? "required"
			    : k.defaultValue == null ? "null"
			    : "'" + ConfigDef.convertToString(k.defaultValue, k.type) + "'";
			out.println(String.join("\t", k.name, k.type.name(), usual,
			    k.importance.name(), "" + k.group, "" + k.orderInGroup,
			    k.width.name(), k.displayName));
		}
	}

	static ConfigDef worker(Class<?> c) throws Exception {
		for (var f : c.getDeclaredFields())
			if (f.getType() == ConfigDef.class) {
				f.setAccessible(true);
				return (ConfigDef)f.get(null);
			}
		var crypto = Class.forName(c.getPackageName() + ".Crypto");
		var system = crypto.getField("SYSTEM");
		system.setAccessible(true);
		var config = c.getDeclaredMethod("config", crypto);
		config.setAccessible(true);
		return (ConfigDef)config.invoke(null, system.get(null));
	}

	public static void main(String[] args) throws Exception {
		int count = Integer.parseInt(args[1]);
		Path dir = Path.of(args[0]);
		try (var out = new PrintWriter(dir.resolve("murmur2.txt").toFile())) {
			murmur2(out, count);
		}
		try (var out = new PrintWriter(dir.resolve("numbers.txt").toFile())) {
			numbers(out, count / 4);
		}
		try (var out = new PrintWriter(dir.resolve("properties.txt").toFile())) {
			properties(out, count);
		}
		try (var out = new PrintWriter(dir.resolve("keys.txt").toFile())) {
			keys(out, "sink", SinkConnectorConfig.configDef());
			keys(out, "source", SourceConnectorConfig.configDef());
			keys(out, "distributed", worker(DistributedConfig.class));
			keys(out, "standalone", worker(StandaloneConfig.class));
		}
	}
}
