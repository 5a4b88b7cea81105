#include "webhook/admit/trouble.h"

#include <stdlib.h>

struct trouble *trouble_new(void)
{
	return calloc(1, sizeof(struct trouble));
}
