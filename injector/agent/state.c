/* state.c - the page that outlives a restart of the agent. */
#include "injector/agent/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static struct state_page *checked(struct state_page *page)
{
	size_t i;

	if (page->magic != STATE_MAGIC)
		memset(page, 0, sizeof(*page));
	page->magic = STATE_MAGIC;
	for (i = 0; i < SPOOL_FILES_MAX; i++)
		page->spool[i].name[HELLO_NAME_MAX - 1] = '\0';
	return page;
}

int state_take_ended(struct state_page *page)
{
	char *place = (char *)page + STATE_BYTES - CONTRACT_STATE_ENDED_BYTES;
	int status;

	memcpy(&status, place, sizeof(status));
	memset(place, 0, sizeof(status));
	return status;
}

int state_open(struct state_page **out, const char *text, struct err *err)
{
	static union {
		struct state_page page;
		char bytes[STATE_BYTES];
	} own;
	struct stat st;
	char *end;
	void *map;
	long fd;

	*out = checked(&own.page);
	if (!text || !*text)
		return 0;
	errno = 0;
	fd = strtol(text, &end, 10);
	if (errno || *end || fd < 0 || fd > INT32_MAX)
		return err_set(err, EINVAL, "'%.32s' is no descriptor", text);
	if (fstat((int)fd, &st) < 0)
		return err_set(err, errno, "descriptor %ld: %s", fd, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < STATE_BYTES)
		return err_set(err, EBADF, "descriptor %ld is no page of memory", fd);
	map = mmap(NULL, STATE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, errno, "descriptor %ld: %s", fd, strerror(errno));
	*out = checked(map);
	return 0;
}
