/* rate.c - POSTs at a fixed rate over TLS, whatever the answers take: an open loop.
 *
 *	rate PORT FILE RATE SECONDS CONNECTIONS
 *
 * Request i is due at start + i/RATE.  Its latency counts from then on, though it may be sent later
 * because every connection still waits for an answer: a server that stalls is charged for all whom
 * it kept waiting (what wrk, a closed loop, leaves out).  Prints
 * "p50_us p99_us max_us sent late_p99_us"; late is how long after its time a free connection sent:
 * this machine's own delay, inside the others too.  Exit 1 when an answer was none, or no 200.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX (1 << 20)

static char request[REQUEST_BYTES_MAX + 512];
static size_t request_len;
static SSL_CTX *tls;
static unsigned short port;
static double period_us, start_us;
static long total;
static atomic_long next, failed;
static double *latency_us,
        *late_us; /* by request; late is negative where every connection was busy */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void wait_until(double us)
{
	struct timespec t = {.tv_sec = (time_t)(us / 1e6)};

	t.tv_nsec = (long)((us - (double)t.tv_sec * 1e6) * 1e3);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		continue;
}

static SSL *dial(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	SSL *ssl = SSL_new(tls);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || !ssl || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1) {
		fprintf(stderr, "rate: no TLS connection to port %u\n", port);
		exit(1);
	}
	return ssl;
}

/* The length of the whole answer of which `have` bytes are there; 0 while that is not known. */
static size_t length_of(const char *answer, size_t have)
{
	const char *end = strstr(answer, "\r\n\r\n");
	const char *length = strcasestr(answer, "\r\ncontent-length:");

	if (end && length && length < end)
		return (size_t)(end + 4 - answer) + strtoul(length + 17, NULL, 10);
	/* In chunks, as Go sends what it did not count: JSON holds no such bytes as the last one.
	 */
	return end && have > 7 && memcmp(answer + have - 7, "\r\n0\r\n\r\n", 7) == 0 ? have : 0;
}

/* Whether a whole answer came, with status 200. */
static int ask(SSL *ssl)
{
	static _Thread_local char answer[1 << 16];
	size_t have = 0, need = 0;

	if (SSL_write(ssl, request, (int)request_len) != (int)request_len)
		return 0;
	while (need == 0 || have < need) {
		int got = SSL_read(ssl, answer + have, (int)(sizeof(answer) - 1 - have));

		if (got <= 0)
			return 0;
		have += (size_t)got;
		answer[have] = '\0';
		need = length_of(answer, have);
		if (need >= sizeof(answer) || have == sizeof(answer) - 1)
			return 0;
	}
	return have == need && strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

static void *work(void *unused)
{
	SSL *ssl = dial();

	(void)unused;
	prctl(PR_SET_TIMERSLACK, 1);
	for (long i; (i = atomic_fetch_add(&next, 1)) < total;) {
		double due = start_us + (double)i * period_us, begin = now_us();
		int is_free = begin < due;

		if (is_free) {
			wait_until(due);
			begin = now_us();
		}
		late_us[i] = is_free ? begin - due : -1;
		if (!ask(ssl))
			atomic_fetch_add(&failed, 1);
		latency_us[i] = now_us() - due;
	}
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int read_request(const char *path)
{
	static char body[REQUEST_BYTES_MAX];
	FILE *f = fopen(path, "re");
	size_t len = f ? fread(body, 1, sizeof(body), f) : 0;

	if (f)
		fclose(f);
	request_len = (size_t)snprintf(request, 512,
	                               "POST /mutate?timeout=3s HTTP/1.1\r\nHost: localhost\r\n"
	                               "Content-Type: application/json\r\n"
	                               "Content-Length: %zu\r\n\r\n",
	                               len);
	memcpy(request + request_len, body, len);
	request_len += len;
	return len > 0 && len < sizeof(body);
}

int main(int argc, char **argv)
{
	pthread_t threads[256];
	long rate = argc == 6 ? strtol(argv[3], NULL, 10) : 0;
	long seconds = argc == 6 ? strtol(argv[4], NULL, 10) : 0;
	long connections = argc == 6 ? strtol(argv[5], NULL, 10) : 0;

	if (rate < 1 || seconds < 1 || connections < 1 || connections > 256 ||
	    !read_request(argv[2])) {
		fputs("usage: rate PORT FILE RATE SECONDS CONNECTIONS\n", stderr);
		return 2;
	}
	port = (unsigned short)strtoul(argv[1], NULL, 10);
	total = rate * seconds;
	period_us = 1e6 / (double)rate;
	latency_us = calloc((size_t)total, sizeof(double));
	late_us = calloc((size_t)total, sizeof(double));
	tls = SSL_CTX_new(TLS_client_method());
	if (!latency_us || !late_us || !tls)
		return 1;
	start_us = now_us() + 5e5; /* when all are connected */
	for (long i = 0; i < connections; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	for (long i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	qsort(latency_us, (size_t)total, sizeof(double), by_size);
	qsort(late_us, (size_t)total, sizeof(double), by_size);
	printf("%.0f %.0f %.0f %ld %.0f\n", latency_us[total / 2], latency_us[total * 99 / 100],
	       latency_us[total - 1], total, late_us[total * 99 / 100]);
	if (atomic_load(&failed) == 0)
		return 0;
	fprintf(stderr, "rate: %ld of %ld requests failed\n", atomic_load(&failed), total);
	return 1;
}
