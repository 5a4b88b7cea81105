/* words.h - labels and annotations, and their pointers. */
#ifndef FARGUARD_MUTATE_WORDS_H
#define FARGUARD_MUTATE_WORDS_H

#define LABEL_INJECTED    "farguard.io/injected"
#define LABEL_SELFPROBE   "farguard.io/selfprobe"
#define LABEL_NAME        "app.kubernetes.io/name"
#define OUR_NAME          "farguard"
#define OUR_NAMESPACE     "farguard"
#define ANNOTATION_INJECT "farguard.io/inject"
#define ANNOTATION_ONLY   "farguard.io/containers"
#define ANNOTATION_EXCEPT "farguard.io/exclude-containers"
#define ANNOTATION_SENSOR "farguard.io/sensor"
#define ANNOTATION_MODE   "farguard.io/mode"
#define ANNOTATION_PID1   "farguard.io/pid1"
#define ANNOTATION_STATUS "farguard.io/status"
#define ANNOTATION_MIRROR "kubernetes.io/config.mirror"
/* The container that kubectl takes where none is named, without a word about the choice. */
#define ANNOTATION_DEFAULT "kubectl.kubernetes.io/default-container"
#define LABEL_FARGATE      "eks.amazonaws.com/fargate-profile"
#define SCHEDULER_FARGATE  "fargate-scheduler"
#define LABEL_OS           "kubernetes.io/os"
#define POINTER_INJECTED   "/metadata/labels/farguard.io~1injected"
#define POINTER_STATUS     "/metadata/annotations/farguard.io~1status"
#define POINTER_DEFAULT    "/metadata/annotations/kubectl.kubernetes.io~1default-container"

#endif
