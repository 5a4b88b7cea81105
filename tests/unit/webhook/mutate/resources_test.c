/* resources_test.c - LimitRanges and quotas: what our containers ask for, and when there is no way.
 */
#include "tests/unit/webhook/mutate/pods.h"

/* A pod in a namespace with these LimitRanges and quotas ("" for none). */
static void within(struct trial *t, const char *ranges, const char *quotas, const char *pod)
{
	json_object_put(t->context.limit_ranges);
	json_object_put(t->context.quotas);
	t->context.limit_ranges = *ranges ? json(ranges) : NULL;
	t->context.quotas = *quotas ? json(quotas) : NULL;
	trial_run(t, pod);
}

static void end(struct trial *t)
{
	json_object_put(t->context.limit_ranges);
	json_object_put(t->context.quotas);
	trial_done(t);
}

static void agent_has(struct trial *t, const char *requests, const char *limits)
{
	assert_string_equal(reason_name(t->result.reason), "injected");
	assert_string_equal(text_of(at(t->after, "spec containers 1 resources requests")),
	                    requests);
	assert_string_equal(limits ? limits : "(absent)",
	                    string_at(t->after, "spec containers 1 resources limits"));
}

static void refused(struct trial *t, enum reason reason, const char *detail)
{
	assert_string_equal(reason_name(t->result.reason), reason_name(reason));
	assert_int_equal(json_object_array_length(t->result.patch), 0);
	if (!strstr(t->result.detail, detail))
		fail_msg("\"%s\" is not in \"%s\"", detail, t->result.detail);
}

#define WEB(resources) "{'spec':{'containers':[{'name':'web','resources':{" resources "}}]}}"
#define RANGE(item)    "[{'limits':[" item "]}]"
#define SMALL          "'requests':{'cpu':'100m','memory':'64Mi'},'limits':{'cpu':'200m','memory':'128Mi'}"

static void each_container_fits_the_limit_range(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	within(&t, RANGE("{'type':'Container','min':{'cpu':'50m','memory':'16Mi'}}"), "", WEB(""));
	agent_has(&t, "{\"cpu\":\"50m\",\"memory\":\"16Mi\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	assert_string_equal(string_at(t.after, "spec initContainers 0 resources"),
	                    "{ \"requests\": { \"cpu\": \"50m\", \"memory\": \"16Mi\" } }");
	within(&t, RANGE("{'type':'Container','max':{'cpu':'100m','memory':'48Mi'}}"), "", WEB(""));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}",
	          "{ \"cpu\": \"100m\", \"memory\": \"48Mi\" }");
	assert_string_equal(string_at(t.after, "spec initContainers 0 resources limits"),
	                    "{ \"cpu\": \"100m\", \"memory\": \"48Mi\" }");
	within(&t, RANGE("{'type':'Container','maxLimitRequestRatio':{'cpu':'4','memory':2}}"), "",
	       WEB(""));
	/* The install container has no limit, and no ratio without one. */
	assert_string_equal(string_at(t.after, "spec initContainers 0 resources"),
	                    "{ \"requests\": { \"cpu\": \"25m\", \"memory\": \"32Mi\" }, "
	                    "\"limits\": { \"cpu\": \"100m\", \"memory\": \"64Mi\" } }");
	within(&t, RANGE("{'type':'Container','maxLimitRequestRatio':{'ephemeral-storage':2}}"), "",
	       WEB(""));
	refused(&t, REASON_LIMIT_RANGE, "ephemeral-storage");
	json_object_put(t.policy.install_resources);
	t.policy.install_resources = json("{'limits':{'cpu':'100m','memory':'32Mi'}}");
	within(&t, RANGE("{'type':'Container','maxLimitRequestRatio':{'cpu':'4','memory':2}}"), "",
	       WEB(""));
	agent_has(&t, "{\"cpu\":\"50m\",\"memory\":\"32Mi\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	within(&t,
	       "[{'limits':[{'type':'Container','min':{'memory':'8Mi'}}]},"
	       "{'limits':[{'type':'Container','min':{'memory':'128Mi'},'max':{'memory':'1Gi'}}]}]",
	       "", WEB(""));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"128Mi\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"128Mi\" }");
	end(&t);
}

static void what_a_default_would_put_is_put_by_us(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	json_object_put(t.policy.agent.resources);
	t.policy.agent.resources = json("{'requests':{'cpu':'100m'}}");
	within(&t, RANGE("{'type':'Container','default':{'cpu':'50m','memory':'1Gi'}}"), "",
	       WEB(""));
	agent_has(&t, "{\"cpu\":\"100m\",\"memory\":\"0\"}",
	          "{ \"cpu\": \"100m\", \"memory\": \"1Gi\" }");
	end(&t);
}

static void the_pods_sum_fits_too(void **state)
{
	struct trial t;

	(void)state;
	trial_init(&t);
	within(&t, RANGE("{'type':'Pod','max':{'memory':'180Mi'}}"), "", WEB(SMALL));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"52Mi\" }");
	/* No room for a limit: one of 0 adds nothing. */
	within(&t, RANGE("{'type':'Pod','max':{'memory':'128Mi'}}"), "", WEB(SMALL));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}", "{ \"cpu\": \"0\", \"memory\": \"0\" }");
	/* A ratio of the pod: a limit asks for a request. */
	within(&t, RANGE("{'type':'Pod','maxLimitRequestRatio':{'memory':'2'}}"), "", WEB(SMALL));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"32Mi\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	/* A pod that is refused without us is not ours to save, nor to leave alone. */
	within(&t, RANGE("{'type':'Pod','max':{'memory':'100Mi'}}"), "", WEB(SMALL));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	/* Nor does our limit make up for one that it lacks. */
	within(&t, RANGE("{'type':'Pod','max':{'memory':'1Gi'}}"), "", WEB(""));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}", NULL);
	end(&t);
}

static void a_full_quota_gets_nothing_more(void **state)
{
	static const char full[] =
	        "[{'hard':{'limits.memory':'1Gi','limits.cpu':'2','requests.memory':"
	        "'1Gi'},'used':{'limits.memory':'896Mi','limits.cpu':'1','requests."
	        "memory':'512Mi'}}]";
	struct trial t;

	(void)state;
	trial_init(&t);
	/* The install container needs a limit too, because the quota wants one of everybody. */
	within(&t, "", full, WEB(SMALL));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}", "{ \"cpu\": \"0\", \"memory\": \"0\" }");
	assert_string_equal(string_at(t.after, "spec initContainers 0 resources limits"),
	                    "{ \"cpu\": \"0\", \"memory\": \"0\" }");
	within(&t, "", "[{'hard':{'requests.cpu':'4'},'used':{'requests.cpu':'1'}}]", WEB(SMALL));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	/* A minimum wants a request, and the quota has no room for one. */
	within(&t, RANGE("{'type':'Container','min':{'memory':'16Mi'}}"),
	       "[{'hard':{'requests.memory':'576Mi'},'used':{'requests.memory':'512Mi'}}]",
	       WEB(SMALL));
	refused(&t, REASON_QUOTA, "requests.memory");
	end(&t);
}

static void a_quota_counts_by_its_scopes(void **state)
{
	static const char not_best_effort[] =
	        "[{'scopes':['NotBestEffort'],'hard':{'limits.cpu':'10'},'used':{}}]";
	struct trial t;

	(void)state;
	trial_init(&t);
	/* With a limit of ours the pod would count, and its own container names none. */
	within(&t, "", not_best_effort, WEB(""));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}", "{ \"cpu\": \"0\", \"memory\": \"0\" }");
	within(&t, "",
	       "[{'scopeSelector':{'matchExpressions':[{'scopeName':'PriorityClass','operator':'In'"
	       ","
	       "'values':['high']}]},'hard':{'limits.cpu':'0'},'used':{}}]",
	       WEB(SMALL));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	within(&t, "", "[{'scopes':['Terminating'],'hard':{'limits.cpu':'0'},'used':{}}]",
	       WEB(SMALL));
	agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	end(&t);
}

static void what_is_forced_does_not_buy_a_larger_size(void **state)
{
	static const char ranges[] = RANGE("{'type':'Container','min':{'cpu':'100m'}}");
	static const char pod[] = WEB("'requests':{'cpu':'250m'},'limits':{'cpu':'500m'}");
	struct trial t;

	(void)state;
	trial_init(&t);
	within(&t, ranges, "", pod);
	refused(&t, REASON_LIMIT_RANGE, "larger Fargate size");
	t.policy.fargate.allow_size_increase = true;
	within(&t, ranges, "", pod);
	agent_has(&t, "{\"cpu\":\"100m\",\"memory\":\"0\"}",
	          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	assert_string_equal(string_at(t.result.status, "warnings"), "[ \"size-increased\" ]");
	end(&t);
}

static void limit_ranges_that_are_none_do_no_harm(void **state)
{
	static const char *const odd[] = {
	        "[]",
	        "[null,1,'a',[],{}]",
	        "[{'limits':{}},{'limits':[null,{'type':7}]}]",
	        "[{'limits':[{'type':'Container','min':['cpu']}]}]",
	        "[{'limits':[{'type':'Container','max':{'cpu':'lots'}}]}]",
	        "[{'limits':[{'type':'Container','max':{'cpu':null}}]}]",
	        "{}"};
	struct trial t;

	(void)state;
	trial_init(&t);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		within(&t, odd[i], odd[i], WEB(""));
		agent_has(&t, "{\"cpu\":\"0\",\"memory\":\"0\"}",
		          "{ \"cpu\": \"200m\", \"memory\": \"64Mi\" }");
	}
	end(&t);
}

TEST_MAIN(cmocka_unit_test(each_container_fits_the_limit_range),
          cmocka_unit_test(what_a_default_would_put_is_put_by_us),
          cmocka_unit_test(the_pods_sum_fits_too), cmocka_unit_test(a_full_quota_gets_nothing_more),
          cmocka_unit_test(a_quota_counts_by_its_scopes),
          cmocka_unit_test(what_is_forced_does_not_buy_a_larger_size),
          cmocka_unit_test(limit_ranges_that_are_none_do_no_harm))
