/* fargate.h - the size that Fargate gives a pod, and what it refuses.
 *
 * See the EKS User Guide, "Fargate Pod configuration".
 */
#ifndef FARGUARD_MUTATE_FARGATE_H
#define FARGUARD_MUTATE_FARGATE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* Added to what a pod needs, for the kubelet and its companions. */
#define FARGATE_RESERVED_BYTES (256.0 * 1048576)

struct fargate_size {
	double vcpu, gb; /* 0: there is no size so large */
};

/* The smallest size for requests of `cpu` cores and `memory` bytes; FARGATE_RESERVED_BYTES are
 * added. */
struct fargate_size fargate_round(double cpu, double memory);

/* The size of a pod by its spec. */
struct fargate_size fargate_size_of(struct json_object *spec);

struct fargate_requests {
	double cpu, memory; /* cores and bytes */
};

/* What one container counts for. */
struct fargate_requests fargate_requests_of(struct json_object *container);

/* How a pod's containers add up. */
struct fargate_sums {
	struct fargate_requests init;    /* the greatest of those that run first */
	struct fargate_requests running; /* all that run on, sidecars too */
	struct fargate_requests needed;  /* the greater of both */
};
struct fargate_sums fargate_sums_of(struct json_object *spec);

/* fargate_size_of() with two more containers: one that runs on, and one that runs first. */
struct fargate_size fargate_size_with(struct json_object *spec, struct fargate_requests main,
                                      struct fargate_requests init);

bool fargate_size_equal(struct fargate_size a, struct fargate_size b);

/* USD for a month of 730 hours. */
double fargate_month(struct fargate_size size, double vcpu_hour, double gb_hour);

/* Write "0.25vCPU 0.5GB", as the annotation CapacityProvisioned has it. */
void fargate_format(struct fargate_size size, char out[32]);

/* What Fargate refuses in the pod's own spec, in one word, or NULL. */
const char *fargate_refuses(struct json_object *spec);

/* Whether all containers have limits for cpu and memory and equal (or no) requests: QoS class
 * Guaranteed. */
bool fargate_is_guaranteed(struct json_object *spec);

#endif
