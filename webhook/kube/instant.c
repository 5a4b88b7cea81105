#include "webhook/kube/instant.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

int64_t instant_parse(const char *text)
{
	struct tm broken = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &broken) : NULL;

	if (rest && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!rest || strcmp(rest, "Z") != 0)
		return 0;
	return (int64_t)timegm(&broken);
}
