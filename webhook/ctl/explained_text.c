/* explained_text.c - what a person wants to know about one document. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "webhook/ctl/advice.h"
#include "webhook/ctl/amount.h"
#include "webhook/ctl/explained.h"
#include "webhook/ctl/page.h"

static const char *kind_of(const struct explain_container *c)
{
	return c->sidecar ? "sidecar" : c->init ? "init" : "main";
}

/* "guarded", the reason and its sentence; what will be done is not done yet. */
static void verdict(const struct explained *e, struct page *page)
{
	bool guarded = e->explain && e->explain->guarded;
	const char *text = reason_text(e->reason);

	if (e->reason == REASON_INJECTED)
		text = e->explain->has_spec ? "a pod of it gets Farguard"
		                            : "the task gets Farguard";
	else if (e->reason == REASON_REPAIRED)
		text = "parts of Farguard are missing in it and will be put back";

	page_say(page, guarded ? PAGE_GOOD : PAGE_BAD, "%s", guarded ? "guarded" : "not guarded");
	page_say(page, PAGE_PLAIN, ": %s: %s", reason_name(e->reason), text);
	if (*e->detail)
		page_say(page, PAGE_PLAIN, ": %s", e->detail);
	page_end_line(page);
}

static void title(const struct explained *e, struct page *page)
{
	page_say(page, PAGE_BOLD, "%s%s%s", *e->kind ? e->kind : "object", *e->name ? "/" : "",
	         e->name);
	if (*e->namespace)
		page_say(page, PAGE_PLAIN, " in namespace %s", e->namespace);
	page_say(page, PAGE_FAINT, " (%s:%zu)", e->file, e->line);
}

static void namespace_line(const struct explained *e, struct page *page)
{
	page_say(page, PAGE_PLAIN, "  namespace: ");
	if (*e->inject)
		page_say(page, PAGE_PLAIN, "farguard.io/inject=%s", e->inject);
	else
		page_say(page, PAGE_PLAIN, "says nothing about farguard.io/inject");
	if (strcmp(e->inject_from, "assumed") == 0)
		page_say(page, PAGE_FAINT, " (assumed; --namespace-annotation says otherwise)");
	else if (strcmp(e->inject_from, "option") == 0)
		page_say(page, PAGE_FAINT, " (--namespace-annotation)");
	else
		page_say(page, PAGE_FAINT, " (%s)", e->inject_from);
	page_end_line(page);
}

static void containers(const struct explain *explain, struct page *page)
{
	page_row(page);
	page_cell(page, PAGE_BOLD, "CONTAINER");
	page_cell(page, PAGE_BOLD, "KIND");
	page_cell(page, PAGE_BOLD, "COVERED");
	page_cell(page, PAGE_BOLD, "HOW OR WHY NOT");
	for (size_t i = 0; i < explain->count; i++) {
		const struct explain_container *c = &explain->containers[i];
		const char *word = c->covered ? c->how : c->reason;
		const char *meaning;

		if (c->ours)
			continue;
		meaning = advice_meaning(word);
		page_row(page);
		page_cell(page, PAGE_PLAIN, "%s", c->name);
		page_cell(page, PAGE_PLAIN, "%s", kind_of(c));
		page_cell(page, c->covered ? PAGE_GOOD : PAGE_BAD, "%s", c->covered ? "yes" : "no");
		page_cell(page, PAGE_PLAIN, "%s%s%s%s%s", word, meaning ? ": " : "",
		          meaning ? meaning : "", c->pid1 ? "; PID 1 is " : "",
		          c->pid1 ? c->pid1 : "");
	}
	page_table(page);
	page_end_line(page);
}

static void requests_cell(struct page *page, enum page_style style, struct fargate_requests r)
{
	char cpu[AMOUNT_MAX], memory[AMOUNT_MAX];

	amount_cpu(r.cpu, cpu);
	amount_memory(r.memory, memory);
	page_cell(page, style, "%-6s %s", cpu, memory);
}

/* A row of the sum; `after` is NULL where nothing was added to the pod. */
static void sum_row(struct page *page, const char *name, const struct fargate_requests *before,
                    const struct fargate_requests *after)
{
	page_row(page);
	page_cell(page, PAGE_FAINT, "%s", name);
	requests_cell(page, PAGE_FAINT, *before);
	if (after)
		requests_cell(page, PAGE_FAINT, *after);
}

static void container_rows(const struct explain *explain, struct page *page, bool both)
{
	for (size_t i = 0; i < explain->count; i++) {
		const struct explain_container *c = &explain->containers[i];
		const char *kind = c->sidecar ? " (sidecar)" : c->init ? " (init)" : "";

		page_row(page);
		page_cell(page, PAGE_PLAIN, "%s%s", c->name, kind);
		if (both && c->ours)
			page_cell(page, PAGE_PLAIN, "-");
		else
			requests_cell(page, PAGE_PLAIN, c->requests);
		if (both)
			requests_cell(page, PAGE_PLAIN, c->requests);
	}
}

static void month_cell(struct page *page, const struct explain_size *size, const char *delta)
{
	if (size->size.vcpu > 0)
		page_cell(page, PAGE_PLAIN, "%.2f%s", size->month, delta);
	else
		page_cell(page, PAGE_BAD, "-");
}

static void size_rows(const struct explain *explain, struct page *page, bool both)
{
	const struct explain_size *sizes[] = {&explain->before, &explain->after};
	bool grows = !fargate_size_equal(explain->before.size, explain->after.size);
	double difference = explain->after.month - explain->before.month;
	char text[32], delta[32];

	page_row(page);
	page_cell(page, PAGE_BOLD, "Fargate size");
	for (size_t i = 0; i < (both ? 2 : 1); i++) {
		fargate_format(sizes[i]->size, text);
		page_cell(page, i == 1 && grows ? PAGE_WARN : PAGE_BOLD, "%s", text);
	}
	page_row(page);
	page_cell(page, PAGE_PLAIN, "USD a month");
	month_cell(page, sizes[0], "");
	snprintf(delta, sizeof(delta), " (%+.2f)", fabs(difference) < 0.005 ? 0.0 : difference);
	if (both)
		month_cell(page, sizes[1], sizes[0]->size.vcpu > 0 ? delta : "");
}

static void fargate(const struct explain *explain, struct page *page)
{
	const struct fargate_sums *b = &explain->before.sums, *a = &explain->after.sums;
	bool both = explain->guarded;
	struct fargate_requests needed_before = b->needed, needed_after = a->needed;

	needed_before.memory += FARGATE_RESERVED_BYTES;
	needed_after.memory += FARGATE_RESERVED_BYTES;
	page_row(page);
	page_cell(page, PAGE_BOLD, "REQUESTS");
	page_cell(page, PAGE_BOLD, both ? "WITHOUT FARGUARD" : "CPU    MEMORY");
	if (both)
		page_cell(page, PAGE_BOLD, "WITH FARGUARD");
	container_rows(explain, page, both);
	sum_row(page, "greatest init container", &b->init, both ? &a->init : NULL);
	sum_row(page, "sum of the others", &b->running, both ? &a->running : NULL);
	sum_row(page, "the greater of both", &b->needed, both ? &a->needed : NULL);
	sum_row(page, "and 256Mi for Fargate", &needed_before, both ? &needed_after : NULL);
	size_rows(explain, page, both);
	page_table(page);
	if (!(explain->after.size.vcpu > 0)) {
		page_say(page, PAGE_WARN, "  Fargate has no size so large");
		page_end_line(page);
	}
	if (explain->refused) {
		page_say(page, PAGE_WARN, "  Fargate refuses: %s", explain->refused);
		page_end_line(page);
	}
	page_end_line(page);
}

static void warnings(const struct explained *e, struct page *page)
{
	bool first = true;
	char word[32];

	for (size_t i = 0; i < explained_warning_count(e); i++) {
		const char *text = explained_warning(e, i, word);

		if (!*text)
			continue;
		if (first) {
			page_row(page);
			page_cell(page, PAGE_BOLD, "WARNING");
		}
		first = false;
		page_row(page);
		page_cell(page, PAGE_WARN, "%s", word);
		page_cell(page, PAGE_PLAIN, "%s", text);
	}
	if (first)
		return;
	page_table(page);
	page_end_line(page);
}

static void way_out_row(void *ctx, const char *word, const char *way_out)
{
	struct page *page = ctx;

	if (page->row_count == 0) {
		page_row(page);
		page_cell(page, PAGE_BOLD, "WAY OUT OF");
	}
	page_row(page);
	page_cell(page, PAGE_PLAIN, "%s", word);
	page_cell(page, PAGE_PLAIN, "%s", way_out);
}

void explained_text(const struct explained *e, struct page *page)
{
	title(e, page);
	if (!e->explain && e->reason == REASON_UNSUPPORTED_KIND) {
		page_say(page, PAGE_FAINT, ": %s: %s", reason_name(e->reason),
		         reason_text(e->reason));
		page_end_line(page);
		page_end_line(page);
		return;
	}
	page_end_line(page);
	page_say(page, PAGE_PLAIN, "  ");
	verdict(e, page);
	namespace_line(e, page);
	page_end_line(page);
	if (e->explain && e->explain->count)
		containers(e->explain, page);
	if (e->explain && e->explain->has_spec)
		fargate(e->explain, page);
	if (e->explain)
		warnings(e, page);
	explained_ways_out(e, page, way_out_row);
	if (page->row_count > 0) {
		page_table(page);
		page_end_line(page);
	}
}
