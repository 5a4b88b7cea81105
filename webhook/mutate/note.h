/* note.h - what of a review is worth knowing after it was answered. */
#ifndef FARGUARD_MUTATE_NOTE_H
#define FARGUARD_MUTATE_NOTE_H

#include <json-c/json.h>

struct mutate_result;
struct review_outcome;

/* Who asked about what: uid, operation, namespace, names, the pod's controller. */
void note_request(struct review_outcome *outcome, struct json_object *request);

/* What came of it; `operations` is the length of the patch. */
void note_result(struct review_outcome *outcome, const struct mutate_result *result,
                 size_t operations);

#endif
