#include "webhook/ctl/program.h"

#include <string.h>

#define PLUGIN     "kubectl-farguard"
#define COMPLETION "kubectl_complete-farguard"

static bool is_plugin, is_completion;

void program_start(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *name = slash ? slash + 1 : argv0;

	is_completion = name && strcmp(name, COMPLETION) == 0;
	is_plugin = is_completion || (name && strcmp(name, PLUGIN) == 0);
}

const char *program_name(void)
{
	return is_plugin ? "kubectl farguard" : "farguardctl";
}

bool program_is_completion(void)
{
	return is_completion;
}
