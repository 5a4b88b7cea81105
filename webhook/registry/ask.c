#include "webhook/registry/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/registry/ecr.h"

static void wipep(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static struct fetch_question fetch_of(const struct ask_question *question)
{
	return (struct fetch_question){.reference = question->reference,
	                               .base = question->base,
	                               .is_near = question->is_near,
	                               .known = question->known,
	                               .deadline_ms = question->deadline_ms};
}

/* Whether another credential could do better: this one was refused, or is shown nothing. */
static bool is_refusal(int r)
{
	return r == -EACCES || r == -ENOENT;
}

static int ask_with(struct http *http, const struct ask_question *question,
                    const struct credential *credential, struct fetch_answer *out, struct err *err)
{
	CLEANUP(wipep)
	char *basic = credentials_format_basic(credential->user, credential->password);
	struct fetch_question fetch = fetch_of(question);

	if (!basic)
		return err_set(err, ENOMEM, "no memory");
	fetch.basic = basic;
	return fetch_image(http, &fetch, out, err);
}

static int ask_as_role(struct http *http, struct ecr *ecr, const struct ask_question *question,
                       const struct ecr_host *host, struct fetch_answer *out, struct err *err)
{
	struct fetch_question fetch = fetch_of(question);
	CLEANUP(wipep) char *basic = NULL;
	int r = ecr_get_basic(ecr, http, host, question->deadline_ms, &basic, err);

	if (r < 0)
		return r;
	fetch.basic = basic;
	fetch.is_basic_first = true;
	r = fetch_image(http, &fetch, out, err);
	if (r == -EACCES)
		ecr_forget(ecr, host);
	return r;
}

static int ask_as_nobody(struct http *http, const struct ask_question *question, bool is_ecr,
                         struct fetch_answer *out, struct err *err)
{
	struct fetch_question fetch = fetch_of(question);
	int r = fetch_image(http, &fetch, out, err);

	/* The one mistake that everybody makes on Fargate. */
	return r == -EACCES && is_ecr
	               ? err_wrap(err, "the service account has no AWS role (AWS_ROLE_ARN)")
	               : r;
}

int ask_image(struct http *http, struct ecr *ecr, const struct ask_question *question,
              struct fetch_answer *out, struct err *err)
{
	size_t count = question->credential_count;
	struct ecr_host host;
	bool is_ecr = ecr_parse_host(question->reference->host, &host), tried = false;
	int r = -EACCES;

	*out = (struct fetch_answer){0};
	if (count > ASK_CREDENTIALS_MAX)
		count = ASK_CREDENTIALS_MAX;
	for (size_t i = 0; i < count && is_refusal(r); i++) {
		images_config_done(&out->config);
		r = ask_with(http, question, question->credentials[i], out, err);
		tried = true;
	}
	if (is_ecr && ecr_is_usable(ecr) && is_refusal(r)) {
		images_config_done(&out->config);
		r = ask_as_role(http, ecr, question, &host, out, err);
		tried = true;
	}
	if (!tried)
		r = ask_as_nobody(http, question, is_ecr, out, err);
	if (r < 0 && tried && count > 1)
		err_wrap(err, "with each of %zu credentials", count);
	return r;
}
