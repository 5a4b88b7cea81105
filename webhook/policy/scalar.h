/* scalar.h - what a plain YAML scalar is, as Kubernetes reads it (YAML 1.1). */
#ifndef FARGUARD_POLICY_SCALAR_H
#define FARGUARD_POLICY_SCALAR_H

#include <stdbool.h>
#include <yaml.h>

/* Whether `node` is a boolean; its value in `*out`. */
bool scalar_bool(const yaml_node_t *node, bool *out);

/* Whether `node` is null: nothing, ~, null. */
bool scalar_null(const yaml_node_t *node);

/* Whether `node` is a decimal number; its value in `*out`. */
bool scalar_number(const yaml_node_t *node, double *out);

/* Whether `node` is a string: quoted, a block, or plain text that is nothing else. */
bool scalar_string(const yaml_node_t *node);

/* Its text; NUL-terminated by libyaml. */
const char *scalar_text(const yaml_node_t *node);

#endif
