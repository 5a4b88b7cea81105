#include "webhook/admit/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "injector/base/jsonw.h"
#include "injector/base/version.h"
#include "webhook/admit/admit.h"

#define VERSION_BYTES_MAX 1024

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct page {
	const char *url, *type;
	char *(*make)(struct admit *admit, size_t *out_len);
};

/* The architecture as images name it: Go's word. */
static const char *architecture(const char *machine)
{
	return strcmp(machine, "x86_64") == 0    ? "amd64"
	       : strcmp(machine, "aarch64") == 0 ? "arm64"
	                                         : machine;
}

char *pages_version(size_t *out_len)
{
	static const char version[] = FARGUARD_VERSION;
	struct str rest = {version, strlen(version)};
	struct str major = str_cut(&rest, '.'), minor = str_cut(&rest, '.');
	char platform[80];
	char *text = malloc(VERSION_BYTES_MAX);
	struct utsname system = {0};
	struct jsonw json;

	if (!text)
		return NULL;
	uname(&system);
	snprintf(platform, sizeof(platform), "linux/%s", architecture(system.machine));
	jsonw_init(&json, text, VERSION_BYTES_MAX);
	jsonw_object(&json, NULL);
	jsonw_cstr(&json, "name", "farguard-webhook");
	jsonw_cstr(&json, "version", version);
	jsonw_str(&json, "major", major);
	jsonw_str(&json, "minor", minor);
	jsonw_cstr(&json, "gitVersion", "v" FARGUARD_VERSION);
	jsonw_cstr(&json, "compiler", COMPILER);
	jsonw_cstr(&json, "platform", platform);
	jsonw_end_object(&json);
	*out_len = jsonw_finish(&json);
	return text;
}

static char *make_version(struct admit *admit, size_t *out_len)
{
	(void)admit;
	return pages_version(out_len);
}

static const struct page pages[] = {
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", admit_metrics},
        {"/version", "application/json", make_version},
};

static const struct page *find(const char *url)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
		if (strcmp(url, pages[i].url) == 0)
			return &pages[i];
	return NULL;
}

/* Consumes `text`. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              char *text, size_t len)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result queued;

	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

enum MHD_Result pages_step(void *cls, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *upload_data,
                           size_t *upload_data_size, void **state)
{
	const struct page *page = find(url);
	bool is_read = strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
	               strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	size_t len = 0;
	char *text;

	(void)version;
	(void)upload_data;
	(void)upload_data_size;
	(void)state;
	text = page && is_read ? page->make(cls, &len) : strdup("");
	if (!text)
		return MHD_NO;
	return answer(connection,
	              !page     ? MHD_HTTP_NOT_FOUND
	              : is_read ? MHD_HTTP_OK
	                        : MHD_HTTP_METHOD_NOT_ALLOWED,
	              page && is_read ? page->type : "text/plain; charset=utf-8", text, len);
}
