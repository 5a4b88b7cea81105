/* read.h - from YAML nodes to struct policy, by the table of keys. */
#ifndef FARGUARD_POLICY_READ_H
#define FARGUARD_POLICY_READ_H

#include <yaml.h>

struct err;
struct policy;

struct read {
	struct policy *policy;
	yaml_document_t *document;
	const char *name; /* the file's, for messages */
	struct err *err;
};

/* Read the root node.  Returns 0 or -EINVAL with `err` at the node that is wrong. */
int read_root(struct read *read, yaml_node_t *root);

/* "NAME:LINE:COLUMN: ..." of a node, or of what libyaml complains about; -EINVAL. */
int read_error(struct read *read, const yaml_node_t *node, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
int read_syntax_error(struct read *read, const yaml_parser_t *parser);

#endif
