/* trouble.h - what is known of a namespace whose injected pods fail.
 *
 * Why      Most namespaces have none: an entry of the circuit holds it only while there is some.
 * Owns     Nothing; free() lets go of it.
 */
#ifndef FARGUARD_ADMIT_TROUBLE_H
#define FARGUARD_ADMIT_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/admit/circuit.h"

enum state { STATE_CLOSED, STATE_OPEN, STATE_TRIAL };

struct failing {
	uint64_t id;
	int64_t since_s;
	bool is_seen; /* in the list that is being read */
};

struct trouble {
	enum state state;
	bool was_open;
	int64_t bad_s;     /* the latest that speaks against us */
	int64_t refused_s; /* the latest refusal */
	int64_t next_s;    /* open: when one may try */
	int64_t trial_s;   /* trial: since when */
	int64_t pause_s;
	size_t count;
	struct failing failing[CIRCUIT_FAILING_MAX];
	char why[CIRCUIT_WHY_MAX];
};

/* Closed, with nothing that fails; NULL without memory. */
struct trouble *trouble_new(void);

#endif
