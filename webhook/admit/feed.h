/* feed.h - what pods and Events say, told to the circuit.
 *
 * Owns     Nothing; circuit and configuration are the caller's.
 * Threads  One a sink; the count may be read from any.
 */
#ifndef FARGUARD_ADMIT_FEED_H
#define FARGUARD_ADMIT_FEED_H

#include <stdatomic.h>
#include <stddef.h>

struct circuit;
struct config;
struct reflector_sink;

struct feed {
	struct circuit *circuit;
	struct config *config;
	size_t listed;           /* in the list that is being read */
	atomic_size_t pod_count; /* injected pods */
};

/* Sinks for a reflector whose set is a struct feed. */
extern const struct reflector_sink feed_pods, feed_events;

#endif
