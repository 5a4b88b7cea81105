#include "webhook/kube/bundle.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"
#include "webhook/kube/encoding.h"
#include "webhook/kube/json.h"

static int add_member(struct json_object *object, const char *name, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	if (value && json_object_object_add(object, name, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int add_op(struct json_object *patch, const char *op, const char *path, const char *value)
{
	struct json_object *object = json_object_new_object();

	if (object && add_member(object, "op", op) == 0 && add_member(object, "path", path) == 0 &&
	    add_member(object, "value", value) == 0 && json_object_array_add(patch, object) == 0)
		return 0;
	json_object_put(object);
	return -ENOMEM;
}

/* The operations that put `encoded` where it is not; the first one makes the server refuse them
 * when the list of webhooks is another by now. */
static int make_patch(struct json_object *config, const char *encoded, struct json_object *patch,
                      struct err *err)
{
	struct json_object *webhooks = json_member(config, "webhooks");
	const char *version =
	        json_member_string(json_member(config, "metadata"), "resourceVersion");
	size_t count = json_object_is_type(webhooks, json_type_array)
	                       ? json_object_array_length(webhooks)
	                       : 0;

	if (!version || count == 0)
		return err_set(err, EPROTO, "the webhook configuration has no webhooks");
	for (size_t i = 0; i < count; i++) {
		struct json_object *webhook = json_object_array_get_idx(webhooks, i);
		const char *now =
		        json_member_string(json_member(webhook, "clientConfig"), "caBundle");
		char path[64];

		if (now && strcmp(now, encoded) == 0)
			continue;
		snprintf(path, sizeof(path), "/webhooks/%zu/clientConfig/caBundle", i);
		if ((json_object_array_length(patch) == 0 &&
		     add_op(patch, "test", "/metadata/resourceVersion", version) < 0) ||
		    add_op(patch, "add", path, encoded) < 0)
			return err_set(err, ENOMEM, "no memory");
	}
	return 0;
}

static int path_of(const char *name, char *out, size_t cap, struct err *err)
{
	if (!api_is_name(name))
		return err_set(err, EINVAL, "\"%.80s\" is no name", name);
	snprintf(out, cap, "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/%s",
	         name);
	return 0;
}

int bundle_put(struct http *http, const char *name, const char *ca, bool *out_changed,
               struct err *err)
{
	CLEANUP(json_putp) struct json_object *config = NULL;
	CLEANUP(json_putp) struct json_object *patch = json_object_new_array();
	CLEANUP(mem_freep) char *encoded = encoding_to_base64(ca, strlen(ca));
	char path[HTTP_URL_BYTES_MAX / 2];
	int r;

	*out_changed = false;
	if (!patch || !encoded)
		return err_set(err, ENOMEM, "no memory");
	r = path_of(name, path, sizeof(path), err);
	if (r == 0)
		r = api_get(http, path, &config, err);
	if (r == 0)
		r = make_patch(config, encoded, patch, err);
	if (r < 0 || json_object_array_length(patch) == 0)
		return r;
	r = api_send(http, "PATCH", path, "application/json-patch+json", patch, err);
	*out_changed = r == 0;
	return r;
}

int bundle_check(struct http *http, const char *name, bool (*is_good)(void *ctx, const char *pem),
                 void *ctx, bool *out_good, struct err *err)
{
	CLEANUP(json_putp) struct json_object *config = NULL;
	struct json_object *webhooks;
	char path[HTTP_URL_BYTES_MAX / 2];
	size_t count;
	int r = path_of(name, path, sizeof(path), err);

	if (r == 0)
		r = api_get(http, path, &config, err);
	if (r < 0)
		return r;
	webhooks = json_member(config, "webhooks");
	count = json_object_is_type(webhooks, json_type_array) ? json_object_array_length(webhooks)
	                                                       : 0;
	*out_good = count > 0;
	for (size_t i = 0; i < count; i++) {
		const char *text = json_member_string(
		        json_member(json_object_array_get_idx(webhooks, i), "clientConfig"),
		        "caBundle");
		size_t len = 0;
		CLEANUP(mem_freep)
		char *pem = text ? encoding_from_base64(text, strlen(text), &len) : NULL;

		*out_good &= is_good(ctx, pem ? pem : "");
	}
	return 0;
}
