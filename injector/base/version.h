/* version.h - what this build calls itself; `make names` holds the chart to it. */
#ifndef FARGUARD_BASE_VERSION_H
#define FARGUARD_BASE_VERSION_H

#define FARGUARD_VERSION "0.1.0"

#endif
