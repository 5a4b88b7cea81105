#include "webhook/registry/location.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "webhook/http/local.h"
#include "webhook/registry/query.h"

/* What may stand in a host, a port included. */
static bool is_host_byte(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(".-_:[]", c));
}

static int put_base(const char *scheme, const char *host, size_t len, struct location *out)
{
	const char *port = strcmp(scheme, "https") == 0 ? ":443" : ":80";
	size_t port_len = strlen(port);
	int n;

	if (len > port_len && strncmp(host + len - port_len, port, port_len) == 0)
		len -= port_len;
	if (len == 0 || len > 253 || host[0] == ':')
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!is_host_byte(host[i]))
			return -EINVAL;
	n = snprintf(out->base, sizeof(out->base), "%s://%.*s", scheme, (int)len, host);
	for (int i = 0; i < n; i++)
		out->base[i] = (char)tolower((unsigned char)out->base[i]);
	return 0;
}

static int put_path(const char *path, struct location *out)
{
	size_t len = strcspn(path, "#"); /* for browsers */
	int n = snprintf(out->path, sizeof(out->path), "%s%.*s", path[0] == '/' ? "" : "/",
	                 (int)len, path);

	if (len > LOCATION_PATH_MAX || n < 0 || (size_t)n >= sizeof(out->path))
		return -EINVAL;
	for (const char *at = out->path; *at; at++)
		if (*at <= ' ' || *at >= 0x7f || *at == '\\')
			return -EINVAL;
	return 0;
}

int location_parse(const char *text, const char *from, bool http_ok, struct location *out)
{
	const char *scheme = "https", *host = NULL;
	size_t len;
	int r;

	if (from && strncmp(from, "http://", 7) == 0)
		scheme = "http";
	if (strncasecmp(text, "https://", 8) == 0) {
		scheme = "https";
		host = text + 8;
	} else if (strncasecmp(text, "http://", 7) == 0) {
		scheme = "http";
		host = text + 7;
	} else if (from && strncmp(text, "//", 2) == 0) {
		host = text + 2;
	} else if (from && text[0] == '/') {
		if (snprintf(out->base, sizeof(out->base), "%s", from) >= (int)sizeof(out->base))
			return -EINVAL;
		return put_path(text, out);
	}
	if (!host)
		return -EINVAL;
	if (strcmp(scheme, "http") == 0 && !(http_ok && local_is_loopback(host)))
		return -EINVAL;
	len = strcspn(host, "/?#");
	r = put_base(scheme, host, len, out);
	return r < 0 ? r : put_path(host + len, out);
}

int location_add(struct location *location, const char *name, const char *value, size_t len)
{
	size_t used = strlen(location->path);

	if (!strchr(location->path, '?')) {
		if (used + 2 > sizeof(location->path))
			return -ENAMETOOLONG;
		memcpy(location->path + used, "?", 2);
	}
	return query_add(location->path, sizeof(location->path), name, value, len);
}
