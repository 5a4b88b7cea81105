/* ends.c - whether what a pod's agent waits for has ended for good. */
#include "injector/agent/ends.h"

/* Whether it is gone, without a word about how: the launcher is no first process and goes with
 * the program, or it went while there was no agent.  A launcher that is the first process always
 * says how, unless it is killed itself: then the container has failed. */
static bool is_unknown(const struct container *c)
{
	return (c->ended && !c->status_known && c->pid1 == HELLO_PID1_PROGRAM) ||
	       (c->before && !c->ended);
}

static bool for_good(const struct container *c, enum restart_policy policy, uint64_t gone_ns)
{
	if (c->ended && policy == RESTART_NEVER)
		return true;
	/* One that failed would have come back by now; one that comes back later is not seen. */
	if (is_unknown(c))
		return gone_ns >= UNKNOWN_END_NS;
	return c->ended && c->status_known && c->status == 0;
}

/* Whether it says hello when it starts: one that has not, long after the agent's own start, has
 * ended before, or its image cannot be had. */
static bool is_wrapped(const struct container *c)
{
	return str_eq(c->how, STR("command")) || str_eq(c->how, STR("lookup"));
}

/* How long `c` has been gone for an unknown reason. */
static uint64_t gone_for(struct ends *ends, unsigned i, const struct container *c, uint64_t now_ns)
{
	if (!is_unknown(c))
		ends->unknown_ns[i] = 0;
	else if (!ends->unknown_ns[i])
		ends->unknown_ns[i] = now_ns;
	return ends->unknown_ns[i] ? now_ns - ends->unknown_ns[i] : 0;
}

bool ends_all(struct ends *ends, const struct containers *containers, enum restart_policy policy,
              bool overdue, uint64_t now_ns)
{
	bool any = false, all = true;
	unsigned i;

	if (policy == RESTART_ALWAYS)
		return false;
	if (!ends->since_ns)
		ends->since_ns = now_ns;
	for (i = 0; i < containers->listed; i++) {
		const struct container *c = &containers->list[i];

		if (c->kind != CONTAINER_MAIN || c->how.len == 0)
			continue;
		if (for_good(c, policy, gone_for(ends, i, c, now_ns)))
			any = true;
		else if (ends->deaf && overdue && !c->covered)
			any = true;
		else if (c->covered || !overdue)
			all = false;
		else if (is_wrapped(c) && now_ns - ends->since_ns >= UNHEARD_NS)
			any = true;
		else if (is_wrapped(c))
			all = false;
	}
	return any && all;
}

bool ends_awaited(const struct containers *containers)
{
	unsigned i;

	for (i = 0; i < containers->listed; i++)
		if (containers->list[i].before && !containers->list[i].ended)
			return true;
	return false;
}
