/* tool.c - says its arguments and ends with the first: `tool STATUS [ARG...]`. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("tool <%s>\n", argv[i]);
	return argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
}
