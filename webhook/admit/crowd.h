/* crowd.h - who is sent away when many connections are open and say nothing.
 *
 * Why      A byte now and then keeps a connection from being idle: a few hundred such clients held
 *          every place, and the API server, which then finds none, lets pods start unguarded.
 * Owns     A note for each connection, from its start to its end.
 * Limits   Up to CROWD_COUNT connections nobody is sent away; beyond, each new one takes the place
 *          of the one that has waited longest for a head to be whole.  The API server dials anew
 *          when a connection that it kept is gone.
 * Threads  Any.
 */
#ifndef FARGUARD_ADMIT_CROWD_H
#define FARGUARD_ADMIT_CROWD_H

#include <microhttpd.h>

#define CROWD_COUNT 384u /* of SERVER_CONNECTION_COUNT */

/* For MHD_OPTION_NOTIFY_CONNECTION. */
void crowd_notify(void *cls, struct MHD_Connection *connection, void **context,
                  enum MHD_ConnectionNotificationCode what);

/* A whole head has come on `connection`, or the answer to it has ended. */
void crowd_begin(struct MHD_Connection *connection);
void crowd_end(struct MHD_Connection *connection);

#endif
