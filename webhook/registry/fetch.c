#include "webhook/registry/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/http.h"
#include "webhook/registry/answer.h"
#include "webhook/registry/challenge.h"
#include "webhook/registry/digest.h"
#include "webhook/registry/location.h"

#define TOKEN_ANSWER_BYTES_MAX (64u << 10)
#define CHALLENGES_MAX         8

/* One look-up on its way from server to server. */
struct walk {
	struct http *http;
	const struct fetch_question *question;
	unsigned call_count;
	char *authorization; /* a header line; NULL for none */
	char authorized[LOCATION_BASE_MAX];
	struct http_response response;
	long retry_after_s;
};

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void wipep(char **text)
{
	wipe(*text);
	*text = NULL;
}

static void walk_done(struct walk *walk)
{
	wipe(walk->authorization);
	http_response_done(&walk->response);
}

/* Bring `scheme` `secret` to `base`, and nowhere else, from now on. */
static int authorize_with(struct walk *walk, const char *scheme, const char *secret,
                          const char *base, struct err *err)
{
	char *line = NULL;

	if (asprintf(&line, "Authorization: %s %s", scheme, secret) < 0)
		return err_set(err, ENOMEM, "no memory");
	wipe(walk->authorization);
	walk->authorization = line;
	snprintf(walk->authorized, sizeof(walk->authorized), "%s", base);
	return 0;
}

static int call(struct walk *walk, const char *method, const struct location *at,
                const char *accept, const char *authorization, size_t bytes_max, struct err *err)
{
	const char *const headers[] = {authorization, NULL};
	struct http_request request = {.method = method,
	                               .path = at->path,
	                               .accept = accept,
	                               .headers = headers,
	                               .remote_only = !walk->question->is_near,
	                               .body_bytes_max = bytes_max};
	uint64_t now = clock_ms();
	int r;

	if (now >= walk->question->deadline_ms)
		return err_set(err, ETIMEDOUT, "no time left");
	if (walk->call_count++ == FETCH_CALLS_MAX)
		return err_set(err, EPROTO, "it takes more than %d calls", FETCH_CALLS_MAX);
	request.timeout_ms = (long)(walk->question->deadline_ms - now);
	http_response_done(&walk->response);
	r = http_turn(walk->http, at->base, err);
	return r < 0 ? r : http_call(walk->http, &request, &walk->response, err);
}

static int errno_of(long status)
{
	switch (status) {
	case 401:
	case 403:
		return EACCES;
	case 404:
		return ENOENT;
	case 429:
		return EBUSY;
	default:
		return status >= 500 && status < 600 ? EBUSY : EPROTO;
	}
}

static int refused(struct walk *walk, const char *what, struct err *err)
{
	const char *after = http_header(walk->http, "Retry-After", 0);
	long status = walk->response.status;
	char why[120];

	if (after && *after >= '0' && *after <= '9')
		walk->retry_after_s = strtol(after, NULL, 10);
	answer_format_error(walk->response.body, walk->response.len, why, sizeof(why));
	return err_set(err, errno_of(status), "%s: %ld%s%s", what, status, why[0] ? " " : "", why);
}

static int fetch_token(struct walk *walk, const struct challenge *challenge, const char *basic,
                       const char *base, struct err *err)
{
	CLEANUP(mem_freep) struct location *at = malloc(sizeof(*at));
	CLEANUP(wipep) char *line = NULL;
	CLEANUP(wipep) char *token = NULL;
	int r;

	if (!at || (basic && asprintf(&line, "Authorization: Basic %s", basic) < 0)) {
		line = NULL;
		return err_set(err, ENOMEM, "no memory");
	}
	r = challenge_locate(challenge, walk->question->reference->repository,
	                     walk->question->is_near, at, err);
	if (r == 0)
		r = call(walk, "GET", at, NULL, line, TOKEN_ANSWER_BYTES_MAX, err);
	if (r < 0)
		return r;
	if (walk->response.status != 200)
		return refused(walk, "token", err);
	r = challenge_parse_token(walk->response.body, walk->response.len, &token);
	explicit_bzero(walk->response.body, walk->response.len);
	if (r < 0)
		return err_set(err, -r, "token: the answer has none");
	return authorize_with(walk, "Bearer", token, base, err);
}

/* Answer a 401 of `base`.  Our credential is for the registry that the image names: one that we
 * were sent to is asked as nobody. */
static int authorize(struct walk *walk, const char *base, struct err *err)
{
	bool is_own = strcmp(base, walk->question->base) == 0;
	const char *basic = is_own ? walk->question->basic : NULL, *value;
	struct challenge challenge = {0};

	for (size_t i = 0; i < CHALLENGES_MAX; i++) {
		value = http_header(walk->http, "WWW-Authenticate", i);
		if (value)
			challenge_parse(value, &challenge);
	}
	if (challenge.kind == CHALLENGE_BEARER)
		return fetch_token(walk, &challenge, basic, base, err);
	if (challenge.kind == CHALLENGE_BASIC && basic)
		return authorize_with(walk, "Basic", basic, base, err);
	return err_set(err, EACCES, "%s",
	               challenge.kind == CHALLENGE_BASIC
	                       ? "it asks for a password, and no credential fits"
	                       : "401, and it does not say what it asks for");
}

static int redirect(struct walk *walk, struct location *at, struct err *err)
{
	CLEANUP(mem_freep) struct location *next = malloc(sizeof(*next));
	const char *to = http_header(walk->http, "Location", 0);

	if (!next)
		return err_set(err, ENOMEM, "no memory");
	if (!to || location_parse(to, at->base, walk->question->is_near, next) < 0)
		return err_set(err, EPROTO, "it sends to \"%.80s\"", to ? to : "");
	*at = *next;
	return 0;
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Ask for `path` of the registry; the answer is in walk->response and is a 2xx. */
static int get(struct walk *walk, const char *method, const char *path, const char *accept,
               size_t bytes_max, struct err *err)
{
	CLEANUP(mem_freep) struct location *at = calloc(1, sizeof(*at));
	unsigned hop_count = 0;
	bool has_authorized = false;
	int r;

	if (!at)
		return err_set(err, ENOMEM, "no memory");
	snprintf(at->base, sizeof(at->base), "%s", walk->question->base);
	snprintf(at->path, sizeof(at->path), "%s", path);
	for (;;) {
		bool is_for_it = walk->authorization && strcmp(at->base, walk->authorized) == 0;

		r = call(walk, method, at, accept, is_for_it ? walk->authorization : NULL,
		         bytes_max, err);
		if (r < 0)
			return r;
		if (walk->response.status == 401 && !has_authorized) {
			has_authorized = true;
			r = authorize(walk, at->base, err);
			if (r < 0)
				return r;
		} else if (is_redirect(walk->response.status)) {
			if (hop_count++ == FETCH_REDIRECTS_MAX)
				return err_set(err, EPROTO, "it sends on and on");
			has_authorized = false;
			r = redirect(walk, at, err);
			if (r < 0)
				return r;
		} else {
			return walk->response.status >= 200 && walk->response.status < 300
			               ? 0
			               : refused(walk, method, err);
		}
	}
}

/* What walk->response holds must be what it was asked for by, where that is a digest. */
static int verify(const struct walk *walk, const char *wanted, char out[REFERENCE_DIGEST_MAX],
                  struct err *err)
{
	if (digest_format(walk->response.body, walk->response.len, out) < 0)
		return err_set(err, ENOMEM, "no memory");
	if (wanted[0] && strcmp(wanted, out) != 0)
		return err_set(err, EBADMSG, "the digest of what came is %.19s..., not %.19s...",
		               out, wanted);
	return 0;
}

/* The manifest at `version`, and its digest, which must be `wanted` unless that is "". */
static int get_manifest(struct walk *walk, const char *version, const char *wanted,
                        struct answer *out, char out_digest[REFERENCE_DIGEST_MAX], struct err *err)
{
	char path[REFERENCE_REPOSITORY_MAX + REFERENCE_TAG_MAX + 32];
	int r;

	snprintf(path, sizeof(path), "/v2/%s/manifests/%s", walk->question->reference->repository,
	         version);
	r = get(walk, "GET", path, ANSWER_ACCEPT, ANSWER_MANIFEST_BYTES_MAX, err);
	if (r == 0)
		r = verify(walk, wanted, out_digest, err);
	if (r == 0)
		r = answer_parse_manifest(http_header(walk->http, "Content-Type", 0),
		                          walk->response.body, walk->response.len, out, err);
	return r < 0 ? err_wrap(err, "manifest") : 0;
}

static int get_config(struct walk *walk, const char *digest, struct images_config *out,
                      struct err *err)
{
	char path[REFERENCE_REPOSITORY_MAX + REFERENCE_DIGEST_MAX + 32],
	        found[REFERENCE_DIGEST_MAX];
	int r;

	snprintf(path, sizeof(path), "/v2/%s/blobs/%s", walk->question->reference->repository,
	         digest);
	r = get(walk, "GET", path, "*/*", ANSWER_CONFIG_BYTES_MAX, err);
	if (r == 0)
		r = verify(walk, digest, found, err);
	if (r == 0)
		r = answer_parse_config(walk->response.body, walk->response.len, out, err);
	return r < 0 ? err_wrap(err, "configuration") : 0;
}

/* Whether the tag still names what is known.  HEAD is no pull, where pulls are counted: pods behind
 * the same address must not find their share used up by us. */
static int is_still_known(struct walk *walk, bool *out, struct err *err)
{
	char path[REFERENCE_REPOSITORY_MAX + REFERENCE_TAG_MAX + 32];
	const char *digest;
	int r;

	*out = false;
	snprintf(path, sizeof(path), "/v2/%s/manifests/%s", walk->question->reference->repository,
	         reference_version(walk->question->reference));
	r = get(walk, "HEAD", path, ANSWER_ACCEPT, ANSWER_MANIFEST_BYTES_MAX, err);
	if (r == -EPROTO) /* it knows no HEAD */
		return 0;
	if (r < 0)
		return err_wrap(err, "manifest");
	digest = http_header(walk->http, "Docker-Content-Digest", 0);
	*out = digest && strcmp(digest, walk->question->known) == 0;
	return 0;
}

static int walk_all(struct walk *walk, struct fetch_answer *out, struct err *err)
{
	const struct reference *reference = walk->question->reference;
	char wanted[REFERENCE_DIGEST_MAX], found[REFERENCE_DIGEST_MAX];
	struct answer answer;
	int r = 0;

	if (walk->question->is_basic_first && walk->question->basic)
		r = authorize_with(walk, "Basic", walk->question->basic, walk->question->base, err);
	if (r == 0 && walk->question->known && !reference->digest[0])
		r = is_still_known(walk, &out->is_known, err);
	if (r < 0 || out->is_known)
		return r;
	r = get_manifest(walk, reference_version(reference), reference->digest, &answer,
	                 out->digest, err);
	if (r == 0 && answer.kind == ANSWER_INDEX) {
		snprintf(wanted, sizeof(wanted), "%s", answer.digest);
		r = get_manifest(walk, wanted, wanted, &answer, found, err);
		if (r == 0 && answer.kind == ANSWER_INDEX)
			r = err_set(err, ENOTSUP, "an index in an index");
	}
	return r < 0 ? r : get_config(walk, answer.digest, &out->config, err);
}

int fetch_image(struct http *http, const struct fetch_question *question, struct fetch_answer *out,
                struct err *err)
{
	CLEANUP(walk_done) struct walk walk = {.http = http, .question = question};
	int r;

	*out = (struct fetch_answer){0};
	r = walk_all(&walk, out, err);
	out->retry_after_s = walk.retry_after_s;
	return r;
}
