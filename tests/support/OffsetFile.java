import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

/** Files of offsets as Kafka Connect keeps them: save FILE=ENTRIES... writes
 * them, load FILE... prints them. */
public class OffsetFile {
    static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    /** Every third value is the same object, which Java writes but once. */
    static void save(String file, int entries) throws IOException {
        Map<byte[], byte[]> map = new HashMap<>();
        byte[] shared = bytes("{\"p\":7}");
        for (int i = 0; i < entries; i++)
            map.put(bytes("[\"c\",{\"n\":" + i + "}]"),
                    i % 3 == 0 ? shared : bytes("{\"p\":" + i + "}"));
        try (var out = new ObjectOutputStream(new FileOutputStream(file))) {
            out.writeObject(map);
        }
    }

    @SuppressWarnings("unchecked")
    static void print(String file) throws Exception {
        TreeMap<String, String> sorted = new TreeMap<>();
        try (var in = new ObjectInputStream(new FileInputStream(file))) {
            for (var e : ((HashMap<byte[], byte[]>) in.readObject()).entrySet())
                sorted.put(new String(e.getKey()), new String(e.getValue()));
        }
        System.out.println(sorted.size() + " entries");
        for (var e : sorted.entrySet())
            System.out.println(e.getKey() + " " + e.getValue());
    }

    public static void main(String[] args) throws Exception {
        for (String arg : Arrays.asList(args).subList(1, args.length)) {
            if (args[0].equals("load")) {
                print(arg);
                continue;
            }
            String[] parts = arg.split("=");
            save(parts[0], Integer.parseInt(parts[1]));
        }
    }
}
