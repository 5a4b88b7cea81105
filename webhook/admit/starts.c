#include "webhook/admit/starts.h"

#include <errno.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/admit/log.h"
#include "webhook/policy/policy.h"

int starts_init(struct starts *starts, const struct policy *policy,
                const struct http_settings *settings, struct err *err)
{
	const struct images_settings images = {.ca_file = policy->registry.ca_file};
	int r = pulls_init(&starts->pulls, settings, err);

	return r < 0 ? r : images_init(&starts->images, &images, err);
}

void starts_done(struct starts *starts)
{
	if (starts->images)
		images_done(starts->images);
	starts->images = NULL;
	pulls_done(&starts->pulls);
}

int starts_find(struct starts_review *review, const char *namespace,
                struct json_object *pull_secrets, const char *reference, struct mutate_image *out)
{
	CLEANUP(pulls_found_done) struct pulls_found secrets;
	CLEANUP(images_config_done) struct images_config config = {0};
	struct err err = {0};
	uint64_t now_ms = clock_ms();
	int r;

	if (!review->deadline_ms)
		review->deadline_ms = now_ms + (uint64_t)review->policy->registry.timeout_ms;
	pulls_find(&review->starts->pulls, review->policy, namespace, pull_secrets,
	           review->deadline_ms, &secrets);
	now_ms = clock_ms();
	r = images_find(review->starts->images, reference, secrets.list, secrets.count,
	                now_ms < review->deadline_ms ? (long)(review->deadline_ms - now_ms) : 0,
	                &config, &err);
	if (r < 0) {
		log_say(LOG_DEBUG, "image not looked up", "error", err.text);
		return r;
	}
	*out = (struct mutate_image){TAKE(config.entrypoint), TAKE(config.cmd)};
	return 0;
}
