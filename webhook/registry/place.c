#include "webhook/registry/place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/local.h"
#include "webhook/registry/images.h"

/* Whether HOST[:PORT] is a name or an address of this machine, as far as that can be read. */
static bool names_us(const char *host)
{
	size_t len = strlen("localhost");

	return local_is_loopback(host) ||
	       (strncmp(host, "localhost", len) == 0 && (host[len] == '\0' || host[len] == ':'));
}

static int put_base(const char *text, struct place *out)
{
	CLEANUP(mem_freep) struct location *at = malloc(sizeof(*at));

	if (!at || location_parse(text, NULL, true, at) < 0 || strcmp(at->path, "/") != 0)
		return -EINVAL;
	snprintf(out->base, sizeof(out->base), "%s", at->base);
	out->is_near = names_us(strstr(at->base, "://") + 3);
	return 0;
}

int places_init(struct places *places, const struct images_endpoint *endpoints, struct err *err)
{
	*places = (struct places){0};
	for (; endpoints && endpoints->host; endpoints++) {
		size_t i = places->count;

		if (i == PLACE_ENDPOINTS_MAX)
			return err_set(err, EINVAL, "more than %d endpoints", PLACE_ENDPOINTS_MAX);
		if (strlen(endpoints->host) >= REFERENCE_HOST_MAX || !endpoints->host[0])
			return err_set(err, EINVAL, "\"%.80s\" is no registry", endpoints->host);
		if (!endpoints->base || put_base(endpoints->base, &places->list[i].place) < 0)
			return err_set(err, EINVAL,
			               "\"%.80s\" is no address of a registry: https://HOST, or "
			               "http:// on loopback",
			               endpoints->base ? endpoints->base : "");
		snprintf(places->list[i].host, REFERENCE_HOST_MAX, "%s", endpoints->host);
		places->count++;
	}
	return 0;
}

int places_find(const struct places *places, const struct reference *reference, struct place *out,
                struct err *err)
{
	bool is_docker = strcmp(reference->host, REFERENCE_DEFAULT_HOST) == 0;
	char url[REFERENCE_HOST_MAX + 16];

	for (size_t i = 0; i < places->count; i++)
		if (strcmp(places->list[i].host, reference->host) == 0) {
			*out = places->list[i].place;
			return 0;
		}
	if (names_us(reference->host))
		return err_set(err, EINVAL, "%.100s is a registry of the node's own",
		               reference->host);
	snprintf(url, sizeof(url), "https://%s",
	         is_docker ? "registry-1.docker.io" : reference->host);
	return put_base(url, out) < 0 ? err_set(err, EINVAL, "%.100s is no host", reference->host)
	                              : 0;
}
