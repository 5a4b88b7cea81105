/* fuzz_peer.c - the agent's socket: the agent's own code, and clients that do what they want with
 * it.
 *
 * The input is a list of steps: clients connect, say hello in any name with any descriptor, send
 * datagrams of any kind, write to rings and rewrite them, go; the agent takes its turns, and time
 * passes.  Client 0 is an honest launcher.  After each turn: whoever was first stays first, what is
 * counted is what is there, no bound is passed; in the end no descriptor is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "injector/agent/agent.h"
#include "injector/agent/claim.h"
#include "injector/agent/speak.h"
#include "injector/ring/write.h"

#define CLIENTS  24
#define RINGS    12
#define ODD      5
#define FDS_SEND 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static struct agent agent;
static struct state state;
static struct sockaddr_un address;
static socklen_t address_len;
static int clients[CLIENTS], odd_fds[ODD], ring_fds[RINGS], listener;
static struct ring rings[RINGS];
static bool is_first; /* client 0 was, when it was last looked at */

#define expect(ok) expect_at(ok, __LINE__)
static void expect_at(bool ok, int line)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_peer.c:%d: not as expected\n", line);
	abort();
}

static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > in->size)
		bytes = in->size;
	if (bytes)
		memcpy(&value, in->data, bytes);
	in->data += bytes;
	in->size -= bytes;
	return value;
}

static void open_odd(void)
{
	int ends[2];

	odd_fds[0] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	odd_fds[1] = memfd_create("unsealed", MFD_CLOEXEC);
	expect(ftruncate(odd_fds[1], RING_BYTES) == 0);
	expect(pipe2(ends, O_CLOEXEC) == 0);
	odd_fds[2] = ends[0];
	odd_fds[3] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	odd_fds[4] = open("/dev/zero", O_RDWR | O_CLOEXEC);
}

static void settle(void)
{
	struct err err;
	unsigned i;

	if (listener)
		return;
	for (i = 0; i < CLIENTS; i++)
		clients[i] = -1;
	for (i = 0; i < RINGS; i++)
		expect(ring_create(&ring_fds[i]) == 0 && ring_open(&rings[i], ring_fds[i]) == 0);
	open_odd();
	expect(state_open(&state, NULL, &err) == 0);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Of that length alone, the kernel finds a name: unix(7), autobind. */
	address.sun_family = AF_UNIX;
	expect(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
	address_len = sizeof(address);
	expect(getsockname(listener, (struct sockaddr *)&address, &address_len) == 0);
	expect(listen(listener, BACKLOG) == 0);
}

static void fresh(void)
{
	unsigned i;

	/* Not the processes: none is left of the trial before, and they are many. */
	memset(&agent.containers, 0, sizeof(agent.containers));
	memset(&agent.peers, 0, sizeof(agent.peers));
	memset(agent.lost, 0, sizeof(agent.lost));
	memset(agent.lost_told, 0, sizeof(agent.lost_told));
	for (i = 0; i < PEERS_MAX; i++)
		agent.peers.list[i].fd = -1;
	agent.listen_fd = listener;
	agent.now_ns = 1000000000;
	agent.state = state.page;
	agent.config.report.classes = REPORT_PROCESS | REPORT_FILE | REPORT_NETWORK;
	agent.config.restart_policy = RESTART_NEVER;
	sink_init(&agent.sink, odd_fds[4], &state);
	containers_parse(&agent.containers, STR("web main command x;db main self-wrap y;"
	                                        "log sidecar command z;i init command i"));
	for (i = 0; i < RINGS; i++) {
		memset((char *)rings[i].shared + 8, 0, 24);
		rings[i].read_pos = 0;
	}
	is_first = false;
}

static void connect_one(unsigned which)
{
	int fd;

	if (clients[which] >= 0)
		return;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, address_len) < 0) {
		close(fd);
		return;
	}
	clients[which] = fd;
}

static void send_one(unsigned which, const void *bytes, size_t len, const int *fds, size_t count)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(FDS_SEND * sizeof(int))];
	} control = {.head = {.cmsg_len = CMSG_LEN(count * sizeof(int)),
	                      .cmsg_level = SOL_SOCKET,
	                      .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {(void *)(uintptr_t)bytes, len};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (clients[which] < 0)
		return;
	if (count) {
		memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	(void)!sendmsg(clients[which], &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void say(unsigned which, const char *name, unsigned how, int fd)
{
	struct hello hello = {.magic = HELLO_MAGIC,
	                      .version = HELLO_VERSION,
	                      .kind = how & 1 ? HELLO_END : HELLO_START,
	                      .session = (how >> 1) & 1,
	                      .pid1 = 1,
	                      .wait_status = (int32_t)(how >> 2)};

	memcpy(hello.container, name, strlen(name) + 1);
	send_one(which, &hello, sizeof(hello), &fd, fd >= 0);
}

static void hello_of_anybody(unsigned which, struct input *in)
{
	static const char *const names[] = {"web", "db", "log", "i", "other-0", "other-1"};
	char other[16] = "other-";
	unsigned name = (unsigned)take(in, 1), how = (unsigned)take(in, 1);
	unsigned ring = (unsigned)take(in, 1);

	other[6] = (char)('a' + name % 26);
	say(which, name % 8 < 6 ? names[name % 8] : other, how,
	    ring & 0x80 ? odd_fds[ring % ODD] : ring_fds[1 + ring % (RINGS - 1)]);
}

static void any_datagram(unsigned which, struct input *in)
{
	unsigned char bytes[2048] = {0};
	size_t len = take(in, 2) % sizeof(bytes), have = len < in->size ? len : in->size;
	unsigned count = (unsigned)take(in, 1) % (FDS_SEND + 1), i;
	int fds[FDS_SEND];

	have = have < in->size ? have : in->size;
	if (have)
		memcpy(bytes, in->data, have);
	in->data += have;
	in->size -= have;
	for (i = 0; i < count; i++)
		fds[i] = i & 1 ? ring_fds[i] : odd_fds[i % ODD];
	send_one(which, bytes, len, fds, count);
}

static void write_ring(struct input *in)
{
	static const char text[] = "/bin/ls\0\0ls";
	unsigned what = (unsigned)take(in, 1), which = (unsigned)take(in, 1) % RINGS;
	struct ring_shared *shared = rings[which].shared;
	struct record head = {.kind = (uint16_t)(1 + what % 5),
	                      .text_bytes = sizeof(text),
	                      .pid = (int32_t)take(in, 1)};
	const struct ring_part parts[] = {{&head, sizeof(head)}, {text, sizeof(text)}};

	if (what < 200 || which == 0) {
		(void)ring_write(shared, parts, 2);
		return;
	}
	/* Nobody but the honest launcher's container writes to its ring. */
	atomic_store(what & 1 ? &shared->write_pos : &shared->read_pos, take(in, 8));
}

static unsigned live_of(const struct container *container, unsigned *out_firsts)
{
	unsigned live = 0, i;

	*out_firsts = 0;
	for (i = 0; i < PEERS_MAX; i++) {
		const struct peer *p = &agent.peers.list[i];

		if (p->state != PEER_LIVE || (container && p->container != container))
			continue;
		live++;
		*out_firsts += p->first;
	}
	return live;
}

static const struct peer *of_ring(unsigned ring)
{
	struct stat st;
	unsigned i;

	expect(fstat(ring_fds[ring], &st) == 0);
	for (i = 0; i < PEERS_MAX; i++)
		if (agent.peers.list[i].state == PEER_LIVE &&
		    agent.peers.list[i].ring_ino == st.st_ino)
			return &agent.peers.list[i];
	return NULL;
}

static void expect_bounds(void)
{
	unsigned silent = 0, shared = 0, others = 0, firsts, i, k;
	const struct peer *honest = of_ring(0);

	expect(live_of(NULL, &firsts) == agent.peers.live);
	for (i = 0; i < agent.containers.count; i++) {
		const struct container *c = &agent.containers.list[i];

		expect(live_of(c, &firsts) == c->claims && firsts <= 1);
		expect(c->claims <= 1 || c->contested);
	}
	for (i = 0; i < PEERS_MAX; i++) {
		const struct peer *p = &agent.peers.list[i];

		silent += p->state == PEER_SILENT;
		if (p->state != PEER_LIVE)
			continue;
		others += p->container->kind == CONTAINER_OTHER;
		shared += p->container->kind != CONTAINER_OTHER && !p->first;
		for (k = 0; k < i; k++)
			expect(agent.peers.list[k].state != PEER_LIVE || !p->ring.shared ||
			       p->ring_ino != agent.peers.list[k].ring_ino ||
			       !agent.peers.list[k].ring.shared);
	}
	/* Who was the first stays, beside the others, when a session or another ring made way. */
	expect(silent <= PEERS_SILENT_MAX && others <= CLAIMS_OTHER_MAX);
	expect(shared <= CLAIMS_SHARED_MAX + agent.containers.listed);
	/* Nobody evicts the launcher that was first. */
	expect(!is_first || clients[0] < 0 || (honest && honest->first && !honest->said_end));
	is_first = clients[0] >= 0 && honest && honest->first && !honest->session;
}

static void turn(uint64_t passed_ns)
{
	unsigned i;

	agent.now_ns += passed_ns;
	for (i = 0; i < PEERS_MAX; i++)
		if (agent.peers.list[i].state != PEER_FREE)
			peer_read(&agent, &agent.peers.list[i]);
	peer_accept(&agent);
	peer_expire(&agent);
	claim_settle(&agent);
	(void)peer_drain_all(&agent);
	proc_expire(&agent.procs, agent.now_ns, speak_event, &agent);
	speak_drops(&agent);
	sink_flush(&agent.sink, agent.now_ns);
	expect_bounds();
}

static void step(struct input *in)
{
	unsigned what = (unsigned)take(in, 1), which = 1 + (unsigned)take(in, 1) % (CLIENTS - 1);

	switch (what % 10) {
	case 0:
		connect_one(which);
		break;
	case 1:
	case 2:
		connect_one(which);
		hello_of_anybody(which, in);
		break;
	case 3:
		any_datagram(which, in);
		break;
	case 4:
		if (clients[which] >= 0)
			close(clients[which]);
		clients[which] = -1;
		break;
	case 5:
		turn(take(in, 2) * 100000);
		break;
	case 6:
		write_ring(in);
		break;
	case 7: /* the honest launcher: it says hello, says so again, and ends */
		if (clients[0] < 0)
			connect_one(0);
		say(0, "web", 0, ring_fds[0]);
		break;
	case 8:
		if (which < CLIENTS / 4 && clients[0] >= 0) {
			say(0, "web", 1, -1);
			close(clients[0]);
			clients[0] = -1;
			is_first = false;
		}
		break;
	default:
		turn(1000000000);
		break;
	}
}

static int lowest_free(void)
{
	int fd = dup(listener);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	int before;
	unsigned i;

	settle();
	fresh();
	before = lowest_free();
	while (in.size > 0)
		step(&in);
	for (i = 0; i < CLIENTS; i++) {
		if (clients[i] >= 0)
			close(clients[i]);
		clients[i] = -1;
	}
	/* A few messages of each are read in a turn. */
	for (i = 0; i < 100 && (i < 4 || agent.peers.live); i++)
		turn(PEER_SILENT_NS);
	expect(agent.peers.live == 0 && agent.procs.count == 0);
	for (i = 0; i < PEERS_MAX; i++)
		expect(agent.peers.list[i].state == PEER_FREE);
	expect(lowest_free() == before);
	return 0;
}
