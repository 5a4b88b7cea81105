/* exchange.h - one HTTP request on the admission port: taken in pieces, answered once.
 *
 * Why      A review is answered only when all of it is there; until then it costs memory that
 *          anyone who reaches the port could ask for.
 * Limits   REVIEW_BYTES_MAX a body, EXCHANGE_TOTAL_BYTES_MAX for all that are under way,
 *          EXCHANGE_UPLOAD_MS from the first byte of a body to its last.
 * Threads  Each exchange is one thread's; the total is shared.
 */
#ifndef FARGUARD_ADMIT_EXCHANGE_H
#define FARGUARD_ADMIT_EXCHANGE_H

#include <microhttpd.h>

#define EXCHANGE_TOTAL_BYTES_MAX (32u << 20)
#define EXCHANGE_UPLOAD_MS       10000

/* For MHD_start_daemon() and MHD_OPTION_NOTIFY_COMPLETED; `cls` is a struct admit. */
enum MHD_Result exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **exchange);
void exchange_end(void *cls, struct MHD_Connection *connection, void **exchange,
                  enum MHD_RequestTerminationCode code);

/* How many exchanges have begun and not ended. */
unsigned exchange_running(void);

#endif
