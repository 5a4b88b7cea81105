#include "webhook/registry/credentials.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/base64.h"
#include "injector/base/own.h"
#include "injector/base/str.h"
#include "webhook/kube/encoding.h"
#include "webhook/kube/json.h"
#include "webhook/registry/glob.h"
#include "webhook/registry/images.h"
#include "webhook/registry/reference.h"

#define SECRET_DEPTH_MAX 8
#define DOCKER_KEY       "index.docker.io"

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

static void pass_over(struct credentials *credentials, const char *key, const char *why)
{
	if (!credentials->note[0])
		snprintf(credentials->note, sizeof(credentials->note), "%.80s: %s", key, why);
}

/* HOST[:PORT][/PATH] as the kubelet indexes it: no scheme, and Docker's "/v1/" is no path. */
static char *index_key(const char *location)
{
	const char *host = location, *path;
	size_t host_len, path_len;
	char *key = NULL;

	if (strncmp(host, "https://", 8) == 0)
		host += 8;
	else if (strncmp(host, "http://", 7) == 0)
		host += 7;
	host_len = strcspn(host, "/?#");
	path = host + host_len;
	if (strncmp(path, "/v1/", 4) == 0 || strncmp(path, "/v2/", 4) == 0)
		path += 3;
	path_len = strcspn(path, "?#");
	if (path_len == 1) /* "/" */
		path_len = 0;
	return asprintf(&key, "%.*s%.*s", (int)host_len, host, (int)path_len, path) < 0 ? NULL
	                                                                                : key;
}

/* Go writes "auth" with padding, others without. */
static char *decode(const char *text, size_t *out_len)
{
	static const char *const padding[] = {"", "", "==", "="};
	CLEANUP(wipep) char *padded = NULL;
	size_t len = strcspn(text, "\r\n");

	if (len > CREDENTIALS_PAIR_MAX * 2 ||
	    asprintf(&padded, "%.*s%s", (int)len, text, padding[len % 4]) < 0) {
		padded = NULL;
		return NULL;
	}
	return encoding_from_base64(padded, strlen(padded), out_len);
}

/* USER:PASSWORD out of base64; some tools left NULs behind it. */
static bool split_auth(const char *auth, char **out_user, char **out_password)
{
	CLEANUP(wipep) char *pair = NULL;
	size_t len = 0;
	char *colon;

	pair = decode(auth, &len);
	while (pair && len > 0 && pair[len - 1] == '\0')
		len--;
	colon = pair ? strchr(pair, ':') : NULL;
	if (!colon || strlen(pair) != len)
		return false;
	*out_user = strndup(pair, (size_t)(colon - pair));
	*out_password = strdup(colon + 1);
	return true;
}

/* Why an entry without user and password has none. */
static const char *why_not(struct json_object *entry)
{
	if (!json_object_is_type(entry, json_type_object))
		return "no object";
	if (json_member(entry, "identitytoken"))
		return "only an identitytoken, which is not used";
	if (json_member(entry, "registrytoken"))
		return "only a registrytoken, which is not used";
	return json_member(entry, "auth") ? "its auth is no base64 of user:password"
	                                  : "neither auth nor username and password";
}

void credentials_done(struct credentials *credentials)
{
	for (size_t i = 0; i < credentials->count; i++) {
		free(credentials->list[i].key);
		wipe(credentials->list[i].user);
		wipe(credentials->list[i].password);
	}
	*credentials = (struct credentials){0};
}

/* The port behind the last ':' that is in no bracket, cut off; empty without one. */
static struct str cut_port(struct str *host)
{
	for (size_t i = host->len; i-- > 0 && host->ptr[i] != ']';)
		if (host->ptr[i] == ':') {
			struct str port = {host->ptr + i + 1, host->len - i - 1};

			host->len = i;
			return port;
		}
	return (struct str){NULL, 0};
}

/* Label by label: a '*' does not take a dot. */
static bool match_host(struct str pattern, struct str host)
{
	if (!str_eq(cut_port(&pattern), cut_port(&host)))
		return false;
	while (pattern.len > 0 && host.len > 0) {
		size_t before = pattern.len, host_before = host.len;
		struct str label = str_cut(&pattern, '.'), text = str_cut(&host, '.');

		if (!glob_match(label, text))
			return false;
		if ((label.len == before) != (text.len == host_before))
			return false; /* one has more labels */
	}
	return pattern.len == 0 && host.len == 0;
}

static bool match_key(const char *key, const struct reference *reference)
{
	struct str path = {key, strlen(key)};
	struct str pattern = str_cut(&path, '/');
	struct str host = {reference->host, strlen(reference->host)};

	/* Docker's own name for its registry; the kubelet takes it only where nothing else fits. */
	if (strcmp(key, DOCKER_KEY) == 0 && strcmp(reference->host, REFERENCE_DEFAULT_HOST) == 0)
		return true;
	return match_host(pattern, host) && strncmp(reference->repository, path.ptr, path.len) == 0;
}

static int add_entry(struct credentials *credentials, const char *location,
                     struct json_object *entry, const struct reference *reference)
{
	const char *auth = json_member_string(entry, "auth");
	const char *user = json_member_string(entry, "username");
	const char *password = json_member_string(entry, "password");
	CLEANUP(wipep) char *own_user = NULL;
	CLEANUP(wipep) char *own_password = NULL;
	CLEANUP(mem_freep) char *key = index_key(location);
	bool has_pair;

	if (!key)
		return -ENOMEM;
	if (!match_key(key, reference))
		return 0;
	if (auth && *auth) {
		has_pair = split_auth(auth, &own_user, &own_password);
	} else {
		has_pair = user && *user && password;
		own_user = has_pair ? strdup(user) : NULL;
		own_password = has_pair ? strdup(password) : NULL;
	}
	if (!has_pair || (own_user && !*own_user)) {
		pass_over(credentials, location, why_not(entry));
		return 0;
	}
	if (!own_user || !own_password)
		return -ENOMEM;
	if (strlen(own_user) + strlen(own_password) > CREDENTIALS_PAIR_MAX) {
		pass_over(credentials, location, "too long");
		return 0;
	}
	if (credentials->count == CREDENTIALS_MAX) {
		pass_over(credentials, location, "too many entries");
		return 0;
	}
	credentials->list[credentials->count++] =
	        (struct credential){TAKE(key), TAKE(own_user), TAKE(own_password)};
	return 0;
}

int credentials_add(struct credentials *credentials, const struct images_credential *secret,
                    const struct reference *reference)
{
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct json_object *entries;
	int r = 0;

	if (secret->len <= CREDENTIALS_BYTES_MAX)
		root = json_parse_all(secret->text, secret->len, SECRET_DEPTH_MAX);
	entries = secret->kind == IMAGES_DOCKERCFG ? root : json_member(root, "auths");
	if (!json_object_is_type(entries, json_type_object)) {
		pass_over(credentials, "a pull secret", "no registries in it");
		return 0;
	}
	json_object_object_foreach(entries, location, entry)
	{
		if (r == 0)
			r = add_entry(credentials, location, entry, reference);
	}
	return r;
}

/* The kubelet sorts the keys, the greatest first: what is more specific comes before what it
 * begins with.  Entries of one key stay in their order. */
static void insert(const struct credential *new, const struct credential **list, size_t *count)
{
	size_t at = *count;

	for (size_t i = 0; i < *count; i++)
		if (strcmp(list[i]->user, new->user) == 0 &&
		    strcmp(list[i]->password, new->password) == 0 &&
		    strcmp(list[i]->key, new->key) >= 0)
			return;
	while (at > 0 && strcmp(list[at - 1]->key, new->key) < 0) {
		list[at] = list[at - 1];
		at--;
	}
	list[at] = new;
	++*count;
}

size_t credentials_sort(const struct credentials *credentials,
                        const struct credential *out[CREDENTIALS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < credentials->count; i++)
		if (strcmp(credentials->list[i].key, DOCKER_KEY) != 0)
			insert(&credentials->list[i], out, &count);
	if (count > 0)
		return count;
	for (size_t i = 0; i < credentials->count; i++)
		insert(&credentials->list[i], out, &count);
	return count;
}

char *credentials_format_basic(const char *user, const char *password)
{
	CLEANUP(wipep) char *pair = NULL;
	char *text;

	if (asprintf(&pair, "%s:%s", user, password) < 0) {
		pair = NULL;
		return NULL;
	}
	text = encoding_to_base64(pair, strlen(pair));
	return text;
}
