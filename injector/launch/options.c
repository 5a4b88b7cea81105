/* options.c - flags up to "--"; what follows is the program's and is not looked at. */
#include "injector/launch/options.h"

#include <errno.h>
#include <string.h>

#include "injector/base/contract.h"
#include "injector/base/err.h"

int options_parse(struct run_options *out, char **args, struct err *err)
{
	*out = (struct run_options){0};
	for (; *args && strcmp(*args, "--") != 0; args++) {
		if (strcmp(*args, "--self-wrap") == 0) {
			out->self_wrap = true;
		} else if (strcmp(*args, "--restart") == 0) {
			out->restart = true;
		} else if (strncmp(*args, CONTRACT_PID1_OPTION, sizeof(CONTRACT_PID1_OPTION) - 1) ==
		           0) {
			out->pid1 = *args + sizeof(CONTRACT_PID1_OPTION) - 1;
		} else if (strcmp(*args, "--exe") == 0) {
			if (!args[1] || strcmp(args[1], "--") == 0)
				return err_set(err, EINVAL, "run: --exe needs a file");
			out->exe = *++args;
		} else if ((*args)[0] == '-') {
			return err_set(err, EINVAL, "run: unknown flag %.100s", *args);
		} else {
			return err_set(err, EINVAL,
			               "run: the program stands after \"--\": run -- %.100s",
			               *args);
		}
	}
	if (!*args || !args[1])
		return err_set(err, EINVAL,
		               "run: no program; usage: farguard run [FLAGS] -- CMD [ARG...]");
	if (out->restart && (out->exe || out->self_wrap || out->pid1))
		return err_set(err, EINVAL, "run: --restart goes with no other flag");
	out->argv = args + 1;
	return 0;
}
