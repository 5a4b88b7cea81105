/* note.h - what the launcher itself sees: the program's start, and ends. */
#ifndef FARGUARD_LAUNCH_NOTE_H
#define FARGUARD_LAUNCH_NOTE_H

#include <stdint.h>
#include <sys/types.h>

#include "injector/ring/ring.h"

/* EXEC_TRY of `pid`, which executes `file`, with enum record_flag `flags`. */
void note_launched(struct ring_shared *ring, uint16_t flags, pid_t pid, const char *file,
                   char *const *argv);

/* EXIT of a process that was reaped. */
void note_exit(struct ring_shared *ring, pid_t pid, int wait_status);

#endif
