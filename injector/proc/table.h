/* table.h - the processes by container and pid, inside this module. */
#ifndef FARGUARD_PROC_TABLE_H
#define FARGUARD_PROC_TABLE_H

#include "injector/proc/proc.h"

/* The entry of this pid, newly made (zeroed but for its key) when there was none; it is the
 * most recently used one then. */
struct proc *table_touch(struct proc_table *table, uint16_t container, int32_t pid);

void table_remove(struct proc_table *table, struct proc *proc);

#endif
