/* identity.h - who this process is, without asking the kernel each time.
 *
 * Why      Three system calls would double the price of an open().  The answers are kept in a page
 *          that the kernel empties in a fork's child (MADV_WIPEONFORK, Linux 4.14), and dropped
 *          when the C library's set*id functions are called.
 * Limits   A vfork child shares the page: it passes for its parent until it executes a program.
 *          Identities changed by direct system calls are noticed at the next exec.
 */
#ifndef FARGUARD_PRELOAD_IDENTITY_H
#define FARGUARD_PRELOAD_IDENTITY_H

#include <stdint.h>

struct identity {
	int32_t pid;
	uint32_t uid, gid; /* effective */
};

/* Make the page; without one every question goes to the kernel. */
void identity_start(void);

struct identity identity_get(void);

/* The identity may have changed. */
void identity_forget(void);

#endif
