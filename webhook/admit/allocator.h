/* allocator.h - malloc as reviews want it: a thousand small objects at once, freed at once.
 *
 * Why      glibc keeps 7 freed objects of a size for each thread, and goes to an arena for the
 *          rest.  With 200 a review takes a fifth less; with two arenas instead of one for each
 *          thread the process is megabytes smaller.  Only the environment of a program that starts
 *          can say so (the GNU C Library manual, "Memory Allocation Tunables").
 * Errors   None: without it everything works, slower.
 */
#ifndef FARGUARD_ADMIT_ALLOCATOR_H
#define FARGUARD_ADMIT_ALLOCATOR_H

/* Execute this program anew with GLIBC_TUNABLES, unless that is set already; for main()'s first
 * line. */
void allocator_tune(char *const *argv);

#endif
