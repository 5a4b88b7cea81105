/* pages.h - what the metrics port shows: GET /metrics and GET /version.
 *
 * Threads  Any.
 */
#ifndef FARGUARD_ADMIT_PAGES_H
#define FARGUARD_ADMIT_PAGES_H

#include <microhttpd.h>

/* For MHD_start_daemon(); `cls` is a struct admit. */
enum MHD_Result pages_step(void *cls, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *upload_data,
                           size_t *upload_data_size, void **state);

/* What GET /version answers, malloc'ed: JSON, with the members that readers of a Kubernetes
 * component's /version look for.  NULL without memory. */
char *pages_version(size_t *out_len);

#endif
