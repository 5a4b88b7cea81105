/* refuse.c - run a command under a seccomp filter that refuses system calls.
 *
 *	refuse ERRNO NUMBER... -- CMD [ARG...]
 *
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define REFUSED_MAX 32

int main(int argc, char **argv)
{
	struct sock_filter code[3 + 2 * REFUSED_MAX];
	struct sock_fprog program = {.filter = code};
	unsigned n = 0, error;
	int i;

	if (argc < 4)
		return 2;
	error = (unsigned)strtoul(argv[1], NULL, 10);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                                         offsetof(struct seccomp_data, nr));
	for (i = 2; i < argc && strcmp(argv[i], "--") && i < REFUSED_MAX; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(
		        BPF_JMP | BPF_JEQ | BPF_K, (unsigned)strtoul(argv[i], NULL, 10), 0, 1);
		code[n++] =
		        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	if (i + 1 >= argc || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 2;
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
