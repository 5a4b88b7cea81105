/* note.h - what the launcher itself sees: the program's start, and ends. */
#ifndef FARGUARD_LAUNCH_NOTE_H
#define FARGUARD_LAUNCH_NOTE_H

#include <stdint.h>
#include <sys/types.h>

#include "injector/ring/ring.h"

/* EXEC_TRY of `pid`, which is the caller or its child and executes `file`, with enum record_flag
 * `flags`. */
void note_launched(struct ring_shared *ring, uint16_t flags, pid_t pid, const char *file,
                   char *const *argv);

/* EXEC_FAIL of the caller, whose EXEC_TRY came to nothing. */
void note_refused(struct ring_shared *ring, int error);

/* EXIT of a process that was reaped. */
void note_exit(struct ring_shared *ring, pid_t pid, int wait_status);

#endif
