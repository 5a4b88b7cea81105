#include "webhook/admit/refusal.h"

#include <stdio.h>
#include <string.h>

#include "injector/base/contract.h"
#include "webhook/kube/instant.h"
#include "webhook/kube/json.h"

#define REASON "FailedCreate"

static bool is_part_of_a_name(char c, const char *more)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(more, c));
}

/* Whether `text` has `len` bytes of `name` in it that are not part of a longer name. */
static bool has(const char *text, const char *name, size_t len, const char *before,
                const char *behind)
{
	for (const char *at = text; len && (at = strstr(at, name)); at++)
		if ((at == text || !is_part_of_a_name(at[-1], before)) &&
		    !is_part_of_a_name(at[len], behind))
			return true;
	return false;
}

static bool has_container(const char *text, const char *name)
{
	return has(text, name, strlen(name), "-_.", "-_.");
}

/* The image in any version: a policy may speak of the repository alone. */
static bool has_image(const char *text, const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *name = slash ? slash : image;
	size_t len = (size_t)(name - image) + strcspn(name, ":@");
	char repository[512];

	if (len == 0 || len >= sizeof(repository))
		return false;
	memcpy(repository, image, len);
	repository[len] = '\0';
	return has(text, repository, len, "-_./", "-_/");
}

static int64_t instant_of(struct json_object *object)
{
	static const char *const keys[] = {"lastTimestamp", "eventTime", "firstTimestamp"};
	int64_t at_s = instant_parse(
	        json_member_string(json_member(object, "series"), "lastObservedTime"));

	for (size_t i = 0; i < 3 && !at_s; i++)
		at_s = instant_parse(json_member_string(object, keys[i]));
	return at_s;
}

bool refusal_read(struct json_object *object, const char *image, struct refusal *out)
{
	const char *reason = json_member_string(object, "reason");
	const char *message = json_member_string(object, "message");

	if (!reason || strcmp(reason, REASON) != 0 || !message ||
	    !(has_container(message, CONTRACT_INSTALL_CONTAINER) ||
	      has_container(message, CONTRACT_AGENT_CONTAINER) || has_image(message, image)))
		return false;
	*out = (struct refusal){.at_s = instant_of(object)};
	snprintf(out->why, sizeof(out->why), "%s", message);
	return out->at_s != 0;
}
