/* reload.h - take a changed configuration file while the webhook serves, and say what came of it.
 *
 * Limits   The file is also read every RELOAD_POLL_MS, told of a change or not.
 * Threads  reload_run() fills a thread, until reload_stop(); reload_ask() from any.
 * Errors   Logged, once for each content; the policy in force stays.
 */
#ifndef FARGUARD_ADMIT_RELOAD_H
#define FARGUARD_ADMIT_RELOAD_H

#include "webhook/admit/notify.h"

#define RELOAD_POLL_MS 10000

struct config;
struct err;

struct reload {
	struct config *config;
	struct notify notify;
};

/* Watch the file of `config`, which must have one.  Returns 0 or -errno. */
int reload_init(struct reload *reload, struct config *config, struct err *err);
void reload_done(struct reload *reload);

void reload_run(struct reload *reload);

/* Read the file now. */
void reload_ask(struct reload *reload);
void reload_stop(struct reload *reload);

#endif
