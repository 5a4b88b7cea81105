/* startup.h - how the containers that we put into a pod start.
 *
 * Why      Who may create pods may forge a label, names and a broken image: only a container that
 *          names our image, pulls it and starts it as ours do, speaks for or against us.
 * Threads  Pure.
 */
#ifndef FARGUARD_ADMIT_STARTUP_H
#define FARGUARD_ADMIT_STARTUP_H

#include <json-c/json.h>
#include <stdint.h>

#define STARTUP_WHY_MAX   160
#define STARTUP_RUNNING_S 60 /* farguard-install copies a few files */

enum startup_state {
	STARTUP_UNKNOWN, /* not ours, being deleted, or nothing has come of it yet */
	STARTUP_STARTED, /* farguard-install is done */
	STARTUP_FAILS,   /* because of us */
};

struct startup {
	enum startup_state state;
	uint64_t id;               /* of the pod, over its life */
	int64_t at_s;              /* Unix time: since when at the earliest; 0 when UNKNOWN */
	char why[STARTUP_WHY_MAX]; /* "pod web-1, farguard-install: ImagePullBackOff" */
};

/* What `pod` says, where ours have `image` and `pull_policy`. */
void startup_read(struct json_object *pod, const char *image, const char *pull_policy,
                  struct startup *out);

#endif
