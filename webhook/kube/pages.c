#include "webhook/kube/pages.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/http.h"
#include "webhook/kube/api.h"
#include "webhook/kube/json.h"

int pages_query(const char *token, char *out, size_t cap)
{
	static const char plain[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t len =
	        (size_t)snprintf(out, cap, "?limit=%d%s", PAGES_ITEMS, *token ? "&continue=" : "");

	for (; *token; token++) {
		bool is_plain = strchr(plain, *token) != NULL;

		if (len + 4 > cap)
			return -ENAMETOOLONG;
		len += (size_t)snprintf(out + len, cap - len, is_plain ? "%c" : "%%%02X",
		                        (unsigned char)*token);
	}
	return len < cap ? 0 : -ENAMETOOLONG;
}

/* As api_get(), for an answer that may take its time over a slow line. */
static int get(struct http *http, const char *path, struct json_object **out, struct err *err)
{
	struct http_request request = {.method = "GET",
	                               .path = path,
	                               .timeout_ms = PAGES_TIMEOUT_MS,
	                               .idle_s = PAGES_IDLE_S};
	int r = -EBUSY;

	for (int i = 0; i < PAGES_ASKS && r == -EBUSY; i++) {
		CLEANUP(http_response_done) struct http_response response = {0};
		const struct timespec pause = {.tv_sec = i / 2, .tv_nsec = i % 2 * 500000000L};

		nanosleep(&pause, NULL);
		r = api_call(http, &request, &response, err);
		if (r < 0)
			continue;
		*out = json_parse_all(response.body, response.len, API_DEPTH_MAX);
		r = *out ? 0 : err_set(err, EPROTO, "GET %.80s: the answer is no JSON", path);
	}
	return r;
}

/* Read one page; `*out_token` is malloc'ed, NULL behind the last one. */
static int read_page(struct http *http, const struct pages *pages, const char *token,
                     char **out_token, struct err *err)
{
	CLEANUP(json_putp) struct json_object *list = NULL;
	char path[HTTP_URL_BYTES_MAX];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s", pages->path);
	struct json_object *items;
	const char *next;
	int r;

	if (len >= sizeof(path) || pages_query(token, path + len, sizeof(path) - len) < 0)
		return err_set(err, EPROTO, "GET %.80s: its continue token is too long",
		               pages->path);
	r = get(http, path, &list, err);
	if (r < 0)
		return r;
	items = json_member(list, "items");
	if (items && !json_object_is_type(items, json_type_array))
		return err_set(err, EPROTO, "GET %.80s: the answer is no list", pages->path);
	for (size_t i = 0; items && i < json_object_array_length(items); i++) {
		r = pages->on_item(pages->ctx, json_object_array_get_idx(items, i));
		if (r < 0)
			return err->code == -r ? r
			                       : err_set(err, -r, "GET %.80s: %s", pages->path,
			                                 strerror(-r));
	}
	next = json_member_string(json_member(list, "metadata"), "continue");
	*out_token = next && *next ? strdup(next) : NULL;
	return next && *next && !*out_token ? err_set(err, ENOMEM, "no memory") : 0;
}

static int read_all(struct http *http, const struct pages *pages, struct err *err)
{
	char *token = strdup("");
	int r = token ? 0 : err_set(err, ENOMEM, "no memory");

	for (size_t i = 0; r == 0 && token; i++) {
		char *next = NULL;

		r = i < PAGES_MAX ? 0 : err_set(err, E2BIG, "GET %.80s: no end", pages->path);
		if (r == 0)
			r = read_page(http, pages, token, &next, err);
		free(token);
		token = next;
	}
	free(token);
	return r;
}

int pages_read(struct http *http, const struct pages *pages, struct err *err)
{
	int r = -ESTALE;

	for (int i = 0; i < PAGES_TRIES && r == -ESTALE; i++) {
		if (i)
			pages->on_restart(pages->ctx);
		r = read_all(http, pages, err);
	}
	return r;
}
