#include "webhook/kube/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"
#include "webhook/kube/encoding.h"
#include "webhook/kube/json.h"

static int path_of(const char *namespace, const char *name, char *out, size_t cap, struct err *err)
{
	int n;

	if (!api_is_name(namespace) || !api_is_name(name))
		return err_set(err, EINVAL, "\"%.80s/%.80s\" is no Secret", namespace, name);
	n = snprintf(out, cap, "/api/v1/namespaces/%s/secrets/%s", namespace, name);
	return n > 0 && (size_t)n < cap ? 0 : err_set(err, ENAMETOOLONG, "the name is too long");
}

int secret_read(struct http *http, const char *namespace, const char *name, struct secret *out,
                struct err *err)
{
	return secret_read_within(http, namespace, name, API_TIMEOUT_MS, out, err);
}

int secret_read_within(struct http *http, const char *namespace, const char *name, long timeout_ms,
                       struct secret *out, struct err *err)
{
	char path[HTTP_URL_BYTES_MAX / 2];
	int r = path_of(namespace, name, path, sizeof(path), err);

	if (r == 0)
		r = api_get_within(http, path, timeout_ms, &out->object, err);
	if (r < 0)
		return r;
	/* Without it the server would let anyone overwrite anything. */
	if (json_member_string(json_member(out->object, "metadata"), "resourceVersion"))
		return 0;
	secret_done(out);
	return err_set(err, EPROTO, "GET %.80s: no Secret", path);
}

void secret_done(struct secret *secret)
{
	json_putp(&secret->object);
}

char *secret_get(const struct secret *secret, const char *key)
{
	const char *text = json_member_string(json_member(secret->object, "data"), key);
	size_t len = 0;
	char *bytes = text ? encoding_from_base64(text, strlen(text), &len) : NULL;

	if (bytes && strlen(bytes) != len) {
		free(bytes);
		bytes = NULL;
	}
	return bytes;
}

int secret_put(struct secret *secret, const char *key, const char *text)
{
	CLEANUP(mem_freep) char *encoded = encoding_to_base64(text, strlen(text));
	struct json_object *data = json_member(secret->object, "data");
	struct json_object *value;

	if (!encoded)
		return -ENOMEM;
	if (!json_object_is_type(data, json_type_object)) {
		data = json_object_new_object();
		if (!data || json_object_object_add(secret->object, "data", data) < 0) {
			json_object_put(data);
			return -ENOMEM;
		}
	}
	value = json_object_new_string(encoded);
	if (value && json_object_object_add(data, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

int secret_write(struct http *http, const char *namespace, const char *name,
                 const struct secret *secret, struct err *err)
{
	char path[HTTP_URL_BYTES_MAX / 2];
	int r = path_of(namespace, name, path, sizeof(path), err);

	return r < 0 ? r : api_send(http, "PUT", path, "application/json", secret->object, err);
}
