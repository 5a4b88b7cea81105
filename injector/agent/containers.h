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
	bool covered; /* a launcher said hello, or it left its records */
	bool running; /* its launcher is connected */
	bool ended;
	bool before; /* only an agent before this one heard it */
	bool missed; /* was reported not covered: nobody said hello, or only a session did */
	bool status_known;
	uint8_t pid1;   /* enum hello_pid1 */
	int32_t status; /* wait status */
	struct proc_source source;
	struct meter meter;
	struct hello_meter hellos;
	char own_name[HELLO_NAME_MAX]; /* what name.ptr points at for CONTAINER_OTHER */
	char users[HELLO_USERS_MAX];
};

struct containers {
	struct container list[CONTAINERS_MAX];
	unsigned count, listed;
	struct hello_meter other_hellos; /* of all that are not listed */
};

enum restart_policy { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NEVER };

/* Take in CONTRACT_ENV_CONTAINERS.  Returns how many entries were left out. */
unsigned containers_parse(struct containers *containers, struct str text);

/* The container of that name, or NULL. */
struct container *containers_find(struct containers *containers, struct str name);

/* As containers_find(), adding it as CONTAINER_OTHER; NULL when the table is full. */
struct container *containers_get(struct containers *containers, struct str name);

/* Write down what a successor must know of the listed containers, and take it from there. */
void containers_keep(const struct containers *containers, struct state_page *page);
void containers_restore(struct containers *containers, const struct state_page *page);

/* A user's name in `users` ("0:root\n33:www-data\n"), or empty. */
struct str users_find(const char *users, uint32_t uid);

/* Whether one more hello of that container is heard at `now_ns`: those that the pod lists have each
 * a rate of their own, so that nobody who invents names keeps them out. */
bool hello_meter_take(struct containers *containers, struct container *container, uint64_t now_ns);

/* Whether one more event fits at `now_ns`. */
bool meter_take(struct meter *meter, uint64_t now_ns);

#endif
