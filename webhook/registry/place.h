/* place.h - whom to ask for a reference: its own registry, or what the settings say instead.
 *
 * Owns     Copies of the endpoints.
 * Limits   PLACE_ENDPOINTS_MAX endpoints.
 * Threads  Any, after places_init().
 */
#ifndef FARGUARD_REGISTRY_PLACE_H
#define FARGUARD_REGISTRY_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "webhook/registry/location.h"
#include "webhook/registry/reference.h"

#define PLACE_ENDPOINTS_MAX 64

struct err;
struct images_endpoint;

struct place {
	char base[LOCATION_BASE_MAX];
	bool is_near; /* on this machine */
};

struct places {
	struct {
		char host[REFERENCE_HOST_MAX];
		struct place place;
	} list[PLACE_ENDPOINTS_MAX];
	size_t count;
};

/* Returns 0, or -EINVAL with a sentence. */
int places_init(struct places *places, const struct images_endpoint *endpoints, struct err *err);

/* Returns 0, or -EINVAL: it names this machine, which is none of its business. */
int places_find(const struct places *places, const struct reference *reference, struct place *out,
                struct err *err);

#endif
