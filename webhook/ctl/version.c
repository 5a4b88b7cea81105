/* version.c - which version this is, for people and for programs. */
#include "injector/base/version.h"

#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/verb.h"

enum exits verb_version(const struct options *options, const struct input *input,
                        struct output *output)
{
	(void)input;
	output_text(output, options->format == OPTIONS_JSON ? "{\"version\":\"" FARGUARD_VERSION
	                                                      "\"}\n"
	                                                    : "farguardctl " FARGUARD_VERSION "\n");
	return EXITS_DONE;
}
