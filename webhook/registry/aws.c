#include "webhook/registry/aws.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "injector/base/str.h"
#include "webhook/http/http.h"
#include "webhook/registry/query.h"

#define TOKEN_BYTES_MAX  20000u /* AssumeRoleWithWebIdentity: the longest WebIdentityToken */
#define FORM_BYTES_MAX   (3 * TOKEN_BYTES_MAX + 8192)
#define ANSWER_BYTES_MAX (64u << 10)
#define KEY_BYTES_MAX    8192u

static char *copy_env(const char *name, bool *out_failed)
{
	const char *value = getenv(name);
	char *copy = value && *value ? strdup(value) : NULL;

	*out_failed |= value && *value && !copy;
	return copy;
}

int aws_init(struct aws *aws)
{
	bool failed = false;

	*aws = (struct aws){
	        .key_id = copy_env("AWS_ACCESS_KEY_ID", &failed),
	        .secret = copy_env("AWS_SECRET_ACCESS_KEY", &failed),
	        .session_token = copy_env("AWS_SESSION_TOKEN", &failed),
	        .role = copy_env("AWS_ROLE_ARN", &failed),
	        .token_file = copy_env("AWS_WEB_IDENTITY_TOKEN_FILE", &failed),
	        .session_name = copy_env("AWS_ROLE_SESSION_NAME", &failed),
	        .region = copy_env("AWS_REGION", &failed),
	        .sts_url = copy_env("AWS_ENDPOINT_URL_STS", &failed),
	        .ecr_url = copy_env("AWS_ENDPOINT_URL_ECR", &failed),
	};
	if (!aws->region)
		aws->region = copy_env("AWS_DEFAULT_REGION", &failed);
	return failed ? -ENOMEM : 0;
}

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

void aws_done(struct aws *aws)
{
	free(aws->key_id);
	wipe(aws->secret);
	wipe(aws->session_token);
	free(aws->role);
	free(aws->token_file);
	free(aws->session_name);
	free(aws->region);
	free(aws->sts_url);
	free(aws->ecr_url);
	*aws = (struct aws){0};
}

void aws_keys_done(struct aws_keys *keys)
{
	free(keys->key_id);
	wipe(keys->secret);
	wipe(keys->session_token);
	*keys = (struct aws_keys){0};
}

bool aws_has_keys(const struct aws *aws)
{
	return (aws->key_id && aws->secret) || (aws->role && aws->token_file);
}

/* The kubelet replaces the file before it expires. */
static int read_token(const char *path, char *out, size_t cap, struct err *err)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0 && len < cap) {
		n = read(fd, out + len, cap - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	if (n < 0)
		return err_set(err, EACCES, "%.100s: %s", path, strerror(errno));
	if (len == cap)
		return err_set(err, EFBIG, "%.100s: no token of this size", path);
	out[len] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return *out ? 0 : err_set(err, EACCES, "%.100s: empty", path);
}

/* The text of <name>...</name>, the first of them; no entity can stand in what we look for. */
static struct str element(struct str text, const char *name)
{
	char begin[40], end[40];
	const char *from, *to;

	snprintf(begin, sizeof(begin), "<%s>", name);
	snprintf(end, sizeof(end), "</%s>", name);
	from = text.len == 0 ? NULL : memmem(text.ptr, text.len, begin, strlen(begin));
	if (!from)
		return (struct str){NULL, 0};
	from += strlen(begin);
	to = memmem(from, text.len - (size_t)(from - text.ptr), end, strlen(end));
	return to ? (struct str){from, (size_t)(to - from)} : (struct str){NULL, 0};
}

/* A key goes into a header: printable, nothing that XML would have to write otherwise. */
static char *copy_key(struct str text)
{
	if (text.len == 0 || text.len > KEY_BYTES_MAX)
		return NULL;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || strchr("<>&:", text.ptr[i]))
			return NULL;
	return strndup(text.ptr, text.len);
}

int aws_parse_role(const char *text, size_t len, struct aws_keys *out)
{
	struct str keys = element((struct str){text, len}, "Credentials");

	*out = (struct aws_keys){
	        .key_id = copy_key(element(keys, "AccessKeyId")),
	        .secret = copy_key(element(keys, "SecretAccessKey")),
	        .session_token = copy_key(element(keys, "SessionToken")),
	};
	if (out->key_id && out->secret && out->session_token)
		return 0;
	aws_keys_done(out);
	return -EBADMSG;
}

static int make_form(const struct aws *aws, char *out, size_t cap, struct err *err)
{
	const char *name = aws->session_name ? aws->session_name : "farguard";
	char token[TOKEN_BYTES_MAX + 2];
	int r = read_token(aws->token_file, token, sizeof(token), err);

	if (r < 0)
		return r;
	out[0] = '\0';
	if (query_add(out, cap, "Action", "AssumeRoleWithWebIdentity", 25) < 0 ||
	    query_add(out, cap, "Version", "2011-06-15", 10) < 0 ||
	    query_add(out, cap, "RoleArn", aws->role, strlen(aws->role)) < 0 ||
	    query_add(out, cap, "RoleSessionName", name, strlen(name)) < 0 ||
	    query_add(out, cap, "WebIdentityToken", token, strlen(token)) < 0)
		r = err_set(err, EFBIG, "the role's name is too long");
	explicit_bzero(token, sizeof(token));
	return r;
}

static int take_role(const struct aws *aws, struct http *http, const char *url,
                     uint64_t deadline_ms, struct aws_keys *out, struct err *err)
{
	CLEANUP(http_response_done) struct http_response response = {0};
	CLEANUP(wipep) char *form = malloc(FORM_BYTES_MAX);
	struct http_request request = {.method = "POST",
	                               .path = "/",
	                               .type = "application/x-www-form-urlencoded",
	                               .accept = "text/xml",
	                               .body_bytes_max = ANSWER_BYTES_MAX};
	uint64_t now = clock_ms();
	struct str why;
	int r;

	if (!form)
		return err_set(err, ENOMEM, "no memory");
	form[0] = '\0';
	r = make_form(aws, form, FORM_BYTES_MAX, err);
	if (r == 0 && now >= deadline_ms)
		r = err_set(err, ETIMEDOUT, "no time left");
	if (r == 0)
		r = http_turn(http, url, err);
	if (r < 0)
		return r;
	request.body = form;
	request.body_len = strlen(form);
	request.timeout_ms = (long)(deadline_ms - now);
	r = http_call(http, &request, &response, err);
	if (r < 0)
		return r;
	why = element((struct str){response.body, response.len}, "Message");
	if (response.status != 200)
		return err_set(err, response.status >= 500 ? EBUSY : EACCES, "%ld%s%.*s",
		               response.status, why.len ? ": " : "",
		               (int)(why.len < 120 ? why.len : 120), why.len ? why.ptr : "");
	r = aws_parse_role(response.body, response.len, out);
	explicit_bzero(response.body, response.len);
	return r < 0 ? err_set(err, -r, "the answer has no keys") : 0;
}

int aws_get_keys(const struct aws *aws, struct http *http, const char *url, uint64_t deadline_ms,
                 struct aws_keys *out, struct err *err)
{
	int r;

	*out = (struct aws_keys){0};
	if (!aws->key_id || !aws->secret) {
		r = take_role(aws, http, url, deadline_ms, out, err);
		return r < 0 ? err_wrap(err, "role %.60s", aws->role) : 0;
	}
	out->key_id = strdup(aws->key_id);
	out->secret = strdup(aws->secret);
	out->session_token = aws->session_token ? strdup(aws->session_token) : NULL;
	if (out->key_id && out->secret && (out->session_token || !aws->session_token))
		return 0;
	aws_keys_done(out);
	return err_set(err, ENOMEM, "no memory");
}
