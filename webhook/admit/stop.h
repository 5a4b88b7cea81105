/* stop.h - tell threads that wait to end.
 *
 * Threads  Any; stop_done() after the last has ended.
 */
#ifndef FARGUARD_ADMIT_STOP_H
#define FARGUARD_ADMIT_STOP_H

#include <pthread.h>
#include <stdbool.h>

struct stop {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_asked;
};

/* Returns 0 or -errno. */
int stop_init(struct stop *stop);
void stop_done(struct stop *stop);

void stop_ask(struct stop *stop);

/* Wait for `ms`, or until asked to stop; returns whether to go on. */
bool stop_wait(struct stop *stop, unsigned ms);

#endif
