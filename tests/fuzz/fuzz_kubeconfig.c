/* fuzz_kubeconfig.c - any bytes as a kubeconfig and as what a credential plugin prints: read, or
 * refused with a reason; no file is opened and no program is run. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/kubeconfig/choice.h"
#include "webhook/kubeconfig/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_choice(const struct choice *choice)
{
	if (!choice->server || !*choice->server || !choice->context ||
	    (choice->token && choice->username) || (choice->has_plugin && !choice->plugin.args[0]))
		abort();
	for (size_t i = 0; choice->has_plugin && choice->plugin.env[i]; i++)
		if (!strchr(choice->plugin.env[i], '='))
			abort();
}

static void check_files(const char *bytes, size_t size)
{
	struct files files = {0};
	struct choice choice = {0};
	struct err err = {0};
	int r = files_add_bytes(&files, "/d/f", bytes, size, &err);

	if (r == 0)
		r = choice_make(&choice, &files, NULL, &err);
	if (r == 0)
		check_choice(&choice);
	else if (err.code != -r || strncmp(err.text, "/d/f:", 5) != 0)
		abort();
	choice_done(&choice);
	files_done(&files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct credential credential = {0};
	struct err err = {0};

	check_files((const char *)data, size);
	if (credential_parse((const char *)data, size, "client.authentication.k8s.io/v1",
	                     &credential, &err) == 0) {
		if (!credential.token && !credential.key)
			abort();
	} else if (!err.text[0] || credential.token) {
		abort();
	}
	credential_done(&credential);
	return 0;
}
