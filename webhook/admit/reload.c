#include "webhook/admit/reload.h"

#include "injector/base/err.h"
#include "webhook/admit/config.h"
#include "webhook/admit/log.h"

int reload_init(struct reload *reload, struct config *config, struct err *err)
{
	*reload = (struct reload){.config = config};
	return notify_open(&reload->notify, config->path, err);
}

void reload_done(struct reload *reload)
{
	notify_close(&reload->notify);
}

static void say_diff(void *ctx, const struct diff *diff)
{
	struct log_line line;

	(void)ctx;
	if (!log_begin(&line, diff->needs_restart ? LOG_WARN : LOG_INFO,
	               diff->needs_restart ? "configuration key needs a restart"
	                                   : "configuration key changed"))
		return;
	jsonw_cstr(&line.json, "key", diff->path);
	jsonw_cstr(&line.json, "before", diff->before);
	jsonw_cstr(&line.json, "after", diff->after);
	log_end(&line);
}

static void step(struct config *config)
{
	struct err err = {0};

	switch (config_reload(config, say_diff, NULL, &err)) {
	case CONFIG_SAME:
		break;
	case CONFIG_TAKEN:
		log_say(LOG_INFO, "configuration in force", "file", config->path);
		break;
	case CONFIG_BACK:
		log_say(LOG_INFO, "configuration is again what is in force", "file", config->path);
		break;
	case CONFIG_REFUSED:
		log_say(LOG_ERROR, "configuration refused, the one before stays in force", "error",
		        err.text);
		break;
	}
}

void reload_run(struct reload *reload)
{
	do
		step(reload->config);
	while (notify_wait(&reload->notify, RELOAD_POLL_MS));
}

void reload_ask(struct reload *reload)
{
	notify_wake(&reload->notify);
}

void reload_stop(struct reload *reload)
{
	notify_stop(&reload->notify);
}
