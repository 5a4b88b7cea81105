/* fuzz_circuit.c - any bytes as a pod, as an Event and as a history of circuits: texts are whole,
 * and what is open is listed as open, whatever came before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/admit/circuit.h"
#include "webhook/admit/refusal.h"
#include "webhook/admit/startup.h"
#include "webhook/kube/json.h"

#define IMAGE "registry.test/farguard:1"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_texts(const char *text, size_t len)
{
	struct json_object *object = json_parse_all(text, len, 32);
	struct startup startup;
	struct refusal refusal;

	startup_read(object, IMAGE, "IfNotPresent", &startup);
	if (!memchr(startup.why, '\0', sizeof(startup.why)) ||
	    (startup.state == STARTUP_FAILS) != (startup.why[0] != '\0'))
		abort();
	if (refusal_read(object, IMAGE, &refusal) &&
	    (!memchr(refusal.why, '\0', sizeof(refusal.why)) || refusal.at_s == 0))
		abort();
	json_object_put(object);
}

struct seen {
	bool is_open[4];
};

static size_t which(const char *namespace)
{
	return (size_t)(namespace[0] - 'a');
}

/* Openings and closings come in turn. */
static void on_change(void *ctx, const char *namespace, bool is_open, const char *why)
{
	struct seen *seen = ctx;

	if (seen->is_open[which(namespace)] == is_open || !memchr(why, '\0', CIRCUIT_WHY_MAX))
		abort();
	seen->is_open[which(namespace)] = is_open;
}

static void check(struct circuit *circuit, const struct seen *seen, int64_t now_s)
{
	struct circuit_row *rows;
	size_t count = circuit_list(circuit, now_s, &rows), open_count = 0;

	for (size_t i = 0; i < count; i++) {
		if (rows[i].is_open != seen->is_open[which(rows[i].namespace)])
			abort();
		open_count += rows[i].is_open;
	}
	for (size_t i = 0; i < 4; i++)
		open_count -= seen->is_open[i];
	if (open_count != 0)
		abort();
	free(rows);
}

static void step(struct circuit *circuit, const uint8_t *op, int64_t now_s)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	const char *name = names[op[0] >> 4 & 3];
	int64_t at_s = now_s - 20 + op[2];

	switch (op[0] & 15) {
	case 0:
		circuit_started(circuit, name, op[1], at_s, now_s);
		break;
	case 1:
	case 2:
	case 3:
		circuit_fails(circuit, name, op[1], at_s, "why", now_s);
		break;
	case 4:
		circuit_gone(circuit, name, op[1], now_s);
		break;
	case 5:
		circuit_refused(circuit, name, at_s, "refused", now_s);
		break;
	case 6:
		circuit_injected(circuit, name, now_s);
		break;
	case 7:
		circuit_begin_list(circuit);
		break;
	case 8:
		circuit_end_list(circuit, now_s);
		break;
	case 9:
		circuit_image(circuit, name);
		break;
	default:
		circuit_is_open(circuit, name, now_s);
	}
}

static void play(const uint8_t *ops, size_t len)
{
	struct seen seen = {{0}};
	struct circuit circuit;
	int64_t now_s = 1000000;

	if (circuit_init(&circuit, on_change, &seen) < 0)
		abort();
	for (size_t at = 0; at + 4 <= len; at += 4) {
		/* Clocks are also set back. */
		now_s += ops[at + 3] == 255 ? -100 : ops[at + 3] * 2;
		step(&circuit, ops + at, now_s);
		check(&circuit, &seen, now_s);
	}
	circuit_done(&circuit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data, size);
	read_texts(text, size);
	free(text);
	play(data, size);
	return 0;
}
