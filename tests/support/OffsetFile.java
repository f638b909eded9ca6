import java.io.*; import java.util.*; import java.nio.charset.StandardCharsets;
// Saves a file of offsets as Kafka Connect does, or loads one and prints it.
public class OffsetFile {
  static byte[] b(String s){return s.getBytes(StandardCharsets.UTF_8);}
  public static void main(String[] a) throws Exception {
    if (a[0].equals("save")) {
      Map<byte[],byte[]> m=new HashMap<>(); byte[] shared=b("{\"p\":7}");
      for(int i=0;i<Integer.parseInt(a[2]);i++) m.put(b("[\"c\",{\"n\":"+i+"}]"), i%3==0?shared:b("{\"p\":"+i+"}"));
      if(a.length>3) m.put(b("[\"nul\",{}]"), null);
      try(ObjectOutputStream o=new ObjectOutputStream(new FileOutputStream(a[1]))){o.writeObject(m);}
    } else {
      try(ObjectInputStream o=new ObjectInputStream(new FileInputStream(a[1]))){
        HashMap<byte[],byte[]> m=(HashMap<byte[],byte[]>)o.readObject();
        TreeMap<String,String> t=new TreeMap<>(); for(var e:m.entrySet()) t.put(new String(e.getKey()),new String(e.getValue()));
        for(var e:t.entrySet()) System.out.println(e.getKey()+" "+e.getValue()); }
    }
  }
}
