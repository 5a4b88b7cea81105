/* amount.h - cores and bytes as Kubernetes writes them, for people: rounded, never longer. */
#ifndef FARGUARD_CTL_AMOUNT_H
#define FARGUARD_CTL_AMOUNT_H

#define AMOUNT_MAX 32

/* "250m", "2"; what is less than 0 or no number is "0". */
void amount_cpu(double cores, char out[AMOUNT_MAX]);

/* "128Mi", "2Gi"; with one decimal where no unit from Mi on fits, Ki below 1Mi. */
void amount_memory(double bytes, char out[AMOUNT_MAX]);

#endif
