import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyStore;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.DESedeKeySpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PBEParameterSpec;

/** Stores that keytool does not make, and what the tests compare with. */
public class Make {
    static final char[] PASSWORD = "changeit".toCharArray();

    static KeyStore load(String type, String file) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        try (var in = new FileInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    static KeyStore make(String type) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        store.load(null, null);
        return store;
    }

    static void save(KeyStore store, String file, char[] password) throws Exception {
        try (var out = new FileOutputStream(file)) {
            store.store(out, password);
        }
    }

    public static void main(String[] arguments) throws Exception {
        KeyStore keys = load("JKS", "key.jks");
        var own = keys.getCertificate("flume");

        // A key whose class is written as java.security.KeyRep.
        KeyStore rep = make("JCEKS");
        SecretKey des = SecretKeyFactory.getInstance("DESede")
            .generateSecret(new DESedeKeySpec("0123456789abcdefghijklmn".getBytes()));
        rep.setKeyEntry("des", des, PASSWORD, null);
        save(rep, "keyrep.jceks", PASSWORD);

        KeyStore empty = make("PKCS12");
        empty.setCertificateEntry("ca", own);
        save(empty, "trust-emptypassword.p12", new char[0]);

        // A key, its certificate, and another that is trusted.
        KeyStore mixed = make("PKCS12");
        mixed.setKeyEntry("flume", keys.getKey("flume", PASSWORD), PASSWORD, keys.getCertificateChain("flume"));
        mixed.setCertificateEntry("first", load("JKS", "several.jks").getCertificate("first"));
        save(mixed, "mixed.p12", PASSWORD);

        save(make("JKS"), "empty.jks", PASSWORD);

        KeyStore wide = make("JKS");
        wide.setCertificateEntry("z\u00fcrich", own);
        save(wide, "wide.jks", "gr\u00fc\u00df\u6771\ud83d\ude00".toCharArray());

        KeyStore secrets = load("JCEKS", "secret.jceks");
        print("seal-aes", secrets.getKey("seal-aes", PASSWORD).getEncoded());
        print("own", secrets.getKey("own", "otherpass".toCharArray()).getEncoded());
        print("des", des.getEncoded());

        // A salt of two equal halves, which Java mixes in its own way.
        SecretKey word = SecretKeyFactory.getInstance("PBEWithMD5AndTripleDES").generateSecret(new PBEKeySpec(PASSWORD));
        Cipher cipher = Cipher.getInstance("PBEWithMD5AndTripleDES");
        byte[] salt = {1, 2, 3, 4, 1, 2, 3, 4};
        cipher.init(Cipher.ENCRYPT_MODE, word, new PBEParameterSpec(salt, 20));
        print("equal halves", cipher.doFinal("hello tributary".getBytes()));
        print("its parameters", cipher.getParameters().getEncoded());
    }

    static void print(String name, byte[] bytes) {
        System.out.println(name + ": " + HexFormat.of().formatHex(bytes));
    }
}
