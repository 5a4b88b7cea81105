#include "webhook/admit/options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/admit/probe.h"

#define ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

static const char help_text[] =
        "usage: farguard-webhook [OPTIONS]\n"
        "Answers the API server's admission reviews: puts Farguard into pods whose namespace asks\n"
        "for it, and leaves every other pod, and every pod in doubt, as it is.\n\n"
        "      --config FILE      configuration; without it the defaults hold\n"
        "      --api-server URL   the API server (that of the pod this runs in)\n"
        "      --ca-file FILE     the authority that the API server is held to\n"
        "      --token-file FILE  bearer token, read again for each call\n"
        "      --namespace NAME   where Secret farguard-tls and the Service are\n"
        "                         ($POD_NAMESPACE, the service account's, or farguard)\n"
        "      --service NAME     the Service that the certificate is for (farguard-webhook)\n"
        "      --drain-seconds N  after SIGTERM serve on for so long, 0 to 300 (5)\n"
        "      --probe-seconds N  ask for a guarded pod, by dry run, every so often (60); 0 never\n"
        "      --probe            ask so once, print what comes of it, and end\n"
        "      --log-level LEVEL  debug, info, warn or error (info)\n"
        "      --version          print the version\n"
        "  -h, --help             print this\n\n"
        "Exit status: 0 ended by SIGTERM or SIGINT, or probed well, 1 the probe's pod is not "
        "guarded,\n"
        "2 usage, 3 bad configuration, 4 no cluster, 5 internal.\n";

enum {
	CONFIG = 256,
	API_SERVER,
	CA_FILE,
	TOKEN_FILE,
	NAMESPACE,
	SERVICE,
	DRAIN,
	PROBE_SECONDS,
	PROBE,
	LEVEL,
	VERSION
};

static const struct option table[] = {
        {"config", required_argument, NULL, CONFIG},
        {"api-server", required_argument, NULL, API_SERVER},
        {"ca-file", required_argument, NULL, CA_FILE},
        {"token-file", required_argument, NULL, TOKEN_FILE},
        {"namespace", required_argument, NULL, NAMESPACE},
        {"service", required_argument, NULL, SERVICE},
        {"drain-seconds", required_argument, NULL, DRAIN},
        {"probe-seconds", required_argument, NULL, PROBE_SECONDS},
        {"probe", no_argument, NULL, PROBE},
        {"log-level", required_argument, NULL, LEVEL},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {0},
};

const char *options_help(void)
{
	return help_text;
}

static int wrong(const char *option, const char *value, const char *want)
{
	fprintf(stderr, "farguard-webhook: --%s: \"%.100s\" %s; see --help\n", option, value, want);
	return OPTIONS_USAGE;
}

static int take_seconds(const char *option, const char *value, unsigned max, unsigned *out)
{
	unsigned long seconds;
	char *end, want[40];

	errno = 0;
	seconds = strtoul(value, &end, 10);
	snprintf(want, sizeof(want), "is no number from 0 to %u", max);
	if (*value < '0' || *value > '9' || *end || errno || seconds > max)
		return wrong(option, value, want);
	*out = (unsigned)seconds;
	return 0;
}

static int take_text(char *out, size_t cap, const char *option, const char *value)
{
	int n = snprintf(out, cap, "%s", value);

	return n > 0 && (size_t)n < cap ? 0 : wrong(option, value, "is empty or too long");
}

/* `argument` is the one that getopt_long() stopped at. */
static int take(struct options *options, int which, const char *value, const char *argument)
{
	switch (which) {
	case CONFIG:
		options->config = value;
		return 0;
	case API_SERVER:
		return take_text(options->api_server, sizeof(options->api_server), "api-server",
		                 value);
	case CA_FILE:
		options->ca_file = value;
		return 0;
	case TOKEN_FILE:
		options->token_file = value;
		return 0;
	case NAMESPACE:
		return take_text(options->namespace, sizeof(options->namespace), "namespace",
		                 value);
	case SERVICE:
		options->service = value;
		return *value && strlen(value) < 64 ? 0 : wrong("service", value, "is no name");
	case DRAIN:
		return take_seconds("drain-seconds", value, OPTIONS_DRAIN_S_MAX, &options->drain_s);
	case PROBE_SECONDS:
		return take_seconds("probe-seconds", value, PROBE_PERIOD_S_MAX, &options->probe_s);
	case PROBE:
		options->probe = true;
		return 0;
	case LEVEL:
		if (log_parse_level(value, &options->log_level))
			return 0;
		return wrong("log-level", value, "is none of debug, info, warn, error");
	case VERSION:
		options->version = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		fprintf(stderr, "farguard-webhook: %s \"%.100s\"; see --help\n",
		        which == ':' ? "a value is missing behind" : "unknown option", argument);
		return OPTIONS_USAGE;
	}
}

/* The namespace that a pod's service account is in. */
static void read_namespace(char *out, size_t cap)
{
	CLEANUP(fd_closep) int fd = open(ACCOUNT_DIR "/namespace", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, cap - 1) : -1;

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
}

/* What the command line left open, a pod knows: the kubelet sets the variables. */
static int complete(struct options *options)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	const char *namespace = getenv("POD_NAMESPACE");

	if (!options->namespace[0] && namespace)
		snprintf(options->namespace, sizeof(options->namespace), "%s", namespace);
	if (!options->namespace[0])
		read_namespace(options->namespace, sizeof(options->namespace));
	if (!options->namespace[0])
		snprintf(options->namespace, sizeof(options->namespace), "farguard");
	if (options->api_server[0]) {
		if (options->ca_file || strncmp(options->api_server, "https://", 8) != 0)
			return 0;
		fputs("farguard-webhook: an https:// --api-server needs --ca-file; see --help\n",
		      stderr);
		return OPTIONS_USAGE;
	}
	if (!host || !*host || !port || !*port) {
		fputs("farguard-webhook: not in a pod, and no --api-server; see --help\n", stderr);
		return OPTIONS_CLUSTER;
	}
	snprintf(options->api_server, sizeof(options->api_server),
	         strchr(host, ':') ? "https://[%.200s]:%.10s" : "https://%.200s:%.10s", host, port);
	if (!options->ca_file)
		options->ca_file = ACCOUNT_DIR "/ca.crt";
	if (!options->token_file)
		options->token_file = ACCOUNT_DIR "/token";
	return 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int which, r = 0;

	*options = (struct options){.service = "farguard-webhook",
	                            .drain_s = 5,
	                            .probe_s = PROBE_PERIOD_S,
	                            .log_level = LOG_INFO};
	optind = 0;
	opterr = 0;
	while (r == 0 && (which = getopt_long(argc, argv, "+:h", table, NULL)) != -1)
		r = take(options, which, optarg, argv[optind - 1]);
	if (r)
		return r;
	if (options->help || options->version)
		return 0;
	if (optind < argc) {
		fprintf(stderr,
		        "farguard-webhook: no operand belongs here: \"%.100s\"; see --help\n",
		        argv[optind]);
		return OPTIONS_USAGE;
	}
	return complete(options);
}
