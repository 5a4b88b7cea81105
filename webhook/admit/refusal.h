/* refusal.h - whether a pod could not be created because of what we put into it.
 *
 * Why      A controller's FailedCreate Event carries the API server's sentence.  It speaks against
 *          us when it names our image or one of our containers, as image policies and PodSecurity
 *          do.  "exceeded quota" names nobody and would be said without us as well.
 * Threads  Pure.
 */
#ifndef FARGUARD_ADMIT_REFUSAL_H
#define FARGUARD_ADMIT_REFUSAL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#define REFUSAL_WHY_MAX 160

struct refusal {
	int64_t at_s; /* Unix time, when it was said last */
	char why[REFUSAL_WHY_MAX];
};

/* Whether the Event `object` tells of one, with ours of `image`. */
bool refusal_read(struct json_object *object, const char *image, struct refusal *out);

#endif
