/* speak.c - what the agent says, each through the sink or counted as lost. */
#include "injector/agent/speak.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/own.h"
#include "injector/report/report.h"

static struct report_head head_of(const struct agent *agent, const struct container *container)
{
	struct report_head head = {.pod = &agent->config.pod,
	                           .seq = agent->sink.seq + 1,
	                           .time_ns = clock_ns(CLOCK_REALTIME)};

	if (container) {
		head.container = container->name;
		head.image = container->image;
		head.contested = container->contested;
	}
	return head;
}

/* Room for a line that is no event; NULL counts it as lost. */
static char *room(struct agent *agent)
{
	char *line = sink_room(&agent->sink, true);

	if (!line)
		agent->lost[LOST_SINK]++;
	return line;
}

void speak_hello(struct agent *agent, const char *reason)
{
	struct report_head head = head_of(agent, NULL);
	char *line = room(agent);

	if (line)
		sink_take(&agent->sink,
		          report_hello(line, &head, agent->kernel, &agent->config.report, reason));
}

static void say_coverage(struct agent *agent, const struct container *container,
                         const struct report_coverage *coverage)
{
	struct report_head head = head_of(agent, container);
	char *line = room(agent);

	if (line)
		sink_take(&agent->sink, report_coverage(line, &head, coverage));
}

/* The contract's word that `how` is, as a C string. */
static const char *how_of(const struct container *container)
{
	if (str_eq(container->how, STR("lookup")))
		return "lookup";
	if (str_eq(container->how, STR("preload-env")))
		return "preload-env";
	if (container->how.len)
		return str_eq(container->how, STR("command")) ? "command" : "self-wrap";
	return container->said.self_wrapped ? "self-wrap" : "command";
}

void speak_covered(struct agent *agent, const struct container *container, const char *why)
{
	struct report_coverage coverage = {.covered = container->covered,
	                                   .how = how_of(container),
	                                   .pid1 = container->said.pid1,
	                                   .restarts = container->said.restarts,
	                                   .end_unseen = container->said.flags & HELLO_BESIDE,
	                                   .no_new_privs = container->said.no_new_privs,
	                                   .detail = why};

	if (!why && container->said.flags & HELLO_PID1_UNKNOWN)
		coverage.detail = "FARGUARD_PID1 or --pid1 is none of auto, farguard and program: "
		                  "taken as auto";
	if (!container->covered)
		coverage.reason =
		        container->reason.len ? container->reason : STR("static-entrypoint");
	if (container->said.session) {
		coverage.session = true;
		if (!why)
			coverage.detail =
			        "an exec session is seen, the container's entrypoint is not";
	}
	say_coverage(agent, container, &coverage);
}

void speak_uncovered(struct agent *agent)
{
	unsigned i;

	for (i = 0; i < agent->containers.listed; i++) {
		const struct container *c = &agent->containers.list[i];
		struct report_coverage coverage = {.reason = c->reason};

		if (!c->how.len)
			say_coverage(agent, c, &coverage);
	}
}

void speak_missing(struct agent *agent)
{
	unsigned i;

	for (i = 0; i < agent->containers.listed; i++) {
		struct container *c = &agent->containers.list[i];
		struct report_coverage coverage = {
		        .reason = STR("static-entrypoint"),
		        .detail = "the entrypoint is a static program, or the image has musl and "
		                  "the pod names no command: neither loads the library"};

		if (!c->how.len || c->covered || c->missed)
			continue;
		if (str_eq(c->how, STR("command")) || str_eq(c->how, STR("lookup"))) {
			coverage.reason = STR("not-started");
			coverage.detail = "the container's launcher has not said hello yet: the "
			                  "container has not started, or could not start";
		}
		c->missed = true;
		say_coverage(agent, c, &coverage);
	}
}

void speak_deaf(struct agent *agent)
{
	struct report_coverage coverage = {
	        .reason = STR("socket-taken"),
	        .detail = "another process of the pod has the agent's socket: no container can "
	                  "reach the agent until it ends"};

	say_coverage(agent, NULL, &coverage);
}

/* The proportional set size that the kernel accounts to this process, or 0. */
static uint64_t memory_bytes(void)
{
	CLEANUP(fd_closep) int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	char text[2048];
	const char *pss;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	pss = strstr(text, "\nPss:");
	return pss ? strtoull(pss + sizeof("\nPss:") - 1, NULL, 10) * 1024 : 0;
}

static uint64_t lost_of_all(const struct agent *agent)
{
	const struct containers *all = &agent->containers;
	uint64_t count = all->lost_before;
	unsigned i, k;

	for (i = 0; i < LOST_END; i++)
		count += agent->lost[i];
	for (i = 0; i < all->count; i++)
		for (k = 0; k < CONTAINER_LOST_END; k++)
			count += all->list[i].lost[k];
	return count;
}

void speak_heartbeat(struct agent *agent)
{
	struct report_heartbeat heartbeat = {.events = agent->events,
	                                     .memory_bytes = memory_bytes(),
	                                     .cpu_ms =
	                                             clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000000};
	struct report_head head = head_of(agent, NULL);
	char *line = room(agent);

	heartbeat.dropped = lost_of_all(agent);
	if (line)
		sink_take(&agent->sink, report_heartbeat(line, &head, &heartbeat));
}

static void say_drop(struct agent *agent, const struct container *container, const char *where,
                     uint64_t lost, uint64_t *told)
{
	struct report_head head = head_of(agent, container);
	char *line = lost != *told ? sink_room(&agent->sink, true) : NULL;

	if (!line)
		return;
	sink_take(&agent->sink, report_drop(line, &head, where, lost - *told));
	*told = lost;
}

void speak_drops(struct agent *agent)
{
	static const char *const where[LOST_END] = {[LOST_RING] = "ring",
	                                            [LOST_AGENT] = "agent",
	                                            [LOST_SINK] = "sink",
	                                            [LOST_RATE] = "rate"};
	static const char *const of_container[CONTAINER_LOST_END] = {
	        [CONTAINER_LOST_RING] = "ring", [CONTAINER_LOST_RATE] = "rate"};
	unsigned i, k;

	for (i = 0; i < LOST_END; i++)
		say_drop(agent, NULL, where[i], agent->lost[i], &agent->lost_told[i]);
	for (i = 0; i < agent->containers.count; i++) {
		struct container *c = &agent->containers.list[i];

		for (k = 0; k < CONTAINER_LOST_END; k++)
			say_drop(agent, c, of_container[k], c->lost[k], &c->lost_told[k]);
	}
}

void speak_event(void *ctx, const struct proc_event *event)
{
	struct agent *agent = ctx;
	const unsigned key = event->source->container;
	struct peer *beside =
	        key < CONTAINERS_MAX ? NULL : &agent->peers.list[key - CONTAINERS_MAX];
	struct container *container = beside ? beside->container : &agent->containers.list[key];
	struct report_head head = head_of(agent, container);
	char *line;

	if (!(report_class(event->type) & agent->config.report.classes))
		return;
	/* Who is not the first uses up nothing of the first's. */
	if (!meter_take(beside ? &beside->meter : &container->meter, agent->now_ns)) {
		container_lost(container, CONTAINER_LOST_RATE, 1);
		return;
	}
	line = sink_room(&agent->sink, false);
	if (!line) {
		agent->lost[LOST_SINK]++;
		return;
	}
	head.time_ns = event->time_ns;
	sink_take(&agent->sink,
	          report_event(line, &head, event, users_find(container->users, event->uid)));
	agent->events++;
}
