#include "webhook/kubeconfig/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/kube/json.h"

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void credential_done(struct credential *credential)
{
	wipe(credential->token);
	wipe(credential->cert);
	wipe(credential->key);
	*credential = (struct credential){0};
}

/* Seconds east of UTC of "Z" or "+01:30". */
static bool parse_zone(const char *text, long *out)
{
	int hours, minutes, end = 0;

	*out = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if ((*text != '+' && *text != '-') ||
	    sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 || end != 5 ||
	    text[6] != '\0' || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*out = (hours * 60L + minutes) * 60 * (*text == '-' ? -1 : 1);
	return true;
}

/* RFC 3339, as Kubernetes writes times. */
static bool parse_time(const char *text, time_t *out)
{
	struct tm broken = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &broken);
	long zone;

	if (!rest)
		return false;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!parse_zone(rest, &zone))
		return false;
	*out = timegm(&broken) - zone;
	return true;
}

/* A copy of a string member, NULL when it is not there or empty. */
static int take(struct json_object *status, const char *key, char **out, struct err *err)
{
	struct json_object *member = json_member(status, key);
	const char *text = json_member_string(status, key);

	*out = NULL;
	if (member && !text)
		return err_set(err, EPROTO, "status.%s is no string", key);
	if (!text || !*text)
		return 0;
	if (strlen(text) != (size_t)json_object_get_string_len(member))
		return err_set(err, EPROTO, "status.%s has a NUL", key);
	*out = strdup(text);
	return *out ? 0 : err_set(err, ENOMEM, "no memory");
}

static int take_expiry(struct json_object *status, struct credential *out, struct err *err)
{
	CLEANUP(mem_freep) char *text = NULL;
	int r = take(status, "expirationTimestamp", &text, err);

	if (r < 0 || !text)
		return r;
	if (strlen(text) >= sizeof(out->expiry_text) || !parse_time(text, &out->expiry))
		return err_set(err, EPROTO,
		               "status.expirationTimestamp \"%.40s\" is no time (RFC 3339)", text);
	out->expires = true;
	snprintf(out->expiry_text, sizeof(out->expiry_text), "%s", text);
	return 0;
}

static int take_status(struct json_object *status, struct credential *out, struct err *err)
{
	int r;

	if (!json_object_is_type(status, json_type_object))
		return err_set(err, EPROTO, "it has no status");
	r = take(status, "token", &out->token, err);
	if (r == 0)
		r = take(status, "clientCertificateData", &out->cert, err);
	if (r == 0)
		r = take(status, "clientKeyData", &out->key, err);
	if (r == 0)
		r = take_expiry(status, out, err);
	if (r < 0)
		return r;
	if (!out->cert != !out->key)
		return err_set(err, EPROTO,
		               "status has a client certificate without its key, or "
		               "a key alone");
	if (!out->token && !out->cert)
		return err_set(err, EPROTO, "status has neither token nor client certificate");
	return 0;
}

int credential_parse(const char *text, size_t len, const char *api_version, struct credential *out,
                     struct err *err)
{
	CLEANUP(json_putp)
	struct json_object *root = json_parse_all(text, len, CREDENTIAL_DEPTH_MAX);
	const char *kind = json_member_string(root, "kind");
	const char *version = json_member_string(root, "apiVersion");
	struct credential made = {0};
	int r;

	if (!root)
		return err_set(err, EPROTO, "it printed no JSON");
	if (!kind || strcmp(kind, "ExecCredential") != 0)
		return err_set(err, EPROTO, "it printed no ExecCredential");
	if (!version || strcmp(version, api_version) != 0)
		return err_set(err, EPROTO, "it printed apiVersion %.60s, the kubeconfig says %s",
		               version ? version : "(none)", api_version);
	r = take_status(json_member(root, "status"), &made, err);
	if (r < 0)
		credential_done(&made);
	else
		*out = made;
	return r;
}
