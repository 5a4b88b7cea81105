/* table.c - processes by container and pid: chained hash, least recently used goes first.
 *
 * Links are index + 1, so that a zeroed table is an empty one.
 */
#include "injector/proc/table.h"

#include <assert.h>

static_assert(PROC_MAX < UINT16_MAX, "links are 16 bits");
static_assert((PROC_BUCKETS & (PROC_BUCKETS - 1)) == 0, "masked");

static uint16_t *bucket_of(struct proc_table *table, uint16_t container, int32_t pid)
{
	/* Knuth's multiplicative hash: pids count up, containers are few. */
	uint32_t key = ((uint32_t)pid ^ (uint32_t)container << 24) * 2654435761u;

	return &table->buckets[key >> 16 & (PROC_BUCKETS - 1)];
}

static struct proc *at(struct proc_table *table, uint16_t link)
{
	return link ? &table->procs[link - 1] : NULL;
}

static uint16_t link_of(const struct proc_table *table, const struct proc *proc)
{
	return (uint16_t)(proc - table->procs + 1);
}

static void unlink_age(struct proc_table *table, struct proc *proc)
{
	struct proc *newer = at(table, proc->newer), *older = at(table, proc->older);
	struct proc_ages *ages = &table->ages[proc->container];

	*(newer ? &newer->older : &ages->newest) = proc->older;
	*(older ? &older->newer : &ages->oldest) = proc->newer;
	proc->newer = proc->older = 0;
}

static void link_newest(struct proc_table *table, struct proc *proc)
{
	struct proc_ages *ages = &table->ages[proc->container];
	struct proc *newest = at(table, ages->newest);
	uint16_t link = link_of(table, proc);

	proc->older = ages->newest;
	proc->newer = 0;
	if (newest)
		newest->newer = link;
	else
		ages->oldest = link;
	ages->newest = link;
}

const struct proc *proc_find(const struct proc_table *table, uint16_t container, int32_t pid)
{
	struct proc_table *t = (struct proc_table *)(uintptr_t)table;
	struct proc *proc = at(t, *bucket_of(t, container, pid));

	while (proc && (proc->pid != pid || proc->container != container))
		proc = at(t, proc->bucket_next);
	return proc;
}

void table_remove(struct proc_table *table, struct proc *proc)
{
	uint16_t *link = bucket_of(table, proc->container, proc->pid);
	uint16_t self = link_of(table, proc);

	assert(proc->used);
	while (*link != self) {
		struct proc *other = at(table, *link);

		assert(other); /* whoever is used is in its bucket */
		link = &other->bucket_next;
	}
	*link = proc->bucket_next;
	unlink_age(table, proc);
	table->ages[proc->container].count--;
	*proc = (struct proc){0};
	table->count--;
}

/* Whose process gives way to one more of `container`. */
static const struct proc_ages *who_yields(const struct proc_table *table, uint16_t container)
{
	const struct proc_ages *most = &table->ages[container];
	size_t i;

	if (most->count > PROC_FAIR)
		return most;
	for (i = 0; i < PROC_SOURCES_MAX; i++)
		if (table->ages[i].count > most->count)
			most = &table->ages[i];
	return most;
}

static struct proc *free_entry(struct proc_table *table, uint16_t container)
{
	size_t i;

	if (table->count == PROC_MAX) {
		struct proc *oldest = at(table, who_yields(table, container)->oldest);

		assert(oldest); /* the most of all is more than none */
		table_remove(table, oldest);
		return oldest;
	}
	/* Filled from the front, so that a small container touches few pages. */
	for (i = 0; i < PROC_MAX; i++)
		if (!table->procs[i].used)
			break;
	assert(i < PROC_MAX);
	return &table->procs[i];
}

struct proc *table_touch(struct proc_table *table, uint16_t container, int32_t pid)
{
	struct proc *proc = (struct proc *)(uintptr_t)proc_find(table, container, pid);
	uint16_t *bucket;

	if (proc) {
		unlink_age(table, proc);
		link_newest(table, proc);
		return proc;
	}
	assert(container < PROC_SOURCES_MAX);
	proc = free_entry(table, container);
	bucket = bucket_of(table, container, pid);
	*proc = (struct proc){
	        .used = true, .container = container, .pid = pid, .bucket_next = *bucket};
	*bucket = link_of(table, proc);
	link_newest(table, proc);
	table->ages[container].count++;
	table->count++;
	return proc;
}
