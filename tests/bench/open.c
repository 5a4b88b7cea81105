/* open.c - open+close in a loop: `open COUNT read|write FILE` prints nanoseconds for one pair. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec a, b;
	long count;
	int flags;

	if (argc != 4 || (count = strtol(argv[1], NULL, 10)) < 1)
		return 2;
	flags = strcmp(argv[2], "write") == 0 ? O_WRONLY | O_CLOEXEC : O_RDONLY | O_CLOEXEC;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long i = 0; i < count; i++) {
		int fd = open(argv[3], flags);

		if (fd < 0) {
			perror(argv[3]);
			return 1;
		}
		close(fd);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.1f\n", ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) /
	                         (double)count);
	return 0;
}
