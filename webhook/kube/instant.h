/* instant.h - times as Kubernetes writes them (RFC 3339, UTC). */
#ifndef FARGUARD_KUBE_INSTANT_H
#define FARGUARD_KUBE_INSTANT_H

#include <stdint.h>

/* Unix time of "2006-01-02T15:04:05Z", with or without a fraction, which is cut off; 0 when `text`
 * is NULL or no such time. */
int64_t instant_parse(const char *text);

#endif
