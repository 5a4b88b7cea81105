/* host.c - a ring's owner for tests: `host FILE -- CMD...` runs CMD as its child, hands the ring to
 * whoever asks, and writes what was recorded to FILE, one JSON object a line.
 *
 * It ends as CMD does: with its status, or by its signal.  HOST_MUTE=1 in the environment: it
 * listens but never answers; HOST_NO_RING=1: it does not listen at all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/contract.h"
#include "injector/base/jsonw.h"
#include "injector/event/record.h"
#include "injector/ring/ring.h"

static int die(const char *what)
{
	fprintf(stderr, "host: %s: %s\n", what, strerror(errno));
	exit(99);
}

static int listen_ring(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char link[64] = "", digits[32] = "";
	ssize_t n = readlink("/proc/self/ns/mnt", link, sizeof(link) - 1);
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), len;

	if (n < 0 || sscanf(link, "mnt:[%31[0-9]", digits) != 1)
		die("mount namespace");
	len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s%s",
	               CONTRACT_RING_SOCKET_PREFIX, digits);
	if (bind(sock, (struct sockaddr *)&address,
	         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) < 0 ||
	    listen(sock, 4096) < 0)
		die("ring socket");
	return sock;
}

static void serve(int sock, int ring_fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec iov = {"", 1};
	struct msghdr message = {.msg_iov = &iov,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         .msg_controllen = sizeof(control)};
	int client;

	memcpy(CMSG_DATA(&control.head), &ring_fd, sizeof(ring_fd));
	while ((client = accept4(sock, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		if (sendmsg(client, &message, MSG_NOSIGNAL) < 0)
			perror("host: sendmsg");
		close(client);
	}
}

static void print_text(struct jsonw *w, const struct record *record)
{
	struct str rest = {record_text(record), record->text_bytes};
	char address[INET6_ADDRSTRLEN] = "";

	if (record->kind == RECORD_CONNECT) {
		struct sockaddr_in in;

		memcpy(&in, rest.ptr, rest.len < sizeof(in) ? rest.len : sizeof(in));
		jsonw_int(w, "family", in.sin_family);
		if (in.sin_family == AF_INET) {
			jsonw_cstr(w, "dst",
			           inet_ntop(AF_INET, &in.sin_addr, address, sizeof(address)));
			jsonw_int(w, "dport", ntohs(in.sin_port));
		}
		return;
	}
	jsonw_array(w, "text");
	while (rest.len)
		jsonw_str(w, NULL, str_cut(&rest, '\0'));
	jsonw_end_array(w);
}

static void print_record(FILE *out, const struct record *record)
{
	static const char *const kinds[] = {"?", "try", "fail", "done", "exit", "open", "connect"};
	static char buf[65536];
	struct jsonw w;

	jsonw_init(&w, buf, sizeof(buf));
	jsonw_object(&w, NULL);
	jsonw_cstr(&w, "kind", kinds[record->kind]);
	jsonw_int(&w, "flags", record->flags);
	jsonw_int(&w, "pid", record->pid);
	jsonw_int(&w, "ppid", record->ppid);
	jsonw_int(&w, "uid", record->uid);
	jsonw_int(&w, "result", record->result);
	jsonw_int(&w, "arg0", record->args[0]);
	jsonw_int(&w, "arg1", record->args[1]);
	jsonw_uint(&w, "time", record->time_ns);
	print_text(&w, record);
	jsonw_end_object(&w);
	if (!jsonw_finish(&w))
		die("record");
	fprintf(out, "%.*s\n", (int)jsonw_finish(&w), buf);
}

static void drain(struct ring *ring, FILE *out)
{
	static union {
		struct record record;
		unsigned char bytes[RING_RECORD_SLOTS_MAX * RING_SLOT_BYTES];
	} buf;
	size_t n;

	while ((n = ring_read(ring, &buf, 1)) > 0) {
		if (!record_check(&buf.record, n))
			die("garbage in the ring");
		print_record(out, &buf.record);
	}
}

int main(int argc, char **argv)
{
	int ring_fd, sock = -1, status = 0;
	struct ring ring;
	FILE *out;
	pid_t child;

	if (argc < 4 || strcmp(argv[2], "--") != 0)
		return 98;
	out = fopen(argv[1], "we");
	if (!out || ring_create(&ring_fd) < 0 || ring_open(&ring, ring_fd) < 0)
		die(argv[1]);
	if (!getenv("HOST_NO_RING"))
		sock = listen_ring();
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[3], argv + 3);
		_exit(97);
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct pollfd poll_sock = {sock, POLLIN, 0};

		if (poll(&poll_sock, 1, 1) > 0 && !getenv("HOST_MUTE"))
			serve(sock, ring_fd);
		drain(&ring, out);
	}
	drain(&ring, out);
	fprintf(out, "{\"kind\":\"end\",\"dropped\":%llu}\n",
	        (unsigned long long)ring_take_dropped(&ring));
	fclose(out);
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
