/* run.h - `farguard run`: be a container's first process, and nobody notices. */
#ifndef FARGUARD_LAUNCH_RUN_H
#define FARGUARD_LAUNCH_RUN_H

#include "injector/launch/options.h"

/* Exit statuses of our own, as a shell has them. */
#define RUN_EXIT_CANNOT_EXECUTE 126
#define RUN_EXIT_NOT_FOUND      127

/* Run the program to its end; returns the status to exit with, or dies of the program's signal. */
int run_program(const struct run_options *options);

/* The same for the agent's container: start it again until it ends with 0 or is told to end. */
int run_restarting(const struct run_options *options);

#endif
