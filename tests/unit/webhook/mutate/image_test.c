/* image_test.c - a container without `command`, and what its image is found to start. */
#include "tests/unit/webhook/mutate/pods.h"

#include <errno.h>
#include <string.h>

struct registry {
	const char *const *entrypoint, *const *cmd; /* NULL-terminated, or NULL */
	int error;
	unsigned asked;
	char reference[128], secrets[128];
};

static char **copy(const char *const *words)
{
	size_t count = 0;
	char **out;

	if (!words)
		return NULL;
	while (words[count])
		count++;
	out = calloc(count + 1, sizeof(*out));
	for (size_t i = 0; i < count; i++)
		out[i] = strdup(words[i]);
	return out;
}

static int look(void *ctx, const char *namespace, struct json_object *pull_secrets,
                const char *reference, struct mutate_image *out)
{
	struct registry *registry = ctx;

	assert_string_equal(namespace, "shop");
	registry->asked++;
	snprintf(registry->reference, sizeof(registry->reference), "%s", reference);
	snprintf(registry->secrets, sizeof(registry->secrets), "%s",
	         pull_secrets ? text_of(pull_secrets) : "");
	if (registry->error)
		return registry->error;
	*out = (struct mutate_image){copy(registry->entrypoint), copy(registry->cmd)};
	return 0;
}

static void begin(struct trial *t, struct registry *registry)
{
	trial_init(t);
	t->context.image = look;
	t->context.image_ctx = registry;
}

static const char *how(struct trial *t)
{
	return string_at(t->result.status, "containers web how");
}

static const char *const server[] = {"/server", "--port", "80", NULL};
static const char *const serve[] = {"serve", "$HOME $(NAME) $$", NULL};

#define POD(rest) "{'spec':{'containers':[{'name':'web','image':'shop/web:1.2'" rest "}]}}"

static void what_the_image_starts_is_wrapped(void **state)
{
	struct registry registry = {.entrypoint = server, .cmd = serve};
	struct trial t;

	(void)state;
	begin(&t, &registry);
	injected(&t, POD(""));
	assert_string_equal(how(&t), "lookup");
	assert_string_equal(registry.reference, "shop/web:1.2");
	assert_string_equal(
	        text_of(at(t.after, "spec containers 0 command")),
	        "[\"/.farguard/farguard\",\"run\",\"--\",\"/server\",\"--port\",\"80\"]");
	/* The kubelet would expand what the image only has as text. */
	assert_string_equal(text_of(at(t.after, "spec containers 0 args")),
	                    "[\"serve\",\"$$HOME $$(NAME) $$$$\"]");
	assert_int_equal(run_again(&t), REASON_ALREADY_INJECTED);
	assert_int_equal(registry.asked, 1);
	injected(&t, POD(",'args':['-v','$(X)']"));
	assert_string_equal(how(&t), "lookup");
	assert_string_equal(text_of(at(t.after, "spec containers 0 args")), "[\"-v\",\"$(X)\"]");
	trial_done(&t);
}

static void an_image_may_have_one_of_both_or_none(void **state)
{
	struct registry registry = {.cmd = serve};
	struct trial t;

	(void)state;
	begin(&t, &registry);
	injected(&t, POD(""));
	assert_string_equal(text_of(at(t.after, "spec containers 0 command")),
	                    "[\"/.farguard/farguard\",\"run\",\"--\"]");
	registry = (struct registry){.entrypoint = server};
	injected(&t, POD(""));
	assert_null(at(t.after, "spec containers 0 args"));
	registry = (struct registry){0};
	injected(&t, POD(""));
	assert_string_equal(how(&t), "self-wrap");
	injected(&t, POD(",'args':['/bin/app']"));
	assert_string_equal(how(&t), "lookup");
	assert_string_equal(text_of(at(t.after, "spec containers 0 command")),
	                    "[\"/.farguard/farguard\",\"run\",\"--\"]");
	trial_done(&t);
}

static void who_is_not_asked(void **state)
{
	static const char *const never[] = {
	        POD(",'command':['/app']"),
	        POD(",'command':[]"),
	        POD(",'args':[]"),
	        POD(",'args':null"),
	        POD(",'imagePullPolicy':'Always'"),
	        POD(",'imagePullPolicy':'Never'"),
	        "{'spec':{'containers':[{'name':'web','image':'shop/web'}]}}",
	        "{'spec':{'containers':[{'name':'web','image':'shop/web:latest'}]}}",
	        "{'spec':{'containers':[{'name':'web','image':'localhost:5000/web'}]}}",
	        "{'spec':{'containers':[{'name':'web'}]}}"};
	struct registry registry = {.entrypoint = server};
	struct trial t;

	(void)state;
	begin(&t, &registry);
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++) {
		injected(&t, never[i]);
		assert_int_equal(registry.asked, 0);
	}
	injected(&t, "{'spec':{'containers':[{'name':'web','imagePullPolicy':'Always','image':"
	             "'shop/web@sha256:0123'}],'imagePullSecrets':[{'name':'r'}]}}");
	assert_string_equal(how(&t), "lookup");
	assert_string_equal(registry.secrets, "[{\"name\":\"r\"}]");
	free(t.policy.registry.lookup);
	t.policy.registry.lookup = strdup("always");
	injected(&t, "{'spec':{'containers':[{'name':'web','image':'shop/web:latest'}]}}");
	assert_string_equal(how(&t), "lookup");
	registry.asked = 0;
	free(t.policy.registry.lookup);
	t.policy.registry.lookup = strdup("never");
	injected(&t, POD(""));
	assert_int_equal(registry.asked, 0);
	trial_done(&t);
}

static void a_registry_that_does_not_answer_costs_nothing(void **state)
{
	struct registry registry = {.error = -EAGAIN};
	struct trial t;

	(void)state;
	begin(&t, &registry);
	injected(&t, POD(""));
	assert_string_equal(how(&t), "self-wrap");
	assert_int_equal(registry.asked, 1);
	registry.error = 0;
	registry.entrypoint = server;
	/* What was injected is not looked up anew. */
	assert_int_equal(run_again(&t), REASON_ALREADY_INJECTED);
	assert_int_equal(registry.asked, 1);
	trial_done(&t);
}

static void a_jobs_end_can_be_seen_then(void **state)
{
	static const char job[] = "{'spec':{'restartPolicy':'Never','containers':[{'name':'web',"
	                          "'image':'shop/web:1.2'}]}}";
	struct registry registry = {.entrypoint = server};
	struct trial t;

	(void)state;
	begin(&t, &registry);
	t.context.native_sidecars = false;
	injected(&t, job);
	assert_string_equal(how(&t), "lookup");
	registry.error = -ENOENT;
	left_alone(&t, job, REASON_JOB_UNCOVERABLE);
	t.context.circuit_open = true;
	left_alone(&t, PLAIN, REASON_CIRCUIT_OPEN);
	trial_done(&t);
}

TEST_MAIN(cmocka_unit_test(what_the_image_starts_is_wrapped),
          cmocka_unit_test(an_image_may_have_one_of_both_or_none),
          cmocka_unit_test(who_is_not_asked),
          cmocka_unit_test(a_registry_that_does_not_answer_costs_nothing),
          cmocka_unit_test(a_jobs_end_can_be_seen_then))
