/* quantity.h - amounts of resources as Kubernetes writes them: "100m", "64Mi", "1e3".
 *
 * See https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
#ifndef FARGUARD_POLICY_QUANTITY_H
#define FARGUARD_POLICY_QUANTITY_H

#include <stdbool.h>

/* Parse all of `text`; false, and `*out` untouched, when it is no quantity. */
bool quantity_parse(const char *text, double *out);

#endif
