/* identity.c - a page that answers who we are, as long as it is true. */
#include "injector/preload/identity.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "injector/preload/sys.h"

#define PAGE 4096

/* Zero where nothing is known; the parts change together only before another thread can look. */
struct kept {
	_Atomic int32_t pid; /* written last */
	_Atomic uint32_t uid, gid;
};

static struct kept *kept;

void identity_start(void)
{
	long page = SYS6(mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (sys_is_error(page))
		return;
	if (SYS3(madvise, page, PAGE, MADV_WIPEONFORK) < 0) {
		SYS2(munmap, page, PAGE);
		return;
	}
	kept = (struct kept *)page;
}

static struct identity ask(void)
{
	return (struct identity){(int32_t)SYS0(getpid), (uint32_t)SYS0(geteuid),
	                         (uint32_t)SYS0(getegid)};
}

struct identity identity_get(void)
{
	struct identity now;

	if (!kept)
		return ask();
	now.pid = atomic_load_explicit(&kept->pid, memory_order_acquire);
	if (now.pid) {
		now.uid = atomic_load_explicit(&kept->uid, memory_order_relaxed);
		now.gid = atomic_load_explicit(&kept->gid, memory_order_relaxed);
		return now;
	}
	now = ask();
	atomic_store_explicit(&kept->uid, now.uid, memory_order_relaxed);
	atomic_store_explicit(&kept->gid, now.gid, memory_order_relaxed);
	atomic_store_explicit(&kept->pid, now.pid, memory_order_release);
	return now;
}

void identity_forget(void)
{
	if (kept)
		atomic_store_explicit(&kept->pid, 0, memory_order_release);
}
