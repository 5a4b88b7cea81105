#include "webhook/admit/stop.h"

#include <errno.h>
#include <time.h>

int stop_init(struct stop *stop)
{
	pthread_condattr_t attr;
	int r = pthread_condattr_init(&attr);

	*stop = (struct stop){0};
	if (r == 0) {
		r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		if (r == 0)
			r = pthread_cond_init(&stop->changed, &attr);
		pthread_condattr_destroy(&attr);
	}
	if (r == 0)
		r = pthread_mutex_init(&stop->lock, NULL);
	return -r;
}

void stop_done(struct stop *stop)
{
	pthread_cond_destroy(&stop->changed);
	pthread_mutex_destroy(&stop->lock);
}

void stop_ask(struct stop *stop)
{
	pthread_mutex_lock(&stop->lock);
	stop->is_asked = true;
	pthread_cond_broadcast(&stop->changed);
	pthread_mutex_unlock(&stop->lock);
}

bool stop_wait(struct stop *stop, unsigned ms)
{
	struct timespec until;
	bool is_asked;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&stop->lock);
	while (!stop->is_asked)
		if (pthread_cond_timedwait(&stop->changed, &stop->lock, &until) == ETIMEDOUT)
			break;
	is_asked = stop->is_asked;
	pthread_mutex_unlock(&stop->lock);
	return !is_asked;
}
