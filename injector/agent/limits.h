/* limits.h - every bound of the agent, in one place: whoever connects may be hostile.
 *
 * Limits   Those of the process table stand in injector/proc/proc.h.
 */
#ifndef FARGUARD_AGENT_LIMITS_H
#define FARGUARD_AGENT_LIMITS_H

#include <assert.h>

#include "injector/base/contract.h"
#include "injector/event/record.h"
#include "injector/proc/proc.h"
#include "injector/report/report.h"
#include "injector/ring/ring.h"

#define CONTAINERS_MAX 64
/* Each container that the pod lists has a place for the first who speaks in its name.  Whoever else
 * does, and containers that are not listed, share a few more: each can cost the agent a ring. */
#define CLAIMS_SHARED_MAX    8             /* who is not the first, of all that are listed */
#define CLAIMS_OTHER_MAX     8             /* of all that are not */
#define CLAIM_UNHEARD_NS     1500000000ull /* a launcher tries once a second */
#define CLAIM_HOLD_NS        1000000000ull
#define PEERS_SILENT_MAX     32            /* connected, no hello yet */
#define PEER_SILENT_NS       5000000000ull /* without a hello */
#define PEER_DESCRIPTORS_MAX 4             /* taken out of one datagram, to be closed */
#define PEERS_MAX            (CONTAINERS_MAX + CLAIMS_SHARED_MAX + CLAIMS_OTHER_MAX + PEERS_SILENT_MAX)
#define ACCEPTS_PER_TURN     256
#define BACKLOG              1024 /* the kernel cuts it to net.core.somaxconn */
#define HELLOS_PER_SECOND    4    /* of one container, or of all that are not listed */

#define TURN_RECORDS    64 /* of one ring before it is another one's turn */
#define TURNS_PER_TICK  32 /* then sockets and standard output are looked at */
#define TICK_BUSY_MS    20
#define TICK_IDLE_MS    100
#define TICK_NO_RING_MS 1000

#define EVENTS_PER_SECOND 1000 /* of one container, sustained */
#define EVENTS_BURST      5000

#define SINK_BYTES         (128 * 1024)
#define SINK_KEPT_BYTES    (2 * REPORT_LINE_MAX) /* not for events */
#define SINK_PATIENCE_NS   1000000000ull         /* then rings are read although lines are lost */
#define SINK_RETRY_NS      1000000000ull         /* after a write that failed: a full disk */
#define GOODBYE_MS         3000                  /* to write what is left, and to have it read */
#define GOODBYE_STUCK_MS   400 /* without a byte taken; WATCH_TOLD_MS kills later */
#define GOODBYE_LOOK_MS    5
#define DROP_REPORT_NS     1000000000ull
#define BIND_RETRY_NS      1000000000ull
#define RECONNECT_NS       400000000ull /* a launcher finds a new agent: its first five tries */
#define UNHEARD_NS         20000000000ull /* the kubelet tries to pull an image again after ten seconds */
#define UNKNOWN_END_NS     3000000000ull /* the kubelet's first restart comes within */
#define COVERAGE_SECONDS   10
#define HEARTBEAT_SECONDS  60
#define HEARTBEAT_MAX      86400
#define STATE_BYTES        CONTRACT_STATE_BYTES
#define SPOOL_FILES_MAX    32
#define SPOOL_FILE_BYTES   (1024 * 1024) /* what a launcher writes */
#define SPOOL_TURN_RECORDS 512           /* then rings are read */
#define SPOOL_CHUNK_BYTES  (64 * 1024)
#define SPOOL_INTERVAL_NS  2000000000ull

static_assert(SINK_BYTES >= SINK_KEPT_BYTES + 2 * REPORT_LINE_MAX, "events have room too");
static_assert(CONTAINERS_MAX + PEERS_MAX <= PROC_SOURCES_MAX, "each claim has a key of its own");
static_assert(SPOOL_CHUNK_BYTES > RECORD_BYTES_MAX + 4096, "a record is in one chunk");

#endif
