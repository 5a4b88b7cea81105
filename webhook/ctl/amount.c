#include "webhook/ctl/amount.h"

#include <stdint.h>
#include <stdio.h>

#define MI 1048576

void amount_cpu(double cores, char out[AMOUNT_MAX])
{
	uint64_t micro;

	if (cores >= 1e12) {
		snprintf(out, AMOUNT_MAX, "%.3g", cores);
		return;
	}
	micro = cores > 0 ? (uint64_t)(cores * 1e6 + 0.5) : 0;
	if (micro % 1000000 == 0)
		snprintf(out, AMOUNT_MAX, "%llu", (unsigned long long)(micro / 1000000));
	else
		snprintf(out, AMOUNT_MAX, "%.10gm", (double)micro / 1e3);
}

void amount_memory(double bytes, char out[AMOUNT_MAX])
{
	static const char *const units[] = {"Mi", "Gi", "Ti", "Pi", "Ei"};
	uint64_t whole;
	size_t unit = 0;

	if (bytes >= 9e18) {
		snprintf(out, AMOUNT_MAX, "%.3gEi", bytes / 1152921504606846976.0);
		return;
	}
	whole = bytes > 0 ? (uint64_t)bytes : 0;
	if (whole == 0) {
		snprintf(out, AMOUNT_MAX, "0");
	} else if (whole < MI) {
		snprintf(out, AMOUNT_MAX, "%.4gKi", (double)whole / 1024);
	} else if (whole % MI) {
		double amount = (double)whole / MI;

		for (; amount >= 10240; amount /= 1024)
			unit++;
		snprintf(out, AMOUNT_MAX, "%.1f%s", amount, units[unit]);
	} else {
		whole /= MI;
		while (whole % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(*units)) {
			whole /= 1024;
			unit++;
		}
		snprintf(out, AMOUNT_MAX, "%llu%s", (unsigned long long)whole, units[unit]);
	}
}
