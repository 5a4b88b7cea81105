#include "webhook/registry/challenge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "injector/base/str.h"
#include "webhook/http/http.h"
#include "webhook/kube/json.h"
#include "webhook/registry/location.h"

static const char token_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789!#$%&'*+-.^_`|~";

/* Move past a token and give it; it may be empty. */
static struct str cut_token(const char **at)
{
	struct str token = {*at, strspn(*at, token_bytes)};

	*at += token.len;
	return token;
}

static void skip(const char **at, const char *bytes)
{
	*at += strspn(*at, bytes);
}

/* A value, quoted or not, to `out` when there is one; false when it does not end or not fit. */
static bool cut_value(const char **at, char *out, size_t cap)
{
	bool is_quoted = **at == '"';
	size_t len = 0;

	*at += is_quoted;
	for (; **at; ++*at) {
		if (is_quoted ? **at == '"' : strchr(", \t", **at) != NULL)
			break;
		if (is_quoted && **at == '\\' && (*at)[1])
			++*at;
		if (out && len + 1 >= cap)
			return false;
		if (out)
			out[len++] = **at;
	}
	if (out)
		out[len] = '\0';
	if (!is_quoted)
		return true;
	if (**at != '"')
		return false;
	++*at;
	return true;
}

static bool is_word(struct str token, const char *word)
{
	return token.len == strlen(word) && strncasecmp(token.ptr, word, token.len) == 0;
}

static bool cut_param(const char **at, struct str name, struct challenge *out)
{
	char *to = NULL;
	size_t cap = 0;

	if (is_word(name, "realm")) {
		to = out->realm;
		cap = sizeof(out->realm);
	} else if (is_word(name, "service")) {
		to = out->service;
		cap = sizeof(out->service);
	} else if (is_word(name, "scope")) {
		to = out->scope;
		cap = sizeof(out->scope);
	}
	skip(at, " \t");
	return cut_value(at, to, cap);
}

static void choose(const struct challenge *found, struct challenge *challenge)
{
	if (found->kind > challenge->kind && (found->kind == CHALLENGE_BASIC || found->realm[0]))
		*challenge = *found;
}

void challenge_parse(const char *value, struct challenge *challenge)
{
	struct challenge found = {0};

	for (const char *at = value;;) {
		struct str token;

		skip(&at, " \t,");
		token = cut_token(&at);
		if (token.len == 0)
			break;
		skip(&at, " \t");
		if (*at == '=') {
			at++;
			if (!cut_param(&at, token, &found)) {
				found.kind = CHALLENGE_NONE;
				break;
			}
			continue;
		}
		choose(&found, challenge);
		found = (struct challenge){.kind = is_word(token, "bearer")  ? CHALLENGE_BEARER
		                                   : is_word(token, "basic") ? CHALLENGE_BASIC
		                                                             : CHALLENGE_NONE};
	}
	choose(&found, challenge);
}

int challenge_locate(const struct challenge *challenge, const char *repository, bool http_ok,
                     struct location *out, struct err *err)
{
	struct str scopes = {challenge->scope, strlen(challenge->scope)};
	char own[320];
	int r = location_parse(challenge->realm, NULL, http_ok, out);

	if (r < 0)
		return err_set(err, EPROTO, "tokens are to be fetched from \"%.100s\"",
		               challenge->realm);
	if (scopes.len == 0) {
		snprintf(own, sizeof(own), "repository:%s:pull", repository);
		scopes = (struct str){own, strlen(own)};
	}
	if (challenge->service[0])
		r = location_add(out, "service", challenge->service, strlen(challenge->service));
	while (r == 0 && scopes.len > 0) {
		struct str scope = str_cut(&scopes, ' ');

		if (scope.len > 0)
			r = location_add(out, "scope", scope.ptr, scope.len);
	}
	return r < 0 ? err_set(err, EPROTO, "the address for tokens is too long") : 0;
}

int challenge_parse_token(const char *text, unsigned long len, char **out)
{
	CLEANUP(json_putp) struct json_object *root = json_parse_all(text, len, 8);
	const char *token = json_member_string(root, "token");

	/* OAuth's name for it; a server may give either or both. */
	if (!token || !*token)
		token = json_member_string(root, "access_token");
	if (!token || !*token || strlen(token) > HTTP_TOKEN_BYTES_MAX)
		return -EBADMSG;
	for (const char *at = token; *at; at++)
		if (*at <= ' ' || *at >= 0x7f)
			return -EBADMSG;
	*out = strdup(token);
	return *out ? 0 : -ENOMEM;
}
