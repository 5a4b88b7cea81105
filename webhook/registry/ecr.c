#include "webhook/registry/ecr.h"

#include <errno.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "injector/base/str.h"
#include "webhook/http/http.h"
#include "webhook/kube/encoding.h"
#include "webhook/kube/json.h"
#include "webhook/registry/answer.h"
#include "webhook/registry/aws.h"

#define ANSWER_BYTES_MAX (64u << 10)
#define URL_MAX          128
#define MARGIN_S         300 /* a token that is about to expire is not used */

struct token {
	struct token *next;
	struct ecr_host host;
	uint64_t until_ms;
	char basic[];
};

struct ecr {
	struct aws aws;
	pthread_mutex_t lock; /* of the tokens */
	struct token *first;  /* the latest */
	size_t count;
};

/* Move past `literal`. */
static bool skip(struct str *text, const char *literal)
{
	size_t len = strlen(literal);

	if (text->len < len || memcmp(text->ptr, literal, len) != 0)
		return false;
	*text = (struct str){text->ptr + len, text->len - len};
	return true;
}

bool ecr_parse_host(const char *host, struct ecr_host *out)
{
	struct str rest = {host, strlen(host)};
	struct str account = str_cut(&rest, '.'), region;

	*out = (struct ecr_host){0};
	if (account.len != 12 || strspn(account.ptr, "0123456789") != 12)
		return false;
	if (skip(&rest, "dkr.ecr-fips."))
		out->is_fips = true;
	else if (!skip(&rest, "dkr.ecr."))
		return false;
	region = str_cut(&rest, '.');
	if (region.len == 0 || region.len >= sizeof(out->region) ||
	    strspn(region.ptr, "abcdefghijklmnopqrstuvwxyz0123456789-") < region.len)
		return false;
	memcpy(out->region, region.ptr, region.len);
	out->is_china = str_eq(rest, STR("amazonaws.com.cn"));
	return out->is_china || str_eq(rest, STR("amazonaws.com"));
}

int ecr_parse_token(const char *text, size_t len, char **out_basic, int64_t *out_expiry_s)
{
	CLEANUP(json_putp) struct json_object *root = json_parse_all(text, len, 8);
	struct json_object *list = json_member(root, "authorizationData"), *first;
	CLEANUP(mem_freep) char *pair = NULL;
	const char *token;
	size_t pair_len = 0;

	first = json_object_is_type(list, json_type_array) ? json_object_array_get_idx(list, 0)
	                                                   : NULL;
	token = json_member_string(first, "authorizationToken");
	if (!token || strlen(token) > HTTP_TOKEN_BYTES_MAX)
		return -EBADMSG;
	pair = encoding_from_base64(token, strlen(token), &pair_len);
	if (!pair || !memchr(pair, ':', pair_len))
		return -EBADMSG;
	explicit_bzero(pair, pair_len);
	*out_expiry_s = json_object_get_int64(json_member(first, "expiresAt"));
	*out_basic = strdup(token);
	return *out_basic ? 0 : -ENOMEM;
}

static bool is_same(const struct ecr_host *a, const struct ecr_host *b)
{
	return strcmp(a->region, b->region) == 0 && a->is_china == b->is_china &&
	       a->is_fips == b->is_fips;
}

/* Where the token for `host` hangs, or the list's end. */
static struct token **find(struct ecr *ecr, const struct ecr_host *host)
{
	struct token **at = &ecr->first;

	while (*at && !is_same(&(*at)->host, host))
		at = &(*at)->next;
	return at;
}

static struct token **last(struct ecr *ecr)
{
	struct token **at = &ecr->first;

	while ((*at)->next)
		at = &(*at)->next;
	return at;
}

static void drop(struct ecr *ecr, struct token **at)
{
	struct token *token = *at;

	*at = token->next;
	ecr->count--;
	explicit_bzero(token->basic, strlen(token->basic));
	free(token);
}

int ecr_init(struct ecr **out)
{
	struct ecr *ecr = calloc(1, sizeof(*ecr));
	int r = ecr ? -pthread_mutex_init(&ecr->lock, NULL) : -ENOMEM;

	if (r < 0) {
		free(ecr);
		return r;
	}
	r = aws_init(&ecr->aws);
	if (r < 0) {
		ecr_done(ecr);
		return r;
	}
	*out = ecr;
	return 0;
}

void ecr_done(struct ecr *ecr)
{
	if (!ecr)
		return;
	while (ecr->first)
		drop(ecr, &ecr->first);
	aws_done(&ecr->aws);
	pthread_mutex_destroy(&ecr->lock);
	free(ecr);
}

bool ecr_is_usable(const struct ecr *ecr)
{
	return aws_has_keys(&ecr->aws);
}

static char *recall(struct ecr *ecr, const struct ecr_host *host)
{
	const struct token *token;
	char *basic = NULL;

	pthread_mutex_lock(&ecr->lock);
	token = *find(ecr, host);
	if (token && clock_ms() < token->until_ms)
		basic = strdup(token->basic);
	pthread_mutex_unlock(&ecr->lock);
	return basic;
}

static void remember(struct ecr *ecr, const struct ecr_host *host, const char *basic,
                     int64_t expiry_s)
{
	int64_t left_s = expiry_s - (int64_t)time(NULL) - MARGIN_S;
	size_t len = strlen(basic);
	struct token *token = left_s > 0 ? calloc(1, sizeof(*token) + len + 1) : NULL;

	if (!token)
		return; /* it is made anew for the next image */
	token->host = *host;
	token->until_ms =
	        clock_ms() + (uint64_t)(left_s < ECR_TOKEN_S ? left_s : ECR_TOKEN_S) * 1000;
	memcpy(token->basic, basic, len);
	ecr_forget(ecr, host);
	pthread_mutex_lock(&ecr->lock);
	if (ecr->count == ECR_REGIONS_MAX)
		drop(ecr, last(ecr));
	token->next = ecr->first;
	ecr->first = token;
	ecr->count++;
	pthread_mutex_unlock(&ecr->lock);
}

void ecr_forget(struct ecr *ecr, const struct ecr_host *host)
{
	struct token **at;

	pthread_mutex_lock(&ecr->lock);
	at = find(ecr, host);
	if (*at)
		drop(ecr, at);
	pthread_mutex_unlock(&ecr->lock);
}

static void format_urls(const struct ecr *ecr, const struct ecr_host *host, char sts[URL_MAX],
                        char own[URL_MAX])
{
	const char *tail = host->is_china ? ".cn" : "";
	const char *region = ecr->aws.region ? ecr->aws.region : host->region;

	/* A role is taken where we are, in the same partition as the registry. */
	if (host->is_china != (strncmp(region, "cn-", 3) == 0) || strlen(region) >= ECR_REGION_MAX)
		region = host->region;
	snprintf(sts, URL_MAX, "https://sts.%s.amazonaws.com%s", region, tail);
	snprintf(own, URL_MAX, "https://%s.%s.amazonaws.com%s",
	         host->is_fips ? "ecr-fips" : "api.ecr", host->region, tail);
}

static int ask(struct http *http, const char *url, const struct ecr_host *host,
               const struct aws_keys *keys, uint64_t deadline_ms, struct http_response *out,
               struct err *err)
{
	struct http_aws aws = {host->region, "ecr", keys->key_id, keys->secret};
	CLEANUP(mem_freep) char *session = NULL;
	const char *headers[] = {
	        "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", NULL,
	        NULL};
	struct http_request request = {.method = "POST",
	                               .path = "/",
	                               .type = "application/x-amz-json-1.1",
	                               .body = "{}",
	                               .body_len = 2,
	                               .headers = headers,
	                               .aws = &aws,
	                               .body_bytes_max = ANSWER_BYTES_MAX};
	uint64_t now = clock_ms();
	int r = http_turn(http, url, err);

	if (r < 0)
		return r;
	if (keys->session_token) {
		if (asprintf(&session, "X-Amz-Security-Token: %s", keys->session_token) < 0) {
			session = NULL;
			return err_set(err, ENOMEM, "no memory");
		}
		headers[1] = session;
	}
	if (now >= deadline_ms)
		return err_set(err, ETIMEDOUT, "no time left");
	request.timeout_ms = (long)(deadline_ms - now);
	r = http_call(http, &request, out, err);
	if (session)
		explicit_bzero(session, strlen(session));
	return r;
}

static int make_basic(struct ecr *ecr, struct http *http, const struct ecr_host *host,
                      uint64_t deadline_ms, char **out, struct err *err)
{
	CLEANUP(http_response_done) struct http_response response = {0};
	CLEANUP(aws_keys_done) struct aws_keys keys = {0};
	char sts[URL_MAX], own[URL_MAX], why[120];
	int64_t expiry_s = 0;
	int r;

	format_urls(ecr, host, sts, own);
	r = aws_get_keys(&ecr->aws, http, ecr->aws.sts_url ? ecr->aws.sts_url : sts, deadline_ms,
	                 &keys, err);
	if (r == 0)
		r = ask(http, ecr->aws.ecr_url ? ecr->aws.ecr_url : own, host, &keys, deadline_ms,
		        &response, err);
	if (r < 0)
		return r;
	answer_format_error(response.body, response.len, why, sizeof(why));
	if (response.status != 200)
		return err_set(err, response.status >= 500 ? EBUSY : EACCES, "%ld%s%s",
		               response.status, why[0] ? ": " : "", why);
	r = ecr_parse_token(response.body, response.len, out, &expiry_s);
	explicit_bzero(response.body, response.len);
	if (r < 0)
		return err_set(err, -r, "the answer has no token");
	remember(ecr, host, *out, expiry_s);
	return 0;
}

int ecr_get_basic(struct ecr *ecr, struct http *http, const struct ecr_host *host,
                  uint64_t deadline_ms, char **out, struct err *err)
{
	int r;

	*out = recall(ecr, host);
	if (*out)
		return 0;
	r = make_basic(ecr, http, host, deadline_ms, out, err);
	return r < 0 ? err_wrap(err, "token of ECR in %s", host->region) : 0;
}
