#include "webhook/kubeconfig/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/kube/json.h"

#define INFO "KUBERNETES_EXEC_INFO"

extern char **environ;

struct run {
	const struct plugin *plugin;
	pid_t pid; /* 0 once it was waited for */
	int fd;    /* its standard output */
	uint64_t deadline_ms;
	char *bytes;
	size_t len;
};

static long timeout_of(const struct plugin *plugin)
{
	return plugin->timeout_ms ? plugin->timeout_ms : PLUGIN_TIMEOUT_MS;
}

static bool is_interactive(const struct plugin *plugin)
{
	return plugin->mode != PLUGIN_NEVER && isatty(STDIN_FILENO);
}

/* The variable that tells the plugin what it is asked for. */
static char *make_info(const struct plugin *plugin, struct json_object *cluster)
{
	CLEANUP(json_putp) struct json_object *info = json_object_new_object();
	struct json_object *spec = json_object_new_object();
	char *out = NULL;
	const char *text;

	if (!info || !spec) {
		json_object_put(spec);
		return NULL;
	}
	json_object_object_add(info, "kind", json_object_new_string("ExecCredential"));
	json_object_object_add(info, "apiVersion", json_object_new_string(plugin->api_version));
	json_object_object_add(spec, "interactive",
	                       json_object_new_boolean(is_interactive(plugin)));
	if (cluster)
		json_object_object_add(spec, "cluster", json_object_get(cluster));
	json_object_object_add(info, "spec", spec);
	text = json_object_to_json_string_ext(info, JSON_C_TO_STRING_PLAIN |
	                                                    JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text || asprintf(&out, INFO "=%s", text) < 0)
		return NULL;
	return out;
}

static bool same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strcspn(b, "=") == len && strncmp(a, b, len) == 0;
}

/* Our environment with the plugin's variables over it; the strings are borrowed. */
static const char **make_env(const struct plugin *plugin, const char *info)
{
	size_t count = 0, more = 0, kept = 0;
	const char **env;

	while (environ && environ[count])
		count++;
	while (plugin->env[more])
		more++;
	env = calloc(count + more + 2, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		bool is_replaced = same_name(environ[i], INFO "=");

		for (size_t j = 0; j < more; j++)
			is_replaced |= same_name(environ[i], plugin->env[j]);
		if (!is_replaced)
			env[kept++] = environ[i];
	}
	for (size_t j = 0; j < more; j++)
		if (!same_name(plugin->env[j], INFO "="))
			env[kept++] = plugin->env[j];
	env[kept] = info;
	return env;
}

/* Standard error stays ours: what the plugin says there is for the person at the terminal. */
static int spawn(struct run *run, const char **env, int out_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (!is_interactive(run->plugin))
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	r = posix_spawnp(&run->pid, run->plugin->args[0], &actions, &attributes,
	                 (char *const *)(uintptr_t)run->plugin->args,
	                 (char *const *)(uintptr_t)env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		run->pid = 0;
	return -r;
}

static int start(struct run *run, struct json_object *cluster, struct err *err)
{
	const char *command = run->plugin->args[0];
	CLEANUP(mem_freep) char *info = make_info(run->plugin, cluster);
	CLEANUP(mem_freep) const char **env = info ? make_env(run->plugin, info) : NULL;
	CLEANUP(fd_closep) int write_fd = -1;
	int fds[2], r;

	if (!env)
		return err_set(err, ENOMEM, "no memory");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, errno, "a pipe: %s", strerror(errno));
	run->fd = fds[0];
	write_fd = fds[1];
	r = spawn(run, env, write_fd);
	return r < 0 ? err_set(err, -r, "%.100s cannot be started: %s", command, strerror(-r)) : 0;
}

static int remaining_ms(const struct run *run)
{
	uint64_t now = clock_ms();

	return now < run->deadline_ms ? (int)(run->deadline_ms - now) : 0;
}

static int too_late(const struct run *run, struct err *err)
{
	return err_set(err, ETIMEDOUT, "%.100s did not end within %ld s", run->plugin->args[0],
	               timeout_of(run->plugin) / 1000);
}

static int read_all(struct run *run, struct err *err)
{
	run->bytes = malloc(CREDENTIAL_BYTES_MAX + 1);
	if (!run->bytes)
		return err_set(err, ENOMEM, "no memory");
	for (;;) {
		struct pollfd ready = {.fd = run->fd, .events = POLLIN};
		int left = remaining_ms(run), n = poll(&ready, 1, left);
		ssize_t got;

		if (n < 0 && errno != EINTR)
			return err_set(err, errno, "poll: %s", strerror(errno));
		if (n == 0)
			return too_late(run, err);
		if (n < 0)
			continue;
		got = read(run->fd, run->bytes + run->len, CREDENTIAL_BYTES_MAX + 1 - run->len);
		if (got < 0 && errno != EINTR)
			return err_set(err, errno, "a pipe: %s", strerror(errno));
		if (got == 0)
			return 0;
		run->len += got > 0 ? (size_t)got : 0;
		if (run->len > CREDENTIAL_BYTES_MAX)
			return err_set(err, EFBIG, "%.100s printed more than %u bytes",
			               run->plugin->args[0], CREDENTIAL_BYTES_MAX);
	}
}

/* Its status, once it ended by itself. */
static int await(struct run *run, struct err *err)
{
	const struct timespec nap = {.tv_nsec = 10000000};
	int status = 0;

	for (;;) {
		pid_t pid = waitpid(run->pid, &status, WNOHANG);

		if (pid == run->pid)
			break;
		if (pid < 0 && errno != EINTR)
			return err_set(err, errno, "waitpid: %s", strerror(errno));
		if (remaining_ms(run) == 0)
			return too_late(run, err);
		nanosleep(&nap, NULL);
	}
	run->pid = 0;
	if (WIFSIGNALED(status))
		return err_set(err, EPROTO, "%.100s was ended by signal %d", run->plugin->args[0],
		               WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, EPROTO, "%.100s failed with status %d", run->plugin->args[0],
		               WEXITSTATUS(status));
	return 0;
}

static void finish(struct run *run)
{
	if (run->pid) {
		kill(run->pid, SIGKILL);
		while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	fd_closep(&run->fd);
	if (run->bytes)
		explicit_bzero(run->bytes, run->len);
	free(run->bytes);
}

int plugin_run(const struct plugin *plugin, struct json_object *cluster, struct credential *out,
               struct err *err)
{
	struct run run = {.plugin = plugin, .fd = -1};
	int r;

	if (plugin->mode == PLUGIN_ALWAYS && !isatty(STDIN_FILENO))
		return err_set(err, ENOTTY,
		               "%.100s wants to ask something (interactiveMode: Always), and "
		               "standard input is no terminal",
		               plugin->args[0]);
	run.deadline_ms = clock_ms() + (uint64_t)timeout_of(plugin);
	r = start(&run, plugin->tells_cluster ? cluster : NULL, err);
	if (r == 0)
		r = read_all(&run, err);
	if (r == 0)
		r = await(&run, err);
	if (r == 0) {
		r = credential_parse(run.bytes, run.len, plugin->api_version, out, err);
		if (r < 0)
			err_wrap(err, "%.100s", plugin->args[0]);
	}
	finish(&run);
	if (r == 0 && out->expires && out->expiry <= time(NULL)) {
		r = err_set(err, EKEYEXPIRED,
		            "%.80s gave a credential that expired at %s: log in again, "
		            "or set the clock",
		            plugin->args[0], out->expiry_text);
		credential_done(out);
	}
	return r;
}
