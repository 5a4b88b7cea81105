/* restart.h - when a program that ended is started again.
 *
 * Why      A crash of the agent must not take the pod out of its Service, nor fail a Job.
 */
#ifndef FARGUARD_LAUNCH_RESTART_H
#define FARGUARD_LAUNCH_RESTART_H

enum restart_state {
	RESTART_RUNNING,
	RESTART_WAITING, /* for the next start */
	RESTART_ENDING,  /* told to end, the program still runs */
	RESTART_STATES
};

enum restart_event {
	RESTART_DONE,   /* the program ended with 0 */
	RESTART_FAILED, /* it ended with another status */
	RESTART_KILLED, /* it ended by a signal that did not tell it to */
	RESTART_STUCK,  /* it is stopped, or stands still */
	RESTART_TOLD,   /* SIGTERM, SIGINT or SIGQUIT, which the program has got too */
	RESTART_DUE,    /* the wait is over */
	RESTART_EVENTS
};

enum restart_action {
	RESTART_NOTHING,
	RESTART_START,      /* -> RUNNING */
	RESTART_START_TOLD, /* -> ENDING, a few times at most: what ends meanwhile is recorded */
	RESTART_WAIT,       /* -> WAITING, one backoff long */
	RESTART_KILL,       /* then it is KILLED */
	RESTART_LINGER,     /* -> ENDING */
	RESTART_END,        /* with 0 */
};

/* What to do about `event` in `state`. */
enum restart_action restart_act(enum restart_state state, enum restart_event event);

#endif
