/* stack.c - from high to low: the strings, AT_RANDOM's 16 bytes, the auxiliary vector, envp and its
 * NULL, argv and its NULL, argc (fs/binfmt_elf.c, create_elf_tables()). */
#include "injector/preload/stack.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>

#include "injector/preload/sys.h"

/* Between AT_RANDOM and the vector lies the platform's name and padding. */
#define GAP_WORDS_MAX  64
#define AUXV_TYPE_MAX  4096
#define AUXV_PAIRS_MAX 64

extern unsigned long getauxval(unsigned long type) __attribute__((weak));

static unsigned long auxv_from_proc(unsigned long type)
{
	unsigned long pairs[2 * AUXV_PAIRS_MAX];
	long fd = SYS4(openat, AT_FDCWD, "/proc/self/auxv", O_RDONLY | O_CLOEXEC, 0);
	long n, i;

	if (fd < 0)
		return 0;
	n = SYS3(read, fd, pairs, sizeof(pairs));
	SYS1(close, fd);
	for (i = 0; (i + 2) * (long)sizeof(pairs[0]) <= n && pairs[i] != AT_NULL; i += 2)
		if (pairs[i] == type)
			return pairs[i + 1];
	return 0;
}

unsigned long stack_auxv(unsigned long type)
{
	return getauxval ? getauxval(type) : auxv_from_proc(type);
}

/* The first word of the auxiliary vector, found from its end downwards. */
static const uintptr_t *find_auxv(const uintptr_t *below, uintptr_t random)
{
	const uintptr_t *word = below;
	int i;

	for (i = 0; i < 2 * AUXV_PAIRS_MAX + GAP_WORDS_MAX; i++, word--)
		if (word[0] == AT_RANDOM && word[1] == random)
			break;
	if (word[0] != AT_RANDOM || word[1] != random)
		return NULL;
	for (i = 0; i < AUXV_PAIRS_MAX; i++, word -= 2)
		if (word[-2] == 0 || word[-2] > AUXV_TYPE_MAX)
			return word;
	return NULL;
}

bool stack_find(struct stack *out)
{
	uintptr_t random = stack_auxv(AT_RANDOM);
	const uintptr_t *word;
	size_t count = 0;

	if (!random)
		return false;
	word = find_auxv((const uintptr_t *)(random & ~(uintptr_t)15) - 2, random);
	if (!word || word[-1] != 0)
		return false;
	word -= 2; /* the last variable, or argv's NULL when there is none */
	while (*word)
		word--;
	out->envp = (char **)(uintptr_t)(word + 1);
	/* No pointer is as small as the number of arguments, so this ends at argc. */
	for (word--; *word != count; word--)
		count++;
	out->argc = count;
	out->argv = (char **)(uintptr_t)(word + 1);
	return true;
}
