import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

/** A small service that starts programs and answers HTTP: serve, exit STATUS. */
public class Worker {
	static int start(String... argv) throws Exception {
		return new ProcessBuilder(argv).inheritIO().start().waitFor();
	}

	public static void main(String[] args) throws Exception {
		System.out.println("cwd " + System.getProperty("user.dir") + " greeting " + System.getenv("GREETING"));
		for (int i = 0; i < args.length; i++)
			System.out.println("argument " + (i + 1) + " is <" + args[i] + ">");
		System.out.println("uname ended with " + start("uname", "-s"));
		System.out.println("sh ended with " + start("sh", "-c", "exit 7"));
		if (args.length > 0 && args[0].equals("exit"))
			System.exit(Integer.parseInt(args[1]));
		HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
		server.createContext("/", exchange -> {
			exchange.sendResponseHeaders(200, 5);
			exchange.getResponseBody().write("shop\n".getBytes());
			exchange.close();
		});
		server.start();
		while (true) {
			Thread.sleep(2000);
			start("true", "again");
		}
	}
}
