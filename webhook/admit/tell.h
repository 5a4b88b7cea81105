/* tell.h - which outcomes of a review are worth an Event, and in which words.
 *
 * Why      Only what its owner wanted and did not get: choices, like opting out, are no news.
 * Threads  Pure, but for the table of events.
 */
#ifndef FARGUARD_ADMIT_TELL_H
#define FARGUARD_ADMIT_TELL_H

struct events;
struct review_outcome;

/* Reasons of events, as `kubectl get events` shows them. */
#define TELL_NOT_INJECTED     "NotInjected"
#define TELL_NOT_COVERED      "ContainerNotCovered"
#define TELL_CIRCUIT_OPEN     "CircuitOpen"
#define TELL_SELFPROBE_FAILED "SelfProbeFailed"

/* An event about the pod's controller, or the pod, or its namespace; none for a dry run. */
void tell_outcome(struct events *events, const struct review_outcome *outcome);

/* An event about the namespace whose circuit has opened. */
void tell_circuit(struct events *events, const char *namespace, const char *why);

/* An event about our own namespace: pods start unguarded, and why. */
void tell_probe(struct events *events, const char *namespace, const char *why);

#endif
