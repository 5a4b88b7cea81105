#include "webhook/mutate/review.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/base64.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/mutate/decide.h"
#include "webhook/mutate/ephemeral.h"
#include "webhook/mutate/note.h"
#include "webhook/mutate/uid.h"
#include "webhook/mutate/values.h"
#include "webhook/mutate/words.h"
#include "webhook/mutate/writer.h"

#define REVIEW_KIND    "AdmissionReview"
#define REVIEW_VERSION "admission.k8s.io/v1"
/* The API server cuts warnings at 256 bytes, and drops them all beyond 4096. */
#define WARNING_BYTES_MAX 256

static void copy(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text ? text : "");
}

static void tokener_freep(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

static bool is_ascii(const char *text, size_t len)
{
	uint64_t word = 0, bits = 0;

	for (; len >= sizeof(word); text += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		bits |= word;
	}
	word = 0;
	memcpy(&word, text, len);
	return ((bits | word) & 0x8080808080808080u) == 0;
}

/* Parse all of `text`.  -E2BIG: nested too deep; -EBADMSG: no JSON; -ENOMEM. */
static int parse(const char *text, size_t len, struct json_object **out, struct err *err)
{
	CLEANUP(tokener_freep)
	struct json_tokener *tokener = json_tokener_new_ex(REVIEW_DEPTH_MAX);
	struct json_object *root;
	size_t end;

	if (!tokener)
		return err_set(err, ENOMEM, "no memory");
	/* json-c checks UTF-8 byte by byte; most requests have none to check. */
	json_tokener_set_flags(tokener, is_ascii(text, len)
	                                        ? JSON_TOKENER_STRICT
	                                        : JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text, (int)len);
	end = json_tokener_get_parse_end(tokener);
	if (json_tokener_get_error(tokener) == json_tokener_error_depth)
		return err_set(err, E2BIG, "nested deeper than %d levels", REVIEW_DEPTH_MAX);
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		return err_set(err, EBADMSG, "the request ends early");
	while (root && end < len && strchr(" \t\r\n", text[end]) && text[end])
		end++;
	if (!root || end < len) {
		json_object_put(root);
		return err_set(err, EBADMSG, "byte %zu: no JSON", end);
	}
	*out = root;
	return 0;
}

/* The request in `review`, checked as far as an answer needs it. */
static struct json_object *request_of(struct json_object *review, struct err *err)
{
	const char *kind = tree_string(review, "kind"),
	           *version = tree_string(review, "apiVersion");
	struct json_object *request = tree_object(review, "request");
	const char *uid = tree_string(request, "uid");

	if (!kind || strcmp(kind, REVIEW_KIND) != 0 || !version ||
	    strcmp(version, REVIEW_VERSION) != 0)
		err_set(err, EBADMSG, "this is no %s of %s", REVIEW_KIND, REVIEW_VERSION);
	else if (!request)
		err_set(err, EBADMSG, "request: missing");
	else if (!uid || !*uid)
		err_set(err, EBADMSG, "request.uid: missing");
	else
		return request;
	return NULL;
}

static void add(struct writer *to, const char *string)
{
	writer_add_string(to, string, strlen(string));
}

static void add_warnings(struct writer *to, struct json_object *warnings)
{
	if (tree_count(warnings) == 0)
		return;
	writer_add(to, ",\"warnings\":[");
	for (size_t i = 0; i < tree_count(warnings); i++) {
		const char *warning =
		        json_object_get_string(json_object_array_get_idx(warnings, i));
		size_t len = strlen(warning);

		if (len > WARNING_BYTES_MAX) {
			/* Not in the middle of a UTF-8 sequence. */
			for (len = WARNING_BYTES_MAX; len && (warning[len] & 0xc0) == 0x80; len--)
				;
		}
		writer_add(to, i ? "," : "");
		writer_add_string(to, warning, len);
	}
	writer_add(to, "]");
}

static void add_patch(struct writer *to, const struct ops *ops)
{
	CLEANUP(writer_done) struct writer patch = {0};
	char *at;

	if (ops->count == 0)
		return;
	ops_format(ops, &patch);
	writer_add(to, ",\"patchType\":\"JSONPatch\",\"patch\":\"");
	at = writer_extend(to, BASE64_BYTES(patch.len));
	to->failed |= patch.failed;
	if (at && !patch.failed)
		base64_format(patch.bytes, patch.len, at);
	writer_add(to, "\"");
}

static int write_answer(const struct mutate_result *result, const struct ops *ops, const char *uid,
                        char **out_body, size_t *out_len)
{
	CLEANUP(writer_done) struct writer text = {0};

	writer_add(&text, "{\"apiVersion\":\"" REVIEW_VERSION "\",\"kind\":\"" REVIEW_KIND
	                  "\",\"response\":{\"uid\":");
	add(&text, uid);
	writer_add(&text, ",\"allowed\":true");
	add_warnings(&text, result->warnings);
	writer_add(&text, ",\"auditAnnotations\":{\"reason\":");
	add(&text, reason_name(result->reason));
	if (*result->detail) {
		writer_add(&text, ",\"detail\":");
		add(&text, result->detail);
	}
	writer_add(&text, "}");
	add_patch(&text, ops);
	writer_add(&text, "}}");
	if (text.failed)
		return -ENOMEM;
	*out_len = text.len;
	*out_body = TAKE(text.bytes);
	return 0;
}

/* Whether it is about a pod, by `operation` on `part` of it ("" for the whole). */
static bool is_about(struct json_object *request, const char *operation, const char *part)
{
	struct json_object *kind = tree_get(request, "kind");
	const char *group = tree_string(kind, "group"), *name = tree_string(kind, "kind");
	const char *does = tree_string(request, "operation");
	const char *to = tree_string(request, "subResource");

	return name && strcmp(name, "Pod") == 0 && (!group || !*group) && does &&
	       strcmp(does, operation) == 0 && strcmp(to ? to : "", part) == 0;
}

/* Leave the pod alone. */
static void leave(struct mutate_result *result, struct ops *ops, enum reason reason,
                  const char *detail)
{
	ops_done(ops);
	mutate_result_done(result);
	result->reason = reason;
	copy(result->detail, sizeof(result->detail), detail);
}

/* Whether the decision would be the same in every namespace. */
static bool needs_no_namespace(enum reason reason, struct json_object *pod)
{
	struct json_object *metadata = tree_get(pod, "metadata");

	if (reason == REASON_INJECTED || reason == REASON_REPAIRED || reason == REASON_NOT_OPTED_IN)
		return reason != REASON_NOT_OPTED_IN &&
		       (tree_string(tree_get(metadata, "annotations"), ANNOTATION_INJECT) ||
		        tree_string(tree_get(metadata, "labels"), ANNOTATION_INJECT));
	return true;
}

static void namespace_done(struct review_namespace *namespace)
{
	free(namespace->limit_ranges);
	free(namespace->quotas);
}

static struct json_object *array_of(const char *text)
{
	return text ? json_tokener_parse(text) : NULL;
}

static void decide(const struct policy *policy, const struct review_world *world,
                   struct json_object *request, struct ops *ops, struct mutate_result *result)
{
	CLEANUP(namespace_done) struct review_namespace told = {0};
	CLEANUP(tree_putp) struct json_object *limit_ranges = NULL;
	CLEANUP(tree_putp) struct json_object *quotas = NULL;
	const char *namespace = tree_string(request, "namespace");
	struct json_object *pod = tree_get(request, "object");
	struct mutate_context context = {.namespace = namespace ? namespace : "",
	                                 .own_namespace = world->own_namespace,
	                                 .native_sidecars = world->native_sidecars,
	                                 .image = world->image,
	                                 .image_ctx = world->ctx};
	bool is_known, is_ephemeral = is_about(request, "UPDATE", "ephemeralcontainers");

	if (!is_ephemeral && !is_about(request, "CREATE", "")) {
		leave(result, ops, REASON_UNSUPPORTED_KIND, "");
		return;
	}
	if (!pod) {
		leave(result, ops, REASON_MALFORMED, "the request has no object");
		return;
	}
	/* Whether the pod was injected is all that counts here. */
	if (is_ephemeral) {
		ephemeral_decide(policy, &context, pod, tree_get(request, "oldObject"), ops,
		                 result);
		return;
	}
	is_known = world->namespace(world->ctx, context.namespace, &told) == 0;
	context.namespace_inject = is_known && *told.inject ? told.inject : NULL;
	context.namespace_pid1 = is_known && *told.pid1 ? told.pid1 : NULL;
	context.circuit_open = told.circuit_open;
	context.limit_ranges = limit_ranges = array_of(told.limit_ranges);
	context.quotas = quotas = array_of(told.quotas);
	decide_pod(policy, &context, pod, ops, result);
	if (!is_known && !needs_no_namespace(result->reason, pod))
		leave(result, ops, REASON_NOT_READY, "the namespace is not known yet");
}

/* Answer a request that is not parsed: allowed, when its uid can be read. */
static int answer_unread(enum reason reason, const char *detail, const char *request, size_t len,
                         char **out_body, size_t *out_len, struct review_outcome *outcome,
                         struct err *err)
{
	struct mutate_result result = {.reason = reason};
	struct ops ops = {0};
	int r;

	if (!uid_find(request, len, outcome->uid, sizeof(outcome->uid)))
		return err_set(err, EBADMSG, "%s, and request.uid is not found", detail);
	copy(result.detail, sizeof(result.detail), detail);
	copy(outcome->detail, sizeof(outcome->detail), detail);
	outcome->reason = reason;
	r = write_answer(&result, &ops, outcome->uid, out_body, out_len);
	return r < 0 ? err_set(err, -r, "no memory for the answer") : 0;
}

int review_answer(const struct policy *policy, const struct review_world *world,
                  const char *request, size_t len, char **out_body, size_t *out_len,
                  struct review_outcome *outcome, struct err *err)
{
	CLEANUP(tree_putp) struct json_object *review = NULL;
	CLEANUP(mutate_result_done) struct mutate_result result = {0};
	CLEANUP(ops_done) struct ops ops = {0};
	struct json_object *asked;
	int r;

	*outcome = (struct review_outcome){.reason = REASON_MALFORMED};
	if (len > REVIEW_BYTES_MAX)
		return answer_unread(REASON_TOO_LARGE, "the request is too large", request,
		                     REVIEW_BYTES_MAX, out_body, out_len, outcome, err);
	if (values_exceed(request, len, REVIEW_VALUES_MAX))
		return answer_unread(REASON_TOO_LARGE, "the request has too many values", request,
		                     len, out_body, out_len, outcome, err);
	r = parse(request, len, &review, err);
	if (r == -E2BIG)
		return answer_unread(REASON_MALFORMED, "the request is nested too deep", request,
		                     len, out_body, out_len, outcome, err);
	if (r < 0)
		return r;
	asked = request_of(review, err);
	if (!asked)
		return -EBADMSG;
	note_request(outcome, asked);
	decide(policy, world, asked, &ops, &result);
	note_result(outcome, &result, ops.count);
	r = write_answer(&result, &ops, tree_string(asked, "uid"), out_body, out_len);
	return r < 0 ? err_set(err, -r, "no memory for the answer") : 0;
}
