/* config.c - every file is checked, so that one run shows what is wrong in all of them. */
#include "injector/base/err.h"
#include "webhook/ctl/input.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/verb.h"
#include "webhook/policy/policy.h"

enum exits verb_config_check(const struct options *options, const struct input *input,
                             struct output *output)
{
	enum exits worst = EXITS_DONE;

	(void)options;
	for (size_t i = 0; i < input->count; i++) {
		const struct input_file *file = &input->files[i];
		struct policy policy;
		struct err err = {0};

		if (policy_parse(&policy, file->bytes, file->len, file->name, &err) < 0) {
			enum exits status = exits_of(&err);

			worst = status > worst ? status : worst;
			continue;
		}
		policy_done(&policy);
		output_text(output, file->name);
		output_text(output, ": valid\n");
	}
	return worst;
}
