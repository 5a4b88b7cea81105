/* containers.h - the pod's containers: what the webhook said of them, what became of them.
 *
 * Owns     Its table.  Names and images that come from the variable are borrowed from it.
 * Limits   CONTAINERS_MAX; entries that are not understood are left out and counted.
 */
#ifndef FARGUARD_AGENT_CONTAINERS_H
#define FARGUARD_AGENT_CONTAINERS_H

#include <stdbool.h>
#include <stdint.h>

#include "injector/agent/limits.h"
#include "injector/agent/state.h"
#include "injector/base/str.h"
#include "injector/event/hello.h"
#include "injector/proc/proc.h"

enum container_kind {
	CONTAINER_MAIN,
	CONTAINER_INIT,
	CONTAINER_SIDECAR,
	CONTAINER_OTHER, /* not listed: an ephemeral one, or somebody who says so */
};

/* What is lost of a container. */
enum container_lost {
	CONTAINER_LOST_RING,
	CONTAINER_LOST_RATE,
	CONTAINER_LOST_END,
};

/* How many events a container may still make. */
struct meter {
	uint64_t since_ns;
	uint32_t left;
	bool started;
};

/* How many more hellos are heard in this second. */
struct hello_meter {
	uint64_t second;
	unsigned heard;
};

struct container {
	struct str name, image;
	struct str how; /* empty: not covered, for `reason` */
	struct str reason;
	enum container_kind kind;
	bool covered;         /* a launcher said hello, or it left its records */
	bool running;         /* its launcher is connected */
	bool contested;       /* more have spoken in its name than it can have launchers */
	unsigned claims;      /* peers that speak in its name */
	uint64_t ring_ino;    /* of the first of them */
	uint64_t said_end_ns; /* one of them has said that it has ended and left, others have not */
	bool ended;
	bool before; /* only an agent before this one heard it */
	bool missed; /* was reported not covered: nobody said hello, or only a session did */
	struct {
		bool self_wrapped, session;
		uint8_t flags;     /* enum hello_flag */
		unsigned restarts; /* of its worker */
		const char *pid1, *no_new_privs;
	} said; /* by the first who spoke in its name */
	bool status_known;
	uint8_t pid1;   /* enum hello_pid1 */
	int32_t status; /* wait status */
	struct proc_source source;
	struct meter meter;
	/* Who may be the first, who comes after it, and who has the ring of the last first. */
	struct hello_meter hellos, challenges, returns;
	uint64_t lost[CONTAINER_LOST_END], lost_told[CONTAINER_LOST_END];
	char own_name[HELLO_NAME_MAX]; /* what name.ptr points at for CONTAINER_OTHER */
	char users[HELLO_USERS_MAX];
};

struct containers {
	struct container list[CONTAINERS_MAX];
	unsigned count, listed;
	struct hello_meter other_hellos; /* of all that are not listed */
	uint64_t lost_before;            /* of those whose place is another's by now */
};

enum restart_policy { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NEVER };

/* Take in CONTRACT_ENV_CONTAINERS.  Returns how many entries were left out. */
unsigned containers_parse(struct containers *containers, struct str text);

/* The container of that name, or NULL. */
struct container *containers_find(struct containers *containers, struct str name);

/* As containers_find(), adding it as CONTAINER_OTHER, in the place of one for which nobody speaks
 * any more if need be; NULL when there is none. */
struct container *containers_get(struct containers *containers, struct str name);

/* Write down what a successor must know of the listed containers, and take it from there. */
void containers_keep(const struct containers *containers, struct state_page *page);
void containers_restore(struct containers *containers, const struct state_page *page);

/* A user's name in `users` ("0:root\n33:www-data\n"), or empty. */
struct str users_find(const char *users, uint32_t uid);

/* Whether one more hello is heard at `now_ns`. */
bool hello_meter_take(struct hello_meter *meter, uint64_t now_ns);

/* Count what was lost of it. */
void container_lost(struct container *container, enum container_lost what, uint64_t count);

/* Whether one more event fits at `now_ns`. */
bool meter_take(struct meter *meter, uint64_t now_ns);

#endif
