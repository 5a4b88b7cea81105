#include "webhook/ctl/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/ctl/advice.h"
#include "webhook/ctl/output.h"
#include "webhook/ctl/page.h"
#include "webhook/mutate/judge.h"
#include "webhook/mutate/writer.h"

#define COMMANDS_MAX 50 /* that are printed */
#define REASONS_MAX  64

static char *copy(struct findings *findings, const char *text)
{
	char *copied = text ? strdup(text) : NULL;

	findings->failed |= text && !copied;
	return copied;
}

static void finding_done(struct finding *finding)
{
	free(finding->namespace);
	free(finding->pod);
	free(finding->container);
	free(finding->workload);
	free(finding->message);
}

void findings_add(struct findings *findings, const struct finding *finding)
{
	struct finding *one;

	findings->failed |= findings->count >= FINDINGS_MAX;
	if (findings->failed)
		return;
	if (findings->count == findings->cap) {
		size_t cap = findings->cap ? findings->cap * 2 : 64;
		struct finding *grown = reallocarray(findings->items, cap, sizeof(*grown));

		if (!grown) {
			findings->failed = true;
			return;
		}
		findings->items = grown;
		findings->cap = cap;
	}
	one = &findings->items[findings->count];
	*one = (struct finding){.namespace = copy(findings, finding->namespace),
	                        .pod = copy(findings, finding->pod),
	                        .container = copy(findings, finding->container),
	                        .workload = copy(findings, finding->workload),
	                        .message = copy(findings, finding->message),
	                        .reason = finding->reason};
	findings->count++;
}

void findings_cut(struct findings *findings, size_t count)
{
	while (findings->count > count)
		finding_done(&findings->items[--findings->count]);
}

void findings_done(struct findings *findings)
{
	findings_cut(findings, 0);
	free(findings->items);
	*findings = (struct findings){0};
}

static void add_member(struct writer *to, const char *before, const char *value)
{
	writer_add(to, before);
	writer_add_string(to, value, strlen(value));
}

void findings_json(const struct findings *findings, bool messages, struct output *output)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->items[i];
		CLEANUP(writer_done) struct writer line = {0};

		writer_add(&line, i ? ",\n " : "[");
		add_member(&line, "{\"namespace\":", f->namespace);
		add_member(&line, ",\"pod\":", f->pod);
		add_member(&line, ",\"container\":", f->container);
		add_member(&line, ",\"reason\":", f->reason);
		if (messages) {
			add_member(&line, ",\"workload\":", f->workload);
			add_member(&line, ",\"message\":", f->message ? f->message : "");
		}
		writer_add(&line, "}");
		output->failed |= line.failed;
		if (!line.failed)
			output_add(output, line.bytes, line.len);
	}
	output_text(output, findings->count ? "]\n" : "[]\n");
}

static void print_table(const struct findings *findings, bool messages, struct page *page)
{
	page_row(page);
	page_cell(page, PAGE_BOLD, "NAMESPACE");
	page_cell(page, PAGE_BOLD, messages ? "WORKLOAD" : "POD");
	if (!messages)
		page_cell(page, PAGE_BOLD, "CONTAINER");
	page_cell(page, PAGE_BOLD, "REASON");
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->items[i];

		page_row(page);
		page_cell(page, PAGE_PLAIN, "%s", f->namespace);
		page_cell(page, PAGE_PLAIN, "%s", messages ? f->workload : f->pod);
		if (!messages)
			page_cell(page, PAGE_PLAIN, "%s", *f->container ? f->container : "-");
		page_cell(page, PAGE_BAD, "%s", f->reason);
	}
	page_table(page);
}

/* The words are literals, but not each one literal. */
static void print_reasons(const struct findings *findings, struct page *page)
{
	const char *told[REASONS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++) {
		const char *word = findings->items[i].reason;
		bool is_told = count == REASONS_MAX;

		for (size_t j = 0; j < count && !is_told; j++)
			is_told = strcmp(told[j], word) == 0;
		if (is_told)
			continue;
		told[count++] = word;
		if (!advice_way_out(word))
			continue;
		page_say(page, PAGE_WARN, "%s", word);
		page_say(page, PAGE_PLAIN, ": %s", advice_way_out(word));
		page_end_line(page);
	}
}

static int by_workload(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a;
	const struct finding *y = *(const struct finding *const *)b;
	int order = strcmp(x->namespace, y->namespace);

	return order ? order : strcmp(x->workload, y->workload);
}

static bool helps_to_restart(const struct finding *f)
{
	return strcmp(f->reason, JUDGE_STARTED_BEFORE) == 0 ||
	       strcmp(f->reason, JUDGE_INCOMPLETE) == 0;
}

static void print_command(const struct finding *f, struct page *page)
{
	static const char *const kinds[] = {"Deployment/", "StatefulSet/", "DaemonSet/"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i]);

		if (strncmp(f->workload, kinds[i], len) != 0)
			continue;
		page_say(page, PAGE_PLAIN, "  kubectl rollout restart -n %s %.*s/%s", f->namespace,
		         (int)(len - 1), kinds[i], f->workload + len);
		page_end_line(page);
		return;
	}
	page_say(page, PAGE_PLAIN, "  create it anew, in namespace %s: %s", f->namespace,
	         f->workload);
	page_end_line(page);
}

/* One command for each workload, whose pods may be many. */
static void print_commands(const struct findings *findings, struct page *page)
{
	CLEANUP(mem_freep)
	const struct finding **sorted = calloc(findings->count + 1, sizeof(*sorted));
	size_t count = 0, printed = 0;

	if (!sorted) {
		page->output->failed = true;
		return;
	}
	for (size_t i = 0; i < findings->count; i++)
		if (helps_to_restart(&findings->items[i]))
			sorted[count++] = &findings->items[i];
	qsort(sorted, count, sizeof(*sorted), by_workload);
	for (size_t i = 0; i < count; i++) {
		if (i && by_workload(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		if (printed++ < COMMANDS_MAX)
			print_command(sorted[i], page);
	}
	if (printed > COMMANDS_MAX) {
		page_say(page, PAGE_PLAIN, "  and %zu more", printed - COMMANDS_MAX);
		page_end_line(page);
	}
}

static void print_messages(const struct findings *findings, struct page *page)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->items[i];

		page_say(page, PAGE_BOLD, "%s %s: ", f->namespace, f->workload);
		page_say(page, PAGE_PLAIN, "%s", f->message ? f->message : "");
		page_end_line(page);
	}
}

void findings_text(const struct findings *findings, bool messages, struct page *page)
{
	if (!findings->count)
		return;
	print_table(findings, messages, page);
	if (messages)
		print_messages(findings, page);
	print_reasons(findings, page);
	print_commands(findings, page);
}
