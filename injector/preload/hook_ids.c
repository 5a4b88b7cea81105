/* hook_ids.c - what changes a process's identity: nothing is reported, the kept one is dropped. */
#include <sys/types.h>
#include <unistd.h>

#include "injector/preload/hook.h"
#include "injector/preload/identity.h"

typedef int id1_fn(unsigned a);
typedef int id2_fn(unsigned a, unsigned b);
typedef int id3_fn(unsigned a, unsigned b, unsigned c);

/* A raw set*id call changes one thread only; the C library's changes all.  Without the next
 * definition there is nothing right to do. */
static int change1(struct symbol *symbol, unsigned a)
{
	id1_fn *next = (id1_fn *)symbol_next(symbol);
	int result = next ? next(a) : hook_result(-ENOSYS);

	identity_forget();
	return result;
}

static int change2(struct symbol *symbol, unsigned a, unsigned b)
{
	id2_fn *next = (id2_fn *)symbol_next(symbol);
	int result = next ? next(a, b) : hook_result(-ENOSYS);

	identity_forget();
	return result;
}

static int change3(struct symbol *symbol, unsigned a, unsigned b, unsigned c)
{
	id3_fn *next = (id3_fn *)symbol_next(symbol);
	int result = next ? next(a, b, c) : hook_result(-ENOSYS);

	identity_forget();
	return result;
}

#define HOOK_ID1(fn)                                                                               \
	HOOK int fn(unsigned a)                                                                    \
	{                                                                                          \
		static struct symbol symbol = {.name = #fn};                                       \
                                                                                                   \
		return change1(&symbol, a);                                                        \
	}
#define HOOK_ID2(fn)                                                                               \
	HOOK int fn(unsigned a, unsigned b)                                                        \
	{                                                                                          \
		static struct symbol symbol = {.name = #fn};                                       \
                                                                                                   \
		return change2(&symbol, a, b);                                                     \
	}
#define HOOK_ID3(fn)                                                                               \
	HOOK int fn(unsigned a, unsigned b, unsigned c)                                            \
	{                                                                                          \
		static struct symbol symbol = {.name = #fn};                                       \
                                                                                                   \
		return change3(&symbol, a, b, c);                                                  \
	}

HOOK_ID1(setuid)
HOOK_ID1(setgid)
HOOK_ID1(seteuid)
HOOK_ID1(setegid)
HOOK_ID2(setreuid)
HOOK_ID2(setregid)
HOOK_ID3(setresuid)
HOOK_ID3(setresgid)
